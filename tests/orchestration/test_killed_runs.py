"""Crashes: whenever a run is killed, what is published stays whole, and the next run succeeds."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.settings import Settings
from orchestration.tables import HEALTH, Catalogue
from tests.orchestration.few_tables import copy_few
from tests.orchestration.launcher import DAYS, Launcher, Run, contents, deliver, run_twice, settings_in, tables_of

RUNS = 20
POLL = 0.001
# None of them needs option chains.
DATED = ("staging.prices", "indicators.trading_range", "indicators.vol_control")
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
