"""Computes a table again, so that a benchmark can time it alone."""

from functools import partial

import duckdb

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
