"""Funds that hold the simulated S&P 500 at a constant volatility: what they hold, and what they trade on a path.

A fund holds `assets * min(cap, target / volatility)`, with the volatility that it measured some sessions before.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assets.models.simulated_options import stream
from assets.models.simulated_realised import Measure, history, volatility

Array = NDArray[np.float64]

FUNDS = 24
# USD bn of all funds together: set so that they hold about 200 when volatility is 10 to 12 %.
ASSETS = 215.0
ASSETS_DEVIATION = 0.6

TARGETS, CAPS = (0.05, 0.08, 0.10, 0.12, 0.15), (1.5, 1.75, 2.0)
MEASURES = (
    Measure(windows=(21,)),
    Measure(windows=(42,)),
    Measure(windows=(63,)),
    Measure(spans=(32,)),
    Measure(spans=(65,)),
    Measure(windows=(21, 63)),
    Measure(spans=(32, 65)),
)
LONGEST_LAG = 2


class Fund(NamedTuple):
    """A volatility-control fund.

    Attributes:
        measure: How it measures volatility.
        lag: Sessions from a measurement to the position that follows from it.
        target: Volatility to be had, fraction of assets per year.
        cap: Largest position, multiple of assets.
        assets: USD bn.
    """

    measure: Measure
    lag: int
    target: float
    cap: float
    assets: float


def population(seed: int) -> tuple[Fund, ...]:
    """The funds, each drawn from its own random stream."""
    randoms = [stream(seed, f"volatility control {number}") for number in range(FUNDS)]
    sizes = [float(np.exp(ASSETS_DEVIATION * random.standard_normal())) for random in randoms]
    return tuple(
        Fund(
            measure=MEASURES[random.integers(len(MEASURES))],
            lag=int(random.integers(LONGEST_LAG + 1)),
            target=float(random.choice(TARGETS)),
            cap=float(random.choice(CAPS)),
            assets=ASSETS * size / sum(sizes),
        )
        for random, size in zip(randoms, sizes, strict=True)
    )


def history_of(fund: Fund) -> int:
    """How many sessions before a session the fund must have seen."""
    return history(fund.measure) + fund.lag


def notional(fund: Fund, squares: Array, ahead: int = 0, move: float = 0.0) -> Array:
    """What a fund holds some sessions after each session.

    Args:
        fund: The fund.
        squares: Squared returns of the sessions, the first NaN, (sessions,).
        ahead: Sessions ahead.
        move: Return of each session to come, up or down.

    Returns:
        USD bn, (sessions,); NaN where the fund lacks history.
    """
    measured = volatility(squares, fund.measure, ahead - fund.lag, move**2)
    return np.asarray(fund.assets * np.minimum(fund.cap, fund.target / measured))
