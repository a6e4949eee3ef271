"""marts.scoreboard and its summary: our estimates beside published figures, and how far they are apart."""

import math
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, pearsonr, spearmanr

from assets.models.simulated_positioning import TILTS, variable
from assets.models.simulated_systematic import VARIABLES
from tests.sql.given import NOW, build, frame_of, rows_of, sessions, tables

DAYS = sessions("2025-11-17", 5)
MON, TUE, WED, THU, FRI = DAYS
OURS = pd.DataFrame(
    {
        "session": [MON, TUE, WED],
        "underlying": "SPX",
        "reading": "close",
        "gex_sm_equiv_bn": [2.0, -1.0, np.nan],
        "gex_desk_lo_bn": [-3.0, -6.0, np.nan],
        "gex_desk_hi_bn": [7.0, 4.0, np.nan],
        "flip_level": [6700.0, np.nan, 6650.0],
        "sm_gex_bn": [3.0, np.nan, np.nan],
    }
)
PUBLISHED = pd.DataFrame(
    [
        ("dealer_gamma", "Desk", MON, 8.0, "USD bn per 1 %", "figure"),
        ("dealer_gamma", "Desk", TUE, -0.5, "USD bn per 1 %", "from words"),
        ("dealer_gamma", "Desk", WED, 1.0, "USD bn per 1 %", "date"),
        ("dealer_gamma", "Desk", FRI, 1.5, "USD bn per 1 %", "rounded"),
        ("dealer_gamma", "Other desk", TUE, 0.7, "USD bn per 1 %", "figure"),
        ("gamma_flip", "Broker", MON, 6710.0, "index points", "figure"),
        ("gamma_flip", "Broker", TUE, 6690.0, "index points", "figure"),
    ],
    columns=["indicator", "publisher", "published_session", "published_value", "unit", "certainty"],
)
CHAIN = "S&P 500 option chain of the session"
# Estimates other than dealer gamma, empty unless given.
NONE = {name: pd.DataFrame() for name in tables()["marts.scoreboard"].upstream if name.startswith("indicators.")}


