"""Times the gamma profile in SQL beside numpy, numba and a loop over contracts, in one run: `make bench`.

One S&P 500 chain of 25,000 contracts, 81 spots, both rules for implied volatility: 4 million evaluations. Then 1, 10
and 100 chains in one query, each in a process of its own, with DuckDB's memory limited to 1 GB. The chains are made up.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import duckdb
import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table as Grid
from scipy.stats import norm

from assets.models.options import Contracts, implied_volatility, price
from assets.staging.option_chains import valued
from orchestration.settings import ROOT
from orchestration.tables import Catalogue

Array = NDArray[np.float64]
SPOT, RATE, DIVIDEND_YIELD = 6000.0, 0.042, 0.013
SESSION = pd.Timestamp("2025-08-19")
DAYS = [*range(1, 26), *range(30, 90, 6), *range(100, 400, 30), 480, 600, 800, 1100, 1600]
STRIKES = 250
LEVELS = 0.9 + 0.0025 * np.arange(81)
RULES = 2
REPEATS = 30
# A block of intermediate results fits a core's cache.
BLOCK = 1000
SAMPLED = 300
CHAINS = (1, 10, 100)
MEMORY_LIMIT = "1GB"


def chain(number: int = 0) -> pd.DataFrame:
    """A chain as staging.option_chains holds it, open interest in every contract."""
    random = np.random.default_rng(number)
    frames = []
    for days in DAYS:
        years = days / 365
        forward = SPOT * np.exp((RATE - DIVIDEND_YIELD) * years)
        near = np.linspace(0.9, 1.08, STRIKES * 3 // 5)
        far = np.concatenate([np.linspace(0.4, 0.899, STRIKES // 4), np.linspace(1.085, 1.5, STRIKES * 3 // 20 + 1)])
        strikes = SPOT * np.sort(np.concatenate([near, far]))[:STRIKES]
        moneyness = np.log(strikes / forward) / np.sqrt(max(years, 7 / 365))
        smile = np.clip(0.15 - 0.12 * moneyness + 0.1 * moneyness**2, 0.06, 2.5)
        for kind in "CP":
            own = {
                "put_call": kind,
                "strike": strikes,
                "iv": smile * (1 + random.normal(0, 0.001, STRIKES)),
                "open_interest": np.floor(1 + 200 * random.pareto(1.2, STRIKES)),
                "expiry": SESSION + pd.Timedelta(days=days),
                "years": years,
                "forward": forward,
                "discount": np.exp(-RATE * years),
            }
            frames.append(pd.DataFrame(own))
    rows = pd.concat(frames, ignore_index=True)
    return rows.assign(snapshot_id=f"chain {number:04}", session=SESSION, root="SPXW", spot=SPOT)


def connected(chains: int) -> duckdb.DuckDBPyConnection:
    """A database with these chains staged, two threads and little memory."""
    tables = Catalogue(ROOT / "sql")
    connection = duckdb.connect(config={"threads": 2, "memory_limit": MEMORY_LIMIT})
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    connection.execute("set variable dealer_convention = 'calls_long_puts_short'")
    connection.execute("create schema reference; create schema staging")
    for name in ("reference.option_roots", "reference.dealer_conventions"):
        connection.execute(f"{tables[name].sql}; insert into {name} from read_csv('{tables[name].csv}', header = true)")
    connection.execute(tables["staging.option_chains"].sql)
    for number in range(chains):
        connection.register("made", chain(number))
        connection.execute("insert into staging.option_chains by name from made")
        connection.unregister("made")
    connection.execute(
        """
        create table staging.option_readings as
        select distinct snapshot_id, session, 'SPX' as underlying, 'close' as reading, spot, now() as available_at
        from staging.option_chains
        """
    )
    return connection


def profile_sql() -> str:
    """The project's own statement."""
    return Catalogue(ROOT / "sql")["indicators.gamma_profile"].sql


# The alternatives: dealers' gamma in USD bn at each level, fixed by strike and by moneyness, shape (2, 81).


