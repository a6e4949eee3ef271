"""What holds of every table that SQL computes, whatever the market did: no look-ahead, bands and ranges in order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.models.simulated_market import simulate
from assets.sources.availability import RELEASES, price_bars, squeezemetrics
from assets.sources.sessions import DECISION_TIME, at_new_york
from tests.sql.chains import rows as chain_rows
from tests.sql.chains import whole
from tests.sql.given import EVERY_TABLE, FILLS, build, calendar, classes, frame_of, instruments, sessions, tables

COUNT = 620
DAYS = sessions("2023-07-12", COUNT)
SYMBOLS = (
    *("SPX", "NDX", "VIX", "VVIX", "VIX3M", "SKEW", "BTC-USD", "RUT", "IRX", "IWM"),
    *("SPXTR", "SPY", "IEF", "DBC", "XLP", "XLY", "ES=F", "QQQ", "IBIT"),
    # The sectors, and funds of both cohorts.
    *("XLB", "XLE", "XLF", "XLI", "XLK", "XLU", "XLV", "GVIP", "AGTHX", "FCNTX", "AIVSX", "DODGX"),
)
MEMBERS = tuple(f"SIM{n:02}" for n in range(1, 10))
# Without these a run is refused.
REQUIRED = ("SPX", "VIX")
COMPUTED = [name for name, table in tables().items() if table.filled_by == "sql" or name in FILLS]
# They sum up all sessions, later ones too; what they are made from is compared by session.
OVER_ALL_SESSIONS = ("marts.scoreboard_summary", "regime.outcomes_by_label", "regime.transitions", "regime.validation")
# It begins after years of sessions, more than there are here (tests/regime/test_model_states.py).
LONG = "regime.model_states"
OHLC = ["open", "high", "low", "close"]
# Shorter averages than those in use burn in within the sessions there are.
AVERAGES = pd.DataFrame(
    {
        "method_version": "test",
        "horizon": ["st", "mt", "lt"],
        "centre_of_mass": [5.0, 20.0, 60.0],
        "pivot_error_pct": 0.1,
        "fitted_on": "nothing",
    }
)
# What a chain's next quotes change.
QUOTED = ["bid", "ask", "vendor_iv", "open_interest", "volume", "spot"]
# Readings of chains around a session, by its number: the fund's for a median, the index's for what is made of it.
AROUND = {
    ("IWM", "close"): range(-6, 3),
    ("IWM", "settled"): range(-1, 3),
    ("SPX", "close"): range(-1, 2),
    ("SPX", "settled"): range(1),
}
# A cut after which the windows of 504 sessions are full, and missing bars of a symbol, so many sessions after it.
CUT, GAPS = 600, frozenset({("NDX", 0), ("SKEW", 0), ("IBIT", 0), ("BTC-USD", -1), ("VIX3M", 1)})
# A session on which nothing but the index has a bar of the instruments that tables stand on by name.
BARE = frozenset({(symbol, 0) for symbol in ("SPY", "SPXTR", "QQQ", "IWM", "IBIT", "XLY")})
SECTORS = ("Health Care", "Utilities", "Financials", "Materials", "Energy")
FEW = settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


@cache
def market() -> pd.DataFrame:
    """Rows of raw.prices from the simulated market."""
    listed = instruments()
    stocks = pd.DataFrame({"symbol": MEMBERS, "class": "stock", "role": "member", "sector": "Energy"})
    listed = pd.concat([listed[listed["symbol"].isin(SYMBOLS)], stocks], ignore_index=True)
    market = simulate(pd.DatetimeIndex(DAYS), listed, seed=7)
    return market.bars.assign(source="simulated")


def without(rows: pd.DataFrame, holes: set[tuple[str, int]]) -> pd.DataFrame:
    """The rows but for some symbols on some sessions."""
    gone = pd.MultiIndex.from_tuples([(symbol, DAYS[n]) for symbol, n in holes], names=["symbol", "date"])
    return rows[~pd.MultiIndex.from_frame(rows[["symbol", "date"]]).isin(gone)].reset_index(drop=True)


@cache
def chains(cut: int) -> pd.DataFrame:
    """Rows of raw.option_chains around a session."""
    bars = market().set_index(["symbol", "date"])["close"]
    return chain_rows(
        *(
            whole(symbol, DAYS[cut + n], reading=reading, spot=float(bars[symbol, DAYS[cut + n]]))
            for (symbol, reading), numbers in AROUND.items()
            for n in numbers
        )
    )


def series(days: Iterable[pd.Timestamp], seed: int = 3) -> pd.DataFrame:
    """Rows of raw.series: SqueezeMetrics' figures, and an overnight rate."""
    index = pd.DatetimeIndex(list(days))
    random = np.random.default_rng(seed)
    values = {
        "SQUEEZEMETRICS_GEX": (random.normal(2e9, 3e9, len(index)), squeezemetrics(index)),
        "SOFR": (random.uniform(3, 5, len(index)), RELEASES["sofr"](index)),
    }
    frames = [
        pd.DataFrame(
            {
                "series_id": name,
                "series_date": index,
                "series_value": numbers,
                "source": "vendor",
                "available_at": known,
                "observed_at": known,
            }
        )
        for name, (numbers, known) in values.items()
    ]
    return pd.concat(frames, ignore_index=True)


