"""The charts of the desk note's page, as Altair charts whose colours are variables of the page's style sheet.

Every function takes a query function and the session, reads nothing later than the session (the scoreboard apart,
which is the whole file's), and returns None where there is nothing to draw.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import cast

import altair as alt
import pandas as pd

from assets.models.regime_labels import LABELS

Query = Callable[[str], pd.DataFrame]
# The columns of an estimate and of the ends of its band.
Banded = tuple[str, str, str]

LABEL_COLOURS = [f"var(--{label})" for label in LABELS]
INK, MUTED, ACCENT, SECOND, THIRD, BAD = (
    f"var(--{name})" for name in ("ink", "muted", "accent", "second", "third", "bad")
)
GAIN_LOSS = [f"var(--heat-{step})" for step in range(7)]
# Relative returns in percentage points at which the heat map changes its colour.
HEAT_STEPS = [-6, -3, -1, 1, 3, 6]
SCENARIOS = ("down", "flat", "up")
FIGURES_SHOWN = 40
# A phone has no room for all of a long name; the pointer shows it.
LONG_NAMES = {"expr": "width < 600 ? 170 : 230"}
PANIC = ("vol_panic", "vol_panic_lo", "vol_panic_hi")
# Misses farther than this are drawn here.
FARTHEST = 4
# How far a published figure lies from ours, on a scale on which our band ends at 1 and -1.
BANDS_OFF = """
    (published_value - value)
    / nullif(case when published_value > value then value_hi - value else value - value_lo end, 0)
"""

CONFIG = {
    "background": "transparent",
    # Named, not inherited: labels are measured before they are placed.
    "font": "system-ui, sans-serif",
    # Each mark would otherwise be read out one by one; every chart has a description instead.
    "aria": False,
    "axis": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 12,
        "titleFontSize": 12,
    },
    "axisX": {"grid": False, "labelFlush": True},
    "axisY": {"domain": False, "ticks": False},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 260,
        "symbolStrokeWidth": 3,
        "columns": 2,
    },
    "view": {"stroke": None},
}


def regime(query: Query, day: date) -> alt.LayerChart | None:
    """The S&P 500 over three years, with the regime's spells behind it."""
    history = _history(query, day, "regime.daily", "spx_close, label, danger", years=3, where="spx_close is not null")
    if history.empty:
        return None
    first, last = history["session"].iloc[0], history["session"].iloc[-1]
    # A spell that follows the one before without a gap begins where that ends.
    spells = query(
        f"""
        select
            label,
            greatest(first_session, date '{first:%Y-%m-%d}') as begins,
            least(
                case when lead(from_label) over spells is null then last_session + 1
                else lead(first_session) over spells end,
                date '{last:%Y-%m-%d}' + 1
            )::date as ends
        from regime.transitions
        where first_session <= date '{day}'
        window spells as (order by first_session)
        qualify last_session >= date '{first:%Y-%m-%d}'
        order by first_session
        """
    )
    ribbon = (
        alt.Chart(spells)
        .mark_rect(opacity=0.38)
        .encode(
            x="begins:T",
            x2="ends:T",
            color=alt.Color("label:N", scale=alt.Scale(domain=LABELS, range=LABEL_COLOURS), legend=_legend(columns=4)),
        )
    )
    line = _line(history, "spx_close", INK, width=1.4)
    tips = [
        _day_tip(),
        _tip("spx_close", "S&P 500", ",.0f"),
        _tip("label", "Regime"),
        _tip("danger", "Danger", ".2f"),
    ]
    # Not the nearest as elsewhere: Vega-Lite 6 shows no names there, only numbers.
    under = alt.selection_point(on="pointerover", clear="pointerout", fields=["session"], empty=False)
    days = alt.Chart(history.assign(ends=history["session"].shift(-1))).mark_rect(color=INK)
    seen = alt.when(under).then(alt.value(0.5)).otherwise(alt.value(0))
    hover = days.encode(x="session:T", x2="ends:T", opacity=seen, tooltip=tips).add_params(under)
    # A layer without rows has no extent, of which Vega complains.
    return _sized(line + hover if spells.empty else ribbon + line + hover, 270)