def arrays(rows: pd.DataFrame) -> tuple[Array, ...]:
    """Weight, ln(F / K), ln(K / S), deviation; the smile's moneyness and deviation by expiry; number of the expiry."""
    sign = np.where(rows["put_call"] == "C", 1.0, -1.0)
    carry = rows["forward"] * rows["discount"] / SPOT
    weight = sign * rows["open_interest"] * carry * SPOT / 1e9 / np.sqrt(2 * np.pi)
    deviation = rows["iv"] * np.sqrt(rows["years"])
    outside = rows[(rows["put_call"] == "C") == (rows["strike"] >= rows["forward"])]
    by_expiry = outside.sort_values(["expiry", "strike"])
    shape = (len(DAYS), -1)
    smile = np.log(by_expiry["strike"] / SPOT).to_numpy().reshape(shape)
    smile_deviation = (by_expiry["iv"] * np.sqrt(by_expiry["years"])).to_numpy().reshape(shape)
    columns = (weight, np.log(rows["forward"] / rows["strike"]), np.log(rows["strike"] / SPOT), deviation)
    return (*(np.asarray(column) for column in columns), smile, smile_deviation, rows["expiry"].factorize()[0])


def by_numpy(weight: Array, to_strike: Array, moneyness: Array, own: Array, xs: Array, vs: Array, of: Array) -> Array:
    """In blocks of contracts that fit the cache; the smile is interpolated expiry by expiry."""
    logs, result = np.log(LEVELS), np.zeros((RULES, len(LEVELS)))
    for first in range(0, len(weight), BLOCK):
        part = slice(first, first + BLOCK)
        to_level = to_strike[part, None] + logs
        places = moneyness[part, None] - logs
        smile = np.empty_like(places)
        for expiry in np.unique(of[part]):
            rows = of[part] == expiry
            smile[rows] = np.interp(places[rows], xs[expiry], vs[expiry])
        for rule, deviation in enumerate((own[part, None], smile)):
            d1 = to_level / deviation + deviation / 2
            result[rule] += weight[part] @ (np.exp(-d1 * d1 / 2) / deviation)
    return np.asarray(result * LEVELS)


def _both_rules(weight, to_strike, moneyness, own, xs, vs, of, logs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - numba compiles it
    result = np.zeros((len(logs), 2))
    for j in numba.prange(len(logs)):
        strike = smile = 0.0
        for n in range(len(weight)):
            to_level = to_strike[n] + logs[j]
            d1 = to_level / own[n] + own[n] / 2
            strike += weight[n] * np.exp(-d1 * d1 / 2) / own[n]
            place, x, v = moneyness[n] - logs[j], xs[of[n]], vs[of[n]]
            right = min(max(np.searchsorted(x, place), 1), len(x) - 1)
            share = min(max((place - x[right - 1]) / (x[right] - x[right - 1]), 0.0), 1.0)
            deviation = v[right - 1] + share * (v[right] - v[right - 1])
            d1 = to_level / deviation + deviation / 2
            smile += weight[n] * np.exp(-d1 * d1 / 2) / deviation
        result[j, 0], result[j, 1] = strike, smile
    return result


_compiled = numba.njit(parallel=True, fastmath=True)(_both_rules)


def by_numba(*given: Array) -> Array:
    """Compiled, on both cores."""
    # numba's own types know only the signature that it was given, which is none.
    return np.asarray(_compiled(*given, np.log(LEVELS)).T * LEVELS)  # type: ignore[call-arg]


def loop_seconds(weight: Array, to_strike: Array, own: Array, *, levels_at_once: bool) -> float:
    """Seconds per evaluation of a loop over contracts with scipy, on a sample, fixed by strike."""
    logs = np.log(LEVELS)
    chosen = np.random.default_rng(1).choice(len(weight), SAMPLED, replace=False)
    started = time.perf_counter()
    total = np.zeros(len(LEVELS))
    for n in chosen:
        for level in [slice(None)] if levels_at_once else range(len(LEVELS)):
            d1 = (to_strike[n] + logs[level]) / own[n] + own[n] / 2
            total[level] += weight[n] * norm.pdf(d1) / own[n]
    return (time.perf_counter() - started) / (SAMPLED * len(LEVELS))


def timed(work: Callable[[], object], repeats: int = REPEATS) -> tuple[float, float]:
    """Least and median seconds, after one run that is not counted."""
    work()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds), statistics.median(seconds)