@cache
def lists(cut: int) -> pd.DataFrame:
    """Rows of raw.index_members: a list before a session and one after it.

    On the later one a member has left, another is in another sector, one was added before the session, one after it.
    """
    added = dict(zip(MEMBERS, (DAYS[0], DAYS[300], DAYS[0], DAYS[cut - 3], DAYS[cut + 1]), strict=False))
    first = {"SIM01": "Health Care", "SIM02": "Financials", "SIM03": "Utilities"}
    later = {"SIM01": "Financials", "SIM02": "Financials", "SIM04": "Utilities", "SIM05": "Energy"}
    rows = pd.DataFrame(
        [
            (list_date, symbol, sector, added[symbol])
            for list_date, sectors in {DAYS[400]: first, DAYS[cut + 2]: later}.items()
            for symbol, sector in sectors.items()
        ],
        columns=["list_date", "symbol", "sector", "added_date"],
    )
    known = at_new_york(pd.DatetimeIndex(rows["added_date"]), DECISION_TIME)
    return rows.assign(index_symbol="SPX", company="any", source="vendor", available_at=known, observed_at=known)


@cache
def baskets(cut: int) -> pd.DataFrame:
    """Rows of reference.basket_members: funds on both sides of the cycle, shorts, stocks by the month.

    Some are added or removed long before a session, some right after it.
    """
    first, after, last = DAYS[0], DAYS[cut + 1], DAYS[cut + 2]
    return pd.DataFrame(
        [
            ("cyclicals", "XLY", "long", "equal_daily", first, None),
            ("cyclicals", "IWM", "long", "equal_daily", DAYS[300], last),
            ("defensives", "XLP", "long", "equal_daily", first, None),
            ("defensives", "IEF", "long", "equal_daily", after, None),
            ("high_beta", "IWM", "long", "equal_daily", first, None),
            ("high_beta", "XLP", "short", "equal_daily", first, None),
            *(("unprofitable_tech", name, "long", "equal_monthly_20mn", first, None) for name in MEMBERS[1:3]),
            ("unprofitable_tech", "SIM01", "long", "equal_monthly_20mn", first, DAYS[400]),
            # Enough stocks for the bands of drawn members.
            *(("ai", name, "long", "equal_monthly", first, None) for name in MEMBERS[:6]),
            ("ai", "SIM07", "long", "equal_monthly", DAYS[200], None),
            ("ai", "SIM08", "long", "equal_monthly", first, last),
            ("ai", "SIM09", "long", "equal_monthly", after, None),
        ],
        columns=["basket", "symbol", "side", "weight_rule", "valid_from", "valid_to"],
    ).assign(why="any", valid_to=lambda rows: pd.to_datetime(rows["valid_to"]))


@cache
def filings(cut: int) -> pd.DataFrame:
    """Rows of raw.holdings: a filing before a session; one in its place, one that adds and the next after it."""
    frames = []
    for filing_id, day, adds, symbols in (
        ("first", cut - 5, False, MEMBERS[:3]),
        ("amended", cut + 1, False, MEMBERS[1:3]),
        ("added", cut + 2, True, MEMBERS[:1]),
    ):
        known = decided(DAYS[day].date())
        of = pd.DataFrame({"filing_id": filing_id, "security": symbols, "ticker": symbols})
        of = of.assign(value_usd=[1e9 / (n + 3) for n in range(len(of))], adds=adds, holder="viking", left_out=0)
        frames.append(of.assign(report_date=DAYS[cut - 50], source="edgar", available_at=known, observed_at=known))
    return pd.concat(frames, ignore_index=True)


