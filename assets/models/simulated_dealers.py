"""The true gamma of dealers in the simulated option market, from their positions and the model's own volatility."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assets.models.simulated_listings import Listings
from assets.models.simulated_options import DIVIDEND_YIELD, Conditions, theory
from assets.models.simulated_order_flow import Session

Array = NDArray[np.float64]

MULTIPLIER = 100
PERCENT = 0.01
BILLION = 1e9
# Moves of the spot at which gamma is worked out to find where it changes sign.
MOVES = np.arange(-40, 41) * 0.0025


class Book(NamedTuple):
    """What a position's gamma depends on, free of the underlying's scale; arrays of one length.

    Attributes:
        distance: Log of forward over strike.
        deviation: Root of total variance until expiry.
        weight: Position times multiplier times spot times the discount factor of dividends, in USD.
    """

    distance: Array
    deviation: Array
    weight: Array


def book(given: Conditions, listed: Listings, traded: Session) -> Book:
    """The dealers' positions at the close of a session, without what has expired by then.

    Calls and puts of a strike have the same gamma and are one position.
    """
    net = traded.dealers.sum(axis=0)
    held = (net != 0) & (listed.expires[traded.strikes] > traded.position)
    strikes = traded.strikes[held]
    values = theory(given, listed, strikes, traded.position)
    spot = given.spot[traded.position]
    carry = (given.rate[traded.position] - DIVIDEND_YIELD) * values.years
    return Book(
        distance=np.log(spot / listed.strike[strikes]) + carry,
        deviation=values.volatility * np.sqrt(values.years),
        weight=net[held] * MULTIPLIER * spot * np.exp(-DIVIDEND_YIELD * values.years),
    )


def dealer_gamma(books: Sequence[Book], move: float = 0.0) -> float:
    """Gamma of the dealers' positions in several underlyings of one index, once the index has moved.

    It is the sum of position * multiplier * gamma * spot^2 * 1 %, with the gamma of Black, Scholes and Merton.
    Each contract keeps its volatility (sticky strike).

    Args:
        books: Their positions.
        move: Return of the index since the close.

    Returns:
        USD bn of the index that must be traded against a move of 1 %.
    """
    total = 0.0
    for each in books:
        d1 = (each.distance + np.log1p(move)) / each.deviation + each.deviation / 2
        gamma = np.exp(-(d1**2) / 2) / (np.sqrt(2 * np.pi) * each.deviation)
        total += float(gamma @ each.weight)
    return total * (1 + move) * PERCENT / BILLION


def gamma_flip(books: Sequence[Book]) -> float | None:
    """The move nearest to none, within 10 %, at which the dealers' gamma changes sign; None if there is none.

    It is interpolated linearly between moves of a quarter percent.
    """
    gamma = np.array([dealer_gamma(books, move) for move in MOVES])
    changes = np.flatnonzero(np.signbit(gamma[1:]) != np.signbit(gamma[:-1]))
    if not len(changes):
        return None
    share = gamma[changes] / (gamma[changes] - gamma[changes + 1])
    roots = MOVES[changes] + share * (MOVES[changes + 1] - MOVES[changes])
    return float(roots[np.argmin(np.abs(roots))])
