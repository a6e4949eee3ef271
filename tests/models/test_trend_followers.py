"""Trend followers: the published formulas written out, pandas and statsmodels as references, and no look-ahead."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.regression.linear_model import OLS

from assets.models import trend_followers as followers
from assets.models.trend_followers import Array

LENGTH = 700


def walk(seed: int, length: int = LENGTH) -> Array:
    """Prices of a random walk with heavy tails and volatility that comes in clusters."""
    random = np.random.default_rng(seed)
    swing = 0.01 * np.exp(0.5 * np.sin(np.arange(length) / 40))
    return np.asarray(1000 * np.exp(np.cumsum(random.standard_t(4, length) * swing)))


def log_returns(prices: Array) -> Array:
    """Log returns, the first unknown."""
    return np.append(np.nan, np.diff(np.log(prices)))


def moves(prices: Array) -> tuple[Array, Array, Array]:
    """Overnight and intraday moves and a Rogers-Satchell term that could belong to such closes."""
    random = np.random.default_rng(3)
    overnight = log_returns(prices) * random.random(len(prices))
    return overnight, log_returns(prices) - overnight, random.random(len(prices)) * 1e-4


def weighted(values: Array, span: float) -> tuple[float, float]:
    """Mean and unbiased variance of values, the newest last, with weights that fall by 1 - 2 / (span + 1)."""
    weights = (1 - 2 / (span + 1)) ** np.arange(len(values))[::-1]
    weights /= weights.sum()
    mean = float(weights @ values)
    return mean, float(weights @ (values - mean) ** 2 / (1 - weights @ weights))


@pytest.mark.parametrize("seed", [1, 2])
def test_ewmac_is_the_published_formula(seed: int) -> None:
    prices = walk(seed)
    changes = np.diff(prices)
    deviations = np.array([np.sqrt(weighted(changes[:n], 35)[1]) for n in range(10, LENGTH)])
    found = followers.ewmac_signal(prices)
    assert np.isnan(found[:10]).all()
    for n in (10, 60, 109, 300, LENGTH - 1):
        known = deviations[: n - 9]
        # The 5 % quantile of the last 500 values is a floor as soon as there are 100 of them.
        floor = np.quantile(known[-500:], 0.05) if len(known) >= 100 else 0
        seen = prices[: n + 1]
        crossovers = [
            scalar * (weighted(seen, fast)[0] - weighted(seen, 4 * fast)[0]) / max(known[-1], floor)
            for fast, scalar in ((8, 5.3), (16, 3.75), (32, 2.65), (64, 1.87))
        ]
        expected = np.mean(np.clip(crossovers, -20, 20)) / 20
        assert found[n] == pytest.approx(expected, rel=0, abs=1e-10)


def test_a_steep_trend_is_the_largest_forecast() -> None:
    steep = 100 + np.arange(400.0) + 0.01 * np.sin(np.arange(400))
    assert followers.ewmac_signal(steep)[-1] == 1
    assert followers.ewmac_signal(steep[::-1].copy())[-1] == -1


def test_the_volatility_of_time_series_momentum_is_pandas() -> None:
    prices = walk(4)
    variance = pd.Series(prices).pct_change().ewm(com=60).var()
    np.testing.assert_array_equal(followers.momentum_volatility(prices), np.sqrt(252 * variance))


def test_time_series_momentum_by_hand() -> None:
    prices = np.full(300, 100.0)
    prices[290:] = 99
    prices[299 - 63] = 98
    prices[299 - 252] = 97
    # Down over a month, up over a quarter and over a year.
    assert followers.momentum_signal(prices)[-1] == pytest.approx(1 / 3)
    assert np.isnan(followers.momentum_signal(prices)[:252]).all()


@pytest.mark.parametrize("window", [21, 63, 252])
def test_t_statistics_are_those_of_statsmodels(window: int) -> None:
    logs, returns = np.log(walk(5)), log_returns(walk(5))
    lags = followers.newey_west_lags(window)
    robust = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags}}
    trend, mean = followers.trend_t_stat(logs, window), followers.mean_t_stat(returns, window)
    time = np.column_stack([np.ones(window), np.arange(window)])
    for end in (window, 400, LENGTH - 1):
        last = slice(end - window + 1, end + 1)
        assert trend[end] == pytest.approx(OLS(logs[last], time).fit(**robust).tvalues[1], rel=1e-9)
        assert mean[end] == pytest.approx(OLS(returns[last], np.ones(window)).fit(**robust).tvalues[0], rel=1e-9)


def test_lags_are_the_rule_of_thumb() -> None:
    assert [followers.newey_west_lags(window) for window in (21, 63, 100, 252)] == [2, 3, 4, 4]


def test_the_trend_rule_is_a_t_statistic_that_is_cut_off_at_one() -> None:
    returns = log_returns(walk(6))
    t_stat = followers.mean_t_stat(returns, 252)
    signal = followers.trend_signal(returns)
    known = ~np.isnan(t_stat)
    assert known.sum() == LENGTH - 252
    assert {-1 < value < 1 for value in signal[known]} == {True, False}
    np.testing.assert_array_equal(signal[known], np.clip(t_stat[known], -1, 1))


def test_range_volatility_is_its_closed_form() -> None:
    overnight, intraday, satchell = moves(walk(7))
    k = 0.34 / (1.34 + 22 / 20)
    variance = (
        pd.Series(overnight).rolling(21).var()
        + k * pd.Series(intraday).rolling(21).var()
        + (1 - k) * pd.Series(satchell).rolling(21).mean()
    )
    found = followers.yang_zhang_volatility(overnight, intraday, satchell)
    np.testing.assert_allclose(found, np.sqrt(252 * variance), rtol=1e-9)
    closes = followers.close_to_close_volatility(overnight)
    np.testing.assert_allclose(closes, np.sqrt(252) * pd.Series(overnight).rolling(21).std(), rtol=1e-9)


def test_a_price_that_does_not_move_has_no_t_statistic() -> None:
    still = np.full(100, np.log(1234.56))
    assert np.isnan(followers.trend_t_stat(still, 63)).all()
    assert np.isnan(followers.mean_t_stat(np.zeros(100), 63)).all()


def test_a_missing_value_is_missed_for_as_long_as_it_is_in_the_window() -> None:
    logs = np.log(walk(8, 200))
    gap = logs.copy()
    gap[100] = np.nan
    lost = np.isnan(followers.trend_t_stat(gap, 63)) & ~np.isnan(followers.trend_t_stat(logs, 63))
    assert np.flatnonzero(lost).tolist() == list(range(100, 163))


def test_exposure_is_the_signal_at_15_percent_volatility() -> None:
    found = followers.exposure(np.array([1, -0.5, 1, 0, np.nan]), np.array([0.15, 0.30, 0.03, 0, 0.2]))
    np.testing.assert_allclose(found, [1, -0.25, 2.5, 0, np.nan])


EVERY_ESTIMATE: dict[str, Callable[[Array], Array]] = {
    "ewmac_signal": followers.ewmac_signal,
    "momentum_signal": followers.momentum_signal,
    "momentum_volatility": followers.momentum_volatility,
    "trend_signal": lambda prices: followers.trend_signal(log_returns(prices)),
    "trend_t_stat": lambda prices: followers.trend_t_stat(np.log(prices), 63),
    "yang_zhang_volatility": lambda prices: followers.yang_zhang_volatility(*moves(prices)),
    "close_to_close_volatility": lambda prices: followers.close_to_close_volatility(log_returns(prices)),
}


@pytest.mark.parametrize("name", EVERY_ESTIMATE)
@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(1, LENGTH - 1), scale=st.sampled_from([1e-3, 0.7, 1e4]))
def test_signals_are_bounded_and_free_of_the_unit_of_price(name: str, seed: int, cut: int, scale: float) -> None:
    estimate, prices = EVERY_ESTIMATE[name], walk(seed)
    found = estimate(prices)
    assert found.shape == prices.shape
    if name.endswith("signal"):
        assert np.nanmax(np.abs(found)) <= 1
    np.testing.assert_allclose(estimate(prices * scale), found, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(np.isnan(estimate(prices[:cut])), np.isnan(found[:cut]))


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**16), cut=st.integers(1, LENGTH - 1), start=st.integers(0, 99))
def test_the_future_never_changes_a_digit_and_a_window_knows_nothing_before_it(seed: int, cut: int, start: int) -> None:
    prices = walk(seed)
    logs, returns = np.log(prices), log_returns(prices)
    for whole, cut_off in (
        (followers.ewmac_signal(prices), followers.ewmac_signal(prices[:cut])),
        (followers.momentum_signal(prices), followers.momentum_signal(prices[:cut])),
        (followers.momentum_volatility(prices), followers.momentum_volatility(prices[:cut])),
        (followers.trend_signal(returns), followers.trend_signal(returns[:cut])),
        (followers.trend_t_stat(logs, 63), followers.trend_t_stat(logs[:cut], 63)),
        (followers.close_to_close_volatility(returns), followers.close_to_close_volatility(returns[:cut])),
    ):
        np.testing.assert_array_equal(whole[:cut], cut_off)
    late = followers.trend_t_stat(logs[start:], 63)[62:]
    np.testing.assert_array_equal(late, followers.trend_t_stat(logs, 63)[start + 62 :])
