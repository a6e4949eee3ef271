"""Style weights: known ones recovered, the optimum that a general solver finds, bands that hold, the filter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from assets.models import style as models
from assets.models.style import decay, influence, random_walk_weights, resampling_weights, sampling_deviation, style

Array = NDArray[np.float64]

COUNT, SECTORS = 126, 11
RECENT = decay(COUNT, 42)
# Near those of the S&P 500; they sum to one.
TRUE = np.array([0.02, 0.11, 0.03, 0.13, 0.08, 0.34, 0.05, 0.02, 0.02, 0.10, 0.10])
SEEDS = st.integers(0, 2**16)


def market(random: np.random.Generator, windows: int, count: int = COUNT) -> Array:
    """Returns of sectors that share most of their moves, shape (windows, count, SECTORS)."""
    common = random.standard_t(5, (windows, count, 1))
    own: Array = 0.005 * random.standard_t(5, (windows, count, SECTORS)) + 0.007 * common
    return own


def weighted(windows: int) -> Array:
    """The weights of every window's observations."""
    return np.tile(RECENT, (windows, 1))


def variance(returns: Array) -> float:
    """Weighted variance of one window's returns."""
    return float(RECENT @ (returns - RECENT @ returns) ** 2)


def by_general_solver(fund: Array, sectors: Array, bounds: tuple[float, float], *, sums_to_one: bool) -> Array:
    """Style weights of one window by sequential quadratic programming."""
    x, y = (np.sqrt(RECENT)[:, None] * (of - RECENT @ of) for of in (sectors, fund[:, None]))
    y = y[:, 0]
    scale = y @ y
    found = minimize(  # type: ignore[call-overload]  # the types know no mapping as a constraint
        lambda w: (x @ w - y) @ (x @ w - y) / scale,
        np.full(SECTORS, 1 / SECTORS),
        jac=lambda w: 2 * x.T @ (x @ w - y) / scale,
        bounds=[bounds] * SECTORS,
        constraints=[{"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda _: np.ones(SECTORS)}] * sums_to_one,
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 1000},
    )
    weights: Array = found.x
    return weights


def test_without_noise_the_weights_are_the_true_ones() -> None:
    sectors = market(np.random.default_rng(1), 1)
    held = np.array([TRUE, np.roll(TRUE, 1), np.eye(SECTORS)[3]])
    found = style(sectors @ held.T + 0.0001, sectors, weighted(1), np.array([True] * 3))
    assert found.weights[0] == pytest.approx(held, abs=1e-9)
    assert found.r2[0] == pytest.approx(1)
    assert np.abs(found.errors).max() < 1e-12


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS, noise=st.sampled_from([0.001, 0.01, 0.05]), leverage=st.sampled_from([0.5, 1.0, 1.6]))
def test_weights_are_those_of_a_general_solver(seed: int, noise: float, leverage: float) -> None:
    """Of funds with cash, without, and geared, which the bounds forbid; none of theirs is better than ours."""
    random = np.random.default_rng(seed)
    sectors = market(random, 2)
    funds = leverage * (sectors @ random.dirichlet(np.full(SECTORS, 0.5)))[:, :, None]
    funds = funds + noise * random.standard_normal(funds.shape)
    for is_long, bounds in ((True, (0.0, 1.0)), (False, models.NET_BOUNDS)):
        found = style(funds, sectors, weighted(2), np.array([is_long]))
        for window in range(2):
            ours = found.weights[window, 0]
            theirs = by_general_solver(funds[window, :, 0], sectors[window], bounds, sums_to_one=is_long)
            left, right = (variance(funds[window, :, 0] - sectors[window] @ of) for of in (ours, theirs))
            assert ours.min() >= bounds[0] - 1e-9
            assert ours.max() <= bounds[1] + 1e-9
            assert not is_long or ours.sum() == pytest.approx(1, abs=1e-12)
            assert left <= right * (1 + 1e-9)
            assert ours == pytest.approx(theirs, abs=1e-6)


