"""Tools that people read the published tables with: every table, the same rows, while a run is publishing.

Real readers on real files: the oldest DuckDB that may open them, SQLAlchemy, and Parquet with pandas and polars.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, cast, get_args

import pandas as pd
import polars as pl
import pytest
import sqlalchemy as sa

from orchestration.settings import ROOT
from orchestration.tables import Catalogue, Type

pytestmark = pytest.mark.timeout(480)  # each publication takes seconds, and more on a machine that has other work

OLDEST = ROOT / ".venv-duckdb-1.4/bin/python"
# Of each table its rows, comment and columns, and the length of each column's values as text: every value is read.
# A view is computed by the reader, whose exp() may differ from ours in the last digit.
READER = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as reader:
    reader.execute("set timezone = 'UTC'")
    reader.execute("set enable_progress_bar = false")
    described = {}
    for schema, table, column, kind, comment in reader.sql(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where not internal order by all"
    ).fetchall():
        described.setdefault(f"{schema}.{table}", []).append([column, kind, comment])
    comments = dict(reader.sql(
        "select schema_name || '.' || table_name, comment from duckdb_tables() union all "
        "select schema_name || '.' || view_name, comment from duckdb_views() where not internal"
    ).fetchall())
    found = {}
    for table, columns in described.items():
        texts = [f"format('{{:.9g}}', {c})" if kind == "DOUBLE" else f"{c}::varchar" for c, kind, _ in columns]
        values = ", ".join(f"sum(length({text}))" for text in texts)
        [(rows, *lengths)] = reader.sql(f"select count(*), {values} from {table}").fetchall()
        found[table] = [rows, comments[table], columns, lengths]
print(json.dumps(found))
"""
# It stops when it is killed.
PUBLISHER = """
import sys
from pathlib import Path
from orchestration.settings import ROOT, Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import open_warehouse
settings = Settings(data=Path(sys.argv[1]))
with open_warehouse(settings, Catalogue(ROOT / "sql"), clock(settings)) as warehouse:
    while True:
        warehouse.publish()
        print("published", flush=True)
"""
DTYPES = {
    "BIGINT": ("int64", pl.Int64()),
    "BOOLEAN": ("bool", pl.Boolean()),
    "DATE": ("object", pl.Date()),
    "DOUBLE": ("float64", pl.Float64()),
    "INTEGER": ("int32", pl.Int32()),
    "TIMESTAMPTZ": ("datetime64[us, UTC]", pl.Datetime("us", "UTC")),
    "VARCHAR": ("str", pl.String()),
}


def seen_by(python: Path | str, database: Path) -> dict[str, Any]:
    """What a DuckDB of its own finds in the file: by table its rows, comment, columns and the lengths of the values."""
    done = subprocess.run(  # noqa: S603
        [str(python), "-c", READER, str(database)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return cast("dict[str, Any]", json.loads(done.stdout))


@pytest.fixture(scope="module")
def expected(demo_home: Path) -> dict[str, Any]:
    """What the project's own DuckDB finds in the published demo, while nobody publishes."""
    return seen_by(sys.executable, demo_home / "data/demo/published/undertow.duckdb")


@pytest.fixture(scope="module")
def publishing(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The published folder of a copy of the demo that a process publishes again and again."""
    data = tmp_path_factory.mktemp("publishing") / "data"
    shutil.copytree(demo_home / "data", data)
    env = {name: value for name, value in os.environ.items() if not name.startswith("UNDERTOW_")}
    publisher = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", PUBLISHER, str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd=ROOT,
    )
    assert publisher.stdout is not None
    assert publisher.stderr is not None
    assert publisher.stdout.readline() == "published\n", publisher.stderr.read()
    yield data / "demo/published"
    ended = publisher.poll()
    publisher.kill()
    _, errors = publisher.communicate()
    assert ended is None, errors


def read_with_the_oldest_duckdb(folder: Path, expected: dict[str, Any], catalogue: Catalogue) -> None:
    """It reads what ours does."""
    assert set(expected) == set(catalogue)
    assert seen_by(OLDEST, folder / "undertow.duckdb") == expected


def read_with_sqlalchemy(folder: Path, expected: dict[str, Any], catalogue: Catalogue) -> None:
    """It lists, describes and reads every table."""
    # Without a pool: a connection that stays open sees the build that it was opened on.
    engine = sa.create_engine(
        f"duckdb:///{folder / 'undertow.duckdb'}", connect_args={"read_only": True}, poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for schema in {table.schema for table in catalogue.values()}:
            names = {*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)}
            assert names == {table.name for table in catalogue.values() if table.schema == schema}
        for name, table in catalogue.items():
            reflected = sa.Table(table.name, sa.MetaData(), schema=table.schema, autoload_with=connection)
            assert [column.name for column in reflected.columns] == list(table.types), name
            assert not any(isinstance(column.type, sa.types.NullType) for column in reflected.columns), name
            rows = connection.execute(sa.select(sa.func.count()).select_from(reflected)).scalar_one()
            assert rows == expected[name][0], name
            assert len(connection.execute(sa.select(reflected).limit(100)).all()) == min(rows, 100), name


def read_with_pandas_and_polars(folder: Path, expected: dict[str, Any], catalogue: Catalogue) -> None:
    """They read every Parquet file."""
    for name, table in catalogue.items():
        path = folder / f"parquet/{table.schema}/{table.name}.parquet"
        # Opened once: readers that open a path several times can meet two builds.
        with path.open("rb") as file:
            by_pandas = pd.read_parquet(file)
            file.seek(0)
            by_polars = pl.read_parquet(file)
        assert len(by_pandas) == len(by_polars) == expected[name][0], name
        for column, kind in table.types.items():
            of_pandas, of_polars = DTYPES[kind]
            assert by_polars.schema[column] == of_polars, (name, column)
            # pandas has no missing whole numbers and flags.
            if not by_pandas[column].isna().any():
                assert by_pandas[column].dtype == of_pandas, (name, column)


def test_every_reader_finds_every_table_while_a_run_publishes(
    expected: dict[str, Any], publishing: Path, catalogue: Catalogue
) -> None:
    """The files are replaced twice at least meanwhile."""
    readers = [read_with_sqlalchemy, read_with_pandas_and_polars]
    if OLDEST.exists():
        readers.append(read_with_the_oldest_duckdb)
    database = publishing / "undertow.duckdb"
    builds = {database.stat().st_mtime_ns}
    for turn, read in enumerate(cycle(readers), start=1):
        read(publishing, expected, catalogue)
        builds.add(database.stat().st_mtime_ns)
        if turn >= len(readers) and len(builds) >= 3:
            break
    if not OLDEST.exists():
        pytest.skip(f"no {OLDEST}, the others have read; `make .venv-duckdb-1.4/reader` installs it")


def test_types_are_few_and_flat(expected: dict[str, Any]) -> None:
    kinds = {kind for _, _, columns, _ in expected.values() for _, kind, _ in columns}
    assert kinds <= {kind.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for kind in get_args(Type)}


def test_every_table_and_column_has_its_comment(expected: dict[str, Any], catalogue: Catalogue) -> None:
    for name, (_, comment, columns, _) in expected.items():
        header = catalogue[name].header
        assert comment.endswith(" ".join(header.description.split())), name
        for column, _, said in columns:
            assert header.columns[column].meaning in said, (name, column)
            assert header.columns[column].unit in said, (name, column)