def danger(query: Query, day: date) -> alt.LayerChart | None:
    """The danger score over the same three years, with its band."""
    columns = ("danger", "danger_lo", "danger_hi")
    history = _known(query, day, "regime.daily", columns, years=3)
    return _banded(history, day, columns, "Danger", ".2f", scale=alt.Scale(domain=[0, 1]), height=150)


def sub_scores(query: Query, day: date) -> alt.LayerChart | None:
    """What the danger score is made of at the session: each part with its band, the most stressed first."""
    rows = query(
        f"""
        select score_title || ' (' || grade || ')' as part, score, score_lo, score_hi, score_weight
        from regime.sub_scores where session = date '{day}' and score is not null
        order by score desc, sub_score
        """
    )
    if rows.empty:
        return None
    scale = alt.Scale(domain=[0, 1])
    tips = [
        _tip("part", "Part"),
        *_band_tips(("score", "score_lo", "score_hi"), "Score", ".2f"),
        _tip("score_weight", "Weight", ".2f"),
    ]
    base = alt.Chart(rows).encode(y=_names("part", rows["part"]), tooltip=tips)
    x = alt.X("score:Q", scale=scale, title=None, axis=alt.Axis(tickCount=5))
    bars = base.mark_bar(height=11, color=ACCENT, opacity=0.75).encode(x=x)
    return _sized(bars + base.mark_rule(color=INK).encode(x="score_lo:Q", x2="score_hi:Q"), 22 * len(rows))


def panic_gauge(query: Query, day: date) -> alt.LayerChart | None:
    """Volatility panic at the session on its scale, with its band, and where half and nine tenths of its past lie."""
    rows = query(
        f"""
        select
            p.vol_panic, p.vol_panic_lo, p.vol_panic_hi,
            (select median(vol_panic) from indicators.vol_panic where session <= p.session) as half,
            (select quantile_cont(vol_panic, 0.9) from indicators.vol_panic where session <= p.session) as nine_tenths
        from indicators.vol_panic as p
        where p.session = date '{day}' and p.vol_panic is not null
        """
    )
    if rows.empty:
        return None
    x = alt.X("vol_panic:Q", scale=alt.Scale(domain=[0, 10]), title=None, axis=alt.Axis(tickCount=10))
    base = alt.Chart(rows).encode(tooltip=_band_tips(PANIC, "Volatility panic", ".1f"))
    scale = base.mark_bar(height=26, color="var(--line)").encode(x=alt.datum(10, type="quantitative"))
    bar = base.mark_bar(height=26, color=ACCENT).encode(x=x)
    band = base.mark_rule(color=INK, strokeWidth=2.5).encode(x="vol_panic_lo:Q", x2="vol_panic_hi:Q")
    past = rows[["half", "nine_tenths"]].T.set_axis(["at"], axis=1).assign(name=["median", "90 % of days"])
    marks = alt.Chart(past).encode(x="at:Q")
    ticks = marks.mark_tick(height=38, thickness=2, color=INK)
    names = marks.mark_text(dy=-27, color=MUTED, fontSize=11).encode(text="name:N")
    return _sized(scale + bar + band + ticks + names, 70)


def panic_history(query: Query, day: date) -> alt.LayerChart | None:
    """Volatility panic over two years with its band, and the rank of VIX alone."""
    columns = "vol_panic, vol_panic_lo, vol_panic_hi, panic_vix_only, vix"
    history = _history(query, day, "indicators.vol_panic", columns, years=2, where="vol_panic is not null")
    if history.empty:
        return None
    scale = alt.Scale(domain=[0, 10])
    tips = [
        _day_tip(),
        *_band_tips(PANIC, "Volatility panic", ".1f"),
        _tip("panic_vix_only", "VIX alone", ".1f"),
        _tip("vix", "VIX", ".1f"),
    ]
    return _sized(
        _band(history, "vol_panic_lo", "vol_panic_hi", scale=scale)
        + _line(history, "panic_vix_only", MUTED, scale=scale, width=0.9)
        + _line(history, "vol_panic", ACCENT, scale=scale)
        + _until(day)
        + _hover(history, tips),
        220,
    )


