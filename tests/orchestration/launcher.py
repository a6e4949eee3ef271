"""Runs in processes of their own, the job that the UI and the command line run, on a small market."""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from assets.sources.prices import Instrument
from assets.sources.sessions import sessions
from assets.sources.simulated import SimulatedPrices
from orchestration.settings import ROOT, Settings
from orchestration.tables import HEALTH, Catalogue

if TYPE_CHECKING:
    import dagster as dg

PATIENCE = 120.0
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
