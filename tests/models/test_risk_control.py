"""The risk-controlled index: by hand, in closed form, capped, and without a look ahead."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.models.risk_control import (
    DECAYS,
    FIRST_RETURNS,
    LAG,
    MAX_LEVERAGE,
    excess_return_level,
    leverage,
    realised_volatility,
)

Array = NDArray[np.float64]
FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def walk(seed: int, count: int, volatility: float = 0.01) -> Array:
    """Growth per session of a random walk; the first session has none."""
    growth = np.exp(np.random.default_rng(seed).standard_t(4, count) * volatility)
    growth[0] = np.nan
    return growth


def level_of(growth: Array, target: float, rate: Array) -> tuple[Array, Array]:
    """Leverage and level, one calendar day a session."""
    exposure = leverage(realised_volatility(np.log(growth)), target)
    return exposure, excess_return_level(growth, exposure, rate, np.ones(len(growth)))


def test_two_sessions_by_hand() -> None:
    # 63 moves of 1 %, then one of 3 % and one of -2 %: variances in units of (1 %)^2.
    moves = np.array([np.nan, *[1.0, -1.0] * 31, 1.0, 3.0, -2.0, 0.5, 0.5]) / 100
    volatility = realised_volatility(moves)
    after_3 = 0.94 + 0.06 * 9, 0.97 + 0.03 * 9
    after_2 = 0.94 * after_3[0] + 0.06 * 4, 0.97 * after_3[1] + 0.03 * 4
    expected = [math.sqrt(252 * variance) / 100 for variance in (1, max(after_3), max(after_2))]
    assert np.isnan(volatility[:63]).all()
    np.testing.assert_allclose(volatility[63:66], expected, rtol=1e-12)

    exposure = leverage(volatility, 0.10)
    assert np.isnan(exposure[:65]).all()
    np.testing.assert_allclose(exposure[65:68], [0.10 / vol for vol in expected], rtol=1e-12)

    growth, rate, days = np.exp(moves), np.full(len(moves), 0.036), np.ones(len(moves))
    days[66] = 3
    level = excess_return_level(growth, exposure, rate, days)
    # Three days at 3.6 % cost 3 basis points.
    monday = 100 * (1 + exposure[65] * (math.exp(0.005) - 1 - 0.0003))
    tuesday = monday * (1 + exposure[66] * (math.exp(0.005) - 1 - 0.0001))
    assert np.isnan(level[:65]).all()
    np.testing.assert_allclose(level[65:], [100, monday, tuesday], rtol=1e-12)


@FEW
@given(step=st.floats(1e-4, 0.03), target=st.sampled_from([0.05, 0.10, 0.12, 0.15]), rate=st.floats(-0.01, 0.08))
def test_constant_returns_have_a_closed_form(step: float, target: float, rate: float) -> None:
    growth = np.full(120, math.exp(step))
    growth[0] = np.nan
    exposure, level = level_of(growth, target, np.full(120, rate))
    held = min(MAX_LEVERAGE, target / (step * math.sqrt(252)))
    first = FIRST_RETURNS + LAG
    np.testing.assert_allclose(exposure[first:], held, rtol=1e-9)
    closed = 100 * (1 + held * (math.exp(step) - 1 - rate / 360)) ** np.arange(120 - first)
    np.testing.assert_allclose(level[first:], closed, rtol=1e-9)


def test_a_weighted_mean_begins_the_recursion() -> None:
    growth = walk(1, 400)
    squared = np.log(growth) ** 2
    fast = realised_volatility(np.log(growth), DECAYS[:1]) ** 2 / 252
    # The newest of the 63 returns weighs most.
    weights = 0.94 ** np.arange(62, -1, -1)
    np.testing.assert_allclose(fast[63], (weights * squared[1:64]).sum() / weights.sum(), rtol=1e-12)
    np.testing.assert_allclose(fast[64:], 0.94 * fast[63:-1] + 0.06 * squared[64:], rtol=1e-12)
    both = realised_volatility(np.log(growth))
    slow = realised_volatility(np.log(growth), DECAYS[1:])
    np.testing.assert_array_equal(both, np.maximum(realised_volatility(np.log(growth), DECAYS[:1]), slow))


@FEW
@given(seed=st.integers(0, 2**16), volatility=st.sampled_from([0.0, 0.001, 0.01, 0.05]), cut=st.integers(0, 199))
def test_leverage_is_capped_and_the_future_changes_nothing(seed: int, volatility: float, cut: int) -> None:
    growth, rate = walk(seed, 200, volatility), np.full(200, 0.03)
    exposure, level = level_of(growth, 0.12, rate)
    held = exposure[~np.isnan(exposure)]
    assert ((held > 0) & (held <= MAX_LEVERAGE)).all()
    later = np.arange(200) > cut
    other = level_of(np.where(later, 0.9, growth), 0.12, np.where(later, 0.0, rate))
    cut_off = level_of(growth[: cut + 1], 0.12, rate[: cut + 1])
    for values, changed, shorter in zip((exposure, level), other, cut_off, strict=True):
        np.testing.assert_array_equal(values[: cut + 1], changed[: cut + 1])
        np.testing.assert_array_equal(values[: cut + 1], shorter)


def test_leverage_knows_nothing_of_its_last_two_sessions() -> None:
    one, other = walk(2, 200), walk(2, 200)
    other[150] = 0.8
    before, after = (leverage(realised_volatility(np.log(growth)), 0.10) for growth in (one, other))
    np.testing.assert_array_equal(before[:152], after[:152])
    assert before[152] > after[152]


def test_a_session_without_a_return_leaves_the_variance_and_ends_the_level() -> None:
    growth = walk(3, 200)
    growth[120] = np.nan
    volatility = realised_volatility(np.log(growth))
    assert volatility[120] == volatility[119]
    exposure, level = level_of(growth, 0.10, np.zeros(200))
    assert not np.isnan(exposure[120:]).any()
    assert np.isnan(level).tolist() == [True] * 65 + [False] * 55 + [True] * 80


@pytest.mark.parametrize("count", [0, 1, 2, 63, 65])
def test_a_short_history_has_no_leverage(count: int) -> None:
    exposure, level = level_of(walk(4, 65)[:count], 0.10, np.zeros(count))
    assert np.isnan(exposure).tolist() == np.isnan(level).tolist() == [True] * count
