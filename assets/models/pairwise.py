"""How closely the members of a group move together."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STILL = 1e-12


def mean_correlation(returns: Array, least_members: int) -> float:
    """Mean of the pairwise correlations of the members that have every return; nan with too few of them.

    Args:
        returns: Returns of a window, shape (times, members); nan where missing.
        least_members: How many members it takes.

    With members in units of their deviation, the mean over pairs is (variance of their sum - n) / (n (n - 1)).
    """
    whole = returns[:, np.isfinite(returns).all(axis=0)]
    spread = whole.std(axis=0)
    # Rounding leaves a constant some spread.
    whole, spread = whole[:, spread > STILL], spread[spread > STILL]
    members = int(whole.shape[1])
    if members < least_members:
        return float("nan")
    standardised = (whole - whole.mean(axis=0)) / spread
    variance = float((standardised.sum(axis=1) ** 2).mean())
    pairs = float(members * (members - 1))
    return (variance - members) / pairs
