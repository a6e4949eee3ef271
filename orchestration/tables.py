"""The warehouse as files: what one file of sql/ says about its table, and what its SQL depends on.

Belongs here: reading and judging the files. Does not: running anything.
"""

import importlib.util
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal, get_args

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlglot import exp
from sqlglot.errors import SqlglotError

SCHEMAS = ("reference", "raw", "staging", "indicators", "regime", "marts")
DIALECT = "duckdb"
# The one table that is filled by the checks themselves.
HEALTH = "marts.data_health"
_HEADER = re.compile(r"\A\s*/\*\n(?P<header>.*?)\n\*/\s*(?P<sql>.*)\Z", re.DOTALL)

Severity = Literal["error", "warn"]
Type = Literal["BIGINT", "BOOLEAN", "DATE", "DOUBLE", "INTEGER", "TIMESTAMPTZ", "VARCHAR"]
# What sqlglot calls two of them.
_DUCKDB_NAMES = {"INT": "INTEGER", "TEXT": "VARCHAR"}


class TableError(Exception):
    """A file of sql/ is wrong; the message names the file and the key."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """A column. `type` is given for a SELECT only: a CREATE TABLE declares its own."""

    unit: str
    meaning: str
    type: Type | None = None
    nullable: bool = False
    min: float | None = None
    max: float | None = None
    allowed: list[str] | None = None


class Rows(_Strict):
    """How many rows a table may have."""

    min: int
    max: int | None = None


class NamedExpectation(BaseModel):
    """Any expectation of Great Expectations, by its own name; the other keys are its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)
    expect: str
    severity: Severity = "error"


class Audit(_Strict):
    """A query of sql/audits that returns offending rows.

    With `quarantine`, new rows that share the offenders' value in that column are withheld, the others
    are stored, and the audit is reported as a warning.
    """

    name: str
    severity: Severity = "error"
    quarantine: str | None = None


class Increments(_Strict):
    """What a table that is not rebuilt whole follows.

    Its rows are computed for the values of `key` that the table `of` has and it has not; those of values that
    `of` no longer has are dropped.
    """

    of: str
    key: str


class Header(_Strict):
    """The YAML header of a file, the only place where a table is described."""

    description: str
    grain: list[str]
    owner: str
    columns: dict[str, Column]
    rows: Rows
    view: bool = False
    sessions: Literal["complete"] | None = None
    vintages: list[str] | None = None
    appended_by: str | None = None
    increments: Increments | None = None
    partitioned_by: Literal["session"] | None = None
    reads: list[str] | None = None
    expectations: list[NamedExpectation] = []
    audits: list[Audit] = []

    @property
    def keeps_history(self) -> bool:
        """Whether rows are only ever added, as vintages of a key or as whole deliveries."""
        return bool(self.vintages or self.appended_by)


