"""Which sectors a fund's returns look like: returns-based style analysis, and random-walk weights beside it.

Style analysis (Sharpe 1992, doi 10.3905/jpm.1992.409394) finds the mix of sector funds whose return differs from the
fund's with the least variance. Weights of a fund that is only long are at least zero and sum to one; of any other the
sum is its net exposure.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear, nnls

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A fund that may sell short holds no more of one sector than this share of its value.
NET_BOUNDS = (-1.0, 1.5)
# The first weights of the filter: equal ones, and how far off they may be.
PRIOR_DEVIATION = 0.1
# Deviation of a return that the sectors do not explain, before the filter has seen any.
FIRST_NOISE = 0.004


class Style(NamedTuple):
    """Style weights of several funds over several windows.

    Attributes:
        weights: Share of a fund's value in each sector, shape (windows, funds, sectors).
        errors: The fund's returns less those of its mix, around their mean, shape (windows, observations, funds).
        r2: Share of the variance that the mix explains, shape (windows, funds); NaN for a fund that does not move.
    """

    weights: Array
    errors: Array
    r2: Array


def style(funds: Array, sectors: Array, weights: Array, is_long_only: Flags) -> Style:
    """Weights on sectors whose mix tracks each fund with the least weighted variance.

    Args:
        funds: Returns, shape (windows, observations, funds).
        sectors: Returns of the sector funds, shape (windows, observations, sectors); zero throughout for one that takes
            no part.
        weights: Of the observations, summing to one in each window; shape (windows, observations).
        is_long_only: Which funds hold sectors and nothing else, and short of none, shape (funds,); the others are bound
            by NET_BOUNDS alone.
    """
    count = sectors.shape[2]
    x, y = centred(sectors, weights), centred(funds, weights)
    # Of the observations a regression needs the triangle alone, of what no weights can change the length.
    triangle = np.asarray(np.linalg.qr(np.sqrt(weights)[:, :, None] * np.concatenate([x, y], axis=2), mode="r"))
    targets = np.concatenate(
        [triangle[:, :count, count:], np.sqrt((triangle[:, count:, count:] ** 2).sum(axis=1, keepdims=True))], axis=1
    )
    mixes = np.concatenate([triangle[:, :count, :count], np.zeros((len(triangle), 1, count))], axis=1)
    found = np.zeros((*targets.shape[::2], count))
    found[:, is_long_only] = long_only(mixes, targets[:, :, is_long_only])
    # A fund that does not move holds nothing.
    for window, fund in np.argwhere(targets.any(axis=1) & ~is_long_only):
        found[window, fund] = _net(mixes[window], targets[window, :, fund])
    errors = y - x @ found.swapaxes(1, 2)
    total, left = ((weights[:, None] @ of**2)[:, 0] for of in (y, errors))
    r2 = 1 - np.divide(left, total, out=np.full(total.shape, np.nan), where=total > 0)
    return Style(found, errors, r2)


def decay(observations: int, half_life: float) -> Array:
    """Exponential weights that sum to one, the newest the last, shape (observations,)."""
    weights = 0.5 ** (np.arange(observations)[::-1] / half_life)
    return np.asarray(weights / weights.sum())


def centred(returns: Array, weights: Array) -> Array:
    """Returns around their weighted mean, shape (windows, observations, n) as given."""
    around: Array = returns - weights[:, None] @ returns
    return around


def long_only(mixes: Array, targets: Array) -> Array:
    """The least squares of mix @ w - target with w >= 0 and sum(w) = 1, exactly and by non-negative least squares.

    As the weights sum to one, mix @ w - target = (mix - target) @ w. The minimum of |(mix - target) @ v|^2 +
    (sum(v) - 1)^2 over v >= 0 has w's direction: along any direction w the best length leaves q / (1 + q), which grows
    with q = |(mix - target) @ w|^2 (Lawson and Hanson 1974, ch. 23).

    Args:
        mixes: Shape (windows, n, sectors); a column of zeros takes no part.
        targets: Shape (windows, n, funds).

    Returns:
        Shape (windows, funds, sectors); zeros for a target of zeros.
    """
    lengths = np.sqrt((targets**2).sum(axis=1))
    scale = np.where(lengths > 0, lengths, 1.0)
    takes_part = (mixes != 0).any(axis=1)
    against = (mixes[:, None] - targets.swapaxes(1, 2)[..., None]) / scale[:, :, None, None]
    against = np.concatenate([against, np.ones((*scale.shape, 1, mixes.shape[2]))], axis=2)
    against *= takes_part[:, None, None]
    aim = np.zeros(against.shape[2])
    aim[-1] = 1
    found = np.zeros((*scale.shape, mixes.shape[2]))
    for window, fund in np.argwhere(lengths > 0):
        held, _ = nnls(against[window, fund], aim)
        found[window, fund] = held / held.sum()
    return found


def _net(mix: Array, target: Array) -> Array:
    """The least squares of mix @ w - target within NET_BOUNDS, shape (sectors,)."""
    found, *_ = np.linalg.lstsq(mix, target)
    low, high = NET_BOUNDS
    if ((found < low) | (found > high)).any():
        found = lsq_linear(mix, target, NET_BOUNDS, method="bvls").x
    return np.asarray(found)


@cache
def resampling_weights(observations: int, mean_block: float) -> Array:
    """Matrix b with z' b z the variance of a sum under the stationary bootstrap of z around its mean.

    That is the variance to which ever more draws converge (Politis and Romano 1994, lemma 1), so that none are drawn.

    Returns:
        Shape (observations, observations): (1 - i/n) (1 - p)^i + i/n (1 - p)^(n - i) at lag i, with p one by the mean
        length of a block.
    """
    numbers = np.arange(observations)
    share, stay = numbers / observations, 1 - 1 / mean_block
    by_lag = (1 - share) * stay**numbers + share * stay ** (observations - numbers)
    return np.asarray(by_lag[np.abs(numbers[:, None] - numbers)])


def influence(sectors: Array, errors: Array, weights: Array, shares: Array | None = None) -> Array:
    """How much each observation moves the weights, as shares of their sum; bounds at zero are left aside.

    An estimate errs by G^-1 times the sum of the scores w_t x_t e_t, with G the sectors' weighted covariance. Where the
    sum is fixed to one, a move that would change it is taken back; else a weight's share falls with every other weight.

    Args:
        sectors: As for `style`.
        errors: What a mix leaves of its fund's return, by the fund's exposure, shape (windows, observations).
        weights: As for `style`.
        shares: Weights as shares of the exposure, shape (windows, sectors), of funds whose weights may have any sum;
            None for those whose weights sum to one.

    Returns:
        Shape (windows, observations, sectors).
    """
    x = centred(sectors, weights)
    inverse = np.linalg.pinv((x * weights[:, :, None]).swapaxes(1, 2) @ x, hermitian=True)
    summed = inverse.sum(axis=1)
    if shares is None:
        total = summed.sum(axis=1, keepdims=True)
        shares = np.divide(summed, total, out=np.zeros(summed.shape), where=total > 0)
    reach = inverse - shares[:, :, None] * summed[:, None]
    moved: Array = (x * (weights * errors)[:, :, None]) @ reach.swapaxes(1, 2)
    return moved


def sampling_deviation(influences: Array, weights: Array, mean_block: float) -> Array:
    """Deviation of style weights under the stationary bootstrap of what each observation moves them by.

    Resampled are the scores and not the fits (Kline and Santos 2012). The variance grows by what taking out the mean of
    independent scores costs a bootstrap of blocks, and by n / (n - sectors) for the degrees of freedom that the fit
    took, n the effective number of observations. Bounds only bring weights nearer to each other, so that the deviation
    is large for a sector that a fund does not hold.

    Args:
        influences: Shape (windows, observations, sectors); zero throughout for a sector that takes no part.
        weights: As for `style`.
        mean_block: Mean length of a block.

    Returns:
        Shape (windows, sectors).
    """
    around = influences - influences.mean(axis=1, keepdims=True)
    resampling = resampling_weights(influences.shape[1], mean_block)
    variance = (around * (resampling @ around)).sum(axis=1) / (1 - resampling.mean())
    effective = 1 / (weights**2).sum(axis=1)
    lost = effective / (effective - (influences != 0).any(axis=1).sum(axis=1))
    deviation: Array = np.sqrt(np.maximum(lost[:, None] * variance, 0))
    return deviation


class Filtered(NamedTuple):
    """Random-walk weights as they were known after each observation.

    Attributes:
        weights: Shape (observations, funds, sectors).
        variances: Of each weight, shape as `weights`.
    """

    weights: Array
    variances: Array


def random_walk_weights(funds: Array, sectors: Array, step: float, half_life: float) -> Filtered:
    """Weights that follow random walks: the Kalman filter (Kalman 1960), never the smoother.

    The fund's return is sectors @ w plus noise, and each weight moves by a normal step per observation. The variance of
    the noise is the exponentially weighted mean of the squared surprises so far. A sector without a return neither
    teaches anything nor moves; a fund without one only grows less certain. No bounds hold.

    Args:
        funds: Returns, shape (observations, funds), NaN without one.
        sectors: Returns of the sector funds, shape (observations, sectors), NaN without one.
        step: Deviation of a weight's step.
        half_life: Observations after which a surprise counts half.
    """
    observations, count = sectors.shape
    held = funds.shape[1]
    weights = np.full((held, count), 1 / count)
    covariance = np.tile(PRIOR_DEVIATION**2 * np.eye(count), (held, 1, 1))
    noise = np.full(held, FIRST_NOISE**2)
    gain_of_noise = 1 - 0.5 ** (1 / half_life)
    found = Filtered(np.empty((observations, held, count)), np.empty((observations, held, count)))
    diagonal = np.arange(count)
    for t in range(observations):
        is_there = ~np.isnan(sectors[t])
        x = np.where(is_there, sectors[t], 0.0)
        covariance[:, diagonal, diagonal] += step**2 * is_there
        seen = ~np.isnan(funds[t])
        surprise = np.where(seen, funds[t] - (weights * x).sum(axis=1), 0.0)
        spread = (covariance * x).sum(axis=2)
        variance = (spread * x).sum(axis=1) + noise
        gain = np.where(seen, 1 / variance, 0.0)[:, None] * spread
        weights = weights + gain * surprise[:, None]
        covariance -= gain[:, :, None] * spread[:, None, :]
        noise = np.where(seen, noise + gain_of_noise * (surprise**2 - noise), noise)
        found.weights[t], found.variances[t] = weights, covariance[:, diagonal, diagonal]
    return found
