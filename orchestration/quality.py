"""Checks of staged rows: the contract (a Great Expectations suite made from the header) and the audits.

Belongs here: from header and rows to results. Does not: what a failed check leads to.
"""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

import pandas as pd

from assets.sources.sessions import FIRST_DAY, sessions
from orchestration.tables import Severity, Table

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.expectations import Expectation

# Offending rows kept with a result.
SHOWN = 20
# Stands beside the rows of a table that must have every session: sessions left out before a row's own, -1 where
# its day is none. A set of all sessions as an expectation's argument would cost a second per table.
SKIPPED = "sessions_skipped"


@dataclass(frozen=True)
class Result:
    """The outcome of one check on one table.

    Attributes:
        table: Qualified name of the table.
        check: `contract`, the audit's name, or `source`.
        severity: Whether a failure blocks.
        rows_seen: Rows that were checked.
        rows_failing: Rows that failed; at least 1 where the check failed as a whole.
        detail: What failed, naming the source, symbol and date where there are such.
        offending: The first offending rows.
    """

    table: str
    check: str
    severity: Severity
    rows_seen: int
    rows_failing: int = 0
    detail: str = ""
    offending: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return self.rows_failing == 0

    @property
    def blocks(self) -> bool:
        """Whether the rows may not be stored."""
        return not self.passed and self.severity == "error"


def merged(results: Sequence[Result]) -> list[Result]:
    """One result per check, for checks that ran on several batches of the same table."""
    by_check: dict[str, list[Result]] = {}
    for result in results:
        by_check.setdefault(result.check, []).append(result)
    return [_merged(of_check) if len(of_check) > 1 else of_check[0] for of_check in by_check.values()]


def _merged(results: Sequence[Result]) -> Result:
    failed = [result for result in results if not result.passed]
    return replace(
        results[0],
        rows_seen=sum(result.rows_seen for result in results),
        rows_failing=sum(result.rows_failing for result in failed),
        detail="; ".join(result.detail for result in failed),
        offending=pd.concat([result.offending for result in failed]).head(SHOWN) if failed else pd.DataFrame(),
    )


def describe(rows: pd.DataFrame, most: int = 5) -> str:
    """The first rows in one line, `column=value` each."""
    lines = (
        ", ".join(f"{name}={shown(value)}" for name, value in row.items() if not pd.isna(value))
        for row in rows.head(most).to_dict("records")
    )
    more = f"; and {len(rows) - most} more" if len(rows) > most else ""
    return "; ".join(lines) + more


def shown(value: Any) -> str:  # noqa: ANN401 - any cell
    """A cell as people read it: dates without a time of day, six significant digits, nothing for NULL."""
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def contract(table: Table, rows: pd.DataFrame) -> list[Result]:
    """Run the header's expectations on staged rows.

    Args:
        table: The table.
        rows: The staged rows, with NaN shown as infinity: pandas cannot tell NaN from NULL.

    Returns:
        One result for what blocks and, if the header has expectations at WARN, one for those.
    """
    if table.header.sessions == "complete":
        rows = rows.assign(**{SKIPPED: _sessions_skipped(rows["session"])})
    checks: dict[Severity, str] = {"error": "contract", "warn": "expectations"}
    return [
        _validate(table, rows, check, severity)
        for severity, check in checks.items()
        if severity == "error" or any(named.severity == severity for named in table.header.expectations)
    ]


def _sessions_skipped(days: pd.Series) -> pd.Series:
    if days.empty:
        return days.astype("int64")
    distinct = pd.DatetimeIndex(days.unique()).sort_values()
    position = pd.Series(sessions(FIRST_DAY, distinct[-1].date()).get_indexer(distinct), index=distinct)
    skipped = position[position >= 0].diff().fillna(1) - 1
    return days.map(skipped.reindex(distinct, fill_value=-1)).astype("int64")