def build_all(rows: pd.DataFrame, given: Mapping[str, pd.DataFrame], **more: Any) -> duckdb.DuckDBPyConnection:  # noqa: ANN401 - what build takes
    """Every table, with averages that burn in soon."""
    usual = {
        "reference.pivot_calibration": AVERAGES,
        "reference.basket_members": baskets(COUNT - 3),
        "raw.index_members": lists(COUNT - 3),
        "raw.holdings": filings(COUNT - 3),
    }
    return build(rows, given={**usual, **given}, **more)


def decided(day: date) -> pd.Timestamp:
    """The decision time of a session."""
    days = calendar()
    return pd.Timestamp(days.loc[days["session"] == pd.Timestamp(day), "decision_at"].iloc[0])


def known_at(rows: pd.DataFrame) -> pd.Series:
    """When each row was known first."""
    return price_bars(rows["date"], rows["symbol"].map(classes()))


def until(connection: duckdb.DuckDBPyConnection, name: str, day: date) -> pd.DataFrame:
    """The rows of a table up to a session that were known at its decision time, in order."""
    table, moment = tables()[name], f"timestamptz '{decided(day)}'"
    conditions = [f"session <= '{day}'"] if "session" in table.types else []
    if "available_at" in table.types:
        conditions.append(f"available_at <= {moment}")
    elif "snapshot_id" in table.types:
        known = f"select snapshot_id from raw.option_chains where available_at <= {moment}"
        conditions.append(f"snapshot_id in ({known})")
    if name == "staging.member_prices":
        # It has all bars of a symbol as soon as that is known to be a member.
        known = f"""
            select symbol from staging.index_members where available_at <= {moment}
            union all select symbol from reference.basket_members where valid_from <= '{day}'
        """
        conditions.append(f"symbol in ({known})")
    # The end of a membership is known once it has come.
    ended = f" replace (case when removed_date <= '{day}' then removed_date end as removed_date)"
    columns = "*" + (ended if "removed_date" in table.types else "")
    where = " and ".join(conditions)
    return frame_of(connection, f"select {columns} from {name} where {where} order by {', '.join(table.header.grain)}")


@dataclass(frozen=True)
class Landed:
    """What has landed around a cut, and which of it was known only later.

    Attributes:
        day: The session of the cut.
        rows: Rows of raw.prices.
        options: Rows of raw.option_chains.
        figures: Rows of raw.series.
        members: Rows of raw.index_members.
        of_baskets: Rows of reference.basket_members.
        holdings: Rows of raw.holdings.
    """

    day: date
    rows: pd.DataFrame
    options: pd.DataFrame
    figures: pd.DataFrame
    members: pd.DataFrame
    of_baskets: pd.DataFrame
    holdings: pd.DataFrame

    def given(self) -> dict[str, pd.DataFrame]:
        """The rows of all tables but prices."""
        return {
            "raw.option_chains": self.options,
            "raw.series": self.figures,
            "raw.index_members": self.members,
            "reference.basket_members": self.of_baskets,
            "raw.holdings": self.holdings,
        }

    def listed_later(self) -> NDArray[np.bool_]:
        """Mask of what lists tell of members only later: not an addition, which is announced."""
        later = self.members["list_date"] > pd.Timestamp(self.day)
        is_new = ~self.members["symbol"].isin(self.members.loc[~later, "symbol"])
        is_announced = is_new & (self.members["available_at"] <= decided(self.day))
        return (later & ~is_announced).to_numpy()

    def later(self) -> list[Any]:
        """Masks of the prices, contracts and numbers that were known only later."""
        known = (known_at(self.rows), self.options["available_at"], self.figures["available_at"])
        return [(of > decided(self.day)).to_numpy() for of in known]


@cache
def landed(cut: int, holes: frozenset[tuple[str, int]]) -> tuple[Landed, duckdb.DuckDBPyConnection]:
    """What has landed around a cut, with missing bars, and every table of it."""
    rows = without(market(), {(symbol, cut + n) for symbol, n in holes if symbol not in REQUIRED or n})
    figures = series(DAYS[cut - 9 : cut + 6])
    world = Landed(DAYS[cut].date(), rows, chains(cut), figures, lists(cut), baskets(cut), filings(cut))
    return world, build_all(rows, given=world.given())


