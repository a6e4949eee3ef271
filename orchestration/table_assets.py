"""One Dagster asset per file of sql/.

Belongs here: how a table's file becomes an asset with its checks and metadata. Does not: how rows are
stored or checked (warehouse.py, quality.py).
"""

import importlib
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.errors import SourceError
from assets.sources.simulated import LAST_SESSION
from assets.sources.simulated_chains import FIRST_CHAIN_SESSION
from orchestration.errors import RefusedError, WarehouseError
from orchestration.lineage import column_lineage
from orchestration.partitions import session_partitions
from orchestration.pictures import picture
from orchestration.quality import SHOWN, Result, describe, shown
from orchestration.settings import Settings, notice
from orchestration.sources import sources
from orchestration.tables import HEALTH, Catalogue, Table
from orchestration.warehouse import Warehouse, Written, is_copied

PREVIEW = 10
_SEVERITY = {"error": dg.AssetCheckSeverity.ERROR, "warn": dg.AssetCheckSeverity.WARN}
_KINDS = {"sql": "sql", "csv": "csv", "python": "python", "checks": "python"}


def table_asset(table: Table, catalogue: Catalogue, settings: Settings) -> dg.AssetsDefinition:
    """The asset that fills one table."""
    key = dg.AssetKey([table.schema, table.name])
    partitions = _partitions(settings) if table.header.partitioned_by else None
    with warnings.catch_warnings():
        # Backfills in a single run are in beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        declared = dg.asset(
            key=key,
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
            deps=[dg.AssetKey(name.split(".")) for name in sorted(_deps(table, catalogue))],
            check_specs=[
                dg.AssetCheckSpec(
                    name, asset=key, description=_describe_check(table, name), blocking=_blocks(table, name)
                )
                for name in _check_names(table, settings)
            ],
            group_name=table.schema,
            description=notice(settings) + table.header.description,
            tags={"profile": settings.profile},
            owners=[table.header.owner],
            kinds={"duckdb", "view" if table.header.view else "table", _KINDS[table.filled_by]},
            metadata=_definition_metadata(table),
            required_resource_keys={"warehouse"},
        )

    @declared
    def fill(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        warehouse: Warehouse = context.resources.warehouse
        asked = _sessions_asked_for(context) if partitions else None
        try:
            written = write_table(warehouse, table, settings, asked)
        except RefusedError as refused:
            yield from (_check_result(key, result) for result in refused.results)
            raise dg.Failure(f"refused, nothing stored: {refused}", allow_retries=False) from refused
        except (SourceError, WarehouseError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        yield from (_check_result(key, result) for result in written.results)
        if asked is None:
            # Dagster itself records the partitions that a run was asked for.
            for partition in written.partitions:
                context.log_event(dg.AssetMaterialization(key, partition=partition))
        yield dg.MaterializeResult(
            asset_key=key, metadata=_run_metadata(warehouse, table, catalogue, settings, written)
        )

    return fill


def _partitions(settings: Settings) -> dg.DailyPartitionsDefinition:
    return session_partitions(FIRST_CHAIN_SESSION, LAST_SESSION) if settings.simulated else session_partitions()


def _sessions_asked_for(context: dg.AssetExecutionContext) -> frozenset[date] | None:
    if not (context.has_partition_key or context.has_partition_key_range):
        return None
    return frozenset(date.fromisoformat(key) for key in context.partition_keys)


def write_table(
    warehouse: Warehouse, table: Table, settings: Settings, sessions: frozenset[date] | None = None
) -> Written:
    """Compute one table's rows where Python does, and write it.

    Args:
        warehouse: The open warehouse.
        table: What to write.
        settings: Say which sources to use.
        sessions: The partitions to write; None for whatever is new.

    Raises:
        SourceError: If a source could not deliver; marts.data_health records it.
        RefusedError: If a check at ERROR failed.
        WarehouseError: If the rows do not fit the table.
    """
    if table.filled_by != "python" or is_copied(table, settings):
        return warehouse.write(table)
    inputs = Inputs(
        query=warehouse.reader(table),
        sources=sources(settings, warehouse.now),
        now=warehouse.now,
        simulated=settings.simulated,
        sessions=sessions,
    )
    try:
        return warehouse.write_batches(table, _batches(table, inputs))
    except SourceError as error:
        warehouse.record([Result(table.qualified, "source", "error", 0, 1, str(error))])
        raise


def _batches(table: Table, inputs: Inputs) -> Iterator[tuple[pd.DataFrame, Sequence[Result]]]:
    filled: Filled | Iterable[Filled] = importlib.import_module(table.module).fill(inputs)
    batches = iter([filled] if isinstance(filled, Filled) else filled)
    nothing = pd.DataFrame({name: pd.Series(dtype="object") for name in table.types if name != "observed_at"})
    for batch in itertools.chain([next(batches, Filled(nothing))], batches):
        # A batch of failures alone has no columns.
        rows = batch.rows if len(batch.rows.columns) else nothing
        yield rows, [_source_result(table, batch)] if "source" in table.checks else []


def _source_result(table: Table, filled: Filled) -> Result:
    failures = pd.DataFrame([vars(failure) for failure in filled.failures])
    return Result(
        table.qualified,
        "source",
        "warn",
        len(filled.rows),
        len(failures),
        describe(failures, most=len(failures)),
        failures.head(SHOWN),
    )


def _deps(table: Table, catalogue: Catalogue) -> frozenset[str] | set[str]:
    return set(catalogue) - {HEALTH} if table.qualified == HEALTH else table.upstream


def _check_names(table: Table, settings: Settings) -> Sequence[str]:
    copied = is_copied(table, settings)
    return [name for name in table.checks if not copied or name in {"contract", "expectations"}]


def _blocks(table: Table, check: str) -> bool:
    refusing = {audit.name for audit in table.header.audits if audit.severity == "error" and not audit.quarantine}
    return check in {"contract", *refusing}


def _describe_check(table: Table, name: str) -> str:
    if name == "source":
        return "Instruments or parts that the source could not deliver; the others came through."
    if name == "contract":
        return "Columns, types, keys, missing values, ranges, finiteness, row count and sessions, from the header."
    if name == "expectations":
        return "Expectations of the header that warn and do not block."
    comment = [line.removeprefix("-- ") for line in table.audits[name].splitlines() if line.startswith("-- ")]
    withheld = {audit.name: audit.quarantine for audit in table.header.audits}[name]
    return " ".join([*comment, f"New rows of the same {withheld} are withheld." if withheld else ""]).strip()


def _check_result(key: dg.AssetKey, result: Result) -> dg.AssetCheckResult:
    metadata: dict[str, dg.MetadataValue] = {
        "rows seen": dg.MetadataValue.int(result.rows_seen),
        "rows failing": dg.MetadataValue.int(result.rows_failing),
    }
    if len(result.offending):
        metadata["offending rows"] = _as_table(result.offending)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=result.check,
        passed=result.passed,
        severity=_SEVERITY[result.severity],
        description=result.detail or None,
        metadata=metadata,
    )


def _definition_metadata(table: Table) -> Mapping[str, dg.MetadataValue | str]:
    columns = [
        dg.TableColumn(
            name=name,
            type=table.types[name].lower(),
            description=f"{column.meaning} [{column.unit}]",
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.header.grain == [name]),
        )
        for name, column in table.header.columns.items()
    ]
    return {
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns=columns)),
        "dagster/table_name": table.qualified,
        "grain": ", ".join(table.header.grain),
        "file": f"sql/{table.schema}/{table.path.name}",
    }


