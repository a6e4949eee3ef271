"""The desk note as one HTML page: what the tables of marts and regime say of a session, with charts.

The page holds all it needs, the charts' library too, and asks nothing of any network: its content policy forbids it.
"""

import json
import math
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import vl_convert
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from assets.published import charts
from assets.published.charts import Query

# Measures of the note that stand at the head of the page.
HEADLINES = {
    "spx_drawdown_pct": "S&P 500 from its high",
    "vix": "VIX",
    "vol_panic": "Volatility panic",
    "liq_stress": "Liquidity stress",
    "spx_to_pivot_st": "S&P 500 to CTA pivot",
    "cta_flow_1w_flat_global": "CTA flow, flat week",
    "dealer_gamma": "Dealer gamma",
    "rotation_21d": "Defensive rotation, month",
}
MISSES_LISTED = 15


class NoNoteError(Exception):
    """There is no note for the session."""


@dataclass(frozen=True)
class Figure:
    """A chart's place on the page.

    Attributes:
        title: What it shows, with its grade.
        draw: The function of `charts`; its docstring is what a screen reader says.
        note: How to read it.
        without: What stands in its place where there is nothing to draw.
        wide: Whether it takes the page's whole width, where others stand side by side.
    """

    title: str
    draw: Callable[[Query, date], alt.LayerChart | None]
    note: str
    without: str
    wide: bool = False


REGIME = (
    Figure(
        "Regime and the S&P 500",
        charts.regime,
        "Three years. Background: the regime of each session.",
        "No regime could be told yet.",
        wide=True,
    ),
    Figure(
        "Danger score, 0 to 1",
        charts.danger,
        "Mean of the parts below, weighted by grade, with its 80 % band.",
        "No danger score: too many of its parts are missing.",
        wide=True,
    ),
    Figure(
        "What it is made of",
        charts.sub_scores,
        "Parts at this session, 0 calm to 1 stressed, with 80 % bands; grades in brackets. Missing parts are left out.",
        "No part of the danger score is there for this session.",
        wide=True,
    ),
)
FIGURES: dict[str, tuple[Figure, ...]] = {
    "Index": (
        Figure(
            "Members above their average (grade B or C)",
            charts.breadth,
            "Share of the S&P 500's members whose close is above their average; grade B where 95 % of them have bars.",
            "No breadth: bars of the index's members are missing.",
        ),
    ),
    "Liquidity": (
        Figure(
            "Depth at the best price, E-mini (grade B)",
            charts.depth,
            "USD mn on a log scale, as VIX implies it, with its 80 % band.",
            "No depth: VIX or its calibration is missing.",
        ),
        Figure(
            "Liquidity stress, 0 to 10 (grade C)",
            charts.liquidity,
            "Mean rank of depth, price impact and spreads, with its 80 % band.",
            "No liquidity stress: fewer than three of its parts are there.",
        ),
    ),
    "Dealers": (
        Figure(
            "Gamma profile with flip (grade C)",
            charts.gamma_profile,
            "Dealers' net gamma if the index stood elsewhere, with volatility fixed by strike or by strike / spot. "
            "Dots: where it is zero.",
            "No profile: there is no S&P 500 option chain for this session.",
        ),
        Figure(
            "Dealer gamma on a desk's scale (grade D)",
            charts.gamma_history,
            "Each session with a chain, over a year, with 80 % bands.",
            "No history: there is no S&P 500 option chain in the year before.",
        ),
    ),
    "Systematic flows": (
        Figure(
            "Trend followers' pivots (grade A)",
            charts.pivots,
            "Levels below which trend followers' signals turn to selling, over a year.",
            "No pivots: the S&P 500's history is too short.",
        ),
        Figure(
            "Flow by scenario (grade C)",
            charts.flow_scenarios,
            "What trend followers buy worldwide if the market falls, stands or rises; lines: 80 % bands.",
            "No flows: prices of the markets that trend followers trade are missing.",
        ),
    ),
    "Volatility": (
        Figure(
            "Panic gauge, 0 to 10 (grade B)",
            charts.panic_gauge,
            "Line: 80 % band. Marks: the levels below which half and 90 % of all days before lie.",
            "No gauge: VIX, VVIX or the term structure is missing for this session.",
            wide=True,
        ),
        Figure(
            "Volatility panic over two years (grade B)",
            charts.panic_history,
            "With its 80 % band; grey: what the rank of VIX alone says.",
            "No history: VIX, VVIX or the term structure is missing.",
            wide=True,
        ),
    ),
    "Sectors and themes": (
        Figure(
            "Rotation heat map (grade A)",
            charts.heat_map,
            "Return of each sector's fund less SPY's over 1 and 3 weeks and months, percentage points.",
            "No heat map: prices of the sectors' funds are missing for this session.",
        ),
        Figure(
            "Defensive less cyclical sectors (grade B)",
            charts.rotation_history,
            "Cumulated over a month, log %, with the 80 % band of what beta leaves.",
            "No rotation: prices of the sectors' funds are missing.",
        ),
        Figure(
            "Baskets: rise and fall of a quarter",
            charts.baskets,
            "Blue: from the low to the high after it; red: from the high; lines: 80 % bands where members are judged.",
            "No baskets: prices of their members are missing for this session.",
            wide=True,
        ),
    ),
}
MISSES = Figure(
    "How far published figures lie from ours",
    charts.misses,
    f"A dot per figure, the {charts.FIGURES_SHOWN} newest of each estimate; shaded: our 80 % band. "
    f"Whatever is farther than {charts.FARTHEST} bands is drawn there.",
    "No published figure lies beside an estimate with a band.",
    wide=True,
)