def cut_off(landed: Landed) -> duckdb.DuckDBPyConnection:
    """Every table without what was known only later."""
    rows, options, figures = landed.later()
    day = pd.Timestamp(landed.day)
    belonging = landed.of_baskets[landed.of_baskets["valid_from"] <= day]
    given = {
        "raw.option_chains": landed.options[~options],
        "raw.series": landed.figures[~figures],
        "raw.index_members": landed.members[~landed.listed_later()],
        "reference.basket_members": belonging.assign(valid_to=lambda of: of["valid_to"].where(of["valid_to"] <= day)),
        "raw.holdings": landed.holdings[landed.holdings["available_at"] <= decided(landed.day)],
    }
    return build_all(landed.rows[~rows], given=given)


def made_up(landed: Landed, seed: int) -> duckdb.DuckDBPyConnection:
    """Every table with another future."""
    later, options_later, figures_later = landed.later()
    random = np.random.default_rng(seed)
    rows, quotes, figures = landed.rows.copy(), landed.options.copy(), landed.figures.copy()
    rows.loc[later, [*OHLC, "volume"]] *= random.uniform(0.5, 2, (later.sum(), 1))
    quotes.loc[options_later, QUOTED] *= random.uniform(0.5, 2, (options_later.sum(), len(QUOTED)))
    figures.loc[figures_later, "series_value"] *= -2
    listed_later = landed.listed_later()
    members = landed.members.copy()
    members.loc[listed_later, "sector"] = random.choice(SECTORS, listed_later.sum())
    # Some leave the index, and all the baskets.
    members = members[~listed_later | (random.random(len(members)) < 0.5)]
    day = pd.Timestamp(landed.day)
    gone = day + pd.Timedelta(days=7)
    holdings = landed.holdings.copy()
    holdings.loc[holdings["available_at"] > decided(landed.day), "value_usd"] *= random.uniform(0.5, 2)
    given = {
        "raw.option_chains": quotes,
        "raw.series": figures,
        "raw.index_members": members,
        "raw.holdings": holdings,
        "reference.basket_members": landed.of_baskets.assign(
            valid_to=lambda of: of["valid_to"].where(of["valid_to"] <= day, gone)
        ),
    }
    return build_all(rows, given=given)


def corrected(landed: Landed, seed: int) -> duckdb.DuckDBPyConnection:
    """Every table as of the cut, after which much of the past was corrected."""
    later, options_later, figures_later = landed.later()
    moment = decided(landed.day) + pd.Timedelta(seconds=1)
    known = {"available_at": moment, "observed_at": moment}
    rows = landed.rows[~later].sample(200, random_state=seed)
    rows = rows.assign(**{name: rows[name] * 1.1 for name in OHLC}, **known)
    options = landed.options[~options_later].assign(
        snapshot_id=lambda of: of["snapshot_id"] + " corrected",
        quote_at=lambda of: of["quote_at"] + pd.Timedelta(minutes=1),
        open_interest=lambda of: of["open_interest"] * 1.1,
        **known,
    )
    figures = landed.figures[~figures_later].assign(series_value=1e9, **known)
    members = landed.members[~landed.listed_later()].assign(sector="Materials", **known)
    given = {
        **landed.given(),
        "raw.index_members": pd.concat([landed.members, members], ignore_index=True),
        "raw.option_chains": pd.concat([landed.options, options], ignore_index=True),
        "raw.series": pd.concat([landed.figures, figures], ignore_index=True),
    }
    as_of = decided(landed.day)
    vintages = pd.concat([landed.rows, rows], ignore_index=True)
    return build_all(vintages, as_of=str(as_of), now=as_of.to_pydatetime(), given=given)


@pytest.mark.parametrize(
    ("gaps", "future"),
    [
        pytest.param(GAPS, cut_off, id="unknown"),
        pytest.param(GAPS, partial(made_up, seed=1), id="different"),
        pytest.param(GAPS, partial(corrected, seed=1), id="as of"),
        pytest.param(BARE, cut_off, id="unknown after a session without bars"),
    ],
)
def test_the_future_never_changes_a_past_row(
    gaps: frozenset[tuple[str, int]], future: Callable[[Landed], duckdb.DuckDBPyConnection]
) -> None:
    """The rows up to the cut are the same when what came later is cut off, made up, or corrects the past."""
    world, everything = landed(CUT, gaps)
    other = future(world)
    for name in COMPUTED:
        if name not in OVER_ALL_SESSIONS:
            found, expected = (until(connection, name, world.day) for connection in (other, everything))
            pd.testing.assert_frame_equal(found, expected, check_exact=True, obj=name)


