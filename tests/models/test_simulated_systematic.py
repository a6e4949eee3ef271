"""The simulated systematic investors: within their caps, blind to the future, true to what they say they will do."""

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from assets.models import simulated_risk_parity as risk_parity
from assets.models import simulated_trend_followers as trend_followers
from assets.models import simulated_volatility_control as volatility_control
from assets.models.simulated_market import simulate
from assets.models.simulated_realised import Measure, volatility
from assets.models.simulated_systematic import (
    CONTROL_MOVES,
    CONTROL_SESSIONS,
    SCENARIO_SESSIONS,
    VARIABLES,
    history,
    positions_and_flows,
)
from assets.sources.sessions import sessions

Array = NDArray[np.float64]

SEED = 11
DAYS = sessions(date(2018, 1, 2), date(2022, 12, 30))
SYMBOLS = ("SPX", *risk_parity.ASSET_CLASSES)
# Sessions of ordinary trading before an engineered path.
BEFORE = 700


@cache
def prices() -> tuple[pd.Series, pd.DataFrame]:
    """Closes of the S&P 500 and the four funds' total returns."""
    listed = pd.read_csv("sql/reference/instruments.csv")
    bars = simulate(DAYS, listed[listed["symbol"].isin(SYMBOLS)], SEED).bars
    close, dividend = (bars.pivot_table(index="date", columns="symbol", values=name) for name in ("close", "dividend"))
    return close["SPX"], ((close + dividend) / close.shift() - 1).drop(columns="SPX")


@cache
def truth() -> pd.DataFrame:
    return positions_and_flows(*prices(), SEED)


def followed_by(*returns: float) -> Array:
    """Ordinary closes, and then some log returns."""
    before = prices()[0].to_numpy()[:BEFORE]
    return np.concatenate([before, before[-1] * np.exp(np.cumsum(returns))])


def total_flow(closes: Array, step: float, ahead: int) -> float:
    """What all trend followers trade after the last close if the index then moves equally far each session."""
    seen = trend_followers.tape(closes)
    steps = np.full(len(closes), step)
    funds = trend_followers.population(SEED)
    return float(sum(trend_followers.flow(f, seen, trend_followers.holding(f, seen), steps, ahead)[-1] for f in funds))


def test_every_session_after_the_funds_history_has_every_value() -> None:
    values = truth()
    assert list(values.columns) == list(VARIABLES)
    assert list(values.index) == list(DAYS[history(SEED) :])
    assert np.isfinite(values.to_numpy()).all()
    assert 252 < history(SEED) < 504


@pytest.mark.parametrize("count", [1, 428, 429, 1003])
def test_cutting_off_the_future_changes_no_past_value(count: int) -> None:
    close, total_returns = prices()
    short = positions_and_flows(close[:count], total_returns[:count], SEED)
    expected = truth()[truth().index <= DAYS[count - 1]]
    pd.testing.assert_frame_equal(short, expected, check_exact=True, check_freq=False)


def test_another_seed_makes_other_investors_of_the_same_total_size() -> None:
    for module in (trend_followers, volatility_control, risk_parity):
        assert module.population(SEED) == module.population(SEED)
        assert module.population(SEED) != module.population(SEED + 1)
        assert sum(fund.assets for fund in module.population(SEED)) == pytest.approx(module.ASSETS)


def test_positions_are_of_the_size_that_desks_publish() -> None:
    quantiles = truth().quantile([0.05, 0.5, 0.95])
    assert -45 < quantiles["cta_position_us"][0.05] < 0
    assert 55 < quantiles["cta_position_us"][0.95] < 95
    assert 80 < quantiles["vol_control_notional"][0.5] < 200
    assert 160 < quantiles["vol_control_notional"][0.95] < 290
    assert truth()["risk_parity_notional"].between(350, 700).all()
    assert truth()["risk_parity_equity_notional"].between(25, 200).all()


def test_positions_keep_within_each_funds_caps() -> None:
    close, total_returns = (part.to_numpy() for part in prices())
    seen = trend_followers.tape(close)
    for follower in trend_followers.population(SEED):
        held = trend_followers.holding(follower, seen).held / follower.assets
        assert -follower.short_cap - 1e-9 <= held.min() <= held.max() <= follower.long_cap + 1e-9
        assert follower.short_cap <= follower.long_cap
    for controller in volatility_control.population(SEED):
        held = volatility_control.notional(controller, seen.squares) / controller.assets
        assert 0 < np.nanmin(held) <= np.nanmax(held) <= controller.cap
    for fund in risk_parity.population(SEED):
        held = risk_parity.notional(fund, total_returns) / fund.assets
        assert np.nanmin(held) > 0
        assert np.nanmax(held.sum(axis=1)) <= fund.cap + 1e-9


