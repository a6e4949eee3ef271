"""Risk-parity portfolios: closed forms, equal contributions, the covariance, and no session's influence on another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assets.models.risk_parity import (
    correlation,
    equal_risk_contribution,
    ewm_covariance,
    leveraged,
    portfolio_volatility,
    with_correlation_raised,
)

Array = NDArray[np.float64]
SOME = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def covariance_of(volatilities: Array, correlations: Array) -> Array:
    """Covariance of one session, shape (1, n, n)."""
    matrix: Array = (correlations * np.outer(volatilities, volatilities))[None]
    return matrix


def equally_correlated(count: int, value: float) -> Array:
    """Correlation matrix with one correlation throughout."""
    return np.where(np.eye(count, dtype=bool), 1.0, value)


def drawn(seed: int, sessions: int, count: int) -> Array:
    """Covariances of random returns with a common part."""
    random = np.random.default_rng(seed)
    returns = random.normal(size=(sessions, 40, count)) + random.normal(size=(sessions, 40, 1))
    returns *= np.exp(random.normal(0, 1, (sessions, 1, count)))
    covariances: Array = np.einsum("tki,tkj->tij", returns, returns) / 40
    return covariances


@SOME
@given(first=st.floats(1e-3, 1), second=st.floats(1e-3, 1), together=st.floats(-0.98, 1))
def test_two_assets_weigh_by_the_other_ones_volatility(first: float, second: float, together: float) -> None:
    covariance = covariance_of(np.array([first, second]), equally_correlated(2, together))
    found = equal_risk_contribution(covariance)[0]
    np.testing.assert_allclose(found, np.array([second, first]) / (first + second), rtol=1e-9)


@SOME
@given(
    volatilities=st.lists(st.floats(1e-3, 1), min_size=2, max_size=6),
    together=st.floats(-0.15, 0.999),
)
def test_equal_correlations_give_the_inverse_of_volatility(volatilities: list[float], together: float) -> None:
    of = np.array(volatilities)
    found = equal_risk_contribution(covariance_of(of, equally_correlated(len(of), together)))[0]
    np.testing.assert_allclose(found, (1 / of) / (1 / of).sum(), rtol=1e-9)


@SOME
@given(seed=st.integers(0, 2**16), count=st.integers(2, 5))
def test_risk_contributions_are_equal(seed: int, count: int) -> None:
    covariance = drawn(seed, 200, count)
    weights = equal_risk_contribution(covariance)
    contributions = weights * np.einsum("tij,tj->ti", covariance, weights)
    shares = contributions / contributions.sum(axis=1, keepdims=True)
    assert np.abs(shares * count - 1).max() < 1e-9
    assert (weights > 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)


@SOME
@given(seed=st.integers(0, 2**16), cut=st.integers(1, 99))
def test_a_session_does_not_depend_on_the_others(seed: int, cut: int) -> None:
    covariance = drawn(seed, 100, 4)
    # A session that takes many more sweeps than the others.
    covariance[50] = covariance_of(np.array([1, 1, 1, 3]), equally_correlated(4, -0.3))[0]
    whole = equal_risk_contribution(covariance)
    np.testing.assert_array_equal(whole[:cut], equal_risk_contribution(covariance[:cut]))
    np.testing.assert_array_equal(whole[cut:][::-1], equal_risk_contribution(covariance[cut:][::-1]))


@pytest.mark.parametrize(
    "covariance",
    [
        np.full((1, 2, 2), np.nan),
        np.zeros((1, 2, 2)),
        covariance_of(np.array([0.0, 1.0]), np.eye(2)),
        covariance_of(np.array([1.0, 2.0]), equally_correlated(2, -1)),
    ],
    ids=["missing", "no variance", "one without variance", "one cancels the other"],
)
def test_there_is_not_always_a_solution(covariance: Array) -> None:
    assert np.isnan(equal_risk_contribution(covariance)).all()


def test_covariance_by_its_definition() -> None:
    returns = np.random.default_rng(5).normal(size=(30, 3))
    found = ewm_covariance(returns, (4, 9))[-1]
    expected = np.zeros((3, 3))
    for half_life in (4, 9):
        weights = 0.5 ** (np.arange(29, -1, -1) / half_life)
        expected += (returns.T * weights) @ returns / weights.sum() / 2
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_session_without_a_return_leaves_the_covariance_as_it_was() -> None:
    returns = np.random.default_rng(6).normal(size=(30, 3))
    returns[0, 1] = returns[20, 2] = np.nan
    found = ewm_covariance(returns, (4, 9))
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[20], found[19])
    kept = np.delete(returns, [0, 20], axis=0)
    np.testing.assert_array_equal(np.delete(found, [0, 20], axis=0), ewm_covariance(kept, (4, 9)))
    np.testing.assert_array_equal(found[:25], ewm_covariance(returns[:25], (4, 9)))


def test_leverage_reaches_the_target_or_the_cap() -> None:
    covariance = drawn(7, 300, 4) * 2e-6
    weights = equal_risk_contribution(covariance)
    held = leveraged(weights, covariance, 0.10, 2.0)
    volatility, total = portfolio_volatility(held, covariance), held.sum(axis=1)
    is_capped = total > 2 - 1e-12
    assert 0 < is_capped.sum() < 300
    np.testing.assert_allclose(volatility[~is_capped], 0.10, rtol=1e-12)
    np.testing.assert_allclose(total[is_capped], 2, rtol=1e-12)
    assert (volatility[is_capped] <= 0.10).all()


def test_a_raised_correlation_lowers_leverage_and_leaves_two_assets_shares() -> None:
    covariance = covariance_of(np.array([0.01, 0.004]), equally_correlated(2, -0.2))
    raised = with_correlation_raised(covariance, 0, 1, 0.3)
    np.testing.assert_allclose(correlation(raised, 0, 1), 0.1)
    np.testing.assert_array_equal(np.diagonal(raised[0]), np.diagonal(covariance[0]))
    np.testing.assert_allclose(correlation(covariance, 0, 1), -0.2)
    before, after = equal_risk_contribution(covariance), equal_risk_contribution(raised)
    np.testing.assert_allclose(before, after, rtol=1e-9)
    held, shocked = (leveraged(before, of, 0.10, 9.0).sum() for of in (covariance, raised))
    # With equal contributions the variance is in proportion to 1 + the correlation.
    np.testing.assert_allclose(shocked / held, np.sqrt(0.8 / 1.1))
    at_most_1 = with_correlation_raised(covariance_of(np.array([1.0, 2.0]), equally_correlated(2, 0.9)), 0, 1, 0.3)
    np.testing.assert_allclose(correlation(at_most_1, 0, 1), 1, rtol=1e-15)