def test_there_is_something_on_both_sides_of_the_cut() -> None:
    world, connection = landed(CUT, GAPS)
    for name in COMPUTED:
        if name not in (*OVER_ALL_SESSIONS, LONG):
            count = len(frame_of(connection, f"from {name}"))
            assert 0 < len(until(connection, name, world.day)) < count, name
    used = frame_of(connection, "select underlying, reading from staging.option_readings")
    assert used.value_counts().to_dict() == {key: len(numbers) for key, numbers in AROUND.items()}
    breadth = "select defensive_breadth_pct is null from indicators.rotation order by session desc limit 300"
    assert frame_of(connection, breadth).to_numpy().sum() == 0


def wild(seed: int, swing: float, flaws: float) -> pd.DataFrame:
    """A market of random walks with heavy tails, in which a share of the bars is flat, disordered or missing."""
    random = np.random.default_rng(seed)
    frames: list[pd.DataFrame] = []
    for symbol in (*SYMBOLS, *MEMBERS[:5]):
        closes = 100 * np.exp(np.cumsum(random.standard_t(3, COUNT) * swing - swing**2))
        ends = closes[:, None] * np.exp(random.standard_t(3, (COUNT, 3)) * swing)
        ohlc = np.column_stack([ends[:, 0], np.maximum(ends.max(axis=1), closes), ends.min(axis=1), closes])
        ohlc[:, 2] = np.minimum(ohlc[:, 2], closes)
        flat, disordered, missing = random.random((3, COUNT)) < flaws / 3
        ohlc[flat] = closes[flat, None]
        ohlc[disordered, 1] *= 0.5
        bars = pd.DataFrame(ohlc, columns=OHLC).assign(symbol=symbol, date=DAYS, source="vendor", volume=1.0)
        frames.append(bars.loc[~missing])
    return pd.concat(frames, ignore_index=True)


def flawed(contracts: pd.DataFrame, random: np.random.Generator, flaws: float) -> pd.DataFrame:
    """The contracts with a share of everything missing, and of the quotes crossed."""
    gone = {name: random.random(len(contracts)) < flaws / 6 for name in ("bid", "ask", "iv", "open_interest", "volume")}
    left = {name: contracts[name].mask(of) for name, of in gone.items()}
    crossed = random.random(len(contracts)) < flaws / 6
    return contracts.assign(**left).assign(bid=lambda c: c["bid"].mask(crossed, c["ask"] * 1.01))


def wild_chains(rows: pd.DataFrame, seed: int, flaws: float) -> pd.DataFrame:
    """Chains of the last sessions of a wild market, with flaws of their own and a spot that may be wrong."""
    random = np.random.default_rng(seed)
    closes = rows.set_index(["symbol", "date"])["close"]
    listed = []
    for (symbol, reading), numbers in AROUND.items():
        for day in [DAYS[COUNT - 3 + n] for n in numbers]:
            spot = float(closes.get((symbol, day), 100.0)) * (1 + 0.02 * (random.random() < flaws))
            change = partial(flawed, random=random, flaws=flaws)
            listed.append(whole(symbol, day, reading=reading, spot=spot, change=change))
    return chain_rows(*listed)


@cache
def wild_build(seed: int, swing: float, flaws: float) -> duckdb.DuckDBPyConnection:
    """Every table of a wild market."""
    rows = wild(seed, swing, flaws)
    given = {"raw.option_chains": wild_chains(rows, seed, flaws), "raw.series": series(DAYS[-30:])}
    return build_all(rows, given=given)


