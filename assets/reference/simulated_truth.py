"""Fills reference.simulated_truth: what drove the simulated market and what its investors hold; empty elsewhere."""

import pandas as pd

from assets.inputs import Filled, Inputs
from assets.sources.sessions import sessions_decided_by
from assets.sources.simulated import positioning_truth, truth
from assets.sources.simulated_chains import chain_truth
from assets.sources.simulated_flows import flow_truth

COLUMNS = ("session", "variable", "truth", "truth_unit")


def fill(inputs: Inputs) -> Filled:
    """One row per session and variable, up to the run's clock; no rows where the market is real."""
    if not inputs.simulated:
        return Filled(pd.DataFrame({name: pd.Series(dtype="object") for name in COLUMNS}))
    rows = pd.concat([truth(), chain_truth(), flow_truth(), positioning_truth()], ignore_index=True)
    return Filled(rows[rows["session"].isin(sessions_decided_by(inputs.now))])