def scoreboard(source: str = "vendor", /, **given: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """The table from our estimates, published figures and the market's source."""
    rows = {
        **NONE,
        "indicators.dealer_gamma": OURS,
        "reference.published_estimates": PUBLISHED,
        "staging.prices": pd.DataFrame({"session": DAYS, "symbol": "SPX", "close": 6600.0, "source": source}),
    }
    rows |= {name.replace("__", "."): of for name, of in given.items()}
    return build(until="marts.scoreboard", given=rows)


def read(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    """Columns of the table by indicator, publisher and session."""
    return rows_of(connection, f"select {columns} from marts.scoreboard order by indicator, publisher, session")


def test_each_published_figure_has_ours_beside_it() -> None:
    columns = "publisher, session, published_value, value, value_lo, value_hi, error, certainty"
    assert read(scoreboard(), columns) == [
        ("Desk", MON.date(), 8, 2, -3, 7, -6, "figure"),
        ("Desk", TUE.date(), -0.5, -1, -6, 4, -0.5, "from words"),
        ("Desk", WED.date(), 1, None, None, None, None, "date"),
        ("Desk", FRI.date(), 1.5, None, None, None, None, "rounded"),
        ("Other desk", TUE.date(), 0.7, -1, -6, 4, -1.7, "figure"),
        ("SqueezeMetrics", MON.date(), 3, 2, -3, 7, -1, "figure"),
        ("Broker", MON.date(), 6710, 6700, None, None, -10, "figure"),
        ("Broker", TUE.date(), 6690, None, None, None, None, "figure"),
    ]


def test_a_figure_is_inside_the_band_or_not_and_has_our_sign_or_not() -> None:
    columns = "publisher, session, is_in_band, has_same_sign, unit, inputs_missing"
    assert read(scoreboard(), columns) == [
        ("Desk", MON.date(), False, True, "USD bn per 1 %", None),
        ("Desk", TUE.date(), True, True, "USD bn per 1 %", None),
        ("Desk", WED.date(), None, None, "USD bn per 1 %", "dealer_gamma"),
        ("Desk", FRI.date(), None, None, "USD bn per 1 %", CHAIN),
        ("Other desk", TUE.date(), True, False, "USD bn per 1 %", None),
        ("SqueezeMetrics", MON.date(), True, True, "USD bn per 1 %", None),
        ("Broker", MON.date(), None, True, "index points", None),
        ("Broker", TUE.date(), None, None, "index points", "gamma_flip"),
    ]


@pytest.mark.parametrize(("column", "other"), [("reading", "settled"), ("underlying", "SPY")])
def test_only_the_close_reading_of_the_index_is_compared(column: str, other: str) -> None:
    ours = OURS.assign(**{column: other})
    found = read(scoreboard(indicators__dealer_gamma=ours), "publisher, value, inputs_missing")
    assert found == [*[("Desk", None, CHAIN)] * 4, ("Other desk", None, CHAIN), *[("Broker", None, CHAIN)] * 2]


def truth(variable: str, value: float, session: pd.Timestamp = MON) -> pd.DataFrame:
    """A row of reference.simulated_truth."""
    return pd.DataFrame({"session": [session], "variable": [variable], "truth": [value]})


def test_a_simulated_market_is_compared_with_its_truth_alone() -> None:
    state = pd.concat(
        [
            truth("dealer_gamma", 2.5),
            truth("dealer_gamma_flip", 6720.0),
            truth("vix", 20.0),
            truth("dealer_gamma", 1, FRI),
        ]
    )
    silent = OURS.assign(sm_gex_bn=np.nan)
    connection = scoreboard("simulated", indicators__dealer_gamma=silent, reference__simulated_truth=state)
    assert read(connection, "indicator, publisher, session, published_value, value, unit, inputs_missing") == [
        ("dealer_gamma", "simulated market", MON.date(), 2.5, 2, "USD bn per 1 %", None),
        ("dealer_gamma", "simulated market", FRI.date(), 1, None, "USD bn per 1 %", CHAIN),
        ("gamma_flip", "simulated market", MON.date(), 6720, 6700, "index points", None),
    ]


def test_a_figure_that_is_still_to_be_published_is_not_there() -> None:
    later = PUBLISHED.assign(published_session=pd.Timestamp("2026-02-06"))
    assert later["published_session"].iloc[0].tz_localize("UTC") > NOW
    assert read(scoreboard(reference__published_estimates=later), "publisher") == [("SqueezeMetrics",)]


# Systematic flows

CTA_FLOWS = pd.DataFrame(
    [(MON, 5, "flat", -6.0, -20.0), (MON, 21, "down", -40.0, -140.0), (TUE, 5, "flat", -5.0, -18.0)],
    columns=["session", "flow_sessions", "scenario", "flow_us_bn", "flow_global_bn"],
).assign(
    flow_us_lo_bn=lambda of: of["flow_us_bn"] - 4,
    flow_us_hi_bn=lambda of: of["flow_us_bn"] + 4,
    flow_global_lo_bn=lambda of: of["flow_global_bn"] - 15,
    flow_global_hi_bn=lambda of: of["flow_global_bn"] + 15,
)
CTA_POSITIONS = pd.DataFrame(
    {
        "session": [MON],
        "position_us_bn": 40.0,
        "position_us_lo_bn": 28.0,
        "position_us_hi_bn": 52.0,
        "position_global_bn": 100.0,
        "position_global_lo_bn": 70.0,
        "position_global_hi_bn": 130.0,
        "position_us_5d_change_bn": -9.0,
    }
)
LEFT_OUT = pd.DataFrame(
    {
        "session": MON,
        "flow_sessions": [5, 21],
        "scenario": ["flat", "down"],
        "left_out_flow_us_bn": [-4.0, -44.0],
        "left_out_flow_global_bn": [-14.0, -150.0],
        "left_out_position_us_bn": 30.0,
        "left_out_position_global_bn": 75.0,
    }
)
SYSTEMATIC = {
    "indicators__dealer_gamma": pd.DataFrame(),
    "indicators__cta_flows": CTA_FLOWS,
    "indicators__cta_positions": CTA_POSITIONS,
    "indicators__cta_flows_left_out": LEFT_OUT,
}


def figures(*rows: tuple[str, pd.Timestamp, float], publisher: str = "Desk") -> pd.DataFrame:
    """Rows of reference.published_estimates: indicator, session and value."""
    of = pd.DataFrame(list(rows), columns=["indicator", "published_session", "published_value"])
    return of.assign(publisher=publisher, unit="USD bn", certainty="figure")


def test_flows_and_positions_are_those_of_the_fit_that_has_not_seen_the_figures() -> None:
    published = figures(
        ("cta_flow_1w_flat_us", MON, -9.0),
        ("cta_flow_1w_flat_us", TUE, -9.5),
        ("cta_flow_1w_flat_global", MON, -30.0),
        ("cta_flow_1m_down_us", MON, -41.0),
        ("cta_position_us", MON, 17.0),
        ("cta_position_global", MON, 110.0),
        ("cta_flow_realised_5d_us", MON, -12.8),
    )
    columns = "indicator, session, value, value_lo, value_hi, error, is_in_band, has_same_sign, is_left_out"
    # Bands are as wide as those of the fit that has seen them, and move with the value.
    assert read(scoreboard(reference__published_estimates=published, **SYSTEMATIC), columns) == [
        ("cta_flow_1m_down_us", MON.date(), -44, -48, -40, -3, True, True, True),
        ("cta_flow_1w_flat_global", MON.date(), -14, -29, 1, 16, False, True, True),
        ("cta_flow_1w_flat_us", MON.date(), -4, -8, 0, 5, False, True, True),
        ("cta_flow_1w_flat_us", TUE.date(), -5, -9, -1, 4.5, False, True, False),
        ("cta_flow_realised_5d_us", MON.date(), -9, None, None, pytest.approx(3.8), None, True, False),
        ("cta_position_global", MON.date(), 75, 45, 105, -35, False, True, True),
        ("cta_position_us", MON.date(), 30, 18, 42, 13, False, True, True),
    ]


def test_a_simulated_market_has_the_flows_of_the_usual_fit() -> None:
    state = pd.concat([truth("cta_flow_1w_flat_us", -7.0), truth("cta_position_us", 35.0)]).assign(truth_unit="USD bn")
    found = scoreboard("simulated", reference__simulated_truth=state, **SYSTEMATIC)
    columns = "indicator, publisher, published_value, value, value_lo, unit, is_left_out"
    assert read(found, columns) == [
        ("cta_flow_1w_flat_us", "simulated market", -7, -6, -10, "USD bn", False),
        ("cta_position_us", "simulated market", 35, 40, 28, "USD bn", False),
    ]


DEPTH = pd.DataFrame(
    {
        "session": [MON],
        "top_of_book_usd_mn": 6.0,
        "top_of_book_lo_usd_mn": 4.0,
        "top_of_book_hi_usd_mn": 9.0,
        "top_of_book_ytd_usd_mn": 12.0,
        "top_of_book_rank_252d": 0.1,
        "top_of_book_to_10d_pct": -20.0,
    }
)


BASKET_COLUMNS = (
    *("rise_63d_pct", "fall_63d_pct", "basket_return_2d_pct", "basket_return_5d_pct", "basket_return_8d_pct"),
)


def test_a_basket_stands_beside_the_fund_that_is_used_for_it() -> None:
    of = {"rise_63d_pct": [58.0, 30.0], "rise_63d_lo_pct": [44.0, None], "rise_63d_hi_pct": [71.0, None]}
    baskets = pd.DataFrame({"session": MON, "basket": ["unprofitable_tech", "ark_innovation"], **of})
    published = figures(("unprofitable_tech_rise", MON, 65.0))
    found = scoreboard(reference__published_estimates=published, indicators__baskets=baskets)
    columns = "value, value_lo, value_hi, is_in_band, baseline, baseline_value"
    assert read(found, columns)[-1] == (58, 44, 71, True, "ARKK", 30)


def positions(active: float) -> pd.DataFrame:
    """Rows of indicators.sector_positioning, technology a fifth of the exposure; holdings say the opposite."""
    rows = [
        {"session": MON, "cohort": cohort, "sector": sector, "method": method, "active_wt_pp": sign * active}
        for cohort, of in TILTS.items()
        for sector in of
        for method, sign in (("style", 1), ("holdings", -1))
    ]
    found = pd.DataFrame(rows)
    lo, hi = found["active_wt_pp"] - 2, found["active_wt_pp"] + 3
    return found.assign(active_wt_lo_pp=lo, active_wt_hi_pp=hi, weight_pct=20.0)


def test_weights_of_the_cohorts_are_compared_by_returns() -> None:
    state = truth("active_hedge_funds_health_care", 4.0).assign(truth_unit="% points")
    found = scoreboard("simulated", reference__simulated_truth=state, indicators__sector_positioning=positions(2.0))
    columns = "value, value_lo, value_hi, error, is_in_band, has_same_sign"
    assert read(found, columns)[0] == (2, 0, 5, -2, True, True)
    published = figures(("hedge_funds_technology_weight", MON, 19.5))
    found = scoreboard(reference__published_estimates=published, indicators__sector_positioning=positions(2.0))
    assert read(found, "indicator, value, value_lo, value_hi")[-1] == ("hedge_funds_technology_weight", 20, 18, 23)


def test_every_published_figure_and_simulated_truth_has_an_estimate_of_its_name() -> None:
    published = pd.read_csv(tables()["reference.published_estimates"].csv)
    tilts = [variable(cohort, sector) for cohort, of in TILTS.items() for sector in of]
    state = pd.concat([truth(name, 1.0) for name in (*VARIABLES, *tilts)]).assign(truth_unit="USD bn")
    one = dict.fromkeys(("notional_bn", "flow_15d_realised_bn", "equity_notional_bn", "systematic_total_bn"), 1.0)
    estimates = pd.DataFrame([{"session": MON, **one}])
    of = {
        "cta_pivots": pd.DataFrame(
            {"horizon": ["st", "mt", "lt"], "symbol": "SPX", "session": MON, "pivot_level": 1.0}
        ),
        "cta_flows": pd.concat(
            CTA_FLOWS.head(1).assign(flow_sessions=length, scenario=scenario)
            for length in (5, 21)
            for scenario in ("flat", "up", "down")
        ),
        "cta_positions": CTA_POSITIONS,
        "vol_control": estimates[["session", "notional_bn", "flow_15d_realised_bn"]],
        "vol_control_flows": pd.DataFrame(
            [(MON, length, move, 1.0) for length in (1, 5, 10, 21) for move in (0.25, 0.5, 1, 2)],
            columns=["session", "flow_sessions", "daily_move_pct", "flow_bn"],
        ),
        "risk_parity": estimates[["session", "equity_notional_bn"]],
        "systematic_total": estimates[["session", "systematic_total_bn"]],
        "vol_panic": pd.DataFrame([{"session": MON, "vol_panic": 9.0, "vol_panic_rank": 1.0}]),
        "trading_range": pd.DataFrame({"session": MON, "symbol": ["SPX", "NDX"], "range_5d_pct": 2.0}),
        "liquidity": DEPTH,
        "breadth": pd.DataFrame([{"session": MON, "above_50d_pct": 40.0, "above_200d_pct": 55.0}]),
        "baskets": pd.DataFrame(
            {"session": MON, "basket": ["unprofitable_tech", "rare_earths", "nuclear", "quantum"]}
        ).assign(**dict.fromkeys(BASKET_COLUMNS, 1.0)),
        "sector_positioning": positions(1.0),
    }
    names = [(name, MON, 1.0) for name in published["indicator"].unique()]
    found = scoreboard(
        reference__published_estimates=figures(*names),
        reference__simulated_truth=state,
        **{f"indicators__{name}": rows for name, rows in of.items()},
    )
    rows = read(found, "indicator, inputs_missing")
    # Desks publish nothing on the other assets that risk parity holds.
    assert {name for name, _ in rows} == {*published["indicator"], *VARIABLES, *tilts} - {"risk_parity_notional"}
    assert [row for row in rows if row[1] is not None] == []


# Volatility and liquidity


def test_depth_is_compared_with_desks_and_with_the_truth() -> None:
    published = figures(("top_of_book", MON, 8.0), ("top_of_book_ytd", MON, 13.0), ("top_of_book_to_10d", MON, 5.0))
    given = {"indicators__dealer_gamma": pd.DataFrame(), "indicators__liquidity": DEPTH}
    columns = "indicator, value, value_lo, value_hi, error, is_in_band, has_same_sign"
    assert read(scoreboard(reference__published_estimates=published, **given), columns) == [
        ("top_of_book", 6, 4, 9, -2, True, True),
        ("top_of_book_to_10d", -20, None, None, -25, None, False),
        ("top_of_book_ytd", 12, None, None, -1, None, True),
    ]
    state = truth("top_of_book", 9.5).assign(truth_unit="USD mn, depth of a future")
    found = scoreboard("simulated", reference__simulated_truth=state, **given)
    assert read(found, "publisher, published_value, value, is_in_band, unit") == [
        ("simulated market", 9.5, 6, False, "USD mn")
    ]


def test_beside_panic_and_ranges_stand_rules_that_know_vix_alone() -> None:
    panic = {"vol_panic": 9.1, "vol_panic_lo": 8.0, "vol_panic_hi": 9.6, "panic_vix_only": 8.5, "vix": 25.2}
    ranges = {"range_5d_pct": 2.02, "range_5d_lo_pct": 1.5, "range_5d_hi_pct": 2.5}
    found = scoreboard(
        indicators__dealer_gamma=pd.DataFrame(),
        indicators__vol_panic=pd.DataFrame([{"session": MON, **panic}]),
        indicators__trading_range=pd.DataFrame({"session": MON, "symbol": ["SPX", "NDX", "SPY"], **ranges}),
        reference__published_estimates=figures(
            ("vol_panic", MON, 9.5), ("vol_panic", TUE, 9.0), ("spx_range_5d", MON, 2.0), ("ndx_range_5d", MON, 3.0)
        ),
    )
    implied = pytest.approx(25.2 / math.sqrt(252) * math.sqrt(8 / math.pi))
    assert read(found, "indicator, value, is_in_band, baseline, baseline_value") == [
        ("ndx_range_5d", 2.02, False, "earlier figures", None),
        ("spx_range_5d", 2.02, True, "VIX range", implied),
        ("vol_panic", 9.1, True, "VIX rank", 8.5),
        # The rule's own value is missing, and the earlier figure does not stand in.
        ("vol_panic", None, None, "VIX rank", None),
    ]


# The simple rules beside


def closes(days: list[pd.Timestamp], symbol: str = "SPX") -> pd.DataFrame:
    """Rows of staging.prices."""
    close = 100 + np.random.default_rng(4).normal(0, 5, len(days)).round(2)
    return pd.DataFrame({"session": days, "symbol": symbol, "close": close, "source": "vendor"})


def test_beside_pivots_stand_moving_averages_of_closes() -> None:
    days = sessions("2025-01-02", 210)
    prices = closes(days)
    spans = {"cta_pivot_lt": 200, "cta_pivot_mt": 100, "cta_pivot_st": 50}
    published = figures(*((name, days[n], 90.0) for name, span in spans.items() for n in (span - 2, span - 1, 205)))
    given = {"staging__prices": pd.concat([prices, closes(days, "NDX")]), "reference__published_estimates": published}
    found = read(
        scoreboard(indicators__dealer_gamma=pd.DataFrame(), **given),
        "indicator, baseline, baseline_value, baseline_error",
    )
    expected = []
    for name, span in spans.items():
        mean = prices["close"].rolling(span).mean()
        values = [None, mean[span - 1], mean[205]]
        expected += [
            (name, f"SMA{span}", value and pytest.approx(value), value and pytest.approx(value - 90))
            for value in values
        ]
    assert found == expected


def test_a_pivots_rule_is_its_moving_average_without_a_close_too() -> None:
    published = figures(("cta_pivot_st", MON, 6700.0), ("cta_pivot_st", WED, 6710.0))
    prices = closes([MON, TUE])
    found = scoreboard(
        indicators__dealer_gamma=pd.DataFrame(), staging__prices=prices, reference__published_estimates=published
    )
    assert read(found, "baseline, baseline_value") == [("SMA50", None)] * 2


def test_beside_other_figures_stands_the_mean_of_the_publishers_earlier_ones() -> None:
    flow = "cta_flow_1w_flat_us"
    published = figures((flow, FRI, 99.0), (flow, MON, -2.0), (flow, WED, -5.0), (flow, THU, 1.0))
    others = [figures((flow, TUE, 50.0), publisher="Other desk"), figures(("cta_flow_1w_up_us", TUE, 70.0))]
    found = scoreboard(
        indicators__dealer_gamma=pd.DataFrame(), reference__published_estimates=pd.concat([published, *others])
    )
    columns = "publisher, session, baseline, baseline_value, baseline_error"
    assert [row for row in read(found, f"indicator, {columns}") if row[0] == flow] == [
        (flow, "Desk", MON.date(), "earlier figures", None, None),
        (flow, "Desk", WED.date(), "earlier figures", -2, 3),
        (flow, "Desk", THU.date(), "earlier figures", -3.5, -4.5),
        (flow, "Desk", FRI.date(), "earlier figures", -2, -101),
        (flow, "Other desk", TUE.date(), "earlier figures", None, None),
    ]


# The summary


def summary(rows: pd.DataFrame) -> dict[str, Any]:
    """The only row of marts.scoreboard_summary."""
    board = rows.assign(
        indicator="dealer_gamma",
        publisher="Desk",
        error=rows["value"] - rows["published_value"],
    )
    connection = build(until="marts.scoreboard_summary", given={"marts.scoreboard": board})
    [found] = frame_of(connection, "from marts.scoreboard_summary").to_dict("records")
    return {str(name): value for name, value in found.items()}


def drawn(seed: int, count: int = 40, decimals: int = 6) -> pd.DataFrame:
    """Our values and published ones that go with them loosely; a few of ours are missing."""
    random = np.random.default_rng(seed)
    ours = random.normal(2, 3, count)
    published = (1.5 * ours + 1 + random.normal(0, 3, count)).round(decimals)
    there = random.random(count) > 0.2
    return pd.DataFrame({"value": np.where(there, ours.round(decimals), np.nan), "published_value": published})


@pytest.mark.parametrize("decimals", [6, 0], ids=["all different", "many the same"])
@pytest.mark.parametrize("seed", range(3))
def test_the_summary_is_that_of_scipy(seed: int, decimals: int) -> None:
    rows = drawn(seed, decimals=decimals)
    found = summary(rows)
    both = rows.dropna()
    ours, published = both["value"].to_numpy(), both["published_value"].to_numpy()
    line = linregress(ours, published)
    distance = published - line.slope * ours - line.intercept
    assert (found["figures"], found["compared"]) == (len(rows), len(both))
    for name, expected in {
        "bias": (ours - published).mean(),
        "mean_absolute_error": np.abs(ours - published).mean(),
        "correlation": pearsonr(ours, published).statistic,
        "rank_correlation": spearmanr(ours, published).statistic,
        "fit_slope": line.slope,
        "fit_intercept": line.intercept,
        "fit_error": math.sqrt((distance**2).mean()),
    }.items():
        assert found[name] == pytest.approx(expected, rel=1e-9), name


def test_shares_are_over_the_figures_that_can_be_compared() -> None:
    rows = pd.DataFrame(
        {
            "value": [1.0, 1.0, 1.0, 1.0, np.nan],
            "published_value": [1.0, 2.0, 3.0, -4.0, 5.0],
            "is_in_band": [True, False, None, True, None],
            "has_same_sign": [True, True, True, False, None],
        }
    )
    found = summary(rows)
    assert found["same_sign_share"] == pytest.approx(3 / 4)
    assert found["band_coverage"] == pytest.approx(2 / 3)


STATISTICS = ["correlation", "rank_correlation", "fit_slope", "fit_intercept", "fit_error"]


@pytest.mark.parametrize(("count", "there"), [(4, False), (5, True)])
def test_five_figures_make_a_correlation(count: int, there: bool) -> None:
    rows = pd.DataFrame({"value": np.arange(7.0), "published_value": np.arange(7.0) ** 2})
    rows.loc[count:, "value"] = np.nan
    found = summary(rows)
    assert [not math.isnan(found[name]) for name in STATISTICS] == [there] * 5
    assert found["bias"] == pytest.approx((rows["value"] - rows["published_value"]).mean())


def test_an_estimate_that_never_moves_has_no_correlation() -> None:
    rows = pd.DataFrame({"value": [1.0] * 6, "published_value": np.arange(6.0)})
    connection = build(
        until="marts.scoreboard_summary",
        given={"marts.scoreboard": rows.assign(indicator="a", publisher="b", error=rows["value"])},
    )
    assert rows_of(connection, f"select {', '.join(STATISTICS)} from marts.scoreboard_summary") == [(None,) * 5]


def test_flows_are_summed_up_over_all_scenarios_too() -> None:
    board = pd.DataFrame(
        [
            ("cta_flow_1w_flat_us", "Desk", 1.0, 2.0),
            ("cta_flow_1m_down_us", "Desk", -1.0, -4.0),
            ("cta_flow_1m_up_us", "Desk", np.nan, 5.0),
            ("cta_flow_1w_flat_global", "Desk", 10.0, 4.0),
            ("cta_flow_1w_flat_us", "Other desk", 1.0, 8.0),
            ("cta_flow_realised_5d_us", "Desk", -9.0, -12.0),
            ("cta_position_us", "Desk", 40.0, 30.0),
        ],
        columns=["indicator", "publisher", "value", "published_value"],
    )
    board["error"] = board["value"] - board["published_value"]
    found = build(until="marts.scoreboard_summary", given={"marts.scoreboard": board})
    columns = "indicator, publisher, figures, compared, bias, mean_absolute_error"
    rows = rows_of(found, f"select {columns} from marts.scoreboard_summary order by indicator, publisher")
    assert [row for row in rows if row[0] in {"cta_flow_us", "cta_flow_global"}] == [
        ("cta_flow_global", "Desk", 1, 1, 6, 6),
        ("cta_flow_us", "Desk", 3, 2, 1, 2),
        ("cta_flow_us", "Other desk", 1, 1, -7, 7),
    ]
    # Each scenario keeps its own row beside.
    assert len(rows) == len(board) + 3


def test_the_simple_rules_error_is_over_the_figures_that_can_be_compared() -> None:
    rows = pd.DataFrame(
        {
            "value": [1.0, 2.0, 3.0, np.nan],
            "published_value": [1.5, 2.5, 3.5, 4.5],
            "baseline_error": [-2.0, 4.0, np.nan, 90.0],
        }
    )
    found = summary(rows)
    assert (found["compared"], found["mean_absolute_error"]) == (3, 0.5)
    assert found["baseline_mean_absolute_error"] == 3
