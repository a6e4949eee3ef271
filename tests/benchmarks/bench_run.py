"""Times and weighs whole runs, each in a process of its own: `make bench`; with --files only that profile's.

For each profile: wall seconds, peak memory, the share spent importing, and seconds per table. Then the
percentile ranks of the panic index in SQL beside the obvious alternative, pandas' rolling rank.
"""

import contextlib
import io
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table as Grid

from orchestration import cli
from orchestration.settings import ROOT
from orchestration.tables import SCHEMAS
from orchestration.warehouse import Written

MARKET_DATA = Path(os.environ.get("UNDERTOW_TEST_DATA", str(ROOT.parent / "shared" / "data")))


def main() -> None:
    """Run every benchmark and print the figures."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        if "--files" not in sys.argv:
            bench_profile(console, "demo", Path(folder), {})
        if MARKET_DATA.is_dir():
            bench_profile(console, "files", Path(folder), {"UNDERTOW_FILES": str(MARKET_DATA)})
        else:
            console.print(
                f"files profile skipped: no market data in {MARKET_DATA}; UNDERTOW_TEST_DATA names its folder"
            )
    bench_ranks(console)


def bench_profile(console: Console, profile: str, folder: Path, settings: dict[str, str]) -> None:
    """A first run, one that lands a single session more, and one that finds nothing new, each in its own process."""
    env = {**os.environ, **settings, "UNDERTOW_PROFILE": profile, "UNDERTOW_DATA": str(folder)}
    env["DAGSTER_HOME"] = str(folder)
    shutil.copy(ROOT / "dagster.yaml", folder)
    for name in ("first run", "run that lands one session", "run without news"):
        if name == "run that lands one session":
            _forget_newest_session(folder / profile / "warehouse.duckdb")
        started = time.perf_counter()
        child = subprocess.run(  # noqa: S603 - this file
            [sys.executable, __file__, "--run"], env=env, check=True, stdout=subprocess.PIPE, text=True
        )
        seconds = time.perf_counter() - started
        report = json.loads(child.stdout.splitlines()[-1])
        grid = Grid("stage", "rows", "seconds", "share", title=f"{profile} profile, {name}")
        for stage, (rows, spent) in report["stages"].items():
            grid.add_row(stage, "" if rows is None else f"{rows:,}", f"{spent:.2f}", f"{spent / seconds:.0%}")
        console.print(grid)
        console.print(f"{seconds:.1f} s wall, {report['peak_mb']:,.0f} MB peak memory")


def _forget_newest_session(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        newest = "select max(date) from raw.prices where symbol = 'SPX'"
        connection.execute(f"delete from raw.prices where date = ({newest})")


class _Stages(logging.Handler):
    """Collects what each table's write took, from the run's own log."""

    def __init__(self) -> None:
        super().__init__()
        self.stages: dict[str, tuple[int | None, float]] = {}
        self.newest = time.perf_counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Note the seconds of a write; those of the publication are those since the last table."""
        now = time.perf_counter()
        if isinstance(written := getattr(record, "written", None), Written):
            self.stages[record.getMessage()] = written.rows, written.seconds
        elif written is not None:
            self.stages["publication"] = None, now - self.newest
        self.newest = now


def run_here() -> None:
    """`undertow run` in this process; prints what each stage cost as JSON."""
    stages: dict[str, tuple[int | None, float]] = {}
    started = time.perf_counter()
    import great_expectations.expectations  # noqa: F401, PLC0415 - its cost is what is measured

    stages["import of great_expectations"] = None, time.perf_counter() - started
    started = time.perf_counter()
    import orchestration.runs  # noqa: F401, PLC0415 - the same

    stages["other imports"] = None, time.perf_counter() - started
    started = time.perf_counter()
    seen = _Stages()
    logging.getLogger("undertow").addHandler(seen)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(typer.Exit):
        cli.run()
    rest = time.perf_counter() - started - sum(seconds for _, seconds in seen.stages.values())
    by_schema: dict[str, float] = defaultdict(float)
    for name, (_, seconds) in seen.stages.items():
        by_schema[name.split(".")[0]] += seconds
    stages |= seen.stages
    stages |= {f"all of {schema}": (None, seconds) for schema, seconds in by_schema.items() if schema in SCHEMAS}
    stages["Dagster, pictures, previews, lineage"] = None, rest
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"stages": stages, "peak_mb": peak}), flush=True)  # noqa: T201 - read by the parent
    # As the command ends.
    os._exit(0)


def bench_ranks(console: Console) -> None:
    """Framed percentile ranks: 504 sessions, 36 years, four components."""
    rows = pd.DataFrame({"component": np.repeat(range(4), 9_291), "session_no": np.tile(range(9_291), 4)})
    rows["x"] = np.random.default_rng(1).normal(size=len(rows))
    started = time.perf_counter()
    with duckdb.connect() as connection:
        connection.register("bars", rows)
        by_sql = connection.sql(
            """
            select cume_dist(order by x) over (
                partition by component order by session_no range between 503 preceding and current row
            ) as x_rank
            from bars order by component, session_no
            """
        ).df()["x_rank"]
    sql_seconds = time.perf_counter() - started
    started = time.perf_counter()
    rolling = rows.groupby("component")["x"].rolling(504, min_periods=1)
    by_pandas = rolling.rank(method="max", pct=True).reset_index(drop=True)
    pandas_seconds = time.perf_counter() - started
    if not np.allclose(by_sql, by_pandas):
        raise AssertionError("SQL and pandas disagree")
    console.print(
        f"percentile ranks, {len(rows):,} rows: {sql_seconds:.3f} s in SQL, {pandas_seconds:.3f} s in pandas, "
        f"ratio {pandas_seconds / sql_seconds:.1f}"
    )


if __name__ == "__main__":
    run_here() if "--run" in sys.argv else main()
