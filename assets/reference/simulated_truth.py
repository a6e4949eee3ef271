"""Fills reference.simulated_truth: the state that drove the simulated market; empty elsewhere."""

from assets.inputs import Filled, Inputs
from assets.sources.simulated import truth


def fill(inputs: Inputs) -> Filled:
    """One row per session and variable, up to the run's clock; no rows where the market is real."""
    rows = truth()
    known = rows["session"] <= inputs.now.replace(tzinfo=None)
    return Filled(rows[known & inputs.simulated])
