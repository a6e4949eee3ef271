"""The command line in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from orchestration.settings import ROOT


def undertow(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run our own command in a home and a Dagster instance of its own, whatever the shell has set.

    Args:
        home: The folder of both.
        arguments: Of the command.
        settings: Settings by their names in lower case, without the prefix.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNDERTOW_")}
    given = {f"UNDERTOW_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "orchestration.cli", *arguments],
        env={**kept, **given, "UNDERTOW_DATA": str(home / "data"), "DAGSTER_HOME": str(home), "COLUMNS": "80"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
