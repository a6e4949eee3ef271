"""The contract: a failing example for every check that a header stands for."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestration.quality import contract
from orchestration.tables import Table, read_table

HEADER = """/*
description: One row per session and symbol.
grain: [session, symbol]
owner: team:data
columns:
  session: {unit: date, meaning: XNYS trading day}
  symbol: {unit: name, meaning: Instrument, allowed: [SPX, NDX]}
  level: {unit: index points, meaning: Close, min: 0, max: 100}
  change: {unit: "%", meaning: Change, nullable: true}
  days: {unit: count, meaning: Days, min: 1}
rows: {min: 2, max: 4}
sessions: complete
expectations:
  - {expect: expect_column_max_to_be_between, column: level, max_value: 90}
  - {expect: expect_column_mean_to_be_between, column: days, max_value: 10, severity: warn}
*/
create table staging.levels (session date, symbol varchar, level double, change double, days integer)
"""
DAYS = pd.to_datetime(["2025-11-26", "2025-11-26", "2025-11-28"]).as_unit("us")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A table with an expectation of each kind."""
    path: Path = tmp_path_factory.mktemp("sql") / "staging" / "levels.sql"
    path.parent.mkdir()
    path.write_text(HEADER)
    return read_table(path)


def rows(**given: Any) -> pd.DataFrame:  # noqa: ANN401 - any column's values
    """Rows that pass, but for the columns given."""
    columns: dict[str, Any] = {
        "session": DAYS,
        "symbol": pd.Series(["SPX", "NDX", "SPX"]),
        "level": [1.0, 2.0, 3.0],
        "change": [np.nan, 0.1, -0.1],
        "days": np.array([1, 2, 3], dtype="int32"),
    }
    return pd.DataFrame({**columns, **given})


def test_rows_as_the_header_says_pass(table: Table) -> None:
    assert [(result.check, result.passed) for result in contract(table, rows())] == [
        ("contract", True),
        ("expectations", True),
    ]


@pytest.mark.parametrize(
    ("bad", "says", "failing"),
    [
        (rows(symbol=["SPX", "SPX", "SPX"]), "expect_compound_columns_to_be_unique: session=2025-11-26, symbol=SPX", 2),
        (rows(symbol=["SPX", None, "SPX"]), "expect_column_values_to_not_be_null symbol: session=2025-11-26", 1),
        (rows(symbol=["SPX", "RUT", "SPX"]), "expect_column_values_to_be_in_set symbol: session=2025-11-26, symbol", 1),
        (rows(level=[1.0, -2.0, 3.0]), "to_be_between level: session=2025-11-26, symbol=NDX, level=-2", 1),
        (rows(level=[1.0, np.inf, 3.0]), "to_be_between level: session=2025-11-26, symbol=NDX, level=inf", 1),
        (rows(change=[1.0, np.inf, 3.0]), "to_be_between change: session=2025-11-26, symbol=NDX, change=inf", 1),
        (rows(change=[1.0, -np.inf, 3.0]), "to_be_between change: session=2025-11-26, symbol=NDX, change=-inf", 1),
        (
            rows(days=np.array([1, 0, 3], dtype="int32")),
            "to_be_between days: session=2025-11-26, symbol=NDX, days=0",
            1,
        ),
        (rows(level=[1.0, 2.0, 95.0]), "expect_column_max_to_be_between level: observed 95", 1),
        (rows().iloc[:0], "expect_table_row_count_to_be_between: observed 0", 1),
        (pd.concat([rows(), rows()]).reset_index(drop=True), "expect_table_row_count_to_be_between: observed 6", 6),
        (rows()[["symbol", "session", "level", "change", "days"]], "expect_table_columns_to_match_ordered_list", 1),
        (rows(extra=1.0), "expect_table_columns_to_match_ordered_list", 1),
        (
            rows(session=pd.to_datetime(["2025-11-25", "2025-11-25", "2025-11-28"]).as_unit("us")),
            "sessions_skipped: session=2025-11-28, symbol=SPX, sessions_skipped=1",
            1,
        ),
        (
            rows(session=pd.to_datetime(["2025-11-26", "2025-11-27", "2025-11-28"]).as_unit("us")),
            "sessions_skipped: session=2025-11-27, symbol=NDX, sessions_skipped=-1",
            1,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rows_that_break_the_header_block_and_are_named(
    table: Table, bad: pd.DataFrame, says: str, failing: int
) -> None:
    result = contract(table, bad)[0]
    assert result.blocks
    assert says in result.detail
    assert result.rows_failing == failing


def test_an_expectation_at_warn_reports_and_does_not_block(table: Table) -> None:
    blocking, warning = contract(table, rows(days=np.array([1, 2, 300], dtype="int32")))
    assert blocking.passed
    assert (warning.check, warning.passed, warning.blocks) == ("expectations", False, False)
    assert warning.detail.startswith("expect_column_mean_to_be_between days: observed 101")
