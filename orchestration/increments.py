"""Tables that are brought up to date instead of rebuilt: what is still to be computed, and what no longer holds.

Belongs here: which keys of the followed table a table lacks, and the swap of its rows. Does not: staging and checks.
"""

import hashlib
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import duckdb

from orchestration.settings import Settings
from orchestration.tables import Catalogue, Table

# What each table's stored rows were computed with; it stays in the working warehouse.
FINGERPRINTS = "main.fingerprints"


@dataclass(frozen=True)
class Increment:
    """The write of one table that follows another.

    Attributes:
        table: The table.
        followed: Name of the table it follows.
        key: The column that both share.
        fingerprint: What its rows are computed with: changed SQL, code, settings or hand-kept tables begin it anew,
            those of the tables that it reads too.
        is_fresh: Whether the stored rows were computed with the same.
    """

    table: Table
    followed: str
    key: str
    fingerprint: str
    is_fresh: bool
    _run: Callable[[str], duckdb.DuckDBPyConnection]

    @classmethod
    def of(
        cls, table: Table, catalogue: Catalogue, settings: Settings, connection: duckdb.DuckDBPyConnection
    ) -> "Increment | None":
        """The increment of a table, with temp.pending as the part of the followed table to compute; None for others."""
        if table.header.increments is None:
            return None
        followed, key = table.header.increments.of, table.header.increments.key
        fingerprint = _fingerprint(table, catalogue, settings)
        stored = connection.execute(
            f"""
            select list(column_name order by column_index),
                (select fingerprint from {FINGERPRINTS} where table_name = $1)
            from duckdb_columns() where schema_name || '.' || table_name = $1
            """,
            [table.qualified],
        ).fetchall()[0]
        is_fresh = stored == (list(table.types), fingerprint)
        lacking = f"where {key} not in (select {key} from {table.qualified})" if is_fresh else ""
        connection.execute(
            f"create or replace temp table pending_keys as select distinct {key} from {followed} {lacking}"
        )
        connection.execute(
            f"create or replace temp view pending as from {followed} where {key} in (select {key} from pending_keys)"
        )
        return cls(table, followed, key, fingerprint, is_fresh, connection.execute)

    def narrowed(self, sql: str) -> str:
        """The query with temp.pending in the place of the followed table."""
        return re.sub(rf"\b{re.escape(self.followed)}\b", "temp.pending", sql)

    def apply(self, columns: str) -> int:
        """Within a transaction: drop what no longer holds, add temp.accepted; rows dropped and added."""
        name, dropped = self.table.qualified, 0
        if self.is_fresh:
            [(dropped,)] = self._run(
                f"delete from {name} where {self.key} not in (select {self.key} from {self.followed})"
            ).fetchall()
        else:
            self._run(f"create or replace table {name} ({columns})")
        [(added,)] = self._run(f"insert into {name} by name from accepted").fetchall()
        self._run(f"delete from {FINGERPRINTS} where table_name = '{name}'")
        self._run(f"insert into {FINGERPRINTS} values ('{name}', '{self.fingerprint}')")
        return int(dropped) + int(added) + (not self.is_fresh)

    def end(self) -> None:
        """Forget what was pending."""
        self._run("drop view if exists temp.pending")
        self._run("drop table if exists temp.pending_keys")


def _fingerprint(table: Table, catalogue: Catalogue, settings: Settings) -> str:
    parts = [settings.dealer_convention, table.path.read_text()]
    # What lands in raw tables is followed by its keys.
    parts += [_fingerprint(catalogue[name], catalogue, settings) for name in sorted(table.reads) if name[:4] != "raw."]
    if table.filled_by == "csv":
        parts.append(table.csv.read_text())
    if table.filled_by == "python":
        module = import_module(table.module)
        used = {module, *filter(None, map(inspect.getmodule, vars(module).values()))}
        parts += sorted(inspect.getsource(code) for code in used if code.__name__.startswith("assets."))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