def _run_metadata(
    warehouse: Warehouse, table: Table, catalogue: Catalogue, settings: Settings, written: Written
) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(written.rows),
        "rows stored": dg.MetadataValue.int(written.added),
        "seconds": dg.MetadataValue.float(round(written.seconds, 3)),
    }
    day = next((name for name in ("session", "date") if name in table.types), None)
    if day and written.rows:
        [(first, last)] = warehouse.query(
            f"select min({day})::varchar, max({day})::varchar from {table.qualified}"
        ).itertuples(index=False, name=None)
        metadata[f"first {day}"], metadata[f"last {day}"] = dg.MetadataValue.text(first), dg.MetadataValue.text(last)
    order = ", ".join(f'"{name}" desc' for name in ([day] if day else []) + table.header.grain)
    preview = warehouse.query(f"from {table.qualified} order by {order} limit {PREVIEW}")
    if len(preview):
        metadata["preview"] = _as_table(preview)
    shown_as = picture(warehouse, table, settings)
    if shown_as:
        metadata["picture"] = shown_as
    lineage = column_lineage(catalogue, table.qualified)
    if lineage:
        metadata["dagster/column_lineage"] = dg.MetadataValue.column_lineage(lineage)
        # Dagster's open-source UI keeps column lineage to its API, so it is also shown as a table.
        metadata["columns come from"] = _lineage_table(lineage)
    return metadata


def _lineage_table(lineage: dg.TableColumnLineage) -> dg.MetadataValue:
    rows = [
        {"column": column, "comes from": ", ".join(f"{'.'.join(dep.asset_key.path)}.{dep.column_name}" for dep in deps)}
        for column, deps in lineage.deps_by_column.items()
    ]
    return _as_table(pd.DataFrame(rows))


def _as_table(rows: pd.DataFrame) -> dg.MetadataValue:
    records = [
        dg.TableRecord({str(name): shown(value) for name, value in row.items()}) for row in rows.to_dict("records")
    ]
    schema = dg.TableSchema(columns=[dg.TableColumn(name=str(name), type="string") for name in rows.columns])
    return dg.MetadataValue.table(records=records, schema=schema)