MARKETS = {
    "seed": st.integers(0, 2**16),
    "swing": st.sampled_from([0.0, 0.001, 0.01, 0.05]),
    "flaws": st.sampled_from([0.0, 0.02, 0.3]),
}
# So that the tests of a wild market share what is built.
SAME = seeded(1)
BANDS = {
    "indicators.vol_panic": [("vol_panic_lo", "vol_panic", "vol_panic_hi")],
    "indicators.trading_range": [("range_5d_lo_pct", "range_5d_pct", "range_5d_hi_pct")],
    "regime.daily": [("danger_lo", "danger", "danger_hi")],
    "regime.sub_scores": [("score_lo", "score", "score_hi")],
    "indicators.cta_pivots": [("pivot_lo", "pivot_level", "pivot_hi")],
    "indicators.cta_flows": [
        ("flow_us_lo_bn", "flow_us_bn", "flow_us_hi_bn"),
        ("flow_global_lo_bn", "flow_global_bn", "flow_global_hi_bn"),
    ],
    "indicators.cta_positions": [
        ("position_us_lo_bn", "position_us_bn", "position_us_hi_bn"),
        ("position_global_lo_bn", "position_global_bn", "position_global_hi_bn"),
    ],
    "indicators.systematic_total": [("systematic_total_lo_bn", "systematic_total_bn", "systematic_total_hi_bn")],
    "indicators.vol_control": [
        ("notional_lo_bn", "notional_bn", "notional_hi_bn"),
        *((f"flow_{n}d_realised_lo_bn", f"flow_{n}d_realised_bn", f"flow_{n}d_realised_hi_bn") for n in (1, 5, 15)),
    ],
    "indicators.vol_control_flows": [("flow_lo_bn", "flow_bn", "flow_hi_bn")],
    "indicators.liquidity": [
        ("top_of_book_lo_usd_mn", "top_of_book_usd_mn", "top_of_book_hi_usd_mn"),
        ("kyle_lambda_lo_bp_per_bn", "kyle_lambda_bp_per_bn", "kyle_lambda_hi_bp_per_bn"),
        ("liq_stress_lo", "liq_stress", "liq_stress_hi"),
    ],
    "indicators.option_smile": [
        ("skew_30d_lo", "skew_30d", "skew_30d_hi"),
        ("atm_iv_30d_lo", "atm_iv_30d", "atm_iv_30d_hi"),
        ("half_spread_30d_lo_pct", "half_spread_30d_pct", "half_spread_30d_hi_pct"),
    ],
    "indicators.breadth": [
        (f"{name}_lo_pct", f"{name}_pct", f"{name}_hi_pct")
        for name in ("above_20d", "above_50d", "above_200d", "advance_share", "up_volume_share", "net_new_highs")
    ],
    "indicators.rotation": [(f"neutral_{n}d_lo_pct", f"neutral_{n}d_pct", f"neutral_{n}d_hi_pct") for n in (5, 21, 63)],
    "indicators.bitcoin": [
        *(
            (f"{name}_lo", name, f"{name}_hi")
            for name in (
                *("corr_21d_qqq", "corr_63d_qqq", "corr_ewm_qqq", "corr_21d_spx", "corr_63d_spx"),
                "corr_63d_high_beta",
            )
        ),
        ("beta_63d_qqq_lo", "beta_63d_qqq", "beta_63d_qqq_hi"),
        ("lead_slope_lo", "lead_slope", "lead_slope_hi"),
    ],
    "indicators.baskets": [
        ("basket_corr_63d_bitcoin_lo", "basket_corr_63d_bitcoin", "basket_corr_63d_bitcoin_hi"),
        ("basket_beta_63d_qqq_lo", "basket_beta_63d_qqq", "basket_beta_63d_qqq_hi"),
    ],
    # One holder tells no spread.
    "indicators.sector_positioning where method <> 'holdings' or funds > 1": [
        ("active_wt_lo_pp", "active_wt_pp", "active_wt_hi_pp")
    ],
    "indicators.rebound": [("rebound_quality_lo", "rebound_quality", "rebound_quality_hi")],
    "indicators.systemic": [
        ("turbulence_lo", "turbulence", "turbulence_hi"),
        ("absorption_ratio_lo", "absorption_ratio", "absorption_ratio_hi"),
    ],
    "indicators.risk_parity": [
        ("equity_notional_lo_bn", "equity_notional_bn", "equity_notional_hi_bn"),
        *(
            (f"flow_{n}_lo_bn", f"flow_{n}_bn", f"flow_{n}_hi_bn")
            for n in ("5d_realised", "21d_realised", "corr_shock")
        ),
    ],
    "indicators.index_momentum": [
        (f"dist_{h}_lo_pct", f"dist_{h}_pct", f"dist_{h}_hi_pct") for h in ("st", "mt", "lt")
    ],
    "indicators.index_momentum_pairs": [("relative_st_lo_pct", "relative_st_pct", "relative_st_hi_pct")],
    # A basket of few stocks has no band.
    "marts.desk_note where measure not like 'unprofitable_tech_%'": [("value_lo", "value", "value_hi")],
    "indicators.dealer_gamma": [("gex_desk_lo_bn", "gex_sm_equiv_bn", "gex_desk_hi_bn")],
    "indicators.option_notional": [("notional_to_r2k_lo", "notional_to_r2k", "notional_to_r2k_hi")],
    # The flip is read off the profile and has no band.
    "marts.scoreboard where indicator = 'dealer_gamma'": [("value_lo", "value", "value_hi")],
}
# The chain of a row of dealer gamma lacks a rate or a forward.
LACKING = """
    exists(
        from staging.option_readings as r inner join staging.option_expiries as e using (snapshot_id)
        where r.session = o.session and r.reading = o.reading and r.underlying = o.underlying
            and not e.is_expired and (e.rate is null or e.forward is null)
    )
"""


