"""Realised volatility as the simulated systematic investors measure it: now, and if the index then moves so much.

A measure is one window or exponential weighting of squared returns, or the largest of several. Means are taken to
be zero. All measures have a closed form for what follows, because on a scenario's path every session moves equally far.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models.simulated_market import SESSIONS_PER_YEAR

Array = NDArray[np.float64]

# An exponential mean counts as complete after so many spans: what came before has less than 2 % of the weight.
SPANS_OF_HISTORY = 2


class Measure(NamedTuple):
    """How an investor measures volatility: the largest of these.

    Attributes:
        windows: Lengths of equally weighted windows, in sessions.
        spans: Spans of exponential weightings, in sessions: the newest session's weight is 2 / (span + 1).
    """

    windows: tuple[int, ...] = ()
    spans: tuple[int, ...] = ()


def history(measure: Measure) -> int:
    """How many returns a measure needs."""
    return max((*measure.windows, *(SPANS_OF_HISTORY * span for span in measure.spans)))


def volatility(squares: Array, measure: Measure, ahead: int = 0, square: Array | float = 0.0) -> Array:
    """Volatility that is measured some sessions after each session.

    Args:
        squares: Squared returns of the sessions, the first NaN, (sessions,).
        measure: How it is measured.
        ahead: Sessions ahead; negative for what was measured so long before.
        square: Squared return of each session to come, (sessions,) or the same for all.

    Returns:
        Fraction per year, (sessions,); NaN where the measure lacks history.
    """
    if ahead < 0:
        return earlier(volatility(squares, measure), -ahead)
    variances = [_window(squares, length, ahead, square) for length in measure.windows]
    variances += [_exponential(squares, span, ahead, square) for span in measure.spans]
    return np.asarray(np.sqrt(SESSIONS_PER_YEAR * np.maximum.reduce(variances)))


def earlier(values: Array, lag: int) -> Array:
    """Values of so many sessions before, NaN where there is none; (sessions,)."""
    shifted = np.full_like(values, np.nan)
    shifted[lag:] = values[: max(len(values) - lag, 0)]
    return shifted


def _window(squares: Array, length: int, ahead: int, square: Array | float) -> Array:
    """Mean of the last `length` squares, `ahead` of them of the sessions to come."""
    to_come = min(ahead, length)
    summed = np.nancumsum(squares)
    seen = summed - earlier(summed, length - to_come)
    seen[:length] = np.nan
    return np.asarray((seen + to_come * square) / length)


def _exponential(squares: Array, span: int, ahead: int, square: Array | float) -> Array:
    """Exponentially weighted mean of the squares, `ahead` of them of the sessions to come."""
    mean = pd.Series(squares).ewm(span=span, adjust=False).mean().to_numpy(copy=True)
    mean[: SPANS_OF_HISTORY * span] = np.nan
    kept = (1 - 2 / (span + 1)) ** ahead
    return np.asarray(kept * mean + (1 - kept) * square)
