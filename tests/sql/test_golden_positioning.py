"""Golden values of sector positioning on real data: SPY's sector weights beside those that were published."""

import duckdb
import pandas as pd
import pytest

from tests.sql.given import frame_of, rows_of

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


@pytest.mark.parametrize(("method", "mean", "most"), [("style", 2.5, 7.5), ("kalman", 2.5, 6.0)])
def test_the_benchmarks_weights_are_near_the_published_ones(
    real: duckdb.DuckDBPyConnection, method: str, mean: float, most: float
) -> None:
    found = frame_of(
        real,
        f"""
        select sector, benchmark_weight_pct from indicators.sector_positioning
        where session = date '2025-12-01' and cohort = 'hedge_funds' and method = '{method}'
        """,
    ).set_index("sector")["benchmark_weight_pct"]
    error = found - pd.Series(PUBLISHED)
    assert error.abs().mean() < mean, error.round(1).to_dict()
    assert error.abs().max() < most, error.round(1).to_dict()
    assert found.sum() == pytest.approx(100)


def test_without_its_funds_a_cohort_says_which_are_missing(real: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(
        real,
        """
        select distinct cohort, active_wt_pp, funds, inputs_missing from indicators.sector_positioning
        where method = 'style' and session >= '2019-01-02'
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