def gamma_profile(query: Query, day: date) -> alt.LayerChart | None:
    """Dealers' gamma against the S&P 500's level, with spot and the levels at which it is zero."""
    reading = f"session = date '{day}' and underlying = 'SPX' and reading = 'close'"
    profile = query(
        f"""
        select spot_level, gamma_sticky_strike_bn, gamma_sticky_moneyness_bn
        from indicators.gamma_profile where {reading} order by spot_level
        """
    )
    if profile.empty:
        return None
    at = query(f"select spot, flip_level, flip_level_moneyness from indicators.dealer_gamma where {reading}").iloc[0]
    names = {
        "gamma_sticky_strike_bn": "by strike",
        "gamma_sticky_moneyness_bn": "by strike / spot",
    }
    x = alt.X(
        "spot_level:Q",
        scale=alt.Scale(zero=False, nice=False),
        title="S&P 500",
        axis=alt.Axis(format=",.0f", tickCount=6),
    )
    lines = (
        alt.Chart(profile)
        .transform_fold(list(names), as_=["rule", "gamma"])
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=alt.Y("gamma:Q", title="USD bn per 1 %"),
            color=_series(names, [ACCENT, SECOND], column="rule"),
            tooltip=[_tip("spot_level", "S&P 500", ",.0f"), _tip("gamma", "USD bn per 1 %", "+.2f")],
        )
    )
    levels = pd.DataFrame(
        {
            "spot_level": [at["spot"], at["flip_level"], at["flip_level_moneyness"]],
            "name": ["spot", "flip", "flip, strike / spot"],
        }
    ).dropna()
    levels["shown"] = levels["name"] + levels["spot_level"].map(" {:,.0f}".format)
    marked = alt.Chart(levels).encode(x=x, tooltip=[_tip("name", "Level"), _tip("spot_level", "S&P 500", ",.0f")])
    spot, flips = (marked.transform_filter(test) for test in (alt.datum.name == "spot", alt.datum.name != "spot"))
    zeros = flips.mark_point(filled=True, size=90, color=BAD, opacity=1).encode(y=alt.datum(0))
    rule = spot.mark_rule(color=INK, strokeDash=[4, 3], strokeWidth=1.5)
    name = spot.mark_text(align="left", dx=6, color=INK, fontSize=12).encode(text="shown:N", y=alt.value(8))
    flip = marked.transform_filter(alt.datum.name == "flip").mark_text(align="left", dx=6, dy=12, color=INK)
    return _sized(_zero() + lines + rule + name + zeros + flip.encode(text="shown:N", y=alt.datum(0)), 260)


def gamma_history(query: Query, day: date) -> alt.LayerChart | None:
    """Dealers' gamma on a desk's scale, session by session over a year, with bands."""
    history = query(
        f"""
        select session, gex_sm_equiv_bn, gex_desk_lo_bn, gex_desk_hi_bn from indicators.dealer_gamma
        where underlying = 'SPX' and reading = 'close' and gex_sm_equiv_bn is not null
            and session between date '{day}' - interval 1 year and date '{day}'
        order by session
        """
    )
    if history.empty:
        return None
    columns = ("gex_sm_equiv_bn", "gex_desk_lo_bn", "gex_desk_hi_bn")
    tips = [_day_tip(), *_band_tips(columns, "USD bn per 1 %", "+.1f")]
    year = alt.Scale(domain=[f"{day.year - 1}-{day:%m-%d}T00:00:00", f"{day}T00:00:00"])
    base = alt.Chart(history).encode(x=_days(year), tooltip=tips)
    bands = base.mark_rule(color=ACCENT, opacity=0.3).encode(y="gex_desk_lo_bn:Q", y2="gex_desk_hi_bn:Q")
    points = base.mark_point(filled=True, size=26, color=ACCENT, opacity=1).encode(
        y=alt.Y("gex_sm_equiv_bn:Q", title="USD bn per 1 %")
    )
    return _sized(_zero() + bands + points, 180)


