"""The one door to the warehouse: nothing else opens it for writing.

Every write stages the new rows, checks them, and replaces the table by name in one transaction. When a
check blocks, nothing of the new rows is stored and the old ones stand.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd
from sqlglot import exp

from assets.frames import frame_of
from assets.sources.sessions import sessions_decided_by
from orchestration import quality
from orchestration.errors import RefusedError, WarehouseError
from orchestration.increments import FINGERPRINTS, Increment
from orchestration.lock import hold
from orchestration.published_copy import PublishedCopy
from orchestration.quality import Result
from orchestration.settings import Settings
from orchestration.statements import columns, literal, quoted
from orchestration.tables import DIALECT, HEALTH, SCHEMAS, Audit, Catalogue, Table, parse, tables_in

log = logging.getLogger("undertow")

# Recorded for every table beside its own checks: whether it was rebuilt after what it is made from.
UP_TO_DATE = "up_to_date"
# Makes a document of what a query function answers.
Page = Callable[[Callable[[str], pd.DataFrame]], str]


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        rows: Rows in the table afterwards.
        added: Rows stored by this write: all of them, except where rows are added or brought up to date.
        seconds: Time taken, checks included.
        results: Every check that ran.
        partitions: The partitions in which rows were stored, where the table has any.
    """

    rows: int
    added: int
    seconds: float
    results: tuple[Result, ...]
    partitions: tuple[str, ...] = ()


