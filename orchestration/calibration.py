"""Refits what is fitted to published figures: prints the errors, and on request adds the rows as a new version.

A fit is never part of a run. It reads the published file; its rows go into the CSV files of sql/reference, where the
next run picks the newest version up.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from rich.console import Console
from scipy.optimize import minimize_scalar

from assets.models.flow_fit import CELLS, EMBARGO_DAYS, Fitted, Published, estimates, fit
from assets.models.systematic_trend import Array, TrendState, average, observe
from orchestration.errors import WarehouseError
from orchestration.published_file import published_file
from orchestration.settings import ROOT, Settings

REFERENCE = ROOT / "sql" / "reference"
HORIZONS = ("st", "mt", "lt")
REGIONS = ("us", "global")
WIDEST_CENTRE = 400.0
# Levels of earlier years were quoted too coarsely, or dated with the help of these averages.
PIVOTS_FROM = date(2024, 1, 1)
# So long before the first published flow, positions have forgotten where they began.
LEAD_SESSIONS = 750
LENGTH_NAMES = {5: "1w", 21: "1m"}
# With fewer of each, a fold without one session's and its neighbours' has nothing to be fitted to.
FEWEST_FIGURES = 6


@dataclass(frozen=True)
class Market:
    """The S&P 500's history, and what desks published about it.

    Attributes:
        excess_price: The excess prices of its last spell, by session.
        close: Its closes, likewise.
        published: Columns indicator, published_session, published_value and certainty.
    """

    excess_price: pd.Series
    close: pd.Series
    published: pd.DataFrame


@dataclass(frozen=True)
class Figures:
    """Published figures of trend followers, USD bn, d sessions; NaN where there is none.

    Attributes:
        state: The market's prices, averages and volatility, from some years before the first figure on.
        us: Flows in the US.
        global_flows: Flows worldwide, by session and `CELLS`, shape (d, 6).
        positions: By region, shape (d,).
    """

    state: TrendState
    us: Published
    global_flows: Array
    positions: dict[str, Array]


def calibrate(settings: Settings, version: str, console: Console, *, write: bool) -> None:
    """Refit pivots and flows, print how far they are from figures that the fit did not see.

    Args:
        settings: Says which published file.
        version: Name of the new version; versions are used in alphabetical order, the last one wins.
        console: Where to print.
        write: Whether to add the rows to the CSV files.

    Raises:
        WarehouseError: If nothing is published, the market is simulated, or the version is there already.
    """
    market = read_market(settings)
    pivots = pivot_rows(market)
    centres = pivots["centre_of_mass"].to_numpy()
    flows, flow_bands, position_bands = flow_rows(figures(market, centres), centres)
    tables = {
        "pivot_calibration": pivots,
        "flow_calibration": flows,
        "flow_bands": flow_bands,
        "position_bands": position_bands,
    }
    for name, rows in tables.items():
        console.print(f"\n{name}", style="bold")
        console.print(rows.to_csv(index=False, lineterminator="\n"), end="", highlight=False, soft_wrap=True)
        if write:
            _append(REFERENCE / f"{name}.csv", rows.assign(method_version=version))


def pivot_rows(market: Market) -> pd.DataFrame:
    """Rows of reference.pivot_calibration without the version: whole centres of mass, and the error left out."""
    rows = []
    for horizon in HORIZONS:
        known = market.published[market.published["indicator"] == f"cta_pivot_{horizon}"]
        known = known[known["published_session"].dt.date >= PIVOTS_FROM].set_index("published_session")
        levels = known["published_value"]
        centre = _best_centre(market, levels)
        left_out = [
            float(_relative_error(market, levels.loc[[day]], _best_centre(market, _apart(levels, day))).iloc[0])
            for day in levels.index
        ]
        error = 100 * float(np.sqrt(np.mean(np.square(left_out))))
        fitted_on = f"{len(levels)} levels from {levels.index.min():%Y-%m-%d} to {levels.index.max():%Y-%m-%d}"
        rows.append((horizon, centre, round(error, 3), fitted_on))
    return pd.DataFrame(rows, columns=["horizon", "centre_of_mass", "pivot_error_pct", "fitted_on"])


def figures(market: Market, centres: Array) -> Figures:
    """What desks published of trend followers, beside the market around it.

    Raises:
        WarehouseError: If there are too few US flows of one length and scenario.
    """
    flows = {region: _flows(market, region) for region in REGIONS}
    counts = flows["us"].count()
    if counts.min() < FEWEST_FIGURES:
        few = ", ".join(f"{name} {count}" for name, count in counts[counts < FEWEST_FIGURES].items())
        raise WarehouseError(f"reference.published_estimates: a fit needs {FEWEST_FIGURES} figures of each; {few}")
    sessions = pd.DatetimeIndex(flows["us"].index.union(flows["global"].index))
    days = pd.DatetimeIndex(market.excess_price.index)
    start = max(int(days.searchsorted(sessions[0])) - LEAD_SESSIONS, 0)
    return Figures(
        state=observe(market.excess_price, centres).at(np.arange(start, len(days))),
        us=Published(
            sessions=tuple(day.date() for day in sessions),
            rows=days[start:].get_indexer(sessions),
            flows=flows["us"].reindex(sessions).to_numpy(dtype=float),
        ),
        global_flows=flows["global"].reindex(sessions).to_numpy(dtype=float),
        positions={region: _positions(market, region, sessions) for region in REGIONS},
    )


def flow_rows(known: Figures, centres: Array) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of reference.flow_calibration, flow_bands and position_bands.

    The first has a fold per session with published flows and one of all; the others come from each session's own fold.
    """
    rows: list[dict[str, object]] = []
    flow_errors: dict[str, list[Array]] = {region: [] for region in REGIONS}
    position_errors: dict[str, list[float]] = {region: [] for region in REGIONS}
    rows.append(_fold("all", known, known.us, centres)[0])
    for number, session in enumerate(known.us.sessions):
        row, flows, positions = _fold(f"{session}", known, known.us.without(session), centres)
        rows.append(row)
        flow_errors["us"].append(flows["us"][number] - known.us.flows[number])
        flow_errors["global"].append(flows["global"][number] - known.global_flows[number])
        for region in REGIONS:
            position_errors[region].append(positions[region][number] - known.positions[region][number])
    return pd.DataFrame(rows), _flow_bands(flow_errors), _position_bands(position_errors)


