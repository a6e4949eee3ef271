"""Fills indicators.trend_flows: positions of trend followers, and their change in each scenario."""

import numpy as np
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models.systematic_trend import (
    Array,
    TrendParameters,
    TrendState,
    has_burnt_in,
    observe,
    scenario_flows,
    take_positions,
)

HORIZONS = ("st", "mt", "lt")
COLUMNS = ["session", "symbol", "flow_sessions", "scenario", "trend_position", "trend_flow", "method_version"]


def fill(inputs: Inputs) -> Filled:
    """Flows of every market, columns as in sql/indicators/trend_flows.sql."""
    prices = inputs.query(
        """
        select session, symbol, spell, excess_price
        from indicators.excess_prices
        where excess_price is not null
        order by symbol, spell, session
        """
    )
    [(_, newest)] = calibrations(inputs, "fold = 'all'").iterrows()
    spells = prices.groupby(["symbol", "spell"], sort=False)
    averages, how = centres(inputs), parameters(newest)
    frames = [flows(spell, observe(spell["excess_price"], averages), averages, how) for _, spell in spells]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS[:-1])
    return Filled(rows.assign(method_version=newest["method_version"]))


def calibrations(inputs: Inputs, which: str) -> pd.DataFrame:
    """Rows of the newest reference.flow_calibration that meet a condition."""
    return inputs.query(
        f"""
        from reference.flow_calibration
        where method_version = (select max(method_version) from reference.flow_calibration) and {which}
        order by fold
        """
    )


def centres(inputs: Inputs) -> Array:
    """Centres of mass of the averages, from short to long."""
    newest = inputs.query(
        """
        select centre_of_mass from reference.pivot_calibration
        where method_version = (select max(method_version) from reference.pivot_calibration)
        order by centre_of_mass
        """
    )
    return newest["centre_of_mass"].to_numpy(dtype=float)


def parameters(calibration: "pd.Series[float]") -> TrendParameters:
    """The parameters in a row of reference.flow_calibration."""
    return TrendParameters(
        weights=np.array([float(calibration[f"weight_{horizon}"]) for horizon in HORIZONS]),
        widths=np.array([float(calibration[f"width_{horizon}"]) for horizon in HORIZONS]),
        elasticity=float(calibration["elasticity"]),
        speed=float(calibration["speed"]),
        paths={5: float(calibration["path_1w"]), 21: float(calibration["path_1m"])},
    )


def flows(spell: pd.DataFrame, state: TrendState, averages: Array, how: TrendParameters) -> pd.DataFrame:
    """Flows over one market's spell once its averages have burnt in, columns `COLUMNS` but the version.

    Args:
        spell: Columns session and symbol, in order, shape (n, 2).
        state: Its prices, averages and volatility, shape (n,).
        averages: Centres of mass of the averages, from short to long.
        how: How trend followers trade.
    """
    burnt_in = has_burnt_in(np.arange(1.0, len(spell) + 1), averages[-1])
    shown = take_positions(state, averages, how).at(burnt_in)
    frames = [
        spell.loc[burnt_in, ["session", "symbol"]].assign(
            flow_sessions=sessions, scenario=scenario, trend_position=shown.position, trend_flow=flow
        )
        for (sessions, scenario), flow in scenario_flows(shown, averages, how).items()
    ]
    return pd.concat(frames, ignore_index=True)