def pivots(query: Query, day: date) -> alt.LayerChart | None:
    """The S&P 500 and trend followers' pivots over a year."""
    history = query(
        f"""
        select
            session, any_value(close) as close,
            max(pivot_level) filter (horizon = 'st') as st,
            max(pivot_lo) filter (horizon = 'st') as st_lo,
            max(pivot_hi) filter (horizon = 'st') as st_hi,
            max(pivot_level) filter (horizon = 'mt') as mt,
            max(pivot_level) filter (horizon = 'lt') as lt
        from indicators.cta_pivots
        where symbol = 'SPX' and session > date '{day}' - interval 1 year and session <= date '{day}'
        group by session having st is not null
        order by session
        """
    )
    if history.empty:
        return None
    scale = alt.Scale(zero=False)
    names = {"close": "S&P 500", "st": "short term", "mt": "medium term", "lt": "long term"}
    tips = [_day_tip(), *(_tip(column, name, ",.0f") for column, name in names.items())]
    return _sized(
        _band(history, "st_lo", "st_hi", scale=scale)
        + _lines(history, names, [INK, ACCENT, SECOND, THIRD], scale=scale)
        + _until(day)
        + _hover(history, tips),
        250,
    )


def flow_scenarios(query: Query, day: date) -> alt.LayerChart | None:
    """What trend followers buy worldwide within a week and a month if the market falls, stands or rises."""
    rows = query(
        f"""
        select
            case flow_sessions when 5 then 'a week' else 'a month' end as within,
            scenario, flow_global_bn, flow_global_lo_bn, flow_global_hi_bn
        from indicators.cta_flows
        where session = date '{day}' and flow_global_bn is not null
        order by flow_sessions, scenario
        """
    )
    if rows.empty:
        return None
    tips = [
        _tip("scenario", "Market"),
        _tip("within", "Within"),
        *_band_tips(("flow_global_bn", "flow_global_lo_bn", "flow_global_hi_bn"), "USD bn", "+.0f"),
    ]
    within = ["a week", "a month"]
    base = alt.Chart(rows).encode(
        x=alt.X(
            "scenario:N", sort=SCENARIOS, title=None, axis=alt.Axis(labelAngle=0, labelColor=INK, labelFontSize=13)
        ),
        xOffset=alt.XOffset("within:N", sort=within),
        tooltip=tips,
    )
    bars = base.mark_bar().encode(
        y=alt.Y("flow_global_bn:Q", title="USD bn bought worldwide"),
        color=alt.Color("within:N", scale=alt.Scale(domain=within, range=[ACCENT, SECOND]), legend=_legend(columns=2)),
    )
    bands = base.mark_rule(color=INK).encode(y="flow_global_lo_bn:Q", y2="flow_global_hi_bn:Q")
    return _sized(bars + bands + _zero(), 240)


def heat_map(query: Query, day: date) -> alt.LayerChart | None:
    """Returns of the sectors' funds less SPY's over a week to a quarter, the best month first."""
    rows = query(
        f"""
        unpivot (
            select
                coalesce(sector, symbol) as sector,
                relative_21d_pp as month_pp,
                relative_5d_pp as "1 w", relative_15d_pp as "3 w", relative_21d_pp as "1 m", relative_63d_pp as "3 m"
            from indicators.sector_league
            where session = date '{day}' and role = 'sector'
        )
        on "1 w", "3 w", "1 m", "3 m" into name span value relative_pp
        order by sector, span
        """
    )
    if rows.empty:
        return None
    order = rows.sort_values("month_pp", ascending=False)["sector"].unique()
    base = alt.Chart(rows).encode(
        x=alt.X(
            "span:N",
            sort=["1 w", "3 w", "1 m", "3 m"],
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, domain=False, ticks=False, labelFlush=False),
        ),
        y=_names("sector", order),
        tooltip=[_tip("sector", "Sector"), _tip("span", "Over"), _tip("relative_pp", "Percentage points", "+.1f")],
    )
    cells = base.mark_rect(stroke="var(--card)", strokeWidth=2).encode(
        color=alt.Color(
            "relative_pp:Q", scale=alt.Scale(type="threshold", domain=HEAT_STEPS, range=GAIN_LOSS), legend=None
        )
    )
    return _sized(
        cells + base.mark_text(color=INK, fontSize=12).encode(text=alt.Text("relative_pp:Q", format="+.1f")),
        26 * len(order),
    )


