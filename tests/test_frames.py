"""Frames of DuckDB's answers: types, values, NULL."""

import duckdb
from pandas.testing import assert_frame_equal

from assets.frames import frame_of


def test_types_and_values_are_those_of_df() -> None:
    relation = duckdb.connect().sql(
        """
        select * from (
            values
                (1, true, 1.5, 1::double, 'a', date '2025-12-31', timestamptz '2025-12-31 23:00Z', [1], 1::hugeint),
                (null, null, null, null, null, null, null, [3], null)
        ) as t(i, b, x, y, s, d, t, l, h)
        """
    )
    assert_frame_equal(frame_of(relation), relation.df())
    whole = relation.filter("i = 1")
    assert_frame_equal(frame_of(whole), whole.df())


def test_text_of_nothing_but_null_is_text() -> None:
    assert frame_of(duckdb.connect().sql("select null::varchar as s"))["s"].dtype == "str"
