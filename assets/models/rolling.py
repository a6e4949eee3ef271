"""Statistics on rolling windows of log returns, as they were known at the end of each.

A window counts with 95 % of its returns. pandas updates its windows from one row to the next, so that a row depends on
those before it alone.
"""

from itertools import accumulate
from math import ceil
from typing import NamedTuple

import numpy as np
import pandas as pd

FULL = 0.95
# Two-sided 80 % of a normal distribution.
Z80 = 1.2816


class Banded(NamedTuple):
    """An estimate and its 80 % band."""

    value: pd.Series
    lo: pd.Series
    hi: pd.Series


def least(sessions: int) -> int:
    """How many values make a window of so many sessions whole."""
    return ceil(FULL * sessions)


def correlation(a: pd.Series, b: pd.Series, sessions: int) -> Banded:
    """Correlation over those sessions of a window that have both, with Fisher's band."""
    value = a.rolling(sessions, min_periods=least(sessions)).corr(b)
    return _fisher(value, _pairs(a, b, sessions))


def weighted_correlation(a: pd.Series, b: pd.Series, half_life: int, least_pairs: int) -> Banded:
    """Correlation over all sessions so far that have both, with weights that halve, and Fisher's band.

    Args:
        a: One series.
        b: The other one, of the same sessions.
        half_life: Sessions in which a weight halves.
        least_pairs: How many pairs it takes.

    The band counts as many pairs as equal weights would need for the same variance (Kish 1965): with w for each pair,
    (sum of w)^2 / (sum of w^2).
    """
    both = a.notna() & b.notna()
    value = a.where(both).ewm(halflife=half_life, min_periods=least_pairs).corr(b.where(both))
    weights, squares = (_decayed(both, 0.5 ** (power / half_life)) for power in (1, 2))
    return _fisher(value.where(both), weights**2 / squares)


def _decayed(there: pd.Series, decay: float) -> pd.Series:
    sums = accumulate(there.astype(float), lambda so_far, now: decay * so_far + now)
    return pd.Series(list(sums), there.index, dtype=float)


def _fisher(value: pd.Series, pairs: pd.Series) -> Banded:
    """A correlation of so many pairs and its band (Fisher 1921), var artanh = 1/(n-3)."""
    # A series that does not move has none.
    value = value.clip(-1, 1).where(np.isfinite(value) & (pairs > 3))  # noqa: PLR2004 - of the formula
    width = Z80 / np.sqrt(pairs.where(value.notna()) - 3)
    score = np.arctanh(value.clip(-1 + 1e-12, 1 - 1e-12))
    # At 1 or -1 the band's end would lie a rounding inside the value.
    return Banded(value, np.minimum(np.tanh(score - width), value), np.maximum(np.tanh(score + width), value))


def beta(a: pd.Series, b: pd.Series, sessions: int) -> Banded:
    """Slope of a on b over a window, with the band of its least-squares standard error."""
    both = a.notna() & b.notna()
    linear = correlation(a, b, sessions).value
    of_a, of_b = (of.where(both).rolling(sessions, min_periods=least(sessions)).std() for of in (a, b))
    scale = (of_a / of_b).where(linear.notna())
    width = Z80 * scale * np.sqrt((1 - linear**2) / (_pairs(a, b, sessions).where(linear.notna()) - 2))
    return Banded(linear * scale, linear * scale - width, linear * scale + width)


def rank(values: pd.Series, sessions: int) -> pd.Series:
    """Share of a window's values that are at most the newest."""
    return values.rolling(sessions, min_periods=least(sessions)).rank(method="max", pct=True)


def drawdown(returns: pd.Series, sessions: int) -> pd.Series:
    """Log distance of the compounded return from its highest of a window; missing where a return within it is."""
    level = returns.cumsum()
    began = returns.first_valid_index()
    gaps = returns.isna().where(returns.index >= began, other=False) if began is not None else returns.isna()
    highest = level.rolling(sessions, min_periods=least(sessions)).max()
    return (level - highest).where(gaps.rolling(sessions, min_periods=1).sum() == 0)


def _pairs(a: pd.Series, b: pd.Series, sessions: int) -> pd.Series:
    return (a + b).rolling(sessions, min_periods=1).count()
