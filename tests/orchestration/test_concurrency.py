"""Readers, crashes and second runs: what is published stays whole, and the next run succeeds.

Real processes on real files. A run is the job that the UI and the command line run, on a small market.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

from assets.sources.prices import Instrument
from assets.sources.sessions import decision_times, sessions
from assets.sources.simulated import SimulatedPrices
from orchestration.errors import WarehouseError
from orchestration.settings import ROOT, Settings
from orchestration.sources import clock
from orchestration.tables import HEALTH, Catalogue
from orchestration.warehouse import open_warehouse
from tests.orchestration.few_tables import copy_few

if TYPE_CHECKING:
    import dagster as dg

RUNS = 20
PATIENCE = 120.0
POLL = 0.001
# Long enough for ranks over two years, and past on any machine's clock.
DAYS = sessions(date(2023, 7, 3), date(2025, 10, 31))
MARKET = (
    *(Instrument(symbol, "index", "benchmark", "", "XNYS", symbol) for symbol in ("SPX", "NDX")),
    *(Instrument(symbol, "etf", "broad_market", "", "XNYS", symbol) for symbol in ("SPY", "QQQ")),
    *(
        Instrument(symbol, "volatility", "implied_vol", "", "XNYS", symbol)
        for symbol in ("VIX", "VVIX", "VIX3M", "SKEW")
    ),
)
# None of them needs option chains.
DATED = ("staging.prices", "indicators.trading_range", "indicators.vol_control")
# Something of every kind that the small market fills: vintages, what Python computes and the regime.
EVERY_KIND = (
    "indicators.trend_models",
    "indicators.risk_parity",
    "indicators.vol_control_flows",
    "indicators.rebound",
    "regime.daily",
)

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


# Runs in processes of their own


Work = Callable[[Settings], None]


@dataclass(frozen=True)
class Request:
    """A run to start: what to do, and where its output goes."""

    settings: Settings
    work: Work
    log: Path


class Run:
    """A run in a process of its own.

    Attributes:
        pid: Its process.
        log: Where its output goes.
    """

    def __init__(self, requests: "Connection[Request, int]", request: Request) -> None:
        """Use `Launcher.start` instead."""
        self.log = request.log
        self._requests = requests
        self._code: int | None = None
        requests.send(request)
        self.pid = requests.recv()
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Time since it started."""
        return time.monotonic() - self._began

    def ended(self, wait: float = 0) -> bool:
        """Whether it is over, after waiting for that as long as told."""
        if self._code is None and self._requests.poll(wait):
            self._code = self._requests.recv()
        return self._code is not None

    def succeeds(self) -> bool:
        """Wait for its end; whether it ended well."""
        assert self.ended(PATIENCE), self.log.read_text()
        assert self._code == 0, self.log.read_text()
        return True

    def kill(self) -> bool:
        """Kill it without notice; whether it was still running."""
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
        assert self.ended(PATIENCE)
        return self._code == -signal.SIGKILL


class Launcher:
    """Starts runs by forking a process that has paid for the imports, one run at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._requests, theirs = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_launch, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._started = 0

    def start(self, settings: Settings, work: "Work | None" = None) -> Run:
        """Start a run; the whole refresh unless told what to do."""
        self._started += 1
        return Run(self._requests, Request(settings, work or refresh, self._folder / f"{self._started}.log"))

    def close(self) -> None:
        """End the process."""
        self._requests.close()
        self._process.join(PATIENCE)


def _launch(requests: "Connection[int, Request]") -> None:
    import dagster as dg  # noqa: PLC0415 - this process pays for it
    import great_expectations.expectations  # noqa: F401, PLC0415 - the same
    from tqdm import tqdm  # type: ignore[import-untyped]  # noqa: PLC0415 - Great Expectations brings it

    # What the first instance imports, every run would.
    with dg.DagsterInstance.ephemeral():
        pass
    # A semaphore with a name, which a killed run would leave behind if it had made it.
    tqdm.get_lock()
    ended = 0
    while True:
        try:
            request = requests.recv()
        except EOFError:
            return
        if ended:
            os.waitpid(ended, 0)
        _job(request.settings)
        pid = os.fork()
        if pid == 0:
            _do(request)
        requests.send(pid)
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert end is not None
        requests.send(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status)
        # Until it is reaped nothing else gets its number, so whoever kills it now kills nothing else.
        ended = pid


def _do(request: Request) -> None:
    code = 1
    try:
        log = os.open(request.log, os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        request.work(request.settings)
        code = 0
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


@cache
def _job(settings: Settings) -> "dg.JobDefinition":
    from orchestration.definitions import build_defs  # noqa: PLC0415 - brings Dagster

    return build_defs(settings, tables_of(settings)).resolve_job_def("refresh")


def tables_of(settings: Settings) -> Catalogue:
    """The tables of a home: those that it has of its own, or all."""
    own = settings.data / "sql"
    return Catalogue(own if own.exists() else ROOT / "sql")


def refresh(settings: Settings, only: tuple[str, str] | None = None) -> None:
    """Run the job that the UI and the command line run, or one asset of it."""
    import dagster as dg  # noqa: PLC0415

    with dg.DagsterInstance.ephemeral() as instance:
        _job(settings).execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(only)] if only else None,
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        )


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


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Starts runs in processes of their own."""
    made = Launcher(tmp_path_factory.mktemp("logs"))
    yield made
    made.close()


