"""Risk-parity portfolios of every session at once: covariance, equal risk contributions, leverage.

Weights contribute equally to risk when w_i (C w)_i is the same for all i (Maillard, Roncalli and Teiletche 2010). With
R the correlations and y_i = w_i sigma_i up to a factor, that is y_i (R y)_i = 1 / n, the minimum of
y'R y / 2 - sum ln(y_i) / n. Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013, arXiv:1311.4057)
solves it for one i after the other:

    y_i = (sqrt(c_i^2 + 4 / n) - c_i) / 2    with c_i = sum over j != i of R_ij y_j

Here each step is one array operation over all sessions; portfolio libraries call a cone solver per session, which takes
milliseconds where this takes microseconds.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

SESSIONS_PER_YEAR = 252
# Relative distance of the risk contributions from each other at which the descent ends, and sweeps that it may take.
TOLERANCE = 1e-12
MOST_SWEEPS = 1000


def ewm_covariance(returns: Array, half_lives: Sequence[float]) -> Array:
    """Mean of exponentially weighted covariances around zero, per session.

    Args:
        returns: Shape (sessions, n); a session without one of them leaves the covariance as it was.
        half_lives: In sessions with all returns.

    Returns:
        Shape (sessions, n, n); NaN before the first session with all returns.
    """
    count = returns.shape[1]
    products = returns[:, :, None] * returns[:, None, :]
    products[np.isnan(returns).any(axis=1)] = np.nan
    flat = pd.DataFrame(products.reshape(len(returns), count * count))
    covariances = [flat.ewm(halflife=half_life, ignore_na=True).mean().to_numpy() for half_life in half_lives]
    mean: Array = (sum(covariances[1:], covariances[0]) / len(covariances)).reshape(-1, count, count)
    return mean


def equal_risk_contribution(covariance: Array) -> Array:
    """Positive weights that add up to 1 and contribute the same to risk.

    A session's weights do not depend on which others are computed with it.

    Args:
        covariance: Shape (sessions, n, n).

    Returns:
        Shape (sessions, n); NaN where a covariance is missing, a variance is 0, or there is no solution, as for two
        assets that cancel each other.
    """
    volatility = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    [left] = np.nonzero(np.isfinite(covariance).all(axis=(1, 2)) & (volatility > 0).all(axis=1))
    weights = np.full(volatility.shape, np.nan)
    of_left = volatility[left]
    matrix = covariance[left] / (of_left[:, :, None] * of_left[:, None, :])
    risk: Array = np.ones(of_left.shape)
    for _ in range(MOST_SWEEPS):
        _sweep(matrix, risk)
        contributions = risk * _times(matrix, risk)
        is_done = (np.abs(contributions * risk.shape[1] - 1) <= TOLERANCE).all(axis=1)
        weights[left[is_done]] = risk[is_done] / volatility[left[is_done]]
        left, matrix, risk = left[~is_done], matrix[~is_done], risk[~is_done]
        if not len(left):
            break
    normalised: Array = weights / total(weights)[:, None]
    return normalised


def portfolio_volatility(weights: Array, covariance: Array) -> Array:
    """Volatility of portfolios, per year.

    Args:
        weights: Shape (sessions, n).
        covariance: Per session, shape (sessions, n, n).

    Returns:
        Shape (sessions,).
    """
    volatility: Array = np.sqrt(SESSIONS_PER_YEAR * total(weights * _times(covariance, weights)))
    return volatility


def leveraged(weights: Array, covariance: Array, target: float, cap: float) -> Array:
    """Weights scaled to a volatility.

    Args:
        weights: That add up to 1, shape (sessions, n).
        covariance: Per session, shape (sessions, n, n).
        target: Volatility aimed at, per year (1.00).
        cap: Most that the weights may add up to.

    Returns:
        Shape (sessions, n).
    """
    scaled: Array = weights * np.minimum(cap, target / portfolio_volatility(weights, covariance))[:, None]
    return scaled


def correlation(covariance: Array, first: int, second: int) -> Array:
    """Correlation of two assets, shape (sessions,)."""
    variances = covariance[:, first, first] * covariance[:, second, second]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = covariance[:, first, second] / np.sqrt(variances)
    return found


def with_correlation_raised(covariance: Array, first: int, second: int, by: float) -> Array:
    """The covariances with one correlation raised, to 1 at most, and all else the same."""
    raised = covariance.copy()
    deviations = np.sqrt(covariance[:, first, first] * covariance[:, second, second])
    between = np.minimum(covariance[:, first, second] + by * deviations, deviations)
    raised[:, first, second] = raised[:, second, first] = between
    return raised


def _sweep(matrix: Array, risk: Array) -> None:
    count = risk.shape[1]
    for i in range(count):
        others = total(matrix[:, i] * risk) - risk[:, i]
        risk[:, i] = (np.sqrt(others**2 + 4 / count) - others) / 2


def _times(matrix: Array, vector: Array) -> Array:
    product: Array = np.stack([total(matrix[:, i] * vector) for i in range(vector.shape[1])], axis=1)
    return product


def total(parts: Array) -> Array:
    """Sum over the assets, shape (sessions,); added up in the same order whatever the number of sessions."""
    added: Array = parts[:, 0].copy()
    for i in range(1, parts.shape[1]):
        added += parts[:, i]
    return added