def suite(table: Table, severity: Severity, *, at_once: bool) -> list["Expectation"]:
    """The expectations of a severity that a header stands for.

    Types are not among them: staging casts every row to the table's, or refuses it.

    Args:
        table: The table.
        severity: The columns' own are all at ERROR.
        at_once: What is said of single values as one expectation of all columns, which names neither, and nothing of
            the table's shape; each expectation costs some milliseconds, whatever the rows.
    """
    import great_expectations.expectations as gxe  # noqa: PLC0415 - costs seconds, once per process

    named = [
        getattr(gxe, _class_name(expectation.expect))(**(expectation.model_extra or {}))
        for expectation in table.header.expectations
        if expectation.severity == severity
    ]
    if severity == "warn":
        return named
    header = table.header
    helper = _helper(table)
    made: list[Expectation] = []
    if not at_once:
        made.append(gxe.ExpectTableColumnsToMatchOrderedList(column_list=[*header.columns, *helper]))
        made.append(gxe.ExpectTableRowCountToBeBetween(min_value=header.rows.min, max_value=header.rows.max))
    if len(header.grain) > 1:
        made.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=header.grain))
    else:
        made.append(gxe.ExpectColumnValuesToBeUnique(column=header.grain[0]))
    not_null = [name for name, column in header.columns.items() if not column.nullable]
    ranges = [
        (
            name,
            -sys.float_info.max if column.min is None else column.min,
            sys.float_info.max if column.max is None else column.max,
        )
        for name, column in header.columns.items()
        if table.types[name] == "DOUBLE" or column.min is not None or column.max is not None
    ]
    ranges += [(name, 0, 0) for name in helper]
    sets = {name: column.allowed for name, column in header.columns.items() if column.allowed}
    if at_once and len(header.columns) > 1:
        from orchestration.expectations import ExpectEachColumnToKeepItsRules, Rules  # noqa: PLC0415 - brings the same

        rules = json.dumps(Rules(not_null=not_null, ranges=ranges, sets=sets))
        made.append(ExpectEachColumnToKeepItsRules(column_list=[*header.columns, *helper], rules=rules))
    else:
        made += [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in not_null]
        made += [
            gxe.ExpectColumnValuesToBeBetween(column=name, min_value=low, max_value=high) for name, low, high in ranges
        ]
        made += [gxe.ExpectColumnValuesToBeInSet(column=name, value_set=allowed) for name, allowed in sets.items()]
    return [*made, *named]


def _helper(table: Table) -> list[str]:
    return [SKIPPED] if table.header.sessions == "complete" else []


def _has_shape(table: Table, rows: pd.DataFrame) -> bool:
    """Whether columns and number of rows are the header's: what Great Expectations need not be asked."""
    count, limits = len(rows), table.header.rows
    has_columns = list(rows.columns) == [*table.header.columns, *_helper(table)]
    return has_columns and count >= limits.min and (limits.max is None or count <= limits.max)


def _class_name(snake: str) -> str:
    return "".join(part.title() for part in snake.split("_"))


def _validate(table: Table, rows: pd.DataFrame, check: str, severity: Severity) -> Result:
    passed = Result(table.qualified, check, severity, len(rows))
    with _batch(rows) as batch:
        # Which rows fail what costs several times as much as whether any does, so it is asked only then.
        at_once = _suite(suite(table, severity, at_once=True))
        if _has_shape(table, rows) and batch.validate(at_once, result_format="BOOLEAN_ONLY").success:
            return passed
        outcome = batch.validate(_suite(suite(table, severity, at_once=False)), result_format="COMPLETE")
    if outcome.success:
        return passed
    failed = [result for result in outcome.results if not result.success]
    positions: set[int] = set()
    details = []
    for result in failed:
        found = result.result.get("unexpected_index_list") or []
        positions.update(found)
        details.append(_explain(table, rows, result, found))
    return Result(
        table.qualified,
        check,
        severity,
        len(rows),
        max(len(positions), 1),
        "; ".join(details),
        rows.iloc[sorted(positions)[:SHOWN]],
    )


def _explain(table: Table, rows: pd.DataFrame, result: Any, found: Sequence[int]) -> str:  # noqa: ANN401 - untyped
    config = result.expectation_config
    column = config.kwargs.get("column")
    name = " ".join(part for part in (config.type, column) if part)
    if result.exception_info and result.exception_info.get("raised_exception"):
        return f"{name}: {result.exception_info['exception_message']}"
    if found:
        names = [*table.header.grain, *([column] if column and column not in table.header.grain else [])]
        return f"{name}: {describe(rows[names].iloc[list(found)])}"
    return f"{name}: observed {result.result.get('observed_value')}"


def _suite(expectations: Sequence["Expectation"]) -> "gx.ExpectationSuite":
    import great_expectations as gx  # noqa: PLC0415 - costs seconds, once per process

    return gx.ExpectationSuite(name="contract", expectations=list(expectations))


@contextlib.contextmanager
def _batch(rows: pd.DataFrame) -> Iterator[Any]:
    """The rows as Great Expectations takes them."""
    definition = _batch_definition()
    from great_expectations.execution_engine import pandas_execution_engine  # noqa: PLC0415 - costs seconds, once

    # It would take the hash of all rows twice, as a fingerprint that nothing here reads.
    with mock.patch.object(pandas_execution_engine, "hash_pandas_dataframe", return_value=""):
        yield definition.get_batch({"dataframe": rows})


@cache
def _batch_definition() -> Any:  # noqa: ANN401 - untyped
    import great_expectations as gx  # noqa: PLC0415 - costs seconds, once per process
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_pandas("staged")
    return source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