@dataclass(frozen=True)
class Table:
    """A table or view of the warehouse.

    Attributes:
        schema: One of `SCHEMAS`.
        name: Its name within the schema.
        path: Its file.
        header: The file's header.
        sql: The statement below the header.
        statement: The same, parsed.
        types: DuckDB type of each column, in order.
        audits: The query of each audit that the header names.
    """

    schema: str
    name: str
    path: Path
    header: Header
    sql: str
    statement: exp.Expr
    types: Mapping[str, str]
    audits: Mapping[str, str]

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"

    @property
    def filled_by(self) -> Literal["sql", "csv", "python", "checks"]:
        """Who computes the rows: the file's own query, the CSV beside it, `assets.<schema>.<name>`, or checks."""
        if not isinstance(self.statement, exp.Create):
            return "sql"
        if self.csv.exists():
            return "csv"
        return "checks" if self.qualified == HEALTH else "python"

    @property
    def checks(self) -> list[str]:
        """Names of its checks: what its source could not deliver, its contract, expectations at WARN, its audits."""
        warns = any(expectation.severity == "warn" for expectation in self.header.expectations)
        source = ["source"] if self.schema == "raw" else []
        return [*source, "contract", *(["expectations"] if warns else []), *self.audits]

    @property
    def csv(self) -> Path:
        """The hand-maintained rows beside the file."""
        return self.path.with_suffix(".csv")

    @property
    def module(self) -> str:
        """The module whose `fill` computes the rows."""
        return f"assets.{self.schema}.{self.name}"

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables that its rows are computed from."""
        return frozenset(self.header.reads or ()) if self.filled_by != "sql" else tables_in(self.path, self.statement)

    @cached_property
    def upstream(self) -> frozenset[str]:
        """The tables it needs: those its rows are computed from and those its audits compare with."""
        compared = (tables_in(self.path, parse(self.path, query)) for query in self.audits.values())
        return self.reads.union(*compared) - {self.qualified}


class Catalogue(Mapping[str, Table]):
    """Every table of sql/, by qualified name, each after the tables it is made from."""

    def __init__(self, folder: Path) -> None:
        """Read the files of a sql/ folder.

        Raises:
            TableError: If a file is wrong, names a table that does not exist, or depends on itself.
        """
        found = {
            table.qualified: table
            for schema in SCHEMAS
            for table in map(read_table, sorted((folder / schema).glob("*.sql")))
        }
        for table in found.values():
            if table.filled_by == "python" and not has_module(table):
                raise TableError(f"{table.path}: filled by neither {table.csv.name} nor a module {table.module}")
            if table.filled_by == "sql" and table.qualified in table.reads:
                raise TableError(f"{table.path}: {table.qualified} reads itself")
            for name in sorted(table.upstream - set(found)):
                raise TableError(f"{table.path}: {name} is not a table of {folder}")
        try:
            order = TopologicalSorter({name: found[name].upstream for name in found}).static_order()
            self._tables = {name: found[name] for name in order}
        except CycleError as error:
            raise TableError(f"{folder}: tables depend on each other in a circle: {error.args[1]}") from error

    def __getitem__(self, name: str) -> Table:
        """The table of a qualified name."""
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        """Qualified names, upstream first."""
        return iter(self._tables)

    def __len__(self) -> int:
        """How many tables."""
        return len(self._tables)


def has_module(table: Table) -> bool:
    """Whether code of its own stands behind the table."""
    return bool(importlib.util.find_spec(f"assets.{table.schema}") and importlib.util.find_spec(table.module))


def read_table(path: Path) -> Table:
    """Read one file.

    Raises:
        TableError: If the header or the SQL is wrong.
    """
    parts = _HEADER.match(path.read_text())
    if parts is None:
        raise TableError(f"{path}: does not begin with a header, /* and YAML and */, each on its own line")
    try:
        header = Header.model_validate(yaml.load(parts["header"], Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        raise TableError(f"{path}: the header is not YAML: {error}") from error
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise TableError("\n".join(f"{path}: {problem}" for problem in problems)) from error
    sql = parts["sql"].strip().rstrip(";")
    audits = {audit.name: _audit(path, audit.name) for audit in header.audits}
    statement = parse(path, sql)
    types = _types(path, header, statement)
    table = Table(path.parent.name, path.stem, path, header, sql, statement, types, audits)
    named: dict[str, Sequence[str | None]] = {
        "grain": header.grain,
        "vintages": header.vintages or (),
        "appended_by": [header.appended_by],
        "increments": [header.increments.key if header.increments else None],
        "partitioned_by": [header.partitioned_by],
    }
    for key, names in named.items():
        for name in names:
            if name is not None and name not in header.columns:
                raise TableError(f"{path}: {key}: {name} is not a column")
    if header.increments and header.increments.of not in table.reads:
        raise TableError(f"{path}: increments: {header.increments.of} is not among the tables it reads")
    return table


def _audit(path: Path, name: str) -> str:
    audit = path.parents[1] / "audits" / f"{name}.sql"
    if not audit.exists():
        raise TableError(f"{path}: audits: {audit} does not exist")
    return audit.read_text()


def parse(path: Path, sql: str) -> exp.Expr:
    """Parse one statement.

    Raises:
        TableError: If it is not one statement of DuckDB's SQL.
    """
    try:
        return sqlglot.parse_one(sql, dialect=DIALECT)
    except SqlglotError as error:
        raise TableError(f"{path}: {error}") from error


def tables_in(path: Path, statement: exp.Expr) -> frozenset[str]:
    """Warehouse tables that a query names.

    Raises:
        TableError: If it names a table without its schema.
    """
    local = {cte.alias for cte in statement.find_all(exp.CTE)}
    names = set()
    for table in statement.find_all(exp.Table):
        if table.db:
            names.add(f"{table.db}.{table.name}")
        elif table.name and table.name not in local:
            raise TableError(f"{path}: {table.name} needs its schema")
    return frozenset(names)


def _types(path: Path, header: Header, statement: exp.Expr) -> dict[str, str]:
    if isinstance(statement, exp.Create):
        return _created_types(path, header, statement)
    if not isinstance(statement, exp.Query):
        raise TableError(f"{path}: neither a SELECT nor a CREATE TABLE")
    _same_columns(path, header, statement.named_selects)
    types = {}
    for name, column in header.columns.items():
        if column.type is None:
            raise TableError(f"{path}: columns.{name}.type: missing")
        types[name] = str(column.type)
    return types


def _created_types(path: Path, header: Header, statement: exp.Create) -> dict[str, str]:
    created = statement.find(exp.Table)
    if created is None or (created.db, created.name) != (path.parent.name, path.stem):
        raise TableError(f"{path}: creates another table than {path.parent.name}.{path.stem}")
    types = {column.name: column.args["kind"].sql(DIALECT) for column in statement.find_all(exp.ColumnDef)}
    types = {name: _DUCKDB_NAMES.get(kind, kind) for name, kind in types.items()}
    _same_columns(path, header, list(types))
    for name, kind in types.items():
        if header.columns[name].type is not None:
            raise TableError(f"{path}: columns.{name}.type: the CREATE TABLE declares it already")
        if kind not in get_args(Type):
            raise TableError(f"{path}: columns.{name}: {kind} is not one of {', '.join(get_args(Type))}")
    return types


def _same_columns(path: Path, header: Header, found: list[str]) -> None:
    if list(header.columns) != found and found != ["*"]:
        differ = [name for name in [*header.columns, *found] if (name in header.columns) != (name in found)]
        raise TableError(f"{path}: columns: header and SQL differ: {differ or 'in their order'}")
