"""Turbulence and absorption: by hand, against scikit-learn, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.models.systemic import absorption_ratio, shrunk_covariance, turbulence, weighted_covariance, without_each

Array = NDArray[np.float64]
SOME = settings(max_examples=40, deadline=None, derandomize=True, database=None)
SIZES = {"seed": st.integers(0, 2**16), "observations": st.integers(20, 200), "count": st.integers(3, 9)}


def drawn(seed: int, observations: int, count: int) -> Array:
    """Returns with a common part, of assets that differ in scale by orders of magnitude."""
    random = np.random.default_rng(seed)
    returns: Array = random.standard_t(4, (observations, count)) + random.standard_t(4, (observations, 1))
    return returns * 10.0 ** random.uniform(-4, -1, count) + random.normal(0, 1e-4, count)


def test_shrinkage_is_that_of_scikit_learn() -> None:
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - takes seconds

    for seed in range(20):
        # From fewer observations than assets, where the target takes over, to many.
        returns = drawn(seed, 6 + 40 * seed, 3 + seed % 9)
        deviations = returns - returns.mean(axis=0)
        expected, _ = ledoit_wolf(deviations, assume_centered=True)
        np.testing.assert_allclose(shrunk_covariance(deviations), expected, rtol=1e-12, atol=1e-12 * expected.max())


def test_without_anything_to_shrink_the_covariance_is_the_target() -> None:
    window = np.array([[1.0, 1], [-1, 1], [1, -1], [-1, -1]])
    np.testing.assert_array_equal(shrunk_covariance(3 * window), 9 * np.eye(2))


def test_turbulence_of_independent_assets_by_hand() -> None:
    window = np.array([[1.0, 1], [-1, 1], [1, -1], [-1, -1]]) * [2, 0.5] + [3, -1]
    # Two deviations above the first mean and three below the second.
    value, without = turbulence(window, np.array([7.0, -2.5]))
    assert value == pytest.approx((4 + 9) / 2)
    assert without == pytest.approx([9, 4])


@pytest.mark.parametrize(("today", "expected"), [((1, -1), 9 / 7), ((1, 1), 9 / 11), ((0, 0), 0)])
def test_turbulence_of_correlated_assets_by_hand(today: tuple[float, float], expected: float) -> None:
    # Correlation 1/3, of which the shrinkage from 24 observations takes a third: 2/9 remains.
    window = np.tile([[1.0, 1], [-1, -1], [1, 1], [-1, -1], [1, -1], [-1, 1]], (4, 1))
    value, without = turbulence(window, np.array(today, dtype=float))
    assert value == pytest.approx(expected)
    assert without == pytest.approx([abs(today[1]), abs(today[0])])


@SOME
@given(**SIZES)
def test_without_an_asset_the_others_have_the_distance_of_their_own(seed: int, observations: int, count: int) -> None:
    window, today = np.split(drawn(seed, observations + 1, count), [observations])
    value, without = turbulence(window, today[0])
    scale = window.std(axis=0)
    covariance = shrunk_covariance((window - window.mean(axis=0)) / scale)
    surprise = (today[0] - window.mean(axis=0)) / scale
    for i in range(count):
        others = np.delete(np.arange(count), i)
        solved = np.linalg.solve(covariance[np.ix_(others, others)], surprise[others])
        assert without[i] == pytest.approx(surprise[others] @ solved / (count - 1), rel=1e-8)
    assert value == pytest.approx(surprise @ np.linalg.solve(covariance, surprise) / count, rel=1e-8)
    assert (without >= 0).all()


@SOME
@given(**SIZES)
def test_turbulence_depends_on_neither_scale_nor_mean_nor_order(seed: int, observations: int, count: int) -> None:
    window, today = np.split(drawn(seed, observations + 1, count), [observations])
    value, without = turbulence(window, today[0])
    random = np.random.default_rng(seed)
    factor, shift, order = 10 ** random.uniform(-2, 2, count), random.normal(0, 0.01, count), random.permutation(count)
    other, other_without = turbulence((window * factor + shift)[:, order], (today[0] * factor + shift)[order])
    assert other == pytest.approx(value, rel=1e-7)
    assert other_without == pytest.approx(without[order], rel=1e-7)


def test_turbulence_is_about_1_on_average_for_returns_like_the_windows() -> None:
    random = np.random.default_rng(1)
    # Correlations of 0.5.
    returns = random.normal(size=(3000, 16)) + random.normal(size=(3000, 1))
    distances = [turbulence(returns[:756], today)[0] for today in returns[756:]]
    # The window's covariance lets 16 / 756 in, the shrinkage takes some out.
    assert np.mean(distances) == pytest.approx(1, abs=0.03)


def test_weights_count_as_numpys_do() -> None:
    returns, weights = drawn(2, 50, 4), np.random.default_rng(2).uniform(0, 3, 50)
    expected = np.cov(returns.T, aweights=weights, ddof=0)
    np.testing.assert_allclose(weighted_covariance(returns, weights), expected, rtol=1e-10)


@pytest.mark.parametrize(("components", "share"), [(1, 0.4), (2, 0.7), (4, 1.0)])
def test_absorption_of_independent_assets_by_hand(components: int, share: float) -> None:
    assert absorption_ratio(np.diag([3.0, 1, 4, 2]), components) == pytest.approx(share)


@SOME
@given(count=st.integers(2, 12), together=st.floats(0, 1), scale=st.floats(1e-8, 1e3))
def test_absorption_of_equally_correlated_assets_is_known(count: int, together: float, scale: float) -> None:
    correlation = np.where(np.eye(count, dtype=bool), 1.0, together)
    expected = (1 + (count - 1) * together) / count
    assert absorption_ratio(scale * correlation, 1) == pytest.approx(expected, rel=1e-9)


def test_nothing_that_varies_has_no_absorption_ratio() -> None:
    assert np.isnan(absorption_ratio(np.zeros((3, 3)), 1))


def test_each_asset_is_left_out_in_turn_and_no_matrix_depends_on_the_others() -> None:
    covariance = weighted_covariance(drawn(3, 60, 5), np.ones(60))
    matrices = without_each(covariance)
    for i, matrix in enumerate(matrices):
        np.testing.assert_array_equal(matrix, np.delete(np.delete(covariance, i, axis=0), i, axis=1))
    alone = [absorption_ratio(matrix, 2) for matrix in matrices]
    np.testing.assert_array_equal(absorption_ratio(matrices, 2), alone)