def _fold(
    name: str, known: Figures, seen: Published, centres: Array
) -> tuple[dict[str, object], dict[str, Array], dict[str, Array]]:
    """A fold's row of reference.flow_calibration, and what it says of every session: flows and positions, by region."""
    fitted = fit(known.state, centres, seen)
    flows, positions = estimates(known.state, centres, fitted, known.us.rows)
    is_seen = np.isin(known.us.rows, seen.rows)
    ratio = _slope_through_zero(known.us.flows[is_seen], known.global_flows[is_seen])
    ratios = {
        region: _slope_through_zero(positions[is_seen], published[is_seen])
        for region, published in known.positions.items()
    }
    row = _flow_row(name, fitted, ratio, ratios)
    return row, {"us": flows, "global": ratio * flows}, {region: of * positions for region, of in ratios.items()}


def _flow_bands(errors: dict[str, list[Array]]) -> pd.DataFrame:
    columns: dict[str, object] = {
        "flow_sessions": [length for length, _ in CELLS],
        "scenario": [scenario for _, scenario in CELLS],
    }
    for region, of_region in errors.items():
        columns[f"sigma_{region}_bn"] = np.sqrt(np.nanmean(np.square(of_region), axis=0)).round(1)
        columns[f"figures_{region}"] = np.isfinite(of_region).sum(axis=0)
    return pd.DataFrame(columns)


def _position_bands(errors: dict[str, list[float]]) -> pd.DataFrame:
    rows = [
        (region, round(float(np.sqrt(np.nanmean(np.square(of_region)))), 1), int(np.isfinite(of_region).sum()))
        for region, of_region in errors.items()
    ]
    return pd.DataFrame(rows, columns=["region", "sigma_bn", "figures"])


