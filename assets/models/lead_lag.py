"""Whether one return series leads another: a regression on an expanding window with overlapping outcomes.

y(t) = a + b x(t) + u(t), where y is the sum of the next `ahead` returns. Such outcomes overlap, so that standard errors
are those of Newey and West 1987 (doi 10.2307/1913610) with Bartlett weights. Out of sample, each outcome is compared
with the forecast of the fit that was known when the forecast was made, and with the mean that was (Campbell and
Thompson 2008, doi 10.1093/rfs/hhm055).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class LeadLag(NamedTuple):
    """What was known at each session; arrays of shape (sessions,), nan where there are too few pairs.

    Attributes:
        slope: b.
        error: Its standard error.
        t: slope / error.
        r2_ahead: 1 less the ratio of squared errors of earlier fits' forecasts to those of earlier means.
        pairs: Number of pairs whose outcome was known.
    """

    slope: Array
    error: Array
    t: Array
    r2_ahead: Array
    pairs: Array


def lead_lag(x: Array, returns: Array, *, ahead: int, lags: int, least: int) -> LeadLag:
    """Regress the sum of the next returns on x, at every session on the pairs whose outcome is known by then.

    Args:
        x: The regressor as known at each session, shape (sessions,); nan where missing.
        returns: Returns of the outcome, shape (sessions,), in the same order.
        ahead: Number of returns after the session that the outcome sums.
        lags: Lags of the Newey-West errors.
        least: Number of pairs below which nothing is estimated.

    Cost is linear in sessions times lags: with u = y - a - b x every sum that the errors need is a polynomial in a
    and b whose coefficients are cumulative sums.
    """
    y = np.full(len(x), np.nan)
    if len(x) > ahead:
        y[:-ahead] = np.lib.stride_tricks.sliding_window_view(returns, ahead)[1:].sum(axis=1)
    known = np.isfinite(x) & np.isfinite(y)
    x, y, one = np.where(known, x, 0.0), np.where(known, y, 0.0), known.astype(float)

    n, sx, sy = one.cumsum(), x.cumsum(), y.cumsum()
    sxx, sxy = (x * x).cumsum(), (x * y).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = np.where(n >= least, n * sxx - sx * sx, np.nan)
        b = (n * sxy - sx * sy) / determinant
        a = (sy - b * sx) / n
    meat = np.zeros((3, len(x)))
    for lag in range(min(lags + 1, len(x))):
        weight = (1 - lag / (lags + 1)) * (0.5 if lag == 0 else 1.0)
        x0, y0, x1, y1 = x[lag:], y[lag:], x[: len(x) - lag], y[: len(x) - lag]
        both = one[lag:] * one[: len(x) - lag]
        products = (y0 * y1, -(y0 + y1), -(y0 * x1 + x0 * y1), np.ones_like(x0), x0 + x1, x0 * x1)
        for row, moment in enumerate((2 * np.ones_like(x0), x0 + x1, 2 * x0 * x1)):
            yy, ya, yb, aa, ab, bb = (np.pad((moment * both * of).cumsum(), (lag, 0)) for of in products)
            meat[row] += weight * (yy + a * ya + b * yb + a * a * aa + a * b * ab + b * b * bb)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (sx * sx * meat[0] - 2 * n * sx * meat[1] + n * n * meat[2]) / determinant**2
        error = np.sqrt(np.where(variance > 0, variance, np.nan))
        mean = np.where(n >= least, sy / n, np.nan)

    # A pair of session t has its outcome at t + ahead; so has the fit that may use it.
    def later(values: Array) -> Array:
        return np.concatenate([np.full(min(ahead, len(values)), np.nan), values[: max(len(values) - ahead, 0)]])

    slope, intercept, mean = later(b), later(a), later(mean)
    scored = known & np.isfinite(slope)
    missed = np.where(scored, y - intercept - slope * x, 0.0) ** 2
    by_mean = np.where(scored, y - mean, 0.0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = np.where(scored.cumsum() >= least, 1 - missed.cumsum() / by_mean.cumsum(), np.nan)
    return LeadLag(slope, later(error), slope / later(error), later(r2), np.nan_to_num(later(n)))
