"""Systematic flows of the simulated market: what its systematic investors truly hold and would trade."""

from functools import cache

import pandas as pd

from assets.models.simulated_risk_parity import ASSET_CLASSES
from assets.models.simulated_systematic import UNIT, positions_and_flows
from assets.sources.prices import Instrument
from assets.sources.simulated import SEED, market

# As in reference.instruments: the same traits make the same bars.
INSTRUMENTS = (
    Instrument("SPX", "index", "benchmark", "", "XNYS", "^GSPC"),
    Instrument("SPY", "etf", "broad_market", "", "XNYS", "SPY"),
    Instrument("IEF", "etf", "bond", "", "XNYS", "IEF"),
    Instrument("DBC", "etf", "commodity", "", "XNYS", "DBC"),
    Instrument("TIP", "etf", "bond", "", "XNYS", "TIP"),
)


@cache
def flow_truth() -> pd.DataFrame:
    """What systematic investors hold and would trade, from the first session with all funds' history on.

    Returns:
        The columns of `assets.sources.simulated.truth`: session (datetime64), variable, truth, truth_unit; variables
        are `assets.models.simulated_systematic.VARIABLES`.
    """
    bars = market(INSTRUMENTS).bars
    close, dividend = (bars.pivot_table(index="date", columns="symbol", values=name) for name in ("close", "dividend"))
    total_returns = (close + dividend) / close.shift() - 1
    values = positions_and_flows(close["SPX"], total_returns[list(ASSET_CLASSES)], SEED)
    rows = values.rename_axis("session").reset_index().melt("session", var_name="variable", value_name="truth")
    return rows.assign(truth_unit=UNIT)
