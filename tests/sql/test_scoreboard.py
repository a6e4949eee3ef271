"""marts.scoreboard and its summary: our estimates beside published figures, and how far they are apart."""

import math
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, pearsonr, spearmanr

from tests.sql.given import NOW, build, frame_of, rows_of, sessions

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


def scoreboard(source: str = "vendor", **given: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """The table from our estimates, published figures and the market's source."""
    tables = {
        "indicators.dealer_gamma": OURS,
        "reference.published_estimates": PUBLISHED,
        "staging.prices": pd.DataFrame({"session": DAYS, "symbol": "SPX", "close": 6600.0, "source": source}),
    }
    tables |= {name.replace("__", "."): rows for name, rows in given.items()}
    return build(until="marts.scoreboard", given=tables)


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