class Warehouse:
    """An open warehouse. One process has it at a time."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue, now: datetime
    ) -> None:
        """Use `open_warehouse` instead."""
        self._connection = connection
        self._settings = settings
        self._catalogue = catalogue
        self.now = now
        self._observed_at = datetime.now(UTC)
        # Set while a table that follows another is being written.
        self._increment: Increment | None = None
        # Begun by a run that will publish.
        self._copy: PublishedCopy | None = None

    def query(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT."""
        return frame_of(self._connection.sql(sql))

    def reader(self, table: Table) -> "Reader":
        """A query function for one table's `fill`, limited to what its header says it reads."""
        return Reader(self, table)

    def write(self, table: Table, rows: pd.DataFrame | None = None, reported: Sequence[Result] = ()) -> Written:
        """Stage rows, check them, and replace the table, add to it, or bring it up to date.

        Args:
            table: What to write.
            rows: The rows where Python computed them; the others come from the table's own file.
            reported: Results found while the rows were made; they are recorded with the write's own.

        Raises:
            RefusedError: If a check at ERROR failed; the failure is recorded, the rows are not.
            WarehouseError: If the rows' columns or types are not the table's.
        """
        return self.write_batches(table, [(rows, reported)])

    def write_batches(self, table: Table, batches: Iterable[tuple[pd.DataFrame | None, Sequence[Result]]]) -> Written:
        """As `write`, with the rows in batches that are staged and checked one after the other, and stored together.

        Args:
            table: What to write.
            batches: Rows and the results found while they were made; at least one batch.

        Raises:
            RefusedError: If a check at ERROR failed on any batch; nothing of any batch is stored.
            WarehouseError: If the rows' columns or types are not the table's.
        """
        started = time.perf_counter()
        self._increment = Increment.of(table, self._catalogue, self._settings, self._connection)
        try:
            checked: list[Result] = []
            for rows, reported in batches:
                copied = self._stage(table, rows)
                checked += [*reported, *self._check(table, with_audits=not copied)]
                if any(result.blocks for result in checked):
                    results = quality.merged(checked)
                    self.record(results)
                    raise RefusedError(results)
                self._accept()
            results = quality.merged(checked)
            with self._transaction():
                partitions = self._new_partitions(table)
                added = self._replace(table)
                self._put([*results, *self._currency(table, added)])
        finally:
            for name in ("staged", "accepted"):
                self._connection.execute(f"drop table if exists temp.{name}")
            if self._increment:
                self._increment.end()
            self._increment = None
        [(count,)] = self._connection.sql(f"select count(*) from {table.qualified}").fetchall()
        written = Written(count, added, time.perf_counter() - started, tuple(results), partitions)
        if self._copy:
            self._copy.add(table)
        log.info("%s", table.qualified, extra={"written": written})
        return written

    def record(self, results: Sequence[Result]) -> None:
        """Put check results in marts.data_health, over those of the same check and session."""
        with self._transaction():
            self._put(results)

    def record_alert(self, detail: str) -> None:
        """Put a run that failed in marts.data_health; the next publication clears it.

        Args:
            detail: What happened.
        """
        self.record([_run_result(detail)])

    def blocking_failures(self) -> pd.DataFrame:
        """Tables' checks whose newest result is a failure at ERROR: table_name, check_name, detail."""
        failures = self.query(
            f"""
            select table_name, check_name, detail from {HEALTH}
            qualify row_number() over (partition by table_name, check_name order by session desc) = 1
                and severity = 'error' and not passed
            order by check_name = '{UP_TO_DATE}', table_name, check_name
            """
        )
        # What a file of sql/ no longer names is no longer checked, and its last result stands for nothing.
        checks = {(name, check) for name, table in self._catalogue.items() for check in (*table.checks, UP_TO_DATE)}
        still_there = [(row.table_name, row.check_name) in checks for row in failures.itertuples()]
        return failures[still_there]

    def publish(self, pages: Mapping[str, Page] | None = None) -> list[Path]:
        """Copy the warehouse to the published folder: every file is written aside, then each moved in one step.

        Args:
            pages: Documents that go with it, by file name: functions of a query function.

        Returns:
            The published files: the database, the pages, the Parquet files.

        Raises:
            WarehouseError: If a table's newest check failed at ERROR, a table was not rebuilt after one that it is
                made from, or a file cannot be written. The published files are then as they were, also if a page
                raises an error of its own.
        """
        failures = self.blocking_failures()
        if len(failures):
            raise WarehouseError(f"not published: {quality.describe(failures)}")
        self.record([_run_result("")])
        copy = self._copy = self._copy or self._new_copy()
        try:
            copy.add(self._catalogue[HEALTH])
            copy.add_missing()
            copy.add_pages({name: page(self.query) for name, page in (pages or {}).items()})
            copy.finish()
            # Last, as the copy reads the rows that stand for views.
            self._make_views()
            return copy.move_into_place()
        except duckdb.Error as error:
            raise WarehouseError(f"not published: {error}") from error
        finally:
            self.end_copy()

    def begin_copy(self) -> None:
        """Copy for readers what is written from now on, beside the writing, as it will be published in the end."""
        self._copy = self._new_copy()

    def end_copy(self) -> None:
        """Drop a copy that was begun, unless it is published."""
        if self._copy:
            self._copy.close()
        self._copy = None

    def _new_copy(self) -> PublishedCopy:
        return PublishedCopy(self._connection.cursor(), self._settings, self._catalogue)

    def pending(self, sql: str) -> str:
        """A query of the table being written, which sees of the table it follows only what is to be computed."""
        return self._increment.narrowed(sql) if self._increment else sql

    # Staging

    def _stage(self, table: Table, rows: pd.DataFrame | None) -> bool:
        """Fill temp.staged; whether the rows were copied from the main warehouse, checked already."""
        try:
            if is_copied(table, self._settings):
                self._stage_known_vintages(table)
                return True
            if table.filled_by == "sql":
                self._connection.execute(f"create temp table staged as {self.pending(table.sql)}")
                self._expect_types(table)
            elif table.filled_by == "checks":
                # Its own results are rows of it too: there before the first count, so that no later run counts more.
                own = [Result(table.qualified, check, "error", 0) for check in table.checks]
                self.record([*own, *self._currency(table, added=0), _run_result("")])
                self._connection.execute(f"create temp table staged as from {table.qualified}")
            elif rows is not None:
                self._stage_frame(table, rows)
            else:
                kinds = ", ".join(f"{quoted(name)}: '{kind}'" for name, kind in table.types.items())
                read = f"read_csv('{table.csv}', header = true, delim = ',', quote = '\"', types = {{{kinds}}})"
                self._stage_relation(table, self._connection.sql(f"from {read}"))
        except duckdb.Error as error:
            raise WarehouseError(f"{table.path if rows is None else table.qualified}: {error}") from error
        return False

    def _stage_frame(self, table: Table, rows: pd.DataFrame) -> None:
        if table.header.keeps_history:
            rows = rows.assign(observed_at=self._observed_at)
        self._stage_relation(table, self._connection.from_df(rows))

    def _stage_relation(self, table: Table, relation: duckdb.DuckDBPyRelation) -> None:
        extra = [name for name in relation.columns if name not in table.types]
        missing = [name for name in table.types if name not in relation.columns]
        if extra or missing:
            raise WarehouseError(f"{table.qualified}: columns not in its file: {extra}; missing: {missing}")
        typed = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.types.items())
        self._connection.execute(f"create temp table staged ({typed})")
        names = ", ".join(quoted(name) for name in relation.columns)
        relation.query("delivered", f"insert into staged ({names}) from delivered")

    def _expect_types(self, table: Table) -> None:
        found = {name: str(kind) for name, kind, *_ in self._connection.sql("describe staged").fetchall()}
        for name, kind in table.types.items():
            if found.get(name) != str(duckdb.sqltype(kind)):
                raise WarehouseError(f"{table.path}: columns.{name}.type: {kind} declared, {found.get(name)} computed")

    def _stage_known_vintages(self, table: Table) -> None:
        main = self._settings.main_home / "warehouse.duckdb"
        with (
            hold(self._settings, self._settings.main_home),
            _attached(self._connection, main, "main_warehouse", "read_only"),
        ):
            self._connection.execute(
                f"""
                create temp table staged as
                from main_warehouse.{table.qualified} where available_at <= getvariable('as_of')
                """
            )

    def _accept(self) -> None:
        """Move temp.staged, whose rows have passed, to temp.accepted."""
        [(begun,)] = self._connection.sql(
            "select count(*) from duckdb_tables() where database_name = 'temp' and table_name = 'accepted'"
        ).fetchall()
        if begun:
            self._connection.execute("insert into accepted by name from staged")
            self._connection.execute("drop table temp.staged")
        else:
            self._connection.execute("alter table temp.staged rename to accepted")

    # Checking

    def _check(self, table: Table, *, with_audits: bool) -> list[Result]:
        audits = table.header.audits if with_audits else []
        # What is withheld must not trouble the other checks.
        withheld = [self._audit(table, audit) for audit in audits if audit.quarantine]
        contract = quality.contract(table, self._staged(table))
        return [*withheld, *contract, *(self._audit(table, audit) for audit in audits if not audit.quarantine)]

    def _staged(self, table: Table) -> pd.DataFrame:
        shown = ", ".join(
            f"case when isnan({quoted(name)}) then 'infinity' else {quoted(name)} end as {quoted(name)}"
            for name, kind in table.types.items()
            if kind == "DOUBLE"
        )
        return self.query(f"select * {f'replace ({shown})' if shown else ''} from staged")

    def _audit(self, table: Table, audit: Audit) -> Result:
        self._connection.execute(f"create temp table offenders as {_on_staged(table, table.audits[audit.name])}")
        try:
            offending = self.query("from offenders order by all")
            [(seen,)] = self._connection.sql("select count(*) from staged").fetchall()
            if audit.quarantine and len(offending):
                column = quoted(audit.quarantine)
                self._connection.execute(f"delete from staged where {column} in (select {column} from offenders)")
        finally:
            self._connection.execute("drop table temp.offenders")
        return Result(
            table.qualified,
            audit.name,
            "warn" if audit.quarantine else audit.severity,
            seen,
            len(offending),
            quality.describe(offending),
            offending.head(quality.SHOWN),
        )

    def _currency(self, table: Table, added: int) -> list[Result]:
        """That the table is up to date now, and that those made from it no longer are."""
        changed = added > 0 or not (table.header.keeps_history or table.header.increments)
        behind = [
            Result(name, UP_TO_DATE, "error", 0, 1, f"{table.qualified} was rebuilt after it")
            for name, other in self._catalogue.items()
            if changed and table.qualified in other.reads
        ]
        return [Result(table.qualified, UP_TO_DATE, "error", 0), *behind]

    def _put(self, results: Sequence[Result]) -> None:
        newest = list({(result.table, result.check): result for result in results}.values())
        keys = {"tables": [of.table for of in newest], "checks": [of.check for of in newest], "session": self.session}
        self._connection.execute(
            f"""
            delete from {HEALTH}
            where session = $session and (table_name, check_name) in (select (unnest($tables), unnest($checks)))
            """,
            keys,
        )
        self._connection.execute(
            f"""
            insert into {HEALTH} by name select
                unnest($tables) as table_name, unnest($checks) as check_name, $session as session,
                unnest($severities) as severity, unnest($passed) as passed, unnest($seen) as rows_seen,
                unnest($failing) as rows_failing, nullif(unnest($details), '') as detail
            """,
            {
                **keys,
                "severities": [of.severity for of in newest],
                "passed": [of.passed for of in newest],
                "seen": [of.rows_seen for of in newest],
                "failing": [of.rows_failing for of in newest],
                "details": [of.detail for of in newest],
            },
        )

    # Replacing

    def _replace(self, table: Table) -> int:
        if table.filled_by == "checks":
            return 0
        self._drop_if(table, "view")
        if table.header.keeps_history:
            return self._add(table)
        if self._increment:
            return self._increment.apply(columns(table))
        self._connection.execute(f"create or replace table {table.qualified} ({columns(table)})")
        self._connection.execute(f"insert into {table.qualified} by name from accepted")
        [(count,)] = self._connection.sql("select count(*) from accepted").fetchall()
        return int(count)

    def _drop_if(self, table: Table, kind: Literal["view", "table"]) -> None:
        found = self._connection.execute(
            """
            select 1 from information_schema.tables
            where table_schema = ? and table_name = ? and (table_type = 'VIEW') = ?
            """,
            (table.schema, table.name, kind == "view"),
        ).fetchall()
        if found:
            self._connection.execute(f"drop {kind} {table.qualified}")

    def _make_views(self) -> None:
        """Put views in the place of the rows that stood for them during the run, so that readers can set as_of."""
        for table in self._catalogue.values():
            if table.header.view:
                with self._transaction():
                    self._drop_if(table, "table")
                    self._connection.execute(f"create or replace view {table.qualified} as {table.sql}")

    def _add(self, table: Table) -> int:
        stored = [name for name, *_ in self._connection.sql(f"describe {table.qualified}").fetchall()]
        if stored != list(table.types):
            raise WarehouseError(f"{table.qualified}: stored with columns {stored}, its file has {list(table.types)}")
        if self._settings.as_of:
            self._connection.execute(f"delete from {table.qualified}")
        if table.header.vintages:
            return self._add_vintages(table, table.header.vintages)
        [(added,)] = self._connection.execute(f"insert into {table.qualified} by name {_not_stored(table)}").fetchall()
        return int(added)

    def _new_partitions(self, table: Table) -> tuple[str, ...]:
        if not table.header.partitioned_by:
            return ()
        rows = f"select distinct {quoted(table.header.partitioned_by)}::varchar from ({_not_stored(table)}) order by 1"
        return tuple(key for (key,) in self._connection.sql(rows).fetchall())

    def _add_vintages(self, table: Table, keys: Sequence[str]) -> int:
        values = [name for name in table.types if name not in {*keys, "available_at", "observed_at"}]
        keys_sql = ", ".join(quoted(name) for name in keys)

        def differs_from(vintage: str) -> str:
            return " or ".join(f"delivered.{quoted(n)} is distinct from {vintage}.{quoted(n)}" for n in values)

        # Most rows say what all their vintages say. The newest, which needs a sort, is looked for of the others only.
        self._connection.execute(
            f"""
            create or replace temp table unlike as
            select distinct {keys_sql}
            from accepted as delivered
            left join {table.qualified} as stored using ({keys_sql})
            where stored.observed_at is null or {differs_from("stored")}
            """
        )
        # A correction could not be known before it was observed.
        [(added,)] = self._connection.execute(
            f"""
            insert into {table.qualified} by name
            with newest as (
                from {table.qualified} semi join unlike using ({keys_sql})
                qualify row_number() over (partition by {keys_sql} order by observed_at desc) = 1
            )

            select delivered.* replace (
                case when newest.observed_at is null then delivered.available_at
                else greatest(delivered.available_at, delivered.observed_at) end as available_at
            )
            from (from accepted semi join unlike using ({keys_sql})) as delivered
            left join newest using ({keys_sql})
            where newest.observed_at is null or {differs_from("newest")}
            """
        ).fetchall()
        self._connection.execute("drop table temp.unlike")
        return int(added)

    # Shared

    @cached_property
    def session(self) -> date:
        """The newest session whose decision time has come on the run's clock."""
        return sessions_decided_by(self.now)[-1].date()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()


