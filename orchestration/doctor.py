"""Examines whether a run can succeed on this machine."""

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version

import duckdb
from rich.console import Console

from assets.sources.sessions import xnys
from orchestration.published_copy import STORAGE_VERSION
from orchestration.settings import ROOT, Settings
from orchestration.tables import Catalogue

_NEEDED_GB = 2


def examine(settings: Settings, console: Console) -> bool:
    """Print one line per examination; whether all passed."""
    examinations: dict[str, Callable[[], str]] = {
        "Python": lambda: sys.version.split()[0],
        "packages": lambda: ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "profile": lambda: f"{settings.profile}, in {settings.home}",
        "tables": lambda: f"{len(Catalogue(ROOT / 'sql'))} files of sql/ are well-formed",
        "calendar": _calendar,
        "disk": lambda: _disk(settings),
        "storage version": _storage,
        "published": lambda: _published(settings),
    }
    passed = True
    for name, examination in examinations.items():
        try:
            console.print(f"[green]ok[/]   {name}: {examination()}", highlight=False, soft_wrap=True)
        except Exception as error:  # noqa: BLE001 - each line reports its own failure and the next still runs
            passed = False
            console.print(f"[red]FAIL[/] {name}: {error}", highlight=False, soft_wrap=True)
    return passed


_PACKAGES = ("dagster", "duckdb", "pandas", "great-expectations", "yfinance")


def _calendar() -> str:
    last = xnys().last_session.date()
    left = (last - datetime.now(UTC).date()).days
    if left < 0:
        raise RuntimeError(f"XNYS sessions end on {last}; update exchange-calendars")
    return f"XNYS sessions until {last}"


def _disk(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free / 1e9
    if free < _NEEDED_GB:
        raise RuntimeError(f"{free:.1f} GB free in {settings.home}; a run needs {_NEEDED_GB}")
    return f"{free:.0f} GB free"


def _storage() -> str:
    with duckdb.connect() as connection:
        connection.execute(f"attach ':memory:' as probe (storage_version '{STORAGE_VERSION}')")
    return f"{STORAGE_VERSION} can be written"


def _published(settings: Settings) -> str:
    path = settings.published_file
    if not path.exists():
        return "nothing yet; `undertow run` does it"
    with duckdb.connect(str(path), read_only=True) as connection:
        [(last,)] = connection.sql("select max(session) from regime.daily").fetchall()
    return f"{path}, newest session {last}"
