"""Times and weighs whole runs, each in a process of its own: `make bench`; with --files only that profile's.

For each profile: wall seconds, peak memory, the share spent importing, and seconds per table. Then the
percentile ranks of the panic index in SQL beside the obvious alternative, pandas' rolling rank.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as Grid

from orchestration.settings import ROOT

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


def run_here() -> None:
    """Run one profile in this process as the command line does, and print what each stage cost as JSON."""
    stages: dict[str, tuple[int | None, float]] = {}
    started = time.perf_counter()
    import great_expectations.expectations  # noqa: F401, PLC0415 - its cost is what is measured

    stages["import of great_expectations"] = None, time.perf_counter() - started
    started = time.perf_counter()
    import dagster as dg  # noqa: PLC0415 - the same

    from orchestration.definitions import build_defs  # noqa: PLC0415
    from orchestration.event_log import quick_event_log  # noqa: PLC0415
    from orchestration.settings import load_settings  # noqa: PLC0415

    stages["other imports"] = None, time.perf_counter() - started
    started = time.perf_counter()
    job = build_defs(load_settings()).resolve_job_def("refresh")
    stages["definitions"] = None, time.perf_counter() - started
    started = time.perf_counter()
    quiet: Any = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    os.chdir(os.environ["DAGSTER_HOME"])
    with quick_event_log(), dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance, run_config=quiet)
    spent = time.perf_counter() - started
    by_schema: dict[str, float] = defaultdict(float)
    for event in result.get_asset_materialization_events():
        metadata = event.materialization.metadata
        if event.asset_key and "seconds" in metadata:
            rows: Any = metadata["dagster/row_count"].value if "dagster/row_count" in metadata else None
            seconds: Any = metadata["seconds"].value
            stages[".".join(event.asset_key.path)] = rows, seconds
            by_schema[event.asset_key.path[0]] += seconds
            spent -= seconds
    stages |= {f"all of {schema}": (None, seconds) for schema, seconds in by_schema.items()}
    stages["Dagster, pictures, previews, lineage"] = None, spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"stages": stages, "peak_mb": peak}))  # noqa: T201 - read by the parent


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
