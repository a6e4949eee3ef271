"""The published files while they are made: a DuckDB file and Parquet, written aside table by table.

Belongs here: what readers' files hold and how they take the place of the old ones. Does not: whether they may.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import duckdb

from orchestration.settings import Settings
from orchestration.statements import columns, comments, literal, quoted
from orchestration.tables import SCHEMAS, Catalogue, Table

# Files of this version open in every DuckDB since 1.4.
STORAGE_VERSION = "v1.4.0"


class PublishedCopy:
    """A copy of the warehouse for readers in the making.

    One thread makes it. A run computes on one core for most of the time, so that a table can be copied as soon as it is
    stored, while the next is computed.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue) -> None:
        """Begin a copy.

        Args:
            connection: One to the warehouse that nobody else uses; the copy closes it.
            settings: Name the folder.
            catalogue: The tables.
        """
        self._connection = connection
        self._settings = settings
        self._catalogue = catalogue
        self._folder = settings.published
        self._database = settings.published_file
        self._pages: dict[Path, str] = {}
        self._thread = ThreadPoolExecutor(1)
        self._begun = self._thread.submit(self._begin)
        self._copied: dict[str, Future[None]] = {}

    def add(self, table: Table) -> None:
        """Copy a table's rows as they are once the thread comes to it, in the place of those copied before."""
        self._copied[table.qualified] = self._thread.submit(self._copy, table)

    def add_missing(self) -> None:
        """Copy the tables that have not been yet."""
        for name, table in self._catalogue.items():
            if name not in self._copied:
                self.add(table)

    def add_pages(self, pages: Mapping[str, str]) -> None:
        """Documents that go with it, by file name."""
        self._pages = {self._folder / name: page for name, page in pages.items()}

    def finish(self) -> None:
        """Wait for the thread, and complete the files.

        Raises:
            duckdb.Error: If a file cannot be written.
            OSError: The same.
        """
        for task in (self._begun, *self._copied.values()):
            task.result()
        self._connection.execute("detach published")
        for target, page in self._pages.items():
            _aside(target).write_text(page, encoding="utf-8")
        with duckdb.connect(str(_aside(self._database))) as alone:
            for table in self._catalogue.values():
                if table.header.view:
                    alone.execute(f"create view {table.qualified} as {table.sql}")
                    alone.execute("; ".join(comments(table, "view", table.qualified, self._settings)))

    def move_into_place(self) -> list[Path]:
        """Put each file in the place of the old one, in one step.

        Returns:
            The published files: the database, the pages, the Parquet files.
        """
        # Left by a reader that wrote and died; beside another file it would keep everyone from opening that.
        self._database.with_name(f"{self._database.name}.wal").unlink(missing_ok=True)
        parquet = [self._parquet(table) for table in self._catalogue.values()]
        written = [self._database, *self._pages, *parquet]
        for target in written:
            if _aside(target).exists():
                _move_into_place(_aside(target), target)
        for old in set(self._folder.glob("parquet/*/*.parquet")) - set(parquet):
            old.unlink()
        return written

    def close(self) -> None:
        """Stop, and remove what is not in place."""
        self._connection.interrupt()
        self._thread.shutdown(cancel_futures=True)
        self._connection.close()
        self._remove_leftovers()

    def _begin(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._remove_leftovers()
        # It draws over the progress display.
        self._connection.execute("set enable_progress_bar = false")
        path = literal(str(_aside(self._database)))
        self._connection.execute(f"attach {path} as published (storage_version '{STORAGE_VERSION}')")
        self._run(f"create schema if not exists published.{schema}" for schema in SCHEMAS)

    def _copy(self, table: Table) -> None:
        self._write_parquet(table)
        # The rows that stand for a view during a run.
        if table.header.view:
            return
        name = f"published.{table.qualified}"
        self._run(
            [
                f"create or replace table {name} ({columns(table)})",
                f"insert into {name} by name from {table.qualified}",
                *comments(table, "table", name, self._settings),
            ]
        )

    def _write_parquet(self, table: Table) -> None:
        """Write a table's file, unless the one in place holds the same rows: no day changes what landed before it."""
        target = self._parquet(table)
        content = self._content(table)
        if target.exists() and self._content_in_place(target) == content:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        grain = ", ".join(quoted(name) for name in table.header.grain)
        # DuckDB's own temporary file would have a name that readers list, and outlive a run that is killed.
        self._connection.execute(
            f"""
            copy (from {table.qualified} order by {grain}) to {literal(str(_aside(target)))} (
                format parquet, compression zstd, use_tmp_file false,
                kv_metadata {{
                    profile: '{self._settings.profile}', simulated: '{self._settings.simulated}', content: '{content}'
                }}
            )
            """
        )

    def _content(self, table: Table) -> str:
        """What two files of the same rows have in common."""
        rows = f"select count(*), coalesce(bit_xor(hash(t)), 0) from {table.qualified} as t"
        [(count, of_rows)] = self._connection.execute(rows).fetchall()
        layout = hashlib.sha256(f"{columns(table)} by {table.header.grain}".encode()).hexdigest()
        return f"{count} rows {of_rows:x} layout {layout}"

    def _content_in_place(self, parquet: Path) -> str | None:
        found = f"select value from parquet_kv_metadata({literal(str(parquet))}) where key = 'content'"
        return next((bytes(value).decode() for (value,) in self._connection.execute(found).fetchall()), None)

    def _run(self, statements: Iterable[str]) -> None:
        self._connection.execute("; ".join(["begin", *statements, "commit"]))

    def _parquet(self, table: Table) -> Path:
        return self._folder / "parquet" / table.schema / f"{table.name}.parquet"

    def _remove_leftovers(self) -> None:
        for leftover in self._folder.rglob(".*.tmp*"):
            leftover.unlink()


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.tmp-{os.getpid()}")


def _move_into_place(temporary: Path, target: Path) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(target)