@SAME
@FEW
@given(**MARKETS)
def test_values_are_what_the_headers_say(seed: int, swing: float, flaws: float) -> None:
    """Keys are unique, and every value is finite, there where it must be, and within its bounds."""
    connection = wild_build(seed, swing, flaws)
    for name in COMPUTED:
        table = tables()[name]
        wrong = {"keys that are not unique": f"count(*) - count(distinct ({', '.join(table.header.grain)}))"}
        for column, said in table.header.columns.items():
            conditions = {
                f"{column} is null": not said.nullable,
                f"not isfinite({column})": table.types[column] == "DOUBLE",
                f"{column} < {said.min}": said.min is not None,
                f"{column} > {said.max}": said.max is not None,
                f"{column} not in {(*(said.allowed or ()), '')}": said.allowed is not None,
            }
            wrong |= {
                condition: f"count(*) filter ({condition})" for condition, checked in conditions.items() if checked
            }
        [counts] = connection.sql(f"select {', '.join(wrong.values())} from {name}").fetchall()
        assert {what: count for what, count in zip(wrong, counts, strict=True) if count} == {}, name


@SAME
@FEW
@given(**MARKETS)
def test_bands_hold_their_value(seed: int, swing: float, flaws: float) -> None:
    """Where there is a value there is a band, and the other way round."""
    connection = wild_build(seed, swing, flaws)
    for name, bands in BANDS.items():
        for low, value, high in bands:
            found = frame_of(connection, f"select {low} as lo, {value} as value, {high} as hi from {name}")
            there = found.notna()
            assert there.eq(there["value"], axis=0).all(axis=None), name
            known = found.dropna()
            assert ((known["lo"] <= known["value"]) & (known["value"] <= known["hi"])).all(), name


