"""Funds that spread risk evenly over the simulated equities, Treasuries, commodities and inflation-linked bonds.

Each fund estimates the covariance of the four funds' returns over a window of its own, gives each asset the same
contribution to the portfolio's risk (Maillard, Roncalli and Teiletche 2010), or weights by the inverse of
volatility, and levers the portfolio to its target, within its cap. It goes by what it estimated some sessions before.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models.simulated_market import SESSIONS_PER_YEAR
from assets.models.simulated_options import stream
from assets.models.simulated_realised import SPANS_OF_HISTORY, earlier

Array = NDArray[np.float64]

ASSET_CLASSES = ("SPY", "IEF", "DBC", "TIP")
FUNDS = 8
# USD bn of all funds together.
ASSETS, ASSETS_DEVIATION = 330.0, 0.4
# Sessions of an equally weighted window, or span of an exponential weighting.
WINDOWS, SPANS = (63, 126, 252), (60, 120)
EXPONENTIAL_SHARE, EQUAL_RISK_SHARE = 0.5, 0.7
TARGETS, CAPS = (0.07, 0.11), (1.6, 2.4)
LONGEST_LAG = 10
# Sweeps of coordinate descent: the weights then change by less than 1e-9.
SWEEPS = 25


class Fund(NamedTuple):
    """A risk-parity fund.

    Attributes:
        window: Sessions of its equally weighted covariance; 0 if it weights exponentially.
        span: Span of its exponentially weighted covariance, in sessions; 0 if it does not.
        equal_risk: Whether it equalises contributions to risk, and not only volatilities.
        lag: Sessions from an estimate to the portfolio that follows from it.
        target: Volatility to be had, fraction of assets per year.
        cap: Largest sum of positions, multiple of assets.
        assets: USD bn.
    """

    window: int
    span: int
    equal_risk: bool
    lag: int
    target: float
    cap: float
    assets: float


def population(seed: int) -> tuple[Fund, ...]:
    """The funds, each drawn from its own random stream."""
    randoms = [stream(seed, f"risk parity {number}") for number in range(FUNDS)]
    sizes = [float(np.exp(ASSETS_DEVIATION * random.standard_normal())) for random in randoms]
    return tuple(_fund(random, ASSETS * size / sum(sizes)) for random, size in zip(randoms, sizes, strict=True))


def history_of(fund: Fund) -> int:
    """How many sessions before a session the fund must have seen."""
    return max(fund.window, SPANS_OF_HISTORY * fund.span) + fund.lag


def notional(fund: Fund, returns: Array) -> Array:
    """What a fund holds of each asset after each session.

    Args:
        fund: The fund.
        returns: Returns of `ASSET_CLASSES`, the first NaN, (sessions, 4).

    Returns:
        USD bn, (sessions, 4); NaN where the fund lacks history.
    """
    covariance = _covariance(fund, returns)
    weights = equal_risk(covariance) if fund.equal_risk else _inverse_volatility(covariance)
    variance = np.einsum("ti,tij,tj->t", weights, covariance, weights)
    leverage = np.minimum(fund.cap, fund.target / np.sqrt(SESSIONS_PER_YEAR * variance))
    held = fund.assets * leverage[:, None] * weights
    return np.stack([earlier(column, fund.lag) for column in held.T], axis=1)


def equal_risk(covariance: Array) -> Array:
    """Long-only weights, adding to 1, of which each contributes the same to the portfolio's variance.

    Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013) on `w'Cw / 2 - sum(ln w) / n`.

    Args:
        covariance: Positive definite matrices, (sessions, n, n); NaN gives NaN.

    Returns:
        Weights, (sessions, n).
    """
    count = covariance.shape[1]
    # In units of the assets' own volatility every matrix is as well conditioned as its correlations.
    deviation = np.sqrt(np.einsum("tii->ti", covariance))
    correlation = covariance / (deviation[:, :, None] * deviation[:, None, :])
    scaled = np.ones_like(deviation)
    for _ in range(SWEEPS):
        for i in range(count):
            others = np.einsum("tj,tj->t", correlation[:, i], scaled) - scaled[:, i]
            scaled[:, i] = (np.sqrt(others**2 + 4 / count) - others) / 2
    weights = scaled / deviation
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _fund(random: np.random.Generator, assets: float) -> Fund:
    """Draw a fund. Every fund draws the same number of values."""
    window, span = WINDOWS[random.integers(len(WINDOWS))], SPANS[random.integers(len(SPANS))]
    exponential = bool(random.random() < EXPONENTIAL_SHARE)
    return Fund(
        window=0 if exponential else window,
        span=span if exponential else 0,
        equal_risk=bool(random.random() < EQUAL_RISK_SHARE),
        lag=int(random.integers(1, LONGEST_LAG + 1)),
        target=random.uniform(*TARGETS),
        cap=random.uniform(*CAPS),
        assets=assets,
    )


def _covariance(fund: Fund, returns: Array) -> Array:
    """A fund's covariance of the assets' returns per session, means taken to be zero, (sessions, 4, 4)."""
    count = returns.shape[1]
    products = pd.DataFrame((returns[:, :, None] * returns[:, None, :]).reshape(len(returns), -1))
    if fund.span:
        means = products.ewm(span=fund.span, adjust=False).mean().to_numpy(copy=True)
        means[: SPANS_OF_HISTORY * fund.span] = np.nan
    else:
        means = products.rolling(fund.window).mean().to_numpy()
    return np.asarray(means.reshape(len(returns), count, count))


def _inverse_volatility(covariance: Array) -> Array:
    """Weights in proportion to one over volatility, adding to 1, (sessions, n)."""
    inverse = 1 / np.sqrt(np.einsum("tii->ti", covariance))
    return np.asarray(inverse / inverse.sum(axis=1, keepdims=True))