class Reader:
    """Runs one table's queries, and refuses tables that its header does not list."""

    def __init__(self, warehouse: Warehouse, table: Table) -> None:
        """Use `Warehouse.reader` instead."""
        self._warehouse = warehouse
        self._table = table

    def __call__(self, sql: str) -> pd.DataFrame:
        """The rows of a SELECT.

        Raises:
            WarehouseError: If it reads a table that the header does not list under `reads`.
        """
        table = self._table
        undeclared = tables_in(table.path, parse(table.path, sql)) - table.reads
        if undeclared - {table.qualified}:
            raise WarehouseError(f"{table.path}: reads: {', '.join(sorted(undeclared))} not listed")
        return self._warehouse.query(self._warehouse.pending(sql))


def is_copied(table: Table, settings: Settings) -> bool:
    """Whether a build takes the table's vintages, checked when they landed, from the main warehouse."""
    return table.header.keeps_history and settings.as_of is not None


@contextlib.contextmanager
def open_warehouse(settings: Settings, catalogue: Catalogue, now: datetime) -> Iterator[Warehouse]:
    """Open the warehouse of a profile, waiting for a run that has it.

    Raises:
        WarehouseError: If another process keeps it longer than the settings allow, or if an as-of build has no
            warehouse to start from.
    """
    main = settings.main_home / "warehouse.duckdb"
    if settings.as_of and not main.exists():
        raise WarehouseError(f"{main}: an as-of build starts from it; run without --as-of first")
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "warehouse.duckdb"
    config: Mapping[str, str | int] = {"memory_limit": settings.memory_limit}
    if settings.threads:
        config = {**config, "threads": settings.threads}
    with hold(settings, settings.home):
        try:
            connection = duckdb.connect(str(path), config=dict(config))
        except duckdb.IOException as error:
            raise WarehouseError(
                f"{path}: cannot be opened; readers open the published copy instead: {error}"
            ) from error
        try:
            connection.execute("set timezone = 'UTC'")
            # It draws over the progress display and into the run's log.
            connection.execute("set enable_progress_bar = false")
            # A view is taken for nearly empty, and an as-of join would loop over all rows for each of its own.
            connection.execute("set asof_loop_join_threshold = 0")
            connection.execute("set variable as_of = $1", (settings.as_of,)) if settings.as_of else None
            connection.execute("set variable dealer_convention = $1", (settings.dealer_convention,))
            _prepare(connection, catalogue)
            opened = Warehouse(connection, settings, catalogue, now)
            try:
                yield opened
            finally:
                opened.end_copy()
        finally:
            connection.close()


