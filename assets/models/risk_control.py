"""An index at constant volatility, by the mechanics of S&P Dow Jones' Risk Control excess return indices.

S&P's Index Mathematics Methodology describes them under "Risk Control Indices", in the sections on exponentially
weighted volatility and on excess return. With U the underlying total return index, one return a session and the
rebalancing at each session's close:

    variance_t  = decay variance_(t-1) + (1 - decay) ln(U_t / U_(t-1))^2        for a fast and a slow decay
    leverage_t  = min(cap, target / sqrt(252 max(fast, slow)_(t-lag)))
    level_t     = level_(t-1) (1 + leverage_(t-1) (U_t / U_(t-1) - 1 - rate_(t-1) days / 360))

The first variance is the weighted mean of the first returns. That a fast and a slow decay are used, so that exposure
is cut fast and raised slowly, that leverage has a cap and the rebalancing a lag, is in S&P's parameter files (RC 2
Indices: Parameters, July 2015). The numbers for the S&P 500 - decays of 0.94 and 0.97, cap of 150 %, lag of 2 - and
the formulas are from memory of those files and were not checked; how many returns make the first variance is our
choice.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DECAYS = (0.94, 0.97)
LAG = 2
MAX_LEVERAGE = 1.5
# Returns of which the first variance is made.
FIRST_RETURNS = 63
SESSIONS_PER_YEAR = 252
DAYS_PER_YEAR = 360


def realised_volatility(log_returns: Array, decays: Sequence[float] = DECAYS) -> Array:
    """The largest of the exponentially weighted volatilities.

    Args:
        log_returns: Of the underlying index, shape (sessions,); NaN leaves the variance as it was.
        decays: Weight of a squared return against the one after it.

    Returns:
        Per year (1.00), shape (sessions,); NaN before `FIRST_RETURNS` returns.
    """
    variances = [_weighted_variance(log_returns**2, decay) for decay in decays]
    volatility: Array = np.sqrt(SESSIONS_PER_YEAR * np.maximum.reduce(variances))
    return volatility


def leverage(volatility: Array, target: float, lag: int = LAG, cap: float = MAX_LEVERAGE) -> Array:
    """Exposure per unit of the index that each session's rebalancing sets.

    Args:
        volatility: Per year (1.00), shape (sessions,).
        target: Volatility aimed at, per year (1.00).
        lag: Sessions between the last volatility known to a rebalancing and the rebalancing.
        cap: Most exposure.

    Returns:
        Shape (sessions,); NaN where the volatility is.
    """
    known = np.concatenate([np.full(min(lag, len(volatility)), np.nan), volatility[: max(len(volatility) - lag, 0)]])
    with np.errstate(divide="ignore"):
        wanted: Array = np.minimum(cap, target / known)
    return wanted


def excess_return_level(growth: Array, exposure: Array, rate: Array, days: Array, base: float = 100.0) -> Array:
    """Level of the excess return index.

    Args:
        growth: Underlying index against that of the session before, shape (sessions,).
        exposure: What each session's rebalancing sets, shape (sessions,).
        rate: Overnight rate from each session on, per year of 360 days (1.00), shape (sessions,).
        days: Calendar days since the session before, shape (sessions,).
        base: Level on the first session with an exposure.

    Returns:
        Shape (sessions,); NaN before the base and from the first session on that lacks an input.
    """
    level = np.full(len(growth), np.nan)
    [known] = np.nonzero(~np.isnan(exposure))
    if len(known):
        first = known[0]
        cost = rate[first:-1] * days[first + 1 :] / DAYS_PER_YEAR
        returns = exposure[first:-1] * (growth[first + 1 :] - 1 - cost)
        level[first:] = base * np.cumprod(np.concatenate([[1.0], 1 + returns]))
    return level


def _weighted_variance(squared: Array, decay: float) -> Array:
    found = np.full(len(squared), np.nan)
    [known] = np.nonzero(~np.isnan(squared))
    if len(known) >= FIRST_RETURNS:
        first = known[:FIRST_RETURNS]
        variance = float(np.average(squared[first], weights=decay ** np.arange(FIRST_RETURNS - 1, -1, -1)))
        values = squared.tolist()
        for n in range(first[-1], len(values)):
            if n > first[-1] and not math.isnan(values[n]):
                variance = decay * variance + (1 - decay) * values[n]
            found[n] = variance
    return found
