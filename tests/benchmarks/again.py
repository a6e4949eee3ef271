"""Computes tables again, so that a benchmark can time them alone."""

import resource
import time
from collections.abc import Sequence
from functools import partial

import duckdb
from rich.console import Console
from rich.table import Table as Grid

from assets.inputs import Filled
from tests.sql.given import FILLS, frame_of, inputs, tables


def compute(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """Compute a table in SQL into another one or by its fill, without checks; the number of its rows."""
    table = tables()[name]
    if table.filled_by == "sql":
        connection.execute(f"create or replace temp table computed as {table.sql}").fetchall()
        [(rows,)] = connection.sql("select count(*) from computed").fetchall()
        return int(rows)
    filled = FILLS[name](inputs(partial(frame_of, connection)))
    return sum(len(batch.rows) for batch in ([filled] if isinstance(filled, Filled) else filled))


def time_each(
    console: Console, connection: duckdb.DuckDBPyConnection, names: Sequence[str], title: str
) -> dict[str, float]:
    """Compute each table again and print rows, seconds and the process's peak memory; the seconds by table."""
    grid = Grid("table", "rows", "seconds", title=title)
    spent = {}
    for name in names:
        started = time.perf_counter()
        rows = compute(connection, name)
        spent[name] = time.perf_counter() - started
        grid.add_row(name, f"{rows:,}", f"{spent[name]:.2f}")
    console.print(grid)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = f"{sum(spent.values()):.2f} s on one thread, {peak:,.0f} MB peak memory with the raw rows"
    console.print(f"all tables {total}; the slowest is {max(spent, key=spent.__getitem__)}")
    return spent
