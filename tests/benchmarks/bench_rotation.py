"""Times rotation, baskets, the pattern and bitcoin over the whole real history: `make bench`.

Each table as the run computes it, in SQL or Python, without the checks and files of a run. The pattern's smoothing is
also timed for one session, and window by window with the kernel regression of statsmodels, the obvious alternative.
"""

import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table as Grid
from statsmodels.nonparametric.kernel_regression import KernelReg

from assets.models.head_shoulders import find, smooth
from tests.benchmarks.again import time_each
from tests.benchmarks.real_history import warehouse
from tests.conftest import TEST_DATA
from tests.sql.given import frame_of

TABLES = (
    "indicators.basket_returns",
    "indicators.baskets",
    "indicators.rotation",
    "indicators.sector_league",
    "indicators.head_shoulders",
    "indicators.bitcoin_returns",
    "indicators.bitcoin",
)
WINDOW, SAMPLED = 126, 30


def main() -> None:
    """Print the figures."""
    console = Console()
    folder = Path(TEST_DATA)
    if not folder.is_dir():
        console.print(f"skipped: no market data in {folder}; UNDERTOW_TEST_DATA names its folder")
        return
    connection = warehouse(folder, TABLES)
    time_each(console, connection, TABLES, "the whole history")
    query = "select rotation_1d_pct from indicators.rotation where variant = 'sector_funds' order by session"
    changes = frame_of(connection, query)["rotation_1d_pct"].dropna().to_numpy()
    bench_pattern(console, np.lib.stride_tricks.sliding_window_view(changes, WINDOW).cumsum(axis=1))


def bench_pattern(console: Console, paths: np.ndarray) -> None:
    """All windows at once, one alone, and one by one with another library's regression of one bandwidth."""
    started = time.perf_counter()
    find(paths)
    together = time.perf_counter() - started
    started = time.perf_counter()
    find(paths[-1:])
    newest = time.perf_counter() - started
    [bandwidth] = smooth(paths[-1:])[1]
    started = time.perf_counter()
    for path in paths[-SAMPLED:]:
        KernelReg(path, np.arange(WINDOW), var_type="c", reg_type="lc", bw=[bandwidth], rng=1).fit()
    alternative = (time.perf_counter() - started) / SAMPLED * len(paths)
    grid = Grid("pattern", "seconds", "ratio", title=f"{len(paths):,} windows of {WINDOW} sessions")
    grid.add_row("found in all", f"{together:.3f}", "1")
    grid.add_row("found in the newest", f"{newest:.4f}", f"{newest / together:.3f}")
    grid.add_row(f"smoothed one by one (from {SAMPLED})", f"{alternative:.1f}", f"{alternative / together:.0f}")
    console.print(grid)


if __name__ == "__main__":
    main()