@SAME
@FEW
@given(**MARKETS)
def test_what_is_null_says_why(seed: int, swing: float, flaws: float) -> None:
    """inputs_missing is there exactly where an estimate is not."""
    connection = wild_build(seed, swing, flaws)
    estimates = {
        "indicators.vol_panic": "panic_4 is null or vol_panic is null or panic_4_chain is null "
        "or vol_panic_rank is null",
        "indicators.option_smile": "skew_30d is null or half_spread_30d_pct is null",
        "indicators.trading_range": "range_5d_pct is null or yang_zhang_vol is null or range_pct is null "
        "or (symbol in ('SPX', 'SPY') and range_to_implied is null)",
        "regime.daily": "weight_share < 1 or spx_close is null",
        "regime.danger": "weight_share < 1",
        "marts.desk_note": "value is null",
        "indicators.option_notional": "option_volume_21d is null or r2k_cap_usd_trn is null",
        "indicators.dealer_gamma": LACKING,
        "marts.scoreboard": "value is null",
        "indicators.excess_prices": "excess_price is null",
        "indicators.cta_pivots": "pivot_level is null or (days_since_break is not null and tests_before_break is null)",
        "indicators.cta_flows": "flow_us_bn is null",
        "indicators.cta_positions": "position_us_5d_change_bn is null or position_rank_3y is null "
        "or rules_median_us_bn is null",
        "indicators.systematic_total": "systematic_total_bn is null",
        "indicators.trend_models": "signal is null",
        "indicators.price_trends": "trend_t_stat is null or momentum_21d is null or momentum_252d is null",
        "indicators.index_momentum": "close is null or dist_st_pct is null or dist_mt_pct is null "
        "or dist_lt_pct is null or return_21d_pct is null or trend_t_stat is null or momentum_252d is null "
        "or below_state is null or is_weakest is null",
        "indicators.index_momentum_pairs": "relative_st_pct is null or relative_slope_20d_pct is null",
        "indicators.vol_control": "log_return_pct is null or rv21_pct is null or rv63_pct is null "
        "or flow_1d_realised_bn is null or flow_5d_realised_bn is null or flow_15d_realised_bn is null",
        "indicators.vol_control_flows": "flow_bn is null",
        "indicators.liquidity": "vix is null or top_of_book_to_10d_pct is null or top_of_book_rank_252d is null "
        "or amihud_21d_bp_per_bn is null or es_amihud_21d_bp_per_bn is null or kyle_lambda_bp_per_bn is null "
        "or amihud_to_median is null or edge_median_bp is null or half_spread_30d_pct is null or liq_stress is null",
        "indicators.breadth": "members_missing > 0 or advances is null or advance_share_pct is null "
        "or up_volume_share_pct is null or above_20d_pct is null or above_50d_pct is null or above_200d_pct is null "
        "or net_new_highs_pct is null",
        "indicators.rebound": "return_pct is null or gap_pct is null or up_pct is null or close_location is null "
        "or retrace_ratio is null or drawdown_63d_pct is null or is_rebound_day is null or reversal_days_5d is null "
        "or leadership_pct is null or vix_change is null or advance_share_pct is null or up_volume_share_pct is null "
        "or (is_rebound_day and rebound_components < 6)",
        "indicators.basket_returns": "basket_return is null or basket_index is null",
        "indicators.baskets": "basket_return_2d_pct is null or basket_return_63d_pct is null or rise_63d_pct is null "
        "or basket_drawdown_pct is null or trough_to_peak_pct is null or basket_corr_63d_bitcoin is null "
        "or basket_corr_63d_qqq is null or pairwise_corr_63d is null or pairwise_corr_rank_504d is null "
        "or (basket_corr_63d_comparator is null "
        "and basket in (select basket from reference.baskets where comparator is not null))",
        "indicators.rotation": "rotation_1d_pct is null or rotation_63d_z is null or rotation_5d_z is null "
        "or neutral_63d_pct is null or neutral_5d_pct is null or breadth_gap_pp is null",
        "indicators.sector_league": "total_return_1d_pct is null or total_return_15d_pct is null "
        "or total_return_252d_pct is null or relative_5d_pp is null or relative_252d_pp is null "
        "or total_return_5d_pct is null or total_return_21d_pct is null or total_return_63d_pct is null "
        "or relative_21d_pp is null or fund_drawdown_pct is null",
        # A fund that lacks is named even where the others are enough.
        "indicators.sector_positioning": "active_wt_lo_pp is null "
        "or (method <> 'holdings' and funds < case cohort when 'hedge_funds' then 3 else 10 end)",
        "indicators.head_shoulders": "is_pattern is null or pattern_share_random is null "
        "or (is_pattern and pattern_share_variants is null)",
        "indicators.bitcoin_returns": "bitcoin_return is null",
        "indicators.bitcoin": "bitcoin_return_5d_pct is null or bitcoin_drawdown_pct is null "
        "or bitcoin_stabilised is null or corr_21d_qqq is null or corr_63d_qqq is null or corr_ewm_qqq is null "
        "or corr_63d_qqq_rank_756d is null or corr_21d_spx is null or corr_63d_spx is null "
        "or corr_63d_high_beta is null or beta_63d_qqq is null or lead_slope is null or lead_r2 is null",
        "indicators.daily_risk_control": "total_return_source is null or leverage is null "
        "or risk_control_level is null or overnight_rate_pct is null",
    }
    for name, missing in estimates.items():
        odd = connection.sql(f"from {name} as o where (inputs_missing is null) = ({missing})")
        assert odd.limit(3).fetchall() == [], name


@FEW
@given(seed=st.integers(0, 2**16), scale=st.sampled_from([1e-3, 0.7, 1e4]))
def test_ranges_do_not_depend_on_the_unit_of_price(seed: int, scale: float) -> None:
    rows = wild(seed, 0.01, 0.02)
    scaled = rows.assign(**{name: rows[name] * scale for name in OHLC})
    query = "select * exclude (range_to_implied) from indicators.trading_range order by symbol, session"
    one, other = (frame_of(build(of, "indicators.trading_range"), query) for of in (rows, scaled))
    pd.testing.assert_frame_equal(one, other, rtol=1e-7, atol=1e-7)


def test_the_order_of_delivery_does_not_matter() -> None:
    world, delivered = landed(CUT, GAPS)
    other_way = {name: rows.sample(frac=1, random_state=1) for name, rows in world.given().items()}
    shuffled = build_all(world.rows.sample(frac=1, random_state=1), given=other_way)
    for name in COMPUTED:
        query = f"from {name} order by {', '.join(tables()[name].header.grain)}"
        one, other = (frame_of(connection, query) for connection in (shuffled, delivered))
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=name)


def test_every_table_that_sql_computes_is_built() -> None:
    found, pending = set(EVERY_TABLE), list(EVERY_TABLE)
    while pending:
        upstream = tables()[pending.pop()].upstream - found
        found |= upstream
        pending += upstream
    assert found >= set(COMPUTED)
