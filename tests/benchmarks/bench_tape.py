"""Times volatility, liquidity and the tape over the whole real history: `make bench`.

Each table as the run computes it, in SQL or Python, without the checks and files of a run; indicators.option_smile,
which reads option chains, is timed with the runs. Beside two of them stands the obvious alternative: pandas on a frame
of a column per member for breadth, one call of the library per window for spreads.
"""

import time
from pathlib import Path

import duckdb
import numpy as np
from bidask import edge
from rich.console import Console
from rich.table import Table as Grid

from assets.models.spreads import WINDOW
from tests.benchmarks.again import time_each
from tests.benchmarks.real_history import warehouse
from tests.conftest import TEST_DATA
from tests.sql.given import frame_of

SAMPLED = 500
TABLES = (
    "indicators.vol_panic",
    "indicators.trading_range",
    "indicators.spreads",
    "indicators.spread_panel",
    "indicators.liquidity",
    "indicators.breadth",
    "indicators.rebound",
    "indicators.systemic",
)


def main() -> None:
    """Print the figures."""
    console = Console()
    folder = Path(TEST_DATA)
    if not folder.is_dir():
        console.print(f"skipped: no market data in {folder}; UNDERTOW_TEST_DATA names its folder")
        return
    connection = warehouse(folder, TABLES)
    spent = time_each(console, connection, TABLES, "the whole history")
    bench_breadth(console, connection, spent["indicators.breadth"])
    bench_spreads(console, connection, spent["indicators.spreads"])


def bench_breadth(console: Console, connection: duckdb.DuckDBPyConnection, in_sql: float) -> None:
    """The shares above three averages by pandas, members as of today, beside the whole table in SQL."""
    started = time.perf_counter()
    frame = frame_of(connection, "select session, symbol, close from staging.member_prices where segment = 0")
    closes = frame.pivot_table(index="session", columns="symbol", values="close")
    shares = {
        n: (closes > (mean := closes.rolling(n).mean())).sum(axis=1) / mean.notna().sum(axis=1) for n in (20, 50, 200)
    }
    in_pandas = time.perf_counter() - started
    there = frame_of(connection, "select session, above_50d_pct from indicators.breadth order by session").set_index(
        "session"
    )["above_50d_pct"]
    apart = np.nanmedian(np.abs(100 * shares[50].reindex(there.index) - there))
    grid = Grid("breadth", "seconds", "ratio", title=f"{closes.shape[1]} members, {len(frame):,} bars")
    grid.add_row("the whole table in SQL", f"{in_sql:.2f}", "1")
    grid.add_row("three of its shares in pandas, today's members", f"{in_pandas:.2f}", f"{in_pandas / in_sql:.2f}")
    console.print(grid)
    console.print(f"median difference of above_50d_pct, from membership alone: {apart:.2f} percentage points")


def bench_spreads(console: Console, connection: duckdb.DuckDBPyConnection, whole: float) -> None:
    """EDGE of SPY's windows one by one beside the whole table, which has two more estimators."""
    query = "select open, high, low, close from staging.prices where symbol = 'SPY' order by session"
    bars = frame_of(connection, query).to_numpy().T
    [(rows,)] = connection.sql("select count(*) from indicators.spreads").fetchall()
    ends = np.random.default_rng(1).integers(WINDOW, bars.shape[1], SAMPLED)
    started = time.perf_counter()
    for end in ends:
        edge(*bars[:, end - WINDOW : end])
    loop = (time.perf_counter() - started) / SAMPLED * rows
    grid = Grid("spreads", "seconds", "ratio", title=f"{rows:,} windows")
    grid.add_row("the whole table", f"{whole:.2f}", "1")
    grid.add_row(f"EDGE window by window (from {SAMPLED})", f"{loop:.2f}", f"{loop / whole:.0f}")
    console.print(grid)


if __name__ == "__main__":
    main()
