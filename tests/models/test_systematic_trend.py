"""Trend followers' averages, positions and flows: closed forms, a roll forward by hand, and what must always hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.models.systematic_trend import (
    LARGEST_POSITION,
    TARGET_VOLATILITY,
    TrendParameters,
    average,
    has_burnt_in,
    observe,
    scenario_flows,
    take_positions,
    target_position,
    volatility,
)

CENTRES = np.array([5.0, 20.0, 60.0])
TRADING = TrendParameters(
    weights=np.array([0.3, 0.5, 0.2]),
    widths=np.array([0.1, 0.2, 1.0]),
    elasticity=0.7,
    speed=0.1,
    paths={5: 2.0, 21: 4.0},
)


def walk(seed: int, swing: float, sessions: int = 300) -> pd.Series:
    """A random walk with heavy tails."""
    steps = np.random.default_rng(seed).standard_t(4, sessions) * swing
    return pd.Series(100 * np.exp(np.cumsum(steps)))


MARKETS = st.builds(walk, st.integers(0, 2**16), st.sampled_from([0.0, 1e-4, 0.01, 0.08]))


def test_an_average_weights_the_past_geometrically() -> None:
    price = pd.Series([10.0, 20.0, 40.0])
    # With a centre of mass of 1 the newest has weight 1/2, the one before 1/4, and the first what is left.
    assert average(price, 1).tolist() == [10, 15, 27.5]
    assert has_burnt_in(np.array([1, 105, 106, 400]), 21).tolist() == [False, False, True, True]


def test_volatility_is_that_of_squared_returns() -> None:
    returns = np.array([0.01, -0.02, 0.03])
    price = pd.Series(100 * np.exp(np.concatenate([[0], np.cumsum(returns)])))
    weights = 0.5 ** (np.array([2, 1, 0]) / 12.76)
    found = volatility(price)
    assert np.isnan(found[0])
    assert found[-1] == pytest.approx(np.sqrt(weights @ returns**2 / weights.sum()), rel=1e-12)


def test_the_target_by_hand() -> None:
    state = observe(walk(1, 0.01), CENTRES)
    price, averages, sigma = state.price[-1], state.averages[-1], state.volatility[-1]
    signal = sum(
        weight * np.tanh(np.log(price / mean) / (sigma * np.sqrt(centre)) / width)
        for weight, mean, centre, width in zip(TRADING.weights, averages, CENTRES, TRADING.widths, strict=True)
    )
    expected = signal * min(LARGEST_POSITION, TARGET_VOLATILITY / sigma) ** 0.7
    assert target_position(state, CENTRES, TRADING)[-1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("scenario", "direction"), [("flat", 0), ("up", 1), ("down", -1)])
@pytest.mark.parametrize("sessions", [5, 21])
def test_a_flow_is_what_comes_of_the_path(scenario: str, direction: int, sessions: int) -> None:
    """The path's prices appended to the history, averages and position carried on by hand, volatility unchanged."""
    price = walk(2, 0.01)
    state = take_positions(observe(price, CENTRES), CENTRES, TRADING)
    sigma = state.volatility[-1]
    step = direction * TRADING.paths[sessions] * sigma / np.sqrt(sessions)
    path = pd.Series(price.iloc[-1] * np.exp(step * np.arange(1, sessions + 1)))
    longer = observe(pd.concat([price, path], ignore_index=True), CENTRES)
    frozen = longer._replace(volatility=np.full(len(longer.price), sigma))
    position = state.position[-1]
    for target in target_position(frozen, CENTRES, TRADING)[-sessions:]:
        position += TRADING.speed * (target - position)
    flows = scenario_flows(state, CENTRES, TRADING)
    assert flows[sessions, scenario][-1] == pytest.approx(position - state.position[-1], rel=1e-9)


def test_a_market_that_has_just_broken_down_is_sold_when_flat() -> None:
    price = pd.Series(100 * np.exp(np.concatenate([np.linspace(0, 0.3, 250), 0.3 - np.linspace(0, 0.12, 10)])))
    noise = np.exp(np.random.default_rng(3).normal(0, 0.004, len(price)))
    flows = scenario_flows(take_positions(observe(price * noise, CENTRES), CENTRES, TRADING), CENTRES, TRADING)
    assert flows[5, "flat"][-1] < 0
    assert flows[21, "flat"][-1] < flows[5, "flat"][-1]


@settings(max_examples=25, deadline=None)
@given(price=MARKETS)
def test_flows_are_in_order_and_positions_within_bounds(price: pd.Series) -> None:
    state = take_positions(observe(price, CENTRES), CENTRES, TRADING)
    assert np.isnan(state.position[0])
    assert np.abs(state.position[1:]).max() <= LARGEST_POSITION
    flows = scenario_flows(state.at(np.arange(1, len(price))), CENTRES, TRADING)
    for sessions in TRADING.paths:
        down, flat, up = (flows[sessions, scenario] for scenario in ("down", "flat", "up"))
        assert (down <= flat + 1e-12).all()
        assert (flat <= up + 1e-12).all()


@settings(max_examples=25, deadline=None)
@given(price=MARKETS, cut=st.integers(2, 299))
def test_the_future_changes_nothing(price: pd.Series, cut: int) -> None:
    whole, part = (take_positions(observe(of, CENTRES), CENTRES, TRADING) for of in (price, price.iloc[:cut]))
    for ours, theirs in zip(part, whole.at(np.arange(cut)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    early = scenario_flows(part, CENTRES, TRADING)
    for cell, flow in scenario_flows(whole.at(np.arange(cut)), CENTRES, TRADING).items():
        np.testing.assert_array_equal(early[cell], flow)


@settings(max_examples=25, deadline=None)
@given(price=MARKETS, scale=st.sampled_from([1e-3, 7.0, 1e4]))
def test_the_unit_of_price_does_not_matter(price: pd.Series, scale: float) -> None:
    one, other = (take_positions(observe(of, CENTRES), CENTRES, TRADING) for of in (price, scale * price))
    np.testing.assert_allclose(one.position, other.position, rtol=1e-6, atol=1e-6)


def test_a_market_that_never_moves_is_not_traded() -> None:
    state = take_positions(observe(pd.Series(np.full(100, 5.0)), CENTRES), CENTRES, TRADING)
    assert (state.position[1:] == 0).all()
    assert all((flow[1:] == 0).all() for flow in scenario_flows(state, CENTRES, TRADING).values())
