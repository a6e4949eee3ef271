"""Bid-ask spreads estimated from daily bars, in windows of 21 sessions.

Three published estimators, as fractions of the price. Each looks for the bounce between bid and ask in prices of which
only the extremes and the ends are known, and none can tell it from volatility where the spread is the smaller by far:

- EDGE, Ardia, Guidotti and Kroencke (2024, doi:10.1016/j.jfineco.2024.103916), by the authors' package, unsigned;
- Corwin and Schultz (2012, doi:10.1111/j.1540-6261.2012.01729.x), two-day estimates adjusted for the overnight move,
  those below zero set to zero, and averaged;
- Abdi and Ranaldo (2017, doi:10.1093/rfs/hhx084), their two-day version, treated the same way.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from bidask import edge_rolling
from numpy.typing import NDArray
from pandas.api.indexers import BaseIndexer
from scipy.stats import binom

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Bars of a window, and pairs of a bar and the one before it.
WINDOW = 21
PAIRS = WINDOW - 1
# A vendor's adjusted prices are rounded: what is paid out shows from 1 bp of the price on.
LEAST_DIVIDEND = 1e-4


@dataclass(frozen=True)
class Bars:
    """Daily bars of n series of prices.

    Attributes:
        open: First prices, above 0, shape (sessions, n); a session without a whole bar is NaN in all four.
        high: Highest prices.
        low: Lowest prices.
        close: Last prices.
    """

    open: Array
    high: Array
    low: Array
    close: Array


@dataclass(frozen=True)
class Spreads:
    """Estimates of the windows that end on each session.

    Attributes:
        edge: Shape (sessions, n), fractions of the price; NaN in all three where a bar of the window is missing, and
            where EDGE is not defined: fewer than two bars that move, or all open and close at their highs or lows.
        corwin_schultz: The same.
        abdi_ranaldo: The same.
    """

    edge: Array
    corwin_schultz: Array
    abdi_ranaldo: Array


def spreads(bars: Bars, wanted: Flags | None = None) -> Spreads:
    """The three estimates; a window's do not depend on bars outside it but for the last digits of EDGE.

    Those depend on earlier bars of the series, never on later ones or on another series.

    Args:
        bars: The bars.
        wanted: Of which windows, shape (sessions, n); of all unless given. The others are NaN.
    """
    if wanted is None:
        wanted = np.ones(bars.close.shape, dtype=bool)
    used = wanted.copy()
    for ahead in range(1, min(WINDOW, len(wanted))):
        used[:-ahead] |= wanted[ahead:]
    # Only rows that are used, one series after the other: what a kept window's span has before it hangs on the past.
    place = _places(used).T[used.T]
    rows = Bars(*(of.T[used.T][:, None] for of in (bars.open, bars.high, bars.low, bars.close)))
    edge = _edge(rows, place)
    is_known = np.isfinite(edge)

    def laid_out(values: Array) -> Array:
        found = np.full(wanted.shape, np.nan)
        found.T[used.T] = np.where(is_known, values, np.nan)
        return np.where(wanted, found, np.nan)

    return Spreads(
        laid_out(edge),
        laid_out(_mean_of_pairs(corwin_schultz_pairs(rows))[:, 0]),
        laid_out(_mean_of_pairs(abdi_ranaldo_pairs(rows))[:, 0]),
    )


def _places(used: Flags) -> NDArray[np.int64]:
    """How many rows of the same span each row has before it, shape (sessions, n); spans are rows used in a row."""
    row = np.arange(len(used))[:, None]
    return row - np.maximum.accumulate(np.where(used, -1, row), axis=0) - 1


def corwin_schultz_pairs(bars: Bars) -> Array:
    """Corwin and Schultz's estimate of each pair of sessions, at least 0.

    With beta the sum of both days' squared ln(high / low) and gamma the squared ln of the highest high to the lowest
    low, their alpha, (sqrt(2 beta) - sqrt(beta)) / (3 - 2 sqrt(2)) - sqrt(gamma / (3 - 2 sqrt(2))), is
    (1 + sqrt(2)) (sqrt(beta) - sqrt(gamma)), and the spread 2 (e^alpha - 1) / (1 + e^alpha) is 2 tanh(alpha / 2). Where
    the second day's whole range lies above or below the first day's close, it is moved to it beforehand.

    Returns:
        Shape (sessions - 1, n).
    """
    high, low, close = bars.high[:-1], bars.low[:-1], bars.close[:-1]
    moved = np.maximum(bars.low[1:] - close, 0) - np.maximum(close - bars.high[1:], 0)
    next_high, next_low = bars.high[1:] - moved, bars.low[1:] - moved
    beta = np.log(high / low) ** 2 + np.log(next_high / next_low) ** 2
    root_gamma = np.log(np.maximum(high, next_high) / np.minimum(low, next_low))
    alpha = (1 + np.sqrt(2)) * (np.sqrt(beta) - root_gamma)
    pairs: Array = np.maximum(2 * np.tanh(alpha / 2), 0)
    return pairs


def abdi_ranaldo_pairs(bars: Bars) -> Array:
    """Abdi and Ranaldo's estimate of each pair of sessions: sqrt(max(4 (c - m) (c - m'), 0)).

    c is the first day's ln(close), m and m' are both days' middles between ln(high) and ln(low).

    Returns:
        Shape (sessions - 1, n).
    """
    middle = (np.log(bars.high) + np.log(bars.low)) / 2
    close = np.log(bars.close[:-1])
    pairs: Array = np.sqrt(np.maximum(4 * (close - middle[:-1]) * (close - middle[1:]), 0))
    return pairs


def held_since(close: Array, total_return: Array) -> Array:
    """What one share has grown to, in shares, if every dividend bought more of it at the close; splits likewise.

    Times this, prices have no gap on an ex-date, and no later dividend changes an earlier one.

    Args:
        close: Shape (sessions, n), NaN without a bar.
        total_return: Return with dividends since the session before; what is NaN counts as without.

    Returns:
        Shape (sessions, n).
    """
    paid = np.zeros(close.shape)
    paid[1:] = (1 + total_return[1:]) * close[:-1] / close[1:] - 1
    shares: Array = np.cumprod(1 + np.where(np.abs(paid) >= LEAST_DIVIDEND, paid, 0), axis=0)
    return shares


def median_band(values: Array, coverage: float, least: int) -> tuple[Array, Array, Array]:
    """Median of each session's independent draws, and the order statistics that hold the true one with a probability.

    Whatever the draws are distributed as, how many of n lie below the true median is binomial with n and 1/2. The band
    leaves out as many at either end as lie there with a probability of at most (1 - coverage) / 2.

    Args:
        values: Shape (sessions, n), NaN where there is none.
        coverage: Probability (0.8) that the band has at the least, which takes 4 draws.
        least: Draws that a session must have.

    Returns:
        Median, lower and upper end, shape (sessions,); NaN with fewer draws.
    """
    ordered = np.sort(values, axis=1)
    counts = np.isfinite(values).sum(axis=1)
    [enough] = np.nonzero(counts >= least)
    ordered, count = ordered[enough], counts[enough]
    row = np.arange(len(enough))
    left_out = np.maximum(binom.ppf((1 - coverage) / 2, count, 0.5).astype(int) - 1, 0)
    median, low, high = (np.full(len(values), np.nan) for _ in range(3))
    median[enough] = (ordered[row, (count - 1) // 2] + ordered[row, count // 2]) / 2
    low[enough], high[enough] = ordered[row, left_out], ordered[row, count - 1 - left_out]
    return median, low, high


class _OfEachSpan(BaseIndexer):
    """Windows of 20 pairs in spans that stand one after the other; each span begins anew.

    A span's first row is in no window, as its pair is of another span; the empty window there clears pandas' sums.
    """

    place: NDArray[np.int64]

    def get_window_bounds(
        self,
        num_values: int = 0,
        min_periods: int | None = None,  # noqa: ARG002 - pandas passes all five by name
        center: bool | None = None,  # noqa: ARG002
        closed: str | None = None,  # noqa: ARG002
        step: int | None = None,  # noqa: ARG002
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        end = np.arange(num_values, dtype=np.int64) + (self.place > 0)
        return end - np.minimum(self.place, PAIRS), end


def _edge(rows: Bars, place: NDArray[np.int64]) -> Array:
    """EDGE of each window within a span; rows as they stand one after the other, and their places in their spans."""
    if not len(place):
        return np.zeros(0)
    # One call for all series, as most of a call's time does not depend on the number of rows.
    prices = {"open": rows.open, "high": rows.high, "low": rows.low, "close": rows.close}
    stacked = pd.DataFrame({name: of[:, 0] for name, of in prices.items()})
    found: Array = edge_rolling(stacked, _OfEachSpan(place=place), min_periods=WINDOW).to_numpy()
    return found


def _mean_of_pairs(pairs: Array) -> Array:
    """Means of the last 20 pairs, added up one by one: the same digits whatever else is in the array."""
    found = np.full((len(pairs) + 1, pairs.shape[1]), np.nan)
    if len(pairs) >= PAIRS:
        total = np.zeros((len(pairs) - PAIRS + 1, pairs.shape[1]))
        for first in range(PAIRS):
            total += pairs[first : first + len(total)]
        found[PAIRS:] = total / PAIRS
    return found
