"""Times systematic flows over 36 years of 14 markets, made up, and an update by one session: `make bench`.

Each table as the run computes it, in SQL or Python, without the checks and files of a run. The scenario flows stand
beside the obvious alternative, a loop over sessions that rolls one session's state forward at a time.
"""

import time
from functools import partial

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table as Grid

from assets.indicators.trend_flows import centres, parameters
from assets.models.systematic_trend import observe, scenario_flows, take_positions
from tests.benchmarks.again import time_each
from tests.sql.given import build, calendar, frame_of, inputs, tables

TABLES = (
    "indicators.excess_prices",
    "indicators.trend_averages",
    "indicators.cta_pivots",
    "indicators.trend_flows",
    "indicators.trend_models",
    "indicators.cta_flows",
    "indicators.cta_positions",
    "indicators.index_momentum_pairs",
    "indicators.vol_control_flows",
    "indicators.risk_parity",
    "indicators.daily_risk_control",
    "indicators.systematic_total",
)
FUNDS = ("IEF", "TLT", "DBC", "TIP")
RATES = ("ECBDFR", "IUDSOIA", "IRSTCI01JPM156N", "IRSTCI01KRM156N", "IRSTCI01AUM156N", "SOFR")
SAMPLED = 200


def main() -> None:
    """Print the figures."""
    console = Console()
    days = calendar()["session"]
    connection = build(prices(days), TABLES, given={"raw.series": rates(days)})
    others = ("indicators.vol_control", "indicators.price_trends", "indicators.index_momentum")
    time_each(console, connection, (*TABLES, *others), f"{len(days):,} sessions")
    bench_flows(console, connection)


def prices(days: pd.Series) -> pd.DataFrame:
    """Rows of raw.prices: random walks, and a bill yield."""
    markets = pd.read_csv(tables()["reference.trend_markets"].csv)["symbol"].tolist()
    frames = []
    for number, symbol in enumerate([*markets, *FUNDS]):
        closes = 100 * np.exp(np.cumsum(np.random.default_rng(number).normal(2e-4, 0.01, len(days))))
        frames.append(
            pd.DataFrame({"symbol": symbol, "date": days, "source": "vendor", "close": closes}).assign(
                open=closes, high=closes * 1.005, low=closes * 0.995
            )
        )
    frames.append(pd.DataFrame({"symbol": "IRX", "date": days, "source": "vendor", "close": 4.0}))
    return pd.concat(frames, ignore_index=True)


def rates(days: pd.Series) -> pd.DataFrame:
    """Rows of raw.series: every rate, daily, known on its day."""
    known = calendar()["decision_at"]
    frames = [
        pd.DataFrame(
            {
                "series_id": name,
                "series_date": days,
                "series_value": 3.0,
                "source": "vendor",
                "available_at": known,
                "observed_at": known,
            }
        )
        for name in RATES
    ]
    return pd.concat(frames, ignore_index=True)


def bench_flows(console: Console, connection: duckdb.DuckDBPyConnection) -> None:
    """Flows of every market and session at once, of the newest session alone, and session by session in a loop."""
    given = inputs(partial(frame_of, connection))
    averages = centres(given)
    [(_, newest)] = given.query(
        "from reference.flow_calibration where fold = 'all' order by method_version desc limit 1"
    ).iterrows()
    how = parameters(newest)
    frame = given.query("select symbol, excess_price from indicators.excess_prices order by symbol, session")
    markets = [market for _, market in frame.groupby("symbol")["excess_price"]]
    sessions = sum(len(market) for market in markets)

    started = time.perf_counter()
    states = [take_positions(observe(market, averages), averages, how) for market in markets]
    whole = [scenario_flows(state, averages, how) for state in states]
    at_once = time.perf_counter() - started

    started = time.perf_counter()
    for market in markets:
        state = take_positions(observe(market, averages), averages, how)
        scenario_flows(state.at(np.array([len(market) - 1])), averages, how)
    update = time.perf_counter() - started

    rows = np.random.default_rng(1).integers(1500, len(markets[0]), SAMPLED)
    started = time.perf_counter()
    looped = [scenario_flows(states[0].at(np.array([row])), averages, how) for row in rows]
    loop = (time.perf_counter() - started) / SAMPLED * sessions
    for row, of_row in zip(rows, looped, strict=True):
        if any(abs(flow[0] - whole[0][cell][row]) > 1e-12 for cell, flow in of_row.items()):
            raise AssertionError(f"the ways disagree in row {row}")

    grid = Grid("six scenarios", "seconds", "ratio", title=f"{len(markets)} markets, {sessions:,} sessions in all")
    grid.add_row("all sessions at once", f"{at_once:.3f}", "1")
    grid.add_row("the newest session of each market", f"{update:.3f}", f"{update / at_once:.2f}")
    grid.add_row(f"session by session (from {SAMPLED})", f"{loop:.1f}", f"{loop / at_once:.0f}")
    console.print(grid)


if __name__ == "__main__":
    main()
