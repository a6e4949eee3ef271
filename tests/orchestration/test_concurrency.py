"""Readers and writers beside a run: what is published stays whole, and whoever has the warehouse is named.

Real processes on real files.
"""

import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import duckdb
import pytest

from assets.sources.sessions import decision_times
from orchestration.errors import WarehouseError
from orchestration.settings import ROOT, Settings
from orchestration.sources import clock
from orchestration.tables import HEALTH, Catalogue
from orchestration.warehouse import open_warehouse
from tests.orchestration.launcher import (
    DAYS,
    PATIENCE,
    Launcher,
    refresh,
    settings_in,
)

RUNS = 20
POLL = 0.001
# Anyone's reader: it knows DuckDB, Arrow and the published files, and nothing of the project. It reads until it has
# seen the last build. DuckDB opens a Parquet file by its path several times in one query, Arrow once.
READER = """
import sys, time, duckdb
from pyarrow.parquet import ParquetFile
folder, last = sys.argv[1], int(sys.argv[2])
seen = []
while last not in seen:
    with duckdb.connect(f"{folder}/undertow.duckdb", read_only=True, config={"threads": 1}) as reader:
        [(builds, build, days, newest)] = reader.sql(
            "select count(distinct build), max(build), count(*), max(session) from regime.daily"
        ).fetchall()
        [(note_rows, noted)] = reader.sql("select count(*), max(session) from marts.desk_note").fetchall()
        checked = dict(reader.sql(
            "select table_name, rows_seen from marts.data_health where check_name = 'contract' "
            "and session = (select max(session) from marts.data_health)"
        ).fetchall())
    with ParquetFile(f"{folder}/parquet/regime/daily.parquet") as file:
        in_file = file.read(["build"])["build"]
    assert builds == 1 and newest == noted, (builds, newest, noted)
    assert checked["regime.daily"] == days and checked["marts.desk_note"] == note_rows, (checked, days, note_rows)
    assert len(in_file.unique()) == 1 and len(in_file) - in_file[0].as_py() == days - build, in_file
    if not seen:
        print("reading", flush=True)
    seen.append(build)
    time.sleep(0.05)
assert seen == sorted(seen), seen
"""
ANALYST = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("create table mine as select 1 as one")
print("open", flush=True)
sys.stdin.read()
"""
# One session more in each build, so that none looks like another.
SMALL_TABLES = {
    "regime/daily": """/*
description: One row per session.
grain: [session]
owner: team:data
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  build: {type: BIGINT, unit: count, meaning: Number of the run that wrote the row}
rows: {min: 1}
*/
select date '2020-01-01' + n::integer as session, BUILD::bigint as build from range(2000 + BUILD) as numbers(n)
""",
    "marts/desk_note": """/*
description: One row per session and claim.
grain: [session, claim_no]
owner: team:data
columns:
  session: {type: DATE, unit: date, meaning: XNYS trading day}
  claim_no: {type: BIGINT, unit: count, meaning: Number of the claim}
rows: {min: 1}
*/
select session, claim_no from regime.daily cross join range(3) as claims(claim_no)
""",
}


def publish_builds(settings: Settings, builds: range) -> None:
    """Write and publish a small warehouse, once per build."""
    folder = settings.data / "sql"
    for build in builds:
        for name, text in SMALL_TABLES.items():
            file = folder / f"{name}.sql"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("BUILD", str(build)))
        shutil.copy(ROOT / "sql" / f"{HEALTH.replace('.', '/')}.sql", folder / "marts")
        catalogue = Catalogue(folder)
        with open_warehouse(settings, catalogue, decision_times(DAYS)[build].to_pydatetime()) as warehouse:
            for name in ("regime.daily", "marts.desk_note"):
                warehouse.write(catalogue[name])
            warehouse.publish()


# Readers


def test_readers_see_only_whole_builds_while_twenty_runs_publish(launcher: Launcher, settings: Settings) -> None:
    assert launcher.start(settings, partial(publish_builds, builds=range(1))).succeeds()
    command = [sys.executable, "-c", READER, str(settings.published), str(RUNS)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
    assert launcher.start(settings, partial(publish_builds, builds=range(1, RUNS + 1))).succeeds()
    for reader in readers:
        _, errors = reader.communicate(timeout=PATIENCE)
        assert errors == ""
        assert reader.returncode == 0


def test_what_a_killed_analyst_wrote_to_the_published_file_does_not_outlive_the_next_run(
    launcher: Launcher, settings: Settings
) -> None:
    assert launcher.start(settings, partial(publish_builds, builds=range(1))).succeeds()
    published = settings.published / "undertow.duckdb"
    analyst = opened_by_an_analyst(published)
    analyst.kill()
    analyst.communicate(timeout=PATIENCE)
    assert launcher.start(settings, partial(publish_builds, builds=range(1, 2))).succeeds()
    with duckdb.connect(str(published), read_only=True) as reader:
        assert reader.sql("select distinct build from regime.daily").fetchall() == [(1,)]


# Other runs and writers


def test_a_run_started_meanwhile_waits_its_turn(launcher: Launcher, tmp_path: Path, catalogue: Catalogue) -> None:
    settings = settings_in(tmp_path)
    with open_warehouse(settings, catalogue, clock(settings)):
        second = launcher.start(settings, partial(refresh, only=("reference", "claims")))
        while f"waiting up to {PATIENCE:g} s for process {os.getpid()}" not in _text(second.log):
            assert not second.ended(POLL), _text(second.log)
            assert second.seconds < PATIENCE
    assert second.succeeds()


def _text(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def test_a_run_that_may_not_wait_fails_at_once_and_names_the_holder(settings: Settings, catalogue: Catalogue) -> None:
    impatient = settings.model_copy(update={"wait_seconds": 0.1})
    with open_warehouse(settings, catalogue, clock(settings)):
        began = time.monotonic()
        with (
            pytest.raises(WarehouseError, match=f"process {os.getpid()}, since .* UTC still has it after 0.1 s"),
            open_warehouse(impatient, catalogue, clock(settings)),
        ):
            pass
        assert time.monotonic() - began < 5
    with open_warehouse(impatient, catalogue, clock(settings)) as freed:
        assert freed.query("select 1 as one")["one"].tolist() == [1]


def opened_by_an_analyst(database: Path) -> "subprocess.Popen[str]":
    """A process that has the file open for writing and has written to it."""
    analyst = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", ANALYST, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert analyst.stdout is not None
    assert analyst.stdout.readline() == "open\n"
    return analyst


def test_an_analyst_in_the_working_warehouse_is_named_in_a_clear_error(
    settings: Settings, catalogue: Catalogue
) -> None:
    with open_warehouse(settings, catalogue, clock(settings)):
        pass
    file = settings.home / "warehouse.duckdb"
    analyst = opened_by_an_analyst(file)
    with (
        pytest.raises(WarehouseError, match=rf"{file}: .*readers open the published copy.*PID {analyst.pid}"),
        open_warehouse(settings, catalogue, clock(settings)),
    ):
        pass
    analyst.communicate(timeout=PATIENCE)
    assert analyst.returncode == 0
    with open_warehouse(settings, catalogue, clock(settings)) as freed:
        assert freed.query("select one from mine")["one"].tolist() == [1]
