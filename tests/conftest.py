"""Shared fixtures: where the real market data is, and small warehouses that tests fill by hand."""

import os

# Each worker, and each process that a test starts, would otherwise take every core for the smallest product. It is
# settled before anything brings numpy.
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from orchestration.settings import ROOT, Settings
from orchestration.sources import clock
from orchestration.tables import Catalogue
from orchestration.warehouse import Warehouse, open_warehouse
from tests.orchestration.command import undertow

TEST_DATA = os.environ.get("UNDERTOW_TEST_DATA", str(ROOT.parent / "shared" / "data"))


# By how long they take, so that no worker is left with a long one at the end. The first that needs a run of everything
# stands apart from the others that need it, which would only wait for it.
LONGEST = (
    *(
        "test_dagster_ui.py",
        "test_killed_runs.py",
        "test_golden_regime.py",
        "test_cli.py",
        "test_second_runs.py",
        "test_as_of.py",
    ),
    *(
        "test_readers.py",
        "test_properties.py",
        "test_no_look_ahead.py",
        "test_missing_inputs.py",
        "test_calibration.py",
    ),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, and give those that may wait for a run of everything the time for it."""
    for item in items:
        if {"demo_home", "real_home"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(480))
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def market_data() -> Path:
    """The folder of real market data."""
    folder = Path(TEST_DATA)
    if not folder.is_dir():
        pytest.skip(f"no real market data in {folder}; UNDERTOW_TEST_DATA names its folder")
    return folder


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Every table of sql/."""
    return Catalogue(ROOT / "sql")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The demo profile in a home of its own."""
    return Settings(data=tmp_path / "data", wait_seconds=5)


@pytest.fixture
def warehouse(settings: Settings, catalogue: Catalogue) -> Iterator[Warehouse]:
    """An open, empty warehouse."""
    with open_warehouse(settings, catalogue, clock(settings)) as opened:
        yield opened


def home_after_a_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str, name: str, **settings: str) -> Path:
    """A home after one run of the command line with these settings. All workers share it: it is only read."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "run.txt").exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / "dagster.yaml", folder)
            run = undertow(folder, "run", "--note", **settings)
            assert run.returncode == 0, run.stdout + run.stderr
            assert run.stderr == ""
            (folder / "run.txt").write_text(run.stdout)
    return folder


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A home after one run of the demo."""
    return home_after_a_run(tmp_path_factory, worker_id, "demo")


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory, worker_id: str, market_data: Path) -> Path:
    """A home after one run of the files profile on all of the real market data."""
    return home_after_a_run(tmp_path_factory, worker_id, "real", profile="files", files=str(market_data))


@pytest.fixture(scope="session")
def real(real_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What the run on the real market data published."""
    with duckdb.connect(str(real_home / "data/files/published/undertow.duckdb"), read_only=True) as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests choose their own settings, whatever the shell that runs them has set."""
    for name in list(os.environ):
        if name.startswith("UNDERTOW_") and name != "UNDERTOW_TEST_DATA":
            monkeypatch.delenv(name)