def rotation_history(query: Query, day: date) -> alt.LayerChart | None:
    """Defensive less cyclical sectors over rolling months of two years, and what their beta leaves of it."""
    columns = "rotation_21d_pct, neutral_21d_pct, neutral_21d_lo_pct, neutral_21d_hi_pct"
    history = _history(
        query,
        day,
        "indicators.rotation",
        columns,
        years=2,
        where="variant = 'sector_funds' and rotation_21d_pct is not null",
    )
    if history.empty:
        return None
    names = {"rotation_21d_pct": "defensive less cyclical", "neutral_21d_pct": "without beta"}
    tips = [_day_tip(), *(_tip(column, name, "+.1f") for column, name in names.items())]
    return _sized(
        _zero()
        + _band(history, "neutral_21d_lo_pct", "neutral_21d_hi_pct", title="log % of a month")
        + _lines(history, names, [INK, ACCENT], title="log % of a month")
        + _until(day)
        + _hover(history, tips),
        200,
    )


def baskets(query: Query, day: date) -> alt.LayerChart | None:
    """Each basket's rise from the low of a quarter to the high after it, and its fall from that quarter's high."""
    rows = query(
        f"""
        select
            r.title || ' (' || b.grade || ')' as basket,
            b.rise_63d_pct, b.rise_63d_lo_pct, b.rise_63d_hi_pct, b.fall_63d_pct, b.fall_63d_lo_pct, b.fall_63d_hi_pct,
            b.basket_return_15d_pct
        from indicators.baskets as b
        inner join reference.baskets as r using (basket)
        where b.session = date '{day}' and b.rise_63d_pct is not null and b.fall_63d_pct is not null
        order by b.fall_63d_pct, b.basket
        """
    )
    if rows.empty:
        return None
    tips = [
        _tip("basket", "Basket"),
        *_band_tips(("rise_63d_pct", "rise_63d_lo_pct", "rise_63d_hi_pct"), "Rise, %", "+.0f"),
        *_band_tips(("fall_63d_pct", "fall_63d_lo_pct", "fall_63d_hi_pct"), "Fall, %", "+.0f"),
        _tip("basket_return_15d_pct", "Three weeks, %", "+.1f"),
    ]
    base = alt.Chart(rows).encode(y=_names("basket", rows["basket"], limit=LONG_NAMES), tooltip=tips)
    layers = []
    for what, colour in (("rise", ACCENT), ("fall", BAD)):
        bars = base.mark_bar(height=11, color=colour, opacity=0.8)
        layers.append(bars.encode(x=alt.X(f"{what}_63d_pct:Q", title="%", axis=alt.Axis(tickCount=7))))
        if rows[f"{what}_63d_lo_pct"].notna().any():
            layers.append(base.mark_rule(color=INK).encode(x=f"{what}_63d_lo_pct:Q", x2=f"{what}_63d_hi_pct:Q"))
    return _sized(alt.layer(*layers), 22 * len(rows))


def depth(query: Query, day: date) -> alt.LayerChart | None:
    """Depth at the best price over two years, as VIX implies it."""
    columns = ("top_of_book_usd_mn", "top_of_book_lo_usd_mn", "top_of_book_hi_usd_mn")
    history = _known(query, day, "indicators.liquidity", columns, years=2)
    scale = alt.Scale(type="log", nice=False)
    return _banded(history, day, columns, "USD mn", ".1f", scale=scale, height=180, axis="USD mn")


def liquidity(query: Query, day: date) -> alt.LayerChart | None:
    """Liquidity stress over two years."""
    columns = ("liq_stress", "liq_stress_lo", "liq_stress_hi")
    history = _known(query, day, "indicators.liquidity", columns, years=2)
    return _banded(history, day, columns, "Liquidity stress", ".1f", scale=alt.Scale(domain=[0, 10]), height=180)