def test_a_fund_that_may_be_short_has_negative_weights_within_its_bounds() -> None:
    random = np.random.default_rng(2)
    sectors = market(random, 1)
    held = np.array([0.9, 0.2, 0, 0, -0.4, 0, 0, 0, 0, 0, -0.2])
    funds = sectors @ np.column_stack([held, 3 * held])
    found = style(funds, sectors, weighted(1), np.array([False, False]))
    assert found.weights[0, 0] == pytest.approx(held, abs=1e-9)
    low, high = models.NET_BOUNDS
    assert (found.weights[0, 1].min(), found.weights[0, 1].max()) == pytest.approx((low, high))
    both = style(funds, sectors, weighted(1), np.array([True, False]))
    assert both.weights[0, 1] == pytest.approx(found.weights[0, 1])
    assert both.weights[0, 0].min() >= 0


def test_a_fund_that_does_not_move_has_no_weights() -> None:
    sectors = market(np.random.default_rng(3), 1)
    found = style(np.full((1, COUNT, 1), 0.0001), sectors, weighted(1), np.array([True]))
    assert found.weights.tolist() == np.zeros((1, 1, SECTORS)).tolist()
    assert np.isnan(found.r2).all()


def test_known_tilts_are_recovered_and_the_band_holds_four_in_five() -> None:
    """Ten funds around one mix against the benchmark's: 300 windows apart, error and coverage as measured."""
    random = np.random.default_rng(4)
    windows, tilt = 300, np.zeros(SECTORS)
    tilt[[3, 5, 9]] = 0.02, -0.06, 0.04
    sectors = market(random, windows)
    spread = random.normal(0, 0.01, (10, SECTORS))
    held = TRUE + tilt + spread - spread.mean(axis=0) - spread.mean(axis=1, keepdims=True)
    funds = sectors @ np.vstack([TRUE, held]).T
    funds += random.standard_normal(funds.shape) * np.array([0.0004, *[0.002] * 10])
    found = style(funds, sectors, weighted(windows), np.full(11, fill_value=True))
    active = found.weights[:, 1:].mean(axis=1) - found.weights[:, 0]
    left = found.errors[:, :, 1:].mean(axis=2) - found.errors[:, :, 0]
    deviation = sampling_deviation(influence(sectors, left, weighted(windows)), weighted(windows), 10)
    error = active - (held.mean(axis=0) - TRUE)
    assert np.sqrt((error**2).mean()) < 0.015
    assert np.abs(error.mean(axis=0)).max() < 0.006
    assert (np.sign(active[:, [5, 9]]) == [-1, 1]).mean() > 0.97
    assert 0.76 <= (np.abs(error) < 1.2816 * deviation).mean() <= 0.86


@pytest.mark.parametrize("is_long_only", [True, False])
def test_the_deviation_is_that_of_refits_to_resampled_blocks(*, is_long_only: bool) -> None:
    """500 draws of the stationary bootstrap, each fitted anew, of a fund whose weights no bound touches."""
    random = np.random.default_rng(5)
    sectors = market(random, 1)
    held = np.full(SECTORS, 1 / SECTORS)
    fund = (sectors @ held)[:, :, None] + 0.001 * random.standard_normal((1, COUNT, 1))
    is_long = np.array([is_long_only])
    fitted = style(fund, sectors, weighted(1), is_long)
    exposure = fitted.weights.sum(axis=2)
    shares = None if is_long_only else fitted.weights[:, 0] / exposure
    moved = influence(sectors, fitted.errors[:, :, 0] / exposure, weighted(1), shares)
    deviation = sampling_deviation(moved, weighted(1), 10)
    draws = 500
    starts, begins = random.integers(COUNT, size=(draws, COUNT)), random.random((draws, COUNT)) < 0.1
    taken = np.empty((draws, COUNT), int)
    for t in range(COUNT):
        taken[:, t] = np.where(begins[:, t] | (t == 0), starts[:, t], (taken[:, t - 1] + 1) % COUNT)
    # What is resampled keeps its weight.
    recent = RECENT[taken]
    again = style(fund[0][taken], sectors[0][taken], recent / recent.sum(axis=1, keepdims=True), is_long)
    drawn = again.weights[:, 0] / again.weights[:, 0].sum(axis=1, keepdims=True)
    assert (deviation[0] / drawn.std(axis=0)).mean() == pytest.approx(1, abs=0.15)


