"""How unusual a session's returns are together, and how far a few factors drive them all.

Turbulence (Kritzman and Li 2010) is the squared Mahalanobis distance of a session's returns from those of a window
before it, per asset. Its covariance is shrunk as by Ledoit and Wolf (2004), on returns in units of their own deviation:
the target gives all assets one variance, which for a currency beside bitcoin would be far from either. So turbulence
does not depend on the scale of any asset. scikit-learn has the same shrinkage; its import takes longer than all
windows of 20 years take here, and the tests hold the two together.

The absorption ratio (Kritzman, Li, Page and Rigobon 2011) is the share of the assets' total variance that the largest
principal components explain.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shrunk_covariance(deviations: Array) -> Array:
    """Covariance of deviations from the mean, shrunk towards the same variance for all and no covariance.

    Args:
        deviations: Shape (observations, n), each column with the mean 0.

    Returns:
        Shape (n, n): (1 - s) S + s m I, with S the covariance over the observations, m its mean variance, and s the
        intensity of lemma 3.3 of Ledoit and Wolf (2004).
    """
    observations, count = deviations.shape
    sample = deviations.T @ deviations / observations
    target = np.trace(sample) / count * np.eye(count)
    squares = deviations**2
    # Of the sample around the true covariance, estimated; and of the sample around the target.
    error = ((squares.sum(axis=1) ** 2).mean() - (sample**2).sum()) / observations
    distance = ((sample - target) ** 2).sum()
    intensity = min(error / distance, 1.0) if distance > 0 else 1.0
    shrunk: Array = (1 - intensity) * sample + intensity * target
    return shrunk


def turbulence(window: Array, today: Array) -> tuple[float, Array]:
    """Distance of a session's returns from a window's: y' C^-1 y / n, with y the returns less the window's means.

    Without asset i, and with the same means and covariances of the others, the distance falls by (P y)_i^2 / P_ii
    where P = C^-1: the part of y_i that the others do not explain.

    Args:
        window: Returns, shape (observations, n), each of which moves.
        today: Returns of the session, shape (n,).

    Returns:
        The distance per asset, about 1 on average for returns like those of the window; and the same without each
        asset, shape (n,).
    """
    # Asset after asset in memory, which adds up faster.
    window = np.asfortranarray(window)
    mean = window.mean(axis=0)
    deviations = window - mean
    scale = np.sqrt((deviations**2).mean(axis=0))
    precision = np.linalg.inv(shrunk_covariance(deviations / scale))
    surprise = (today - mean) / scale
    pull = precision @ surprise
    distance = float(surprise @ pull)
    count = len(today)
    without: Array = (distance - pull**2 / np.diag(precision)) / (count - 1)
    return distance / count, without


def weighted_covariance(returns: Array, weights: Array) -> Array:
    """Covariance around the weighted mean.

    Args:
        returns: Shape (observations, n).
        weights: Shape (observations,), of any sum.

    Returns:
        Shape (n, n).
    """
    share = weights / weights.sum()
    deviations = returns - share @ returns
    covariance: Array = (deviations * share[:, None]).T @ deviations
    return covariance


def absorption_ratio(covariance: Array, components: int) -> Array:
    """Share of the total variance that the largest principal components explain.

    Args:
        covariance: Shape (..., n, n).
        components: How many.

    Returns:
        Shape (...); NaN where nothing varies.
    """
    variances = np.linalg.eigvalsh(covariance)
    total = variances.sum(axis=-1)
    largest = variances[..., -components:].sum(axis=-1)
    ratio: Array = np.divide(largest, total, out=np.full(total.shape, np.nan), where=total > 0)
    return ratio


def without_each(covariance: Array) -> Array:
    """The covariance without one asset after the other, shape (..., n, n - 1, n - 1) of (..., n, n)."""
    count = covariance.shape[-1]
    others = np.array([[i for i in range(count) if i != left_out] for left_out in range(count)])
    matrices: Array = covariance[..., others[:, :, None], others[:, None, :]]
    return matrices
