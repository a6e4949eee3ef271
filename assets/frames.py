"""Frames of what DuckDB answers."""

import duckdb
import pandas as pd
import pyarrow as pa

# Of a column with NULL, which numpy has no type for.
_NULLABLE = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def frame_of(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """The relation's rows in the types of its `df()`, which makes an object of every text and takes five times as long.

    A column of text is text also where all of it is NULL. What has no limit, decimals and sums of integers, is float64.
    """
    table = relation.to_arrow_table()
    table = table.cast(pa.schema([(field.name, _kind(field.type)) for field in table.schema]))
    frame: pd.DataFrame = table.to_pandas()
    for position, column in enumerate(table.columns):
        if column.null_count and column.type in _NULLABLE:
            frame.isetitem(position, column.to_pandas(types_mapper=_NULLABLE.get))
    return frame


def _kind(stored: pa.DataType) -> pa.DataType:
    if pa.types.is_date(stored):
        return pa.timestamp("us")
    return pa.float64() if pa.types.is_decimal(stored) else stored
