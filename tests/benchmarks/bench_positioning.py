"""Times sector positioning over the whole real history of the sector funds: `make bench`.

The cohorts' funds are made up on the real returns of sectors and SPY, each with its own tilts and noise, as their net
asset values are not at hand. The table is rebuilt whole when a session is added. Style weights are also found window by
window with sequential quadratic programming, the obvious alternative.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid
from scipy.optimize import minimize

from assets.models.simulated_positioning import FUNDS
from assets.models.style import decay, style
from tests.benchmarks.again import time_each
from tests.benchmarks.real_history import NOW, warehouse
from tests.conftest import TEST_DATA
from tests.sql.given import build, frame_of, instruments

NAME = "indicators.sector_positioning"
WINDOW, HALF_LIFE, SAMPLED = 126, 42, 30
BARS = """
    select session, date, symbol, total_return from staging.prices
    where symbol = 'SPY' or symbol in (select symbol from reference.instruments where role = 'sector')
"""


def main() -> None:
    """Print the figures."""
    console = Console()
    folder = Path(TEST_DATA)
    if not folder.is_dir():
        console.print(f"skipped: no market data in {folder}; UNDERTOW_TEST_DATA names its folder")
        return
    rows = with_funds(frame_of(warehouse(folder, ("staging.prices",)), BARS))
    connection = build(until=NAME, now=NOW, given={"staging.prices": rows})
    time_each(console, connection, (NAME,), "the whole history, and the same again with one session more")
    bench_style(console, rows)


def with_funds(rows: pd.DataFrame) -> pd.DataFrame:
    """The bars, and those of made-up funds: SPY's return, tilts that sum to zero, noise; known a session later."""
    random = np.random.default_rng(1)
    by_date = rows.pivot_table(index="date", columns="symbol", values="total_return")
    sectors = by_date.drop(columns="SPY").fillna(0.0)
    after = pd.Series(by_date.index[1:], by_date.index[:-1])
    classes = instruments().set_index("symbol")["class"]
    frames = [rows]
    for symbol in FUNDS:
        tilt = random.normal(0, 0.02, sectors.shape[1])
        noise = random.normal(0, 0.0015, len(by_date))
        returns = by_date["SPY"] + sectors.to_numpy() @ (tilt - tilt.mean()) + noise
        bars = pd.DataFrame({"date": by_date.index, "symbol": symbol, "total_return": returns.to_numpy()})
        bars["session"] = bars["date"].map(after) if classes[symbol] == "fund" else bars["date"]
        frames.append(bars.dropna(subset="session"))
    return pd.concat(frames, ignore_index=True)


def bench_style(console: Console, rows: pd.DataFrame) -> None:
    """Windows since all sectors have funds, at once and one by one."""
    by_date = rows.pivot_table(index="date", columns="symbol", values="total_return").dropna()
    is_fund = by_date.columns.isin(["SPY", *FUNDS])
    sectors, funds = (
        np.lib.stride_tricks.sliding_window_view(of.to_numpy(), WINDOW, axis=0).swapaxes(1, 2)
        for of in (by_date.loc[:, ~is_fund], by_date.loc[:, is_fund])
    )
    recent = decay(WINDOW, HALF_LIFE)
    started = time.perf_counter()
    found = style(funds, sectors, np.tile(recent, (len(funds), 1)), np.full(funds.shape[2], fill_value=True))
    together = time.perf_counter() - started
    started = time.perf_counter()
    furthest = 0.0
    for n in range(SAMPLED):
        window, fund = len(funds) - 1 - n, n % funds.shape[2]
        one_by_one = by_programming(funds[window, :, fund], sectors[window], recent)
        furthest = max(furthest, float(np.abs(one_by_one - found.weights[window, fund]).max()))
    count = found.weights.shape[0] * found.weights.shape[1]
    alternative = (time.perf_counter() - started) / SAMPLED * count
    grid = Grid("style analysis", "seconds", "ratio", title=f"{count:,} windows of {WINDOW} dates")
    grid.add_row("non-negative least squares", f"{together:.2f}", "1")
    grid.add_row(f"SLSQP one by one (from {SAMPLED})", f"{alternative:.1f}", f"{alternative / together:.0f}")
    console.print(grid)
    console.print(f"weights differ by at most {furthest:.0e}")


def by_programming(fund: NDArray[np.float64], sectors: NDArray[np.float64], recent: NDArray[np.float64]) -> np.ndarray:
    """Style weights of one window by sequential quadratic programming."""
    x, y = (np.sqrt(recent)[:, None] * (of - recent @ of) for of in (sectors, fund[:, None]))
    y = y[:, 0]
    scale = y @ y
    count = sectors.shape[1]
    return np.asarray(
        minimize(  # type: ignore[call-overload]  # the types know no mapping as a constraint
            lambda w: (x @ w - y) @ (x @ w - y) / scale,
            np.full(count, 1 / count),
            jac=lambda w: 2 * x.T @ (x @ w - y) / scale,
            bounds=[(0, 1)] * count,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(count)},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 1000},
        ).x
    )


if __name__ == "__main__":
    main()