def page(query: Query, day: date | None = None, *, keep_in: Path | None = None) -> str:
    """The page of one session.

    Args:
        query: Runs a SELECT on the warehouse or its published copy.
        day: The session; None for the newest.
        keep_in: A folder for the charts' library, which takes a second to put together; None to keep it nowhere.

    Returns:
        The HTML document.

    Raises:
        NoNoteError: If the note has no such session; the message says which there are.
    """
    sessions = query("select distinct session from marts.desk_note order by session")["session"].dt.date
    if sessions.empty:
        raise NoNoteError("marts.desk_note is empty")
    first, last = sessions.iloc[0], sessions.iloc[-1]
    day = day or last
    note = query(
        f"""
        select n.*, c.template
        from marts.desk_note as n
        left join reference.claims as c using (claim_no, measure)
        where n.session = date '{day}'
        order by n.claim_no, n.measure_no
        """
    )
    if note.empty:
        raise NoNoteError(f"no note for {day}; sessions run from {first} to {last}")
    [regime] = query(f"from regime.daily where session = date '{day}'").to_dict("records")
    specs: dict[str, dict[str, object]] = {}
    claims = {str(section): rows.to_dict("records") for section, rows in note.groupby("section", sort=False)}
    of_regime = claims.pop("Regime", [])
    sections = [
        {
            "name": name,
            "claims": claims.get(name, []),
            "figures": _placed(FIGURES.get(name, ()), query, day, specs),
        }
        for name in (*claims, *(name for name in FIGURES if name not in claims))
    ]
    assumed = query(
        f"select distinct sign_convention from indicators.dealer_gamma where session = date '{day}' order by all"
    )
    return _template().render(
        day=day,
        first=first,
        last=last,
        regime=regime,
        drivers=_drivers(query, regime),
        headlines=[(HEADLINES[row["measure"]], row) for row in _headlines(note)],
        sections=sections,
        regime_claims=of_regime,
        regime_figures=_placed(REGIME, query, day, specs),
        misses_figure=_placed((MISSES,), query, day, specs),
        conventions=assumed["sign_convention"].tolist(),
        has_verdicts=bool(note[["published_value", "claim_verdict"]].notna().any(axis=None)),
        forecasts=_forecasts(query),
        **_scoreboard(query, day),
        specs=_script(specs),
        config=_script(charts.CONFIG),
        library=Markup(_library(keep_in)),  # noqa: S704 - the library's own text
    )


def number(value: float | None, *, signed: bool = False) -> str:
    """A number with three digits, and two decimals at most; a dash for none."""
    if value is None or pd.isna(value):
        return "\u2013"
    decimals = 0 if float(value).is_integer() else max(0, 2 - math.floor(math.log10(max(abs(value), 1))))
    # Halves away from zero, as the note's sentences have it; adding zero takes the sign off what rounds to nothing.
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
    return f"{rounded:{'+' if signed else ''},.{decimals}f}".replace("-", "\u2212")


