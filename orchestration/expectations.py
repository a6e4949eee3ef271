"""An expectation of our own for Great Expectations, whose import costs seconds: quality.py imports it to validate."""

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, TypedDict

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    MulticolumnMapMetricProvider,
    multicolumn_condition_partial,
)


class Rules(TypedDict):
    """What the values of a table's columns keep.

    Attributes:
        not_null: Columns in which no value may be missing.
        ranges: Columns with the least and greatest value of each.
        sets: Columns with the values that each may have.
    """

    not_null: Sequence[str]
    ranges: Sequence[tuple[str, float, float]]
    sets: Mapping[str, Sequence[str]]


class _MulticolumnValuesKeptByEachColumn(MulticolumnMapMetricProvider):
    """Whether each row keeps the rules of all of its columns; registered by being defined."""

    condition_metric_name = "multicolumn_values.kept_by_each_column"
    condition_value_keys = ("rules",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]  # GX's is untyped
    def _pandas(  # GX makes a class method of it
        cls,  # noqa: N805
        column_list: pd.DataFrame,
        *,
        rules: str,
        **_: object,
    ) -> pd.Series:
        of_columns: Rules = json.loads(rules)
        kept = column_list[of_columns["not_null"]].notna().all(axis=1)
        for name, low, high in of_columns["ranges"]:
            column = column_list[name]
            kept &= column.isna() | column.between(low, high)
        for name, allowed in of_columns["sets"].items():
            column = column_list[name]
            kept &= column.isna() | column.isin(allowed)
        return kept


class ExpectEachColumnToKeepItsRules(MulticolumnMapExpectation):
    """No value missing, out of range or outside of a set, in any of the columns: many expectations at the cost of one.

    Attributes:
        rules: `Rules` as JSON: Great Expectations copies what it is given some hundred times, part by part.
    """

    rules: str
    ignore_row_if: Literal["all_values_are_missing", "any_value_is_missing", "never"] = "never"

    map_metric: ClassVar[str] = "multicolumn_values.kept_by_each_column"
    success_keys: ClassVar[tuple[str, ...]] = ("rules", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list", "rules")