# The market and what a run makes of it


@cache
def bars() -> pd.DataFrame:
    """The small market, whole."""
    rows = SimulatedPrices().prices(MARKET, pd.DataFrame()).rows
    return rows[rows["date"].isin(DAYS)].drop(columns="source")


def deliver(folder: Path, last: pd.Timestamp) -> None:
    """Put the market up to a session into the folder that the files profile reads."""
    (folder / "prices").mkdir(parents=True, exist_ok=True)
    rows = bars()
    rows[rows["date"] <= last].to_parquet(folder / "prices/market.parquet", index=False)


def settings_in(folder: Path) -> Settings:
    """The files profile on the small market, in a home of its own."""
    deliver(folder / "market", DAYS[-1])
    return Settings(profile="files", files=folder / "market", data=folder / "data", wait_seconds=PATIENCE)


def contents(settings: Settings) -> dict[str, pd.DataFrame]:
    """Every published table up to the market's last session: the calendar goes on to the session of the run.

    Of data_health neither that session nor what it says of itself.
    """
    queries = {
        name: f"from {name} where session <= '{DAYS[-1]}'" if "session" in table.types else f"from {name}"
        for name, table in tables_of(settings).items()
    } | {HEALTH: f"select distinct * exclude (session) from {HEALTH} where table_name <> '{HEALTH}'"}
    with duckdb.connect(str(settings.published / "undertow.duckdb"), read_only=True) as reader:
        return {name: reader.sql(f"{query} order by all").df() for name, query in queries.items()}


@dataclass(frozen=True)
class Undisturbed:
    """Two runs on the same market, one after the other.

    Attributes:
        first: What the first published.
        second: What the second published.
        seconds: How long the second took.
    """

    first: dict[str, pd.DataFrame]
    second: dict[str, pd.DataFrame]
    seconds: float


def run_twice(settings: Settings, launcher: Launcher) -> Undisturbed:
    """Two runs that nothing disturbs."""
    assert launcher.start(settings).succeeds()
    first = contents(settings)
    again = launcher.start(settings)
    assert again.succeeds()
    return Undisturbed(first, contents(settings), again.seconds)


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


# Crashes


Moment = Callable[[Run, Settings, float], Callable[[], bool]]


def after(share: float) -> Moment:
    """The moment at which such a share of a run's usual duration is over."""
    return lambda run, _, usual: lambda: run.seconds >= share * usual


def at_commit(number: int) -> Moment:
    """The moment at which so many transactions have reached the working warehouse's log."""

    def moment(_: Run, settings: Settings, __: float) -> Callable[[], bool]:
        log = settings.home / "warehouse.duckdb.wal"
        sizes = [_size(log)]
        grown = 0

        def due() -> bool:
            nonlocal grown
            sizes.append(_size(log))
            grown += sizes[-1] > sizes[-2]
            return grown >= number

        return due

    return moment


def in_publication(replaced: int) -> Moment:
    """The moment at which so many files have been replaced, or at which the first begins to be written."""

    def moment(run: Run, settings: Settings, _: float) -> Callable[[], bool]:
        before = _files(settings.published)
        temporary = settings.published / f".undertow.duckdb.tmp-{run.pid}"
        begun = False

        def due() -> bool:
            nonlocal begun
            begun = begun or temporary.exists()
            return begun and len(_files(settings.published) - before) >= replaced

        return due

    return moment


