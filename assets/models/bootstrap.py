"""The stationary bootstrap of Politis and Romano 1994, doi 10.2307/2290993."""

import numpy as np
from numpy.typing import NDArray


def drawn(random: np.random.Generator, observations: int, shape: tuple[int, int], block: float) -> NDArray[np.int64]:
    """Places of observations in draws of a series, in blocks of random length.

    Args:
        random: Where the numbers come from.
        observations: Length of the series, whose end is followed by its beginning.
        shape: Number of draws, and observations of each.
        block: Mean length of a block.

    Returns:
        Places, of the shape asked for.
    """
    begins = random.random(shape) < 1 / block
    begins[:, 0] = True
    starts = random.integers(observations, size=shape)
    at = np.flatnonzero(begins)
    places = np.arange(begins.size)
    places += np.repeat(starts.ravel()[at] - at, np.diff(at, append=begins.size))
    return (places % observations).reshape(shape)