def bench_one_chain(console: Console) -> None:
    """The SQL beside the alternatives, which must agree."""
    rows, connection, sql = chain(), connected(1), profile_sql()
    given = arrays(rows)
    evaluations = len(rows) * len(LEVELS) * RULES
    made = connection.sql(sql).df().sort_values("spot_pct")
    found = made[["gamma_sticky_strike_bn", "gamma_sticky_moneyness_bn"]].to_numpy().T
    exact = by_numpy(*given)
    gross = by_numpy(np.abs(given[0]), *given[1:])[0]
    started = time.perf_counter()
    worst = np.abs(found - exact).max(axis=1), np.abs(by_numba(*given) - exact).max()
    compiling = time.perf_counter() - started
    if worst[0][0] > 1e-6 or (np.abs(found[1] - exact[1]) > 5e-4 * gross).any() or worst[1] > 1e-6:
        raise AssertionError(f"the ways disagree by {worst}")
    of_loops = {
        f"scipy, contract by contract, {name}": loop_seconds(given[0], given[1], given[3], levels_at_once=at_once)
        for name, at_once in (("spots at once", True), ("spot by spot", False))
    }
    ways = {
        "SQL": timed(lambda: connection.execute(sql).fetchall()),
        "numpy, blocks": timed(lambda: by_numpy(*given), 5),
        "numba, 2 threads": timed(lambda: by_numba(*given)),
        **{name: (per_evaluation * evaluations,) * 2 for name, per_evaluation in of_loops.items()},
    }
    grid = Grid("way", "seconds, least", "median", "million a second", "SQL is", title=f"{len(rows):,} contracts")
    for way, (least, median) in ways.items():
        ratio = median / ways["SQL"][1]
        rate = evaluations / median / 1e6
        grid.add_row(way, f"{least:.4f}", f"{median:.4f}", f"{rate:,.2f}", f"{ratio:,.2f} times as fast")
    console.print(grid)
    off = np.abs(found[1] - exact[1]) / gross
    console.print(f"against exact sums: by strike {worst[0][0]:.1e} bn, by moneyness {off.max():.4%} of gross gamma")
    console.print(f"{compiling:.1f} s to compile for numba, once, come on top")


def bench_sizes(console: Console) -> None:
    """From 25 thousand contracts to 2.5 million."""
    grid = Grid("chains", "contracts", "seconds", "million evaluations a second", "peak MB")
    for chains in CHAINS:
        command = [sys.executable, __file__, "--chains", str(chains)]
        child = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603 - this file
        report = json.loads(child.stdout)
        rate = report["contracts"] * len(LEVELS) * RULES / report["seconds"] / 1e6
        contracts, seconds = f"{report['contracts']:,}", f"{report['seconds']:.3f}"
        grid.add_row(str(chains), contracts, seconds, f"{rate:.0f}", f"{report['peak_mb']:,.0f}")
    console.print(grid)


def run_size(chains: int) -> None:
    """One size in this process; the report as JSON."""
    connection = connected(chains)
    [(contracts,)] = connection.sql("select count(*) from staging.option_chains").fetchall()
    sql = profile_sql()
    seconds, _ = timed(lambda: connection.execute(sql).fetchall(), 3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"contracts": contracts, "seconds": seconds, "peak_mb": peak}))  # noqa: T201 - read by the parent


def bench_staging(console: Console) -> None:
    """Volatilities and sensitivities of one chain, and the inversion beside vollib's contract by contract."""
    from vollib.black.implied_volatility import (  # type: ignore[import-untyped]  # noqa: PLC0415 - slow to import
        implied_volatility as of_vollib,
    )

    rows = chain().assign(vendor_iv=lambda made: made["iv"], bid=1.0, ask=1.0).drop(columns="iv")
    least, _ = timed(lambda: valued(rows), 5)
    speed = f"{len(rows) / least / 1e6:.1f} million a second"
    console.print(f"volatilities and sensitivities: {len(rows):,} contracts in {least:.3f} s, {speed}")
    near = chain().query("0.9 * spot < strike < 1.1 * spot and years > 0.05")
    numbers = {name: near[name].to_numpy(float) for name in ("spot", "forward", "strike", "years", "discount")}
    options = Contracts((near["put_call"] == "C").to_numpy(), **numbers)
    prices = price(options, near["iv"].to_numpy())
    ours, _ = timed(lambda: implied_volatility(options, prices), 5)
    kinds = np.where(options.is_call, "c", "p")
    sample = range(0, len(near), 40)
    started = time.perf_counter()
    for n in sample:
        of_vollib(prices[n], options.forward[n], options.strike[n], RATE, options.years[n], kinds[n])
    theirs = (time.perf_counter() - started) / len(sample) * len(near)
    console.print(
        f"implied volatilities: {len(near):,} in {ours:.3f} s, vollib's {theirs:.2f} s, {theirs / ours:.0f} times"
    )


def main() -> None:
    """Run every benchmark and print the figures."""
    console = Console(width=120)
    bench_one_chain(console)
    bench_sizes(console)
    bench_staging(console)


if __name__ == "__main__":
    run_size(int(sys.argv[-1])) if "--chains" in sys.argv else main()
