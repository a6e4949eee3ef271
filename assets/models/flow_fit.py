"""Fits how trend followers trade to the flows that a desk published.

Flows span four orders of magnitude and a desk is read for their sign, so they are compared on a scale that is linear
below two billion dollars and logarithmic above. Every parameter is held by a prior that is neutral, not a fit.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from assets.models.systematic_trend import (
    SCENARIOS,
    Array,
    TrendParameters,
    TrendState,
    scenario_flows,
    take_positions,
)

LENGTHS = (5, 21)
CELLS = [(sessions, scenario) for sessions in LENGTHS for scenario in SCENARIOS]
LINEAR_BELOW_BN = 2.0
# Typical residual of a flow, as a share of the spread of its published figures.
TYPICAL_RESIDUAL = 0.6
# Neutral values, and how firmly each is held: in units of one typical residual per log unit.
NEUTRAL = np.array([np.log(30), 0, 0, 0, *np.log([0.3, 0.3, 0.3]), 1, np.log(0.1), np.log(2), np.log(2)])
FIRMNESS = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 2.5, 2.5])
# Published figures so near to one that is left out see nearly the same market.
EMBARGO_DAYS = 14


@dataclass(frozen=True)
class Fitted:
    """What a fit comes to.

    Attributes:
        scale_bn: Position at full signal and target volatility, USD bn.
        trading: How trend followers trade.
    """

    scale_bn: float
    trading: TrendParameters


@dataclass(frozen=True)
class Published:
    """A desk's figures for the US, USD bn; NaN where it gave none.

    Attributes:
        sessions: The sessions, shape (d,).
        rows: Where they stand in the market's history, shape (d,).
        flows: By session and `CELLS`, shape (d, 6).
    """

    sessions: tuple[date, ...]
    rows: NDArray[np.intp]
    flows: Array

    def without(self, session: date) -> "Published":
        """The figures but for those of one session and its neighbours."""
        far = np.array([abs((other - session).days) > EMBARGO_DAYS for other in self.sessions])
        kept = tuple(other for other, is_kept in zip(self.sessions, far, strict=True) if is_kept)
        return Published(kept, self.rows[far], self.flows[far])


def fit(market: TrendState, centres: Array, published: Published) -> Fitted:
    """The parameters whose flows come nearest to the published ones.

    Args:
        market: Prices, averages and volatility of the S&P 500, shape (n,); some years before the first figure suffice.
        centres: Centres of mass of the averages, shape (3,).
        published: The figures.
    """
    compressed = _compress(published.flows)
    known = np.isfinite(compressed)
    spread = TYPICAL_RESIDUAL * np.nanstd(compressed, axis=0)

    def residuals(vector: Array) -> Array:
        flows, _ = estimates(market, centres, _unpack(vector), published.rows)
        distance = ((_compress(flows) - compressed) / spread)[known]
        return np.concatenate([distance, FIRMNESS * (vector - NEUTRAL)])

    return _unpack(least_squares(residuals, NEUTRAL, x_scale="jac").x)


def estimates(market: TrendState, centres: Array, fitted: Fitted, rows: NDArray[np.intp]) -> tuple[Array, Array]:
    """Flows by `CELLS`, shape (d, 6), and positions, shape (d,), in some rows of the market's history, USD bn."""
    there = take_positions(market, centres, fitted.trading).at(rows)
    flows = scenario_flows(there, centres, fitted.trading)
    by_cell = np.column_stack([flows[cell] for cell in CELLS])
    return fitted.scale_bn * by_cell, fitted.scale_bn * there.position


def _compress(flows: Array) -> Array:
    compressed: Array = np.arcsinh(flows / LINEAR_BELOW_BN)
    return compressed


def _unpack(vector: Array) -> Fitted:
    weights = np.exp(vector[1:4])
    paths = dict(zip(LENGTHS, np.exp(vector[9:11]).tolist(), strict=True))
    trading = TrendParameters(
        weights / weights.sum(), np.exp(vector[4:7]), float(vector[7]), float(np.exp(vector[8])), paths
    )
    return Fitted(float(np.exp(vector[0])), trading)
