"""Fills indicators.cta_flows_left_out: flows by fits that have not seen the session's published figures."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.indicators.trend_flows import calibrations, centres, parameters
from assets.inputs import Filled, Inputs
from assets.models.systematic_trend import (
    Array,
    TrendState,
    has_burnt_in,
    observe,
    scenario_flows,
    take_positions,
)

COLUMNS = [
    "session",
    "flow_sessions",
    "scenario",
    "left_out_flow_us_bn",
    "left_out_flow_global_bn",
    "left_out_position_us_bn",
    "left_out_position_global_bn",
    "method_version",
]


def fill(inputs: Inputs) -> Filled:
    """A session's own fold on the S&P 500, columns as in sql/indicators/cta_flows_left_out.sql."""
    prices = inputs.query(
        """
        select session, spell, excess_price
        from indicators.excess_prices
        where symbol = 'SPX' and excess_price is not null
        order by spell, session
        """
    )
    averages, folds = centres(inputs), calibrations(inputs, "fold <> 'all'")
    frames = [pd.DataFrame({name: [] for name in COLUMNS})]
    for _, spell in prices.groupby("spell"):
        burnt_in = has_burnt_in(np.arange(1.0, len(spell) + 1), averages[-1])
        state = observe(spell["excess_price"], averages)
        for _, fold in folds.iterrows():
            itself = burnt_in & (spell["session"] == pd.Timestamp(fold["fold"])).to_numpy()
            if itself.any():
                frames.append(_left_out(spell.loc[itself, "session"].iloc[0], state, itself, averages, fold))
    return Filled(pd.concat(frames[1:] or frames, ignore_index=True))


def _left_out(
    session: pd.Timestamp, state: TrendState, itself: NDArray[np.bool_], averages: Array, fold: "pd.Series[float]"
) -> pd.DataFrame:
    """The flows of one session by its own fold."""
    how = parameters(fold)
    there = take_positions(state, averages, how).at(itself)
    flows = scenario_flows(there, averages, how)
    flow = fold["scale_bn"] * np.concatenate(list(flows.values()))
    position = float(fold["scale_bn"] * there.position[0])
    return pd.DataFrame(
        {
            "session": session,
            "flow_sessions": [sessions for sessions, _ in flows],
            "scenario": [scenario for _, scenario in flows],
            "left_out_flow_us_bn": flow,
            "left_out_flow_global_bn": fold["global_ratio"] * flow,
            "left_out_position_us_bn": fold["position_us_ratio"] * position,
            "left_out_position_global_bn": fold["position_global_ratio"] * position,
            "method_version": fold["method_version"],
        }
    )
