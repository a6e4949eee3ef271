"""How closely the members of a group move together."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STILL = 1e-12


def mean_correlation(returns: Array, window: int, least_members: int) -> Array:
    """Mean of the pairwise correlations, over each window, of the members that have every return of it.

    Args:
        returns: Shape (times, members); nan where missing.
        window: Times of a window.
        least_members: How many members it takes, 2 at least.

    Returns:
        By the window's last time, shape (times,); nan with too few members.

    With members in units of their deviation, the mean over pairs is (variance of their sum - n) / (n (n - 1)).
    """
    found = np.full(len(returns), np.nan)
    ends = max(len(returns) - window + 1, 0)
    total, members = np.zeros((ends, window)), np.zeros(ends)
    # One by one, as a member that is not there then adds an exact zero.
    for of in returns.T if ends else ():
        # Row after row in memory, as numpy's order of adding up hangs on that.
        windows = np.lib.stride_tricks.sliding_window_view(of, window).copy()
        deviations = windows - windows.mean(axis=1, keepdims=True)
        spread = np.sqrt((deviations**2).mean(axis=1, keepdims=True))
        # Rounding leaves a constant some spread.
        moves = spread > STILL
        total += np.divide(deviations, spread, out=np.zeros_like(deviations), where=moves)
        members += moves[:, 0]
    enough = members >= least_members
    counts = members[enough]
    variance = (total[enough] ** 2).mean(axis=1)
    found[len(returns) - ends :][enough] = (variance - counts) / (counts * (counts - 1))
    return found