@pytest.mark.parametrize("step", [0.0, 0.006, -0.006])
@pytest.mark.parametrize("ahead", SCENARIO_SESSIONS.values())
def test_trend_followers_do_on_a_path_what_they_said_they_would(step: float, ahead: int) -> None:
    seen = trend_followers.tape(followed_by(*[step] * ahead))
    for fund in trend_followers.population(SEED):
        now = trend_followers.holding(fund, seen)
        said = trend_followers.flow(fund, seen, now, np.full(len(seen.price), step), ahead)[BEFORE - 1]
        assert now.held[-1] - now.held[BEFORE - 1] == pytest.approx(said, abs=1e-9)


@pytest.mark.parametrize("move", [0.0025, 0.02])
@pytest.mark.parametrize("ahead", CONTROL_SESSIONS)
def test_volatility_control_does_on_a_path_what_it_said_it_would(move: float, ahead: int) -> None:
    squares = trend_followers.tape(followed_by(*[move, -move] * 11)).squares
    for fund in volatility_control.population(SEED):
        said = volatility_control.notional(fund, squares, ahead, move)[BEFORE - 1]
        assert volatility_control.notional(fund, squares)[BEFORE - 1 + ahead] == pytest.approx(said, rel=1e-9)


def test_a_flat_tape_after_a_break_means_selling_and_after_a_recovery_buying() -> None:
    for ahead in SCENARIO_SESSIONS.values():
        assert total_flow(followed_by(*[0.003, -0.001] * 60, *[-0.015] * 6), 0.0, ahead) < -20
        assert total_flow(followed_by(*[-0.003, 0.001] * 60, *[0.015] * 6), 0.0, ahead) > 20


def test_falling_markets_are_sold_more_than_flat_ones_and_those_more_than_rising_ones() -> None:
    for span in SCENARIO_SESSIONS:
        down, flat, up = (truth()[f"cta_flow_{span}_{direction}_us"] for direction in ("down", "flat", "up"))
        assert (down < flat).mean() > 0.95
        assert (flat < up).mean() > 0.7
        assert down.mean() < flat.mean() < up.mean()


def test_the_larger_the_moves_to_come_the_less_volatility_control_holds() -> None:
    for ahead in CONTROL_SESSIONS:
        flows = truth()[[f"vol_control_flow_{ahead}d_{move}bp" for move in CONTROL_MOVES]].to_numpy()
        assert (np.diff(flows, axis=1) < 1e-9).all()
        assert (flows[:, 0] > flows[:, -1]).all()


def test_a_longer_path_than_the_lookbacks_is_refused() -> None:
    shortest = min(*trend_followers.CHANNELS, *(min(spans) for spans in trend_followers.LOOKBACKS))
    assert shortest >= trend_followers.LONGEST_PATH
    with pytest.raises(ValueError, match="at most 21 sessions, not 22"):
        total_flow(followed_by(), 0.0, trend_followers.LONGEST_PATH + 1)


def test_a_measure_is_the_largest_of_its_parts_and_needs_all_their_history() -> None:
    squares = np.concatenate([[np.nan], np.linspace(1e-5, 4e-4, 40)])
    window = volatility(squares, Measure(windows=(10,)))
    weighted = volatility(squares, Measure(spans=(8,)))
    assert np.isnan(window[:10]).all()
    assert window[10:] == pytest.approx([np.sqrt(252 * squares[t - 9 : t + 1].mean()) for t in range(10, 41)])
    expected = 0.0
    for number, square in enumerate(squares[1:]):
        expected = square if number == 0 else expected + (square - expected) * 2 / 9
    assert np.isnan(weighted[:16]).all()
    assert weighted[-1] == pytest.approx(np.sqrt(252 * expected))
    both = volatility(squares, Measure(windows=(10,), spans=(8,)))
    np.testing.assert_array_equal(both, np.maximum(window, weighted))


def test_equal_risk_has_every_asset_contribute_the_same() -> None:
    factors = np.random.default_rng(5).normal(size=(20, 4, 9)) * np.array([0.01, 0.004, 0.012, 0.003])[:, None]
    covariance = factors @ factors.transpose(0, 2, 1)
    weights = risk_parity.equal_risk(covariance)
    contributions = weights * np.einsum("tij,tj->ti", covariance, weights)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(contributions / contributions.sum(axis=1, keepdims=True), 0.25, atol=1e-9)
    alone = risk_parity.equal_risk(np.diag([0.01**2, 0.02**2])[None])
    np.testing.assert_allclose(alone, [[2 / 3, 1 / 3]])