def blank(template: str | None) -> str:
    """A claim's sentence with gaps for what is missing, and a space behind it; nothing for none."""
    if template is None or pd.isna(template):
        return ""
    without_band = re.sub(r" \([^()]*\{(?:lo|hi)\}[^()]*\)", "", template)
    return re.sub(r"\{\w+\}\.?", "\u2026", without_band) + " "


def minus(text: str) -> str:
    """Text with minus signs for the hyphens before its numbers."""
    return re.sub(r"(?<![\w.])-(?=\d)", "\u2212", text)


def _template() -> Template:
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "blank": blank, "minus": minus}
    environment.tests["there"] = pd.notna
    return environment.from_string(files(__package__).joinpath("desk_note.html.jinja").read_text("utf-8"))


def _placed(
    figures: tuple[Figure, ...], query: Query, day: date, specs: dict[str, dict[str, object]]
) -> list[dict[str, object]]:
    """The figures as the template shows them; the specifications of those that are drawn are added to `specs`."""
    placed = []
    for figure in figures:
        chart = figure.draw(query, day)
        name = figure.draw.__name__.replace("_", "-")
        says = (figure.draw.__doc__ or "").strip()
        if chart is not None:
            spec = chart.properties(description=says).to_dict()
            # Altair's own look; the page has one for all charts.
            spec.pop("config")
            specs[name] = spec
        placed.append({"name": name, "figure": figure, "says": says, "drawn": chart is not None})
    return placed


def _headlines(note: pd.DataFrame) -> list[dict[Hashable, Any]]:
    there = note.drop_duplicates("measure").set_index("measure", drop=False)
    return [there.loc[measure].to_dict() for measure in HEADLINES if measure in there.index]


def _drivers(query: Query, regime: dict[Hashable, Any]) -> list[tuple[str, object]]:
    titles = query("select sub_score, score_title from reference.sub_scores").set_index("sub_score")["score_title"]
    moves = [(regime[f"driver_{place}"], regime[f"driver_{place}_move"]) for place in (1, 2, 3)]
    # What rounds to nothing did not drive it.
    return [(titles[name], move) for name, move in moves if isinstance(name, str) and round(move, 2)]


def _forecasts(query: Query) -> dict[str, dict[Hashable, Any]]:
    """What forecasts of a drawdown by danger and by VIX were worth, by predictor; empty where nothing is judged."""
    rows = query("from regime.validation where outcome = 'drawdown' and predictor in ('danger', 'vix')")
    return {row["predictor"]: row for row in rows.to_dict("records")}


def _scoreboard(query: Query, day: date) -> dict[str, list[dict[Hashable, Any]]]:
    """The whole file's scoreboard: by estimate, the figures of this session, and the misses farthest from our bands."""
    figures = "select *, replace(indicator, '_', ' ') as estimate from marts.scoreboard"
    return {
        "summary": query(
            """
            select *, replace(indicator, '_', ' ') as estimate from marts.scoreboard_summary
            order by indicator, publisher
            """
        ).to_dict("records"),
        "published": query(f"{figures} where session = date '{day}' order by indicator, publisher").to_dict("records"),
        "misses": query(
            f"""
            select *, abs({charts.BANDS_OFF}) as distance, count(*) over () as misses
            from ({figures}) where not is_in_band
            order by distance desc nulls last, session desc, indicator, publisher limit {MISSES_LISTED}
            """
        ).to_dict("records"),
    }


def _script(value: object) -> Markup:
    """JSON that cannot end the script that it stands in."""
    return Markup(json.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704 - escaped here


@cache
def _library(keep_in: Path | None) -> str:
    """Vega-Embed with what it needs; it sets `window.draw`."""
    kept = keep_in / f"vega_embed_of_vl_convert_{version('vl-convert-python')}.js" if keep_in else None
    if kept and kept.exists():
        return kept.read_text("utf-8")
    library = vl_convert.javascript_bundle("window.draw = vegaEmbed;").replace("</script", "<\\/script")
    if kept:
        begun = kept.with_suffix(".begun")
        begun.write_text(library, "utf-8")
        begun.replace(kept)
    return library
