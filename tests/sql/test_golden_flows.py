"""Golden values of systematic flows on real market data, and how far they are from what desks published."""

from typing import Any

import duckdb
import pytest

from tests.sql.given import rows_of
from tests.sql.test_golden import value

# Session, and our short- and medium-term pivots of record.
PIVOTS = [
    ("2023-12-08", 4473.8, 4414.0),
    ("2024-04-12", 5135.2, None),
    ("2024-07-19", 5467.7, 5219.6),
    ("2025-02-21", 6042.5, 5879.7),
    ("2025-03-14", 5902.3, 5868.6),
    ("2025-06-27", 5922.6, 5847.1),
    ("2025-09-26", 6498.8, 6231.6),
    ("2025-11-17", 6725.3, None),
    ("2025-11-19", 6717.9, None),
    ("2025-12-05", 6751.3, 6515.8),
    ("2026-02-06", None, 6710.5),
]


def pivot(connection: duckdb.DuckDBPyConnection, session: str, horizon: str, column: str = "pivot_level") -> Any:  # noqa: ANN401 - any column
    """A column of the S&P 500's pivot."""
    where = f"symbol = 'SPX' and session = '{session}' and horizon = '{horizon}'"
    [(found,)] = rows_of(connection, f"select {column} from indicators.cta_pivots where {where}")
    return found


def summary(connection: duckdb.DuckDBPyConnection, column: str, indicator: str) -> float:
    """A figure of the scoreboard's summary, against the bank."""
    where = f"indicator = '{indicator}' and publisher = 'Goldman Sachs'"
    [(found,)] = rows_of(connection, f"select {column} from marts.scoreboard_summary where {where}")
    return float(found)


@pytest.mark.parametrize(("session", "short", "medium"), PIVOTS)
def test_pivots(real: duckdb.DuckDBPyConnection, session: str, short: float | None, medium: float | None) -> None:
    if short is not None:
        assert abs(pivot(real, session, "st") - short) < 0.1
    if medium is not None:
        # A centre of mass of 72 instead of 71 sessions.
        assert abs(pivot(real, session, "mt") - medium) < 5


def test_pivots_lie_near_the_published_ones_and_moving_averages_do_not(
    real: duckdb.DuckDBPyConnection,
) -> None:
    errors = {
        indicator: errors
        for indicator, *errors in rows_of(
            real,
            """
            select indicator, avg(abs(error)), avg(abs(baseline_error)), count(error)
            from marts.scoreboard
            where indicator like 'cta_pivot_%' and session >= '2024-01-01'
            group by indicator
            """,
        )
    }
    assert {name: count for name, (_, _, count) in errors.items()} == {
        "cta_pivot_st": 18,
        "cta_pivot_mt": 16,
        "cta_pivot_lt": 12,
    }
    assert errors["cta_pivot_st"][0] <= 3.5
    assert errors["cta_pivot_mt"][0] <= 6
    assert errors["cta_pivot_lt"][0] <= 30
    assert all(baseline > 7 * ours for ours, baseline, _ in errors.values())


def test_the_break_of_november_2025(real: duckdb.DuckDBPyConnection) -> None:
    assert abs(pivot(real, "2025-11-17", "st") - 6725) <= 1
    assert [pivot(real, day, "st", "is_below") for day in ("2025-11-14", "2025-11-17")] == [False, True]
    assert pivot(real, "2025-11-17", "st", "days_since_break") == 0
    assert pivot(real, "2025-11-21", "st", "days_since_break") == 4
    assert pivot(real, "2025-11-21", "st", "tests_before_break") == 2


def test_flows_left_out_of_the_fit_agree_with_the_published_ones(
    real: duckdb.DuckDBPyConnection,
) -> None:
    assert summary(real, "compared", "cta_flow_us") == 102
    assert summary(real, "correlation", "cta_flow_us") >= 0.85
    assert summary(real, "same_sign_share", "cta_flow_us") >= 0.78
    assert round(summary(real, "band_coverage", "cta_flow_us"), 2) == 0.83
    fitted = "from marts.scoreboard where regexp_matches(indicator, '^cta_(flow_1|position)') and not is_left_out"
    assert rows_of(real, f"{fitted} and value is not null") == []


def test_the_notes_flows_and_our_miss(real: duckdb.DuckDBPyConnection) -> None:
    query = """
        select indicator, published_value, round(value, 1), round(value_lo, 1), round(value_hi, 1), is_in_band
        from marts.scoreboard
        where session = '2025-11-21' and indicator like 'cta_flow_%' order by indicator
    """
    assert rows_of(real, query) == [
        ("cta_flow_1m_flat_global", -62, -33.9, -80.0, 12.2, True),
        ("cta_flow_1w_flat_global", -50, -13.8, -36.8, 9.2, False),
    ]


@pytest.mark.parametrize(("session", "leverage"), [("2025-11-14", 0.951), ("2025-11-21", 0.857), ("2025-11-24", 0.815)])
def test_volatility_control(real: duckdb.DuckDBPyConnection, session: str, leverage: float) -> None:
    assert round(value(real, "leverage", "indicators.vol_control", session), 3) == leverage


def test_the_published_totals_lie_in_the_band(real: duckdb.DuckDBPyConnection) -> None:
    query = "select session::varchar, is_in_band from marts.scoreboard where indicator = 'systematic_total' order by 1"
    sessions = ["2025-02-18", "2025-03-14", "2025-04-11", "2025-12-05"]
    assert rows_of(real, query) == [(session, True) for session in sessions]