def _positions(market: Market, region: str, sessions: pd.DatetimeIndex) -> Array:
    known = market.published[market.published["indicator"] == f"cta_position_{region}"]
    by_session = known.set_index("published_session")["published_value"]
    return by_session.reindex(sessions).to_numpy(dtype=float)


def _flow_row(fold: str, fitted: Fitted, global_ratio: float, position_ratios: dict[str, float]) -> dict[str, object]:
    trading = fitted.trading
    numbers = {"scale_bn": fitted.scale_bn}
    numbers |= {f"weight_{name}": value for name, value in zip(HORIZONS, trading.weights, strict=True)}
    numbers |= {f"width_{name}": value for name, value in zip(HORIZONS, trading.widths, strict=True)}
    numbers |= {"elasticity": trading.elasticity, "speed": trading.speed}
    numbers |= {f"path_{LENGTH_NAMES[length]}": value for length, value in trading.paths.items()}
    numbers |= {"global_ratio": global_ratio}
    numbers |= {f"position_{region}_ratio": ratio for region, ratio in position_ratios.items()}
    return {"fold": fold} | {name: round(float(value), 4) for name, value in numbers.items()}


def _flows(market: Market, region: str) -> pd.DataFrame:
    """Published flows by session (rows) and cell (columns, in the order of `CELLS`)."""
    names = [f"cta_flow_{LENGTH_NAMES[length]}_{scenario}_{region}" for length, scenario in CELLS]
    known = market.published[market.published["indicator"].isin(names)]
    return known.set_index(["published_session", "indicator"])["published_value"].unstack().reindex(columns=names)  # noqa: PD010 - a published figure stands there once, so there is nothing to aggregate


def _slope_through_zero(x: Array, y: Array) -> float:
    """Least-squares ratio of y to x, over the elements that both have."""
    known = np.isfinite(x) & np.isfinite(y)
    return float((x[known] @ y[known]) / (x[known] @ x[known]))


def _best_centre(market: Market, levels: pd.Series) -> float:
    def mean_square(centre: float) -> float:
        return float((_relative_error(market, levels, centre) ** 2).mean())

    # Published levels cannot tell fractions of a session apart.
    return float(round(minimize_scalar(mean_square, bounds=(2, WIDEST_CENTRE), method="bounded").x))


def _relative_error(market: Market, levels: pd.Series, centre: float) -> pd.Series:
    pivots = market.close * average(market.excess_price, centre) / market.excess_price
    return pivots.reindex(levels.index) / levels - 1


def _apart(levels: pd.Series, day: pd.Timestamp) -> pd.Series:
    days = pd.Series(levels.index, levels.index)
    return levels[(days - day).abs() > pd.Timedelta(days=EMBARGO_DAYS)]


def read_market(settings: Settings) -> Market:
    """What the published file has of the S&P 500, and of desks' figures about it.

    Raises:
        WarehouseError: If nothing is published, or the market is simulated.
    """
    path = published_file(settings)
    if settings.simulated:
        raise WarehouseError(f"{path}: the market is simulated; desks have not published figures about it")
    with duckdb.connect(str(path), read_only=True) as connection:
        prices = connection.sql(
            """
            select session, close, excess_price from indicators.excess_prices
            where symbol = 'SPX' and excess_price is not null
            qualify spell = max(spell) over ()
            order by session
            """
        ).df()
        published = connection.sql(
            """
            select indicator, published_session, published_value from reference.published_estimates
            where indicator like 'cta_%' and published_session is not null
            """
        ).df()
    prices = prices.set_index("session")
    known = published[published["published_session"].isin(prices.index)]
    return Market(prices["excess_price"], prices["close"], known)


def _append(path: Path, rows: pd.DataFrame) -> None:
    stored = pd.read_csv(path)
    version = rows["method_version"].iloc[0]
    if version in set(stored["method_version"]):
        raise WarehouseError(f"{path}: version {version} is there already")
    rows[list(stored.columns)].to_csv(path, mode="a", header=False, index=False, lineterminator="\n")
