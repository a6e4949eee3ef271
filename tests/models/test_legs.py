"""Turning points, mean correlations, rolling statistics: known paths, other libraries, nothing from the future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models import rolling
from assets.models.pairwise import mean_correlation
from assets.models.zigzag import legs

SEEDS = st.integers(0, 2**16)
FEW = settings(max_examples=20, deadline=None, derandomize=True, database=None)


def path(seed: int, count: int = 300) -> np.ndarray:
    return np.asarray(100 * np.exp(0.03 * np.random.default_rng(seed).standard_normal(count).cumsum()))


def test_a_turning_point_is_known_once_the_path_has_turned_by_the_reversal() -> None:
    level = np.array([100, 90, 80, 88, 93, 120, 110, 103, 101, 90.0])
    found = legs(level, 0.15)
    # 80 is a low once 92 is reached, 120 a high once 102 is.
    assert found.trough.tolist() == [-1, -1, -1, -1, 2, 2, 2, 2, 2, 2]
    assert found.peak.tolist() == [-1, -1, -1, -1, 4, 5, 5, 5, 5, 5]
    assert found.is_rising.tolist() == [False] * 4 + [True] * 4 + [False] * 2


def test_a_smaller_dip_does_not_end_a_rise() -> None:
    found = legs(np.array([100, 116, 100, 130.0]), 0.15)
    assert (found.trough[-1], found.peak[-1]) == (0, 3)


@FEW
@given(seed=SEEDS, cut=st.integers(1, 299), scale=st.sampled_from([1e-3, 7.0]))
def test_turning_points_do_not_depend_on_the_future_or_the_unit(seed: int, cut: int, scale: float) -> None:
    level = path(seed)
    whole, then, scaled = legs(level, 0.15), legs(level[:cut], 0.15), legs(scale * level, 0.15)
    for of_whole, of_then, of_scaled in zip(whole, then, scaled, strict=True):
        np.testing.assert_array_equal(of_whole[:cut], of_then)
        np.testing.assert_array_equal(of_whole, of_scaled)


def test_the_mean_correlation_is_that_of_all_pairs() -> None:
    returns = np.random.default_rng(1).standard_normal((63, 5)) + np.random.default_rng(2).standard_normal((63, 1))
    matrix = pd.DataFrame(returns).corr().to_numpy()
    expected = matrix[np.triu_indices(5, 1)].mean()
    assert mean_correlation(returns, 63, 3)[-1] == pytest.approx(expected)
    # A member with a hole and one that never moves are left out.
    returns[10, 0], returns[:, 1] = np.nan, 0.01
    assert mean_correlation(returns, 63, 3)[-1] == pytest.approx(matrix[2:, 2:][np.triu_indices(3, 1)].mean())
    assert np.isnan(mean_correlation(returns, 63, 4)).all()


@FEW
@given(seed=SEEDS, cut=st.integers(0, 79))
def test_neither_the_future_nor_who_comes_later_changes_a_mean_correlation(seed: int, cut: int) -> None:
    returns = np.random.default_rng(seed).standard_normal((80, 5))
    returns[:60, 1], returns[30:, 3] = np.nan, np.nan
    whole = mean_correlation(returns, 20, 3)
    np.testing.assert_array_equal(mean_correlation(returns[:cut], 20, 3), whole[:cut])
    np.testing.assert_array_equal(mean_correlation(np.delete(returns, 1, axis=1), 20, 3)[:79], whole[:79])


@FEW
@given(seed=SEEDS)
def test_rolling_statistics_are_those_of_each_window(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, b = (pd.Series(0.01 * random.standard_normal(80)) for _ in range(2))
    a[30] = np.nan
    correlation, slope = rolling.correlation(a, b, 40), rolling.beta(a, b, 40)
    window = pd.DataFrame({"a": a, "b": b}).iloc[-40:].dropna()
    assert len(window) == 40 or len(window) == 39
    [[error, _], _] = np.polyfit(window["b"], window["a"], 1, cov=True)[1]
    assert correlation.value.iloc[-1] == pytest.approx(window["a"].corr(window["b"]), abs=1e-9)
    assert slope.value.iloc[-1] == pytest.approx(np.polyfit(window["b"], window["a"], 1)[0], abs=1e-9)
    assert slope.hi.iloc[-1] - slope.value.iloc[-1] == pytest.approx(1.2816 * np.sqrt(error), rel=0.02)
    half = np.arctanh(correlation.hi.iloc[-1]) - np.arctanh(correlation.value.iloc[-1])
    assert half == pytest.approx(1.2816 / np.sqrt(len(window) - 3))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_perfect_correlation_lies_within_its_band(sign: int) -> None:
    moves = pd.Series(np.random.default_rng(1).standard_normal(200))
    for found in (
        rolling.correlation(moves, sign * moves, 40),
        rolling.weighted_correlation(moves, sign * moves, 21, 40),
    ):
        value, low, high = (of.dropna() for of in found)
        assert value.abs().max() == 1
        assert ((low <= value) & (value <= high)).all()
        assert (high - low > 0).all()


def test_weighted_correlations_count_as_many_pairs_as_their_weights_are_worth() -> None:
    random = np.random.default_rng(1)
    a, b = (pd.Series(random.standard_normal(300)) for _ in range(2))
    a[250:260] = np.nan
    found = rolling.weighted_correlation(a, b, 21, 40)
    weights = 0.5 ** (np.arange(300)[::-1] / 21) * a.notna()
    expected = np.cov(a.fillna(0), b, aweights=weights)
    assert found.value.iloc[-1] == pytest.approx(expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1]))
    half = np.arctanh(found.hi.iloc[-1]) - np.arctanh(found.value.iloc[-1])
    assert half == pytest.approx(1.2816 / np.sqrt(weights.sum() ** 2 / (weights**2).sum() - 3))
    assert all(of[250:260].isna().all() for of in found)


def test_a_drawdown_is_not_known_over_a_gap() -> None:
    returns = pd.Series([np.nan, *[0.01] * 20, -0.05, *[0.0] * 10, np.nan, *[0.0] * 20])
    found = rolling.drawdown(returns, 20)
    assert found.iloc[21] == pytest.approx(-0.05)
    assert found.iloc[32:52].isna().all()
    assert found.iloc[52] == 0


def test_what_does_not_move_has_no_correlation() -> None:
    still, moving = pd.Series([0.0] * 80), pd.Series(np.random.default_rng(1).standard_normal(80))
    assert all(of.isna().all() for of in (*rolling.correlation(moving, still, 40), *rolling.beta(moving, still, 40)))
