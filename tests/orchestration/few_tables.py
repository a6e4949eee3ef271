"""Fewer tables than all: a test that needs some of them takes a fraction of the time of a whole build."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from orchestration.settings import ROOT
from orchestration.tables import HEALTH, Catalogue


def behind(catalogue: Catalogue, names: Iterable[str]) -> list[str]:
    """These tables, those that they are made from, and marts.data_health; each after what it is made from."""
    needed, pending = {HEALTH}, list(names)
    while pending:
        name = pending.pop()
        needed.add(name)
        pending += catalogue[name].upstream - needed
    return [name for name in catalogue if name in needed]


def copy_few(catalogue: Catalogue, names: Iterable[str], folder: Path) -> None:
    """Put the files of the tables behind these into a sql/ folder of their own."""
    for path in [*(ROOT / "sql/audits").iterdir(), *(catalogue[name].path for name in behind(catalogue, names))]:
        for file in (path, path.with_suffix(".csv")):
            if file.exists():
                target = folder / file.relative_to(ROOT / "sql")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
