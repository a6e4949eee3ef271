"""How good forecasts of an event were: AUC, Brier score, Diebold-Mariano test, with bands for dependent outcomes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from assets.models.bootstrap import drawn

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Counts = NDArray[np.int32]


class Compared(NamedTuple):
    """A Diebold-Mariano test: the mean difference of losses over its error, and the two-sided p."""

    statistic: float
    p: float


def resampled(sessions: int, draws: int, block: int, seed: int) -> Counts:
    """How often each session occurs in draws of the stationary bootstrap.

    Args:
        sessions: Length of the series, whose end is followed by its beginning.
        draws: Number of draws.
        block: Mean length of a block.
        seed: Seed of the draws.

    Returns:
        Shape (draws, sessions), each row adding up to `sessions`.
    """
    places = drawn(np.random.default_rng(seed), sessions, (draws, sessions), block)
    return np.array([np.bincount(row, minlength=sessions) for row in places], dtype=np.int32)


def auc(forecast: Floats, event: Booleans, counts: Counts) -> Floats:
    """Area under the ROC curve: how often a session with the event had the higher forecast, ties counting half.

    Args:
        forecast: Shape (sessions,).
        event: Shape (sessions,): whether it came.
        counts: Shape (draws, sessions): how often each session counts.

    Returns:
        Shape (draws,); nan for a draw without both outcomes.
    """
    came, stayed = (of[np.argsort(forecast[of])] for of in (np.flatnonzero(event), np.flatnonzero(~event)))
    # How many without the event are below each place. `take` is several times as fast as an index.
    below = np.zeros((len(counts), len(stayed) + 1), dtype=counts.dtype)
    np.take(counts, stayed, axis=1).cumsum(axis=1, out=below[:, 1:])
    under, up_to = (np.searchsorted(forecast[stayed], forecast[came], side) for side in ("left", "right"))
    times = np.take(counts, came, axis=1)
    twice_won = np.multiply(times, np.take(below, under, axis=1) + np.take(below, up_to, axis=1), dtype=np.int64)
    pairs = times.sum(axis=1) * below[:, -1]
    with np.errstate(invalid="ignore"):
        return np.asarray(twice_won.sum(axis=1) / (2 * pairs))


def brier(forecast: Floats, event: Booleans) -> Floats:
    """Squared error of each forecast probability (Brier 1950), shape (sessions,)."""
    return (forecast - event) ** 2


def diebold_mariano(loss: Floats, other: Floats, lags: int) -> Compared:
    """Test whether two forecasts lose alike (Diebold and Mariano 1995); negative is in favour of the first.

    Args:
        loss: Shape (sessions,).
        other: Shape (sessions,): the loss that it is compared with.
        lags: Lags of the Newey-West error, Bartlett weights; outcomes of n sessions need n - 1 at least.

    Returns:
        Statistic and p; nan where the losses do not differ.
    """
    difference = loss - other
    centred = difference - difference.mean()
    variance = centred @ centred
    for lag in range(1, min(lags, len(centred) - 1) + 1):
        variance += 2 * (1 - lag / (lags + 1)) * (centred[lag:] @ centred[:-lag])
    if variance <= 0:
        return Compared(np.nan, np.nan)
    statistic = float(difference.sum() / np.sqrt(variance))
    return Compared(statistic, float(2 * norm.sf(abs(statistic))))