def _prepare(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    """Create the schemas and the tables that are added to rather than replaced."""
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    health = catalogue[HEALTH]
    stored = connection.execute(
        """
        select list(column_name order by column_index) from duckdb_columns()
        where schema_name || '.' || table_name = ?
        """,
        (HEALTH,),
    ).fetchall()[0][0]
    # Results of checks are made anew by every run, so a changed table begins empty.
    if stored and stored != list(health.types):
        connection.execute(f"drop table {HEALTH}")
    for table in catalogue.values():
        if table.header.keeps_history or table is health:
            connection.execute(f"create table if not exists {table.qualified} ({columns(table)})")
    connection.execute(f"create table if not exists {FINGERPRINTS} (table_name varchar, fingerprint varchar)")


@contextlib.contextmanager
def _attached(connection: duckdb.DuckDBPyConnection, path: Path, name: str, option: str) -> Iterator[None]:
    connection.execute(f"attach {literal(str(path))} as {name} ({option})")
    try:
        yield
    finally:
        connection.execute(f"detach {name}")


def _run_result(detail: str) -> Result:
    return Result("run", "publication", "error", 0, 1 if detail else 0, detail)


def _not_stored(table: Table) -> str:
    key = quoted(table.header.appended_by or "")
    return f"select * from accepted where {key} not in (select {key} from {table.qualified})"


def _on_staged(table: Table, audit: str) -> str:
    tree = parse(table.path, audit)
    for named in list(tree.find_all(exp.Table)):
        if f"{named.db}.{named.name}" == table.qualified:
            named.replace(exp.to_table("staged", alias=named.alias or table.name))
    return tree.sql(DIALECT)