def breadth(query: Query, day: date) -> alt.LayerChart | None:
    """Members of the S&P 500 above their averages over two years."""
    history = _history(
        query,
        day,
        "indicators.breadth",
        "above_50d_pct, above_200d_pct",
        years=2,
        where="above_50d_pct is not null",
    )
    if history.empty:
        return None
    names = {"above_50d_pct": "of 50 sessions", "above_200d_pct": "of 200 sessions"}
    tips = [_day_tip(), *(_tip(column, f"{name}, %", ".0f") for column, name in names.items())]
    lines = _lines(history, names, [ACCENT, SECOND], scale=alt.Scale(domain=[0, 100]), title="%")
    return _sized(lines + _until(day) + _hover(history, tips), 180)


def misses(query: Query, _: date) -> alt.LayerChart | None:
    """Every published figure by how far it lies from ours on a scale on which our band ends at 1: beyond is a miss."""
    rows = query(
        f"""
        select
            replace(indicator, '_', ' ') as indicator, publisher, session, published_value, value, unit, is_in_band,
            {BANDS_OFF} as distance, greatest(-{FARTHEST}, least({FARTHEST}, distance)) as shown
        from marts.scoreboard
        where is_in_band is not null and distance is not null
        qualify row_number() over (partition by indicator order by session desc, publisher) <= {FIGURES_SHOWN}
        order by indicator, session, publisher
        """
    )
    if rows.empty:
        return None
    rows["verdict"] = rows["is_in_band"].map({True: "in our band", False: "a miss"})
    band = pd.DataFrame({"from": [-1], "to": [1]})
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=42, opacity=0.7)
        .encode(
            x=alt.X(
                "shown:Q",
                scale=alt.Scale(domain=[-FARTHEST - 0.2, FARTHEST + 0.2], nice=False),
                title="bands from ours",
                axis=alt.Axis(tickCount=9),
            ),
            y=_names("indicator", sorted(rows["indicator"].unique()), grid=True, limit=LONG_NAMES),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=["in our band", "a miss"], range=[ACCENT, BAD]),
                legend=_legend(columns=2),
            ),
            tooltip=[
                _tip("indicator", "Estimate"),
                _tip("publisher", "Publisher"),
                _day_tip(),
                _tip("published_value", "Published", ",.4~g"),
                _tip("value", "Ours", ",.4~g"),
                _tip("unit", "Unit"),
                _tip("distance", "Bands off", "+.1f"),
            ],
        )
    )
    within = alt.Chart(band).mark_rect(color=ACCENT, opacity=0.12).encode(x="from:Q", x2="to:Q")
    return _sized(within + points, 20 * rows["indicator"].nunique())


def _history(query: Query, day: date, table: str, columns: str, *, years: int, where: str) -> pd.DataFrame:
    """The sessions of a table in the years up to the day, in order."""
    return query(
        f"""
        select session, {columns} from {table}
        where session > date '{day}' - interval {years} year and session <= date '{day}' and {where}
        order by session
        """
    )


def _known(query: Query, day: date, table: str, columns: Banded, *, years: int) -> pd.DataFrame:
    """The sessions in the years up to the day that have an estimate, in order."""
    return _history(query, day, table, ", ".join(columns), years=years, where=f"{columns[0]} is not null")


def _banded(
    history: pd.DataFrame,
    day: date,
    columns: Banded,
    title: str,
    form: str,
    *,
    scale: alt.Scale,
    height: int,
    axis: str | None = None,
) -> alt.LayerChart | None:
    """An estimate's history with its band, its numbers under the pointer; None without any."""
    if history.empty:
        return None
    value, low, high = columns
    return _sized(
        _band(history, low, high, scale=scale, title=axis)
        + _line(history, value, ACCENT, scale=scale, title=axis)
        + _until(day)
        + _hover(history, [_day_tip(), *_band_tips(columns, title, form)]),
        height,
    )


def _days(scale: alt.Scale | None = None) -> alt.X:
    return alt.X("session:T", title=None, scale=scale or alt.Scale(), axis=alt.Axis(labelOverlap=True, tickCount=6))