def killed(run: Run, due: Callable[[], bool]) -> bool:
    """Kill a run as soon as that is due; False if it was over before."""
    while not run.ended() and not due():
        time.sleep(POLL)
    return run.kill()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _files(folder: Path) -> set[tuple[Path, int]]:
    found = (file for pattern in ("*.duckdb", "parquet/*/[!.]*") for file in folder.glob(pattern))
    return {(file, file.stat().st_mtime_ns) for file in found}


def assert_whole(settings: Settings, delivered: set[pd.Timestamp]) -> bool:
    """Check that each published file can be read and that the database is of one build; whether there is one."""
    for file in settings.published.glob("parquet/*/[!.]*"):
        duckdb.execute(f"select bit_xor(hash(t)) from '{file}' as t").fetchall()
    if not (settings.published / "undertow.duckdb").exists():
        return False
    with duckdb.connect(str(settings.published / "undertow.duckdb"), read_only=True) as reader:
        newest = {reader.sql(f"select max(session) from {name}").fetchall()[0][0] for name in DATED}
        counts = {
            name: reader.sql(f"select count(*) from {name}").fetchall()[0][0]
            for name in tables_of(settings)
            if name != HEALTH
        }
        checked = reader.sql(
            f"select table_name, rows_seen from {HEALTH} where check_name = 'contract' order by session"
        ).fetchall()
    assert len(newest) == 1
    assert newest <= {day.date() for day in delivered}
    assert counts == {name: rows for name, rows in checked if name != HEALTH}
    return True


@pytest.mark.timeout(480)  # twenty runs, on a machine that has other work
def test_a_run_killed_at_any_moment_leaves_whole_files_and_the_next_one_succeeds(
    tmp_path: Path, launcher: Launcher, catalogue: Catalogue
) -> None:
    quiet, settings = (settings_in(tmp_path / name) for name in ("quiet", "killed"))
    for each in (quiet, settings):
        copy_few(catalogue, DATED, each.data / "sql")
    undisturbed = run_twice(quiet, launcher)
    draw = random.Random(20251121)  # noqa: S311 - only moments
    moments = [
        *(after((part + draw.random()) / 8) for part in range(8)),
        *(at_commit(draw.randint(1, 12)) for _ in range(9)),
        *(in_publication(replaced) for replaced in (0, draw.randint(2, 12))),
    ]
    draw.shuffle(moments)
    # From the fourth on there is something published that a crash could spoil.
    moments.insert(3, in_publication(1))
    assert len(moments) == RUNS

    usual, delivered, published = undisturbed.seconds, set(), False
    for number, moment in enumerate(moments):
        delivered.add(DAYS[number - RUNS - 1])
        deliver(tmp_path / "killed/market", max(delivered))
        run = launcher.start(settings)
        due = moment(run, settings, usual)
        while not killed(run, due):
            # It was over before the moment came.
            assert run.succeeds()
            usual, published = min(usual, run.seconds), True
            run = launcher.start(settings)
            due = after(draw.random())(run, settings, usual)
        published |= number == 3
        assert assert_whole(settings, delivered) or not published
    deliver(tmp_path / "killed/market", DAYS[-1])
    assert launcher.start(settings).succeeds()

    assert not list(settings.published.rglob(".*"))
    found = contents(settings)
    for name in set(found) - {HEALTH}:
        expected = undisturbed.first[name].drop(columns="observed_at", errors="ignore")
        rows = found[name].drop(columns="observed_at", errors="ignore")
        pd.testing.assert_frame_equal(rows, expected, check_exact=True, obj=name)


# Second runs


def test_a_second_run_adds_no_vintages_and_publishes_the_same(
    tmp_path: Path, launcher: Launcher, catalogue: Catalogue
) -> None:
    settings = settings_in(tmp_path)
    copy_few(catalogue, EVERY_KIND, settings.data / "sql")
    undisturbed = run_twice(settings, launcher)
    assert len(undisturbed.first["raw.prices"]) == len(bars())
    for name, rows in undisturbed.second.items():
        pd.testing.assert_frame_equal(rows, undisturbed.first[name], check_exact=True, obj=name)


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
