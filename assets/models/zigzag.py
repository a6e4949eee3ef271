"""Turning points of a level, as they could be known at the time, and the legs between them.

A rise ends when the level has fallen from its highest point by the reversal, a fall when it has risen from its lowest
by it: only then is that point known as a peak or a trough. So at every time there are the newest trough and the highest
point since, or that peak and the level that has fallen from it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Legs(NamedTuple):
    """The newest rise and what followed, at each time; arrays of shape (times,).

    Attributes:
        trough: Position of the low that the newest rise began from; -1 before there is a rise.
        peak: Position of the highest point since, so far.
        is_rising: Whether the level has not fallen from there by the reversal.
    """

    trough: NDArray[np.int64]
    peak: NDArray[np.int64]
    is_rising: NDArray[np.bool_]


def legs(level: Array, reversal: float) -> Legs:
    """Follow the turning points of a level without gaps.

    Args:
        level: Positive levels, shape (times,).
        reversal: By which share the level must turn back, 0.15 for 15 %.
    """
    trough, peak = np.full(len(level), -1), np.full(len(level), -1)
    is_rising = np.zeros(len(level), dtype=bool)
    low = high = 0
    from_low = -1
    rising = False
    for now, value in enumerate(level.tolist()):
        if rising and value > level[high]:
            high = now
        elif rising and value <= level[high] * (1 - reversal):
            rising, low = False, now
        elif not rising and value < level[low]:
            low = now
        elif not rising and value >= level[low] * (1 + reversal):
            rising, from_low, high = True, low, now
        if from_low >= 0:
            trough[now], peak[now] = from_low, high
        is_rising[now] = rising
    return Legs(trough, peak, is_rising)