def _names(column: str, order: Iterable[str], *, grid: bool = False, limit: int | dict[str, str] = 170) -> alt.Y:
    axis = alt.Axis(labelLimit=limit, labelColor=INK, grid=grid)
    return alt.Y(f"{column}:N", sort=list(order), title=None, axis=axis)


def _level(column: str, title: str | None, scale: alt.Scale | None) -> alt.Y:
    return alt.Y(f"{column}:Q", title=title, scale=scale or alt.Scale(zero=False), axis=alt.Axis(tickCount=5))


def _line(
    rows: pd.DataFrame,
    column: str,
    colour: str,
    *,
    width: float = 1.8,
    scale: alt.Scale | None = None,
    title: str | None = None,
) -> alt.Chart:
    line: alt.Chart = (
        alt.Chart(rows).mark_line(color=colour, strokeWidth=width).encode(x=_days(), y=_level(column, title, scale))
    )
    return line


def _lines(
    rows: pd.DataFrame,
    names: dict[str, str],
    colours: list[str],
    *,
    scale: alt.Scale | None = None,
    title: str | None = None,
) -> alt.Chart:
    folded = alt.Chart(rows).transform_fold(list(names), as_=["series", "level"]).mark_line(strokeWidth=1.6)
    lines: alt.Chart = folded.encode(x=_days(), y=_level("level", title, scale), color=_series(names, colours))
    return lines


def _series(names: dict[str, str], colours: list[str], column: str = "series") -> alt.Color:
    """Colours by column of the table, with a legend that says what each is."""
    shown = " : ".join(f"datum.label == '{key}' ? '{name}'" for key, name in names.items()) + " : ''"
    legend = alt.Legend(title=None, orient="top", columns=2, labelExpr=shown)
    return alt.Color(f"{column}:N", scale=alt.Scale(domain=list(names), range=colours), legend=legend)


def _legend(columns: int) -> alt.Legend:
    return alt.Legend(title=None, orient="top", columns=columns)


def _band(
    rows: pd.DataFrame, low: str, high: str, *, scale: alt.Scale | None = None, title: str | None = None
) -> alt.Chart:
    area = alt.Chart(rows).mark_area(color=ACCENT, opacity=0.22)
    band: alt.Chart = area.encode(x=_days(), y=_level(low, title, scale), y2=f"{high}:Q")
    return band


def _zero() -> alt.Chart:
    zero: alt.Chart = alt.Chart(pd.DataFrame({"zero": [0]})).mark_rule(color=MUTED).encode(y="zero:Q")
    return zero


def _until(day: date) -> alt.Chart:
    """Nothing to see at the day, so that a history that ends before it is seen to."""
    end: alt.Chart = alt.Chart(pd.DataFrame({"session": [pd.Timestamp(day)]})).mark_rule(opacity=0).encode(x=_days())
    return end


def _hover(rows: pd.DataFrame, tips: list[alt.Tooltip]) -> alt.Chart:
    """A line at the session nearest to the pointer, with its numbers."""
    nearest = alt.selection_point(nearest=True, on="pointerover", clear="pointerout", fields=["session"], empty=False)
    seen = alt.when(nearest).then(alt.value(0.8)).otherwise(alt.value(0))
    rule = alt.Chart(rows).mark_rule(color=MUTED).encode(x="session:T", opacity=seen, tooltip=tips)
    hover: alt.Chart = rule.add_params(nearest)
    return hover


def _tip(column: str, title: str, form: str = "") -> alt.Tooltip:
    return alt.Tooltip(f"{column}:Q", title=title, format=form) if form else alt.Tooltip(f"{column}:N", title=title)


def _day_tip() -> alt.Tooltip:
    return alt.Tooltip("session:T", title="Session", format="%Y-%m-%d")


def _band_tips(columns: Banded, title: str, form: str) -> list[alt.Tooltip]:
    return [_tip(column, name, form) for column, name in zip(columns, (title, "from", "to"), strict=True)]


def _sized(chart: alt.LayerChart | alt.FacetChart, height: int) -> alt.LayerChart:
    """As wide as the page gives room; a sum of charts is typed as either kind, and is always layered here."""
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return cast("alt.LayerChart", chart.properties(width="container", height=height, autosize=fit))