def test_resampling_has_the_variance_of_the_bootstrapped_sum() -> None:
    random = np.random.default_rng(6)
    count, draws = 30, 40_000
    values = np.cumsum(random.standard_normal(count))
    around = values - values.mean()
    taken = random.integers(count, size=draws)
    total = around[taken]
    for _ in range(count - 1):
        taken = np.where(random.random(draws) < 0.25, random.integers(count, size=draws), (taken + 1) % count)
        total = total + around[taken]
    assert around @ resampling_weights(count, 4) @ around == pytest.approx(total.var(), rel=0.03)


def test_the_filter_is_the_one_of_statsmodels() -> None:
    """With a noise that is known."""
    random = np.random.default_rng(7)
    [sectors] = market(random, 1, 300)
    fund = sectors @ TRUE + 0.003 * random.standard_normal(300)
    fund[40:45] = np.nan
    found = random_walk_weights(fund[:, None], sectors, 0.002, np.inf)
    theirs = KalmanFilter(k_endog=1, k_states=SECTORS)
    theirs.bind(fund[:, None].copy())
    theirs["design"] = sectors.T[None]
    theirs["transition"] = theirs["selection"] = np.eye(SECTORS)
    theirs["state_cov"] = 0.002**2 * np.eye(SECTORS)
    theirs["obs_cov"] = np.array([[models.FIRST_NOISE**2]])
    prior = (models.PRIOR_DEVIATION**2 + 0.002**2) * np.eye(SECTORS)
    theirs.initialize_known(np.full(SECTORS, 1 / SECTORS), prior)
    expected = theirs.filter()
    np.testing.assert_allclose(found.weights[:, 0].T, expected.filtered_state, atol=1e-9)
    np.testing.assert_allclose(found.variances[:, 0], np.diagonal(expected.filtered_state_cov), atol=1e-9)


def test_the_filter_follows_weights_that_change() -> None:
    random = np.random.default_rng(8)
    [sectors] = market(random, 1, 1500)
    held = np.tile(TRUE, (1500, 1))
    held[500:, [5, 9]] += [-0.1, 0.1]
    funds = (sectors * held).sum(axis=1)[:, None] + 0.001 * random.standard_normal((1500, 1))
    found = random_walk_weights(funds, sectors, 0.002, 42)
    assert found.weights[-1, 0, [5, 9]] - TRUE[[5, 9]] == pytest.approx([-0.1, 0.1], abs=0.03)
    assert np.abs(found.weights[499, 0] - TRUE).max() < 0.03


def test_a_sector_without_returns_keeps_its_first_weight_and_a_fund_without_one_grows_uncertain() -> None:
    [sectors] = market(np.random.default_rng(9), 1, 200)
    fund = sectors[:, :-1] @ TRUE[:-1]
    sectors[:100, -1], fund[150:] = np.nan, np.nan
    found = random_walk_weights(fund[:, None], sectors, 0.002, 42)
    assert (found.weights[:100, 0, -1] == 1 / SECTORS).all()
    assert np.ptp(found.variances[:100, 0, -1]) == 0
    assert (found.weights[150:, 0] == found.weights[149, 0]).all()
    assert (np.diff(found.variances[149:, 0], axis=0) > 0).all()


@settings(max_examples=5, deadline=None, derandomize=True, database=None)
@given(seed=SEEDS, cut=st.integers(1, 199))
def test_what_comes_later_changes_no_window_and_no_filtered_weight(seed: int, cut: int) -> None:
    """Bit for bit."""
    random = np.random.default_rng(seed)
    [sectors] = market(random, 1, 200)
    funds = sectors @ random.dirichlet(np.ones(SECTORS), 3).T + 0.002 * random.standard_normal((200, 3))
    whole = random_walk_weights(funds, sectors, 0.002, 42)
    part = random_walk_weights(funds[:cut], sectors[:cut], 0.002, 42)
    assert (whole.weights[:cut] == part.weights).all()
    assert (whole.variances[:cut] == part.variances).all()
    windows = [np.lib.stride_tricks.sliding_window_view(of, 63, axis=0).swapaxes(1, 2) for of in (funds, sectors)]
    recent = np.tile(decay(63, 21), (len(windows[0]), 1))
    is_long = np.array([True, False, True])
    every, few = (style(windows[0][:n], windows[1][:n], recent[:n], is_long) for n in (len(recent), 7))
    assert (every.weights[:7] == few.weights).all()
    assert (every.errors[:7] == few.errors).all()
    assert (every.r2[:7] == few.r2).all()
