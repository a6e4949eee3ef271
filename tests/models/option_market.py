"""A simulated option market of its own, apart from the demo's."""

from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from assets.models.simulated_listings import PRODUCTS, listings
from assets.models.simulated_market import Latent, simulate_latent
from assets.models.simulated_options import conditions
from assets.models.simulated_order_flow import OptionMarket, flow
from assets.sources.sessions import sessions, xnys

SESSIONS = sessions(date(2018, 1, 2), date(2021, 12, 31))
LEVELS = {"SPX": 5000.0, "SPY": 500.0}


@cache
def latent(seed: int, count: int) -> Latent:
    """The latent state of the first sessions."""
    return simulate_latent(SESSIONS[:count], seed)


@cache
def option_market(symbol: str, seed: int, count: int) -> OptionMarket:
    """An underlying's options in the first sessions since 2018, at a level like today's."""
    state, product = latent(seed, count), PRODUCTS[symbol]
    spot = (LEVELS[symbol] * np.exp(state.state["market_return"].cumsum())).round(2).to_numpy()
    hours = xnys().schedule.loc[SESSIONS[0] :, ["open", "close"]]
    days = pd.DatetimeIndex(hours.index)
    return OptionMarket(
        product=product,
        days=days,
        given=conditions(state, hours, spot, seed),
        listed=listings(product, days, spot),
        driven=flow(state, 0, symbol, seed),
        seed=seed,
    )
