"""Golden values of sector positioning on real data: SPY's sector weights beside those that were published."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from assets.sources.files import FilePrices
from tests.sql.given import build, frame_of, instruments, listed, rows_of

NEWEST = datetime(2025, 12, 1, 23, tzinfo=UTC)
# Of the S&P 500 at the close of 28 November 2025, percent.
PUBLISHED = {
    "Information Technology": 34.6,
    "Financials": 13.1,
    "Communication Services": 10.7,
    "Consumer Discretionary": 10.3,
    "Health Care": 9.8,
    "Industrials": 8.0,
    "Consumer Staples": 4.9,
    "Energy": 2.8,
    "Utilities": 2.4,
    "Real Estate": 1.9,
    "Materials": 1.7,
}


@cache
def built(folder: Path) -> duckdb.DuckDBPyConnection:
    """The table on the real bars of sectors and SPY since 2019; none of the cohorts' funds is among them."""
    known = instruments()
    sectors = known.loc[known["role"] == "sector", "symbol"]
    rows = FilePrices(folder).prices(listed([*sectors, "SPY"]), pd.DataFrame()).rows
    rows = rows[(rows["date"] >= pd.Timestamp("2019-01-02")) & (rows["date"] <= pd.Timestamp("2025-12-01"))]
    return build(rows, "indicators.sector_positioning", now=NEWEST)


@pytest.fixture
def positioned(market_data: Path) -> duckdb.DuckDBPyConnection:
    """The table on the real bars."""
    return built(market_data)


@pytest.mark.parametrize(("method", "mean", "most"), [("style", 2.5, 7.5), ("kalman", 2.5, 6.0)])
def test_the_benchmarks_weights_are_near_the_published_ones(
    positioned: duckdb.DuckDBPyConnection, method: str, mean: float, most: float
) -> None:
    found = frame_of(
        positioned,
        f"""
        select sector, benchmark_weight_pct from indicators.sector_positioning
        where session = date '2025-12-01' and cohort = 'hedge_funds' and method = '{method}'
        """,
    ).set_index("sector")["benchmark_weight_pct"]
    error = found - pd.Series(PUBLISHED)
    assert error.abs().mean() < mean, error.round(1).to_dict()
    assert error.abs().max() < most, error.round(1).to_dict()
    assert found.sum() == pytest.approx(100)


def test_without_its_funds_a_cohort_says_which_are_missing(positioned: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(
        positioned,
        """
        select distinct cohort, active_wt_pp, funds, inputs_missing from indicators.sector_positioning
        where method = 'style'
        """,
    )
    assert sorted(rows) == [
        ("hedge_funds", None, 0, "GURU, GVIP, QLEIX, 1 of the cohort's funds"),
        (
            "mutual_funds",
            None,
            0,
            "AGTHX, AIVSX, DODGX, FCNTX, FMAGX, OAKMX, PRGFX, TRBCX, VPMAX, VWUSX, 4 of the cohort's funds",
        ),
    ]
