"""Spreads from daily bars: the papers' formulas, hand-worked values, the reference package, holes and no look-ahead."""

import numpy as np
import pytest
from bidask import edge
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binom

from assets.models.spreads import (
    WINDOW,
    Bars,
    abdi_ranaldo_pairs,
    corwin_schultz_pairs,
    held_since,
    median_band,
    spreads,
)

Array = NDArray[np.float64]
SOME = settings(max_examples=25, deadline=None, derandomize=True, database=None)
FEW = settings(SOME, max_examples=8)
FIELDS = ("open", "high", "low", "close")


def bars(*of: tuple[float, float, float, float]) -> Bars:
    """One series: open, high, low and close by session."""
    return Bars(*np.array(of).T[:, :, None])


def drawn(seed: int, sessions: int = 60, series: int = 3, spread: float = 0.01, daily: float = 0.01) -> Bars:
    """Bars of random walks of 100 trades a session, each at the bid or the ask."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, daily / 10, (sessions * 100, series))
    middle = np.log(100) + np.cumsum(steps, axis=0)
    trades = np.exp(middle + random.choice([-spread / 2, spread / 2], steps.shape)).reshape(sessions, 100, series)
    return Bars(trades[:, 0], trades.max(axis=1), trades.min(axis=1), trades[:, -1])


def without(of: Bars, session: int, column: int) -> Bars:
    """The bars but for one."""
    copies = {name: getattr(of, name).copy() for name in FIELDS}
    for values in copies.values():
        values[session, column] = np.nan
    return Bars(**copies)


def part(of: Bars, sessions: slice, series: slice) -> Bars:
    """Some sessions of some series."""
    return Bars(*(getattr(of, name)[sessions, series] for name in FIELDS))


def by_package(of: Bars) -> Array:
    """Every whole window by the reference package, shape (sessions, n)."""
    found = np.full(of.close.shape, np.nan)
    for last in range(WINDOW - 1, len(found)):
        for column in range(len(found[last])):
            window = [getattr(of, name)[last - WINDOW + 1 : last + 1, column] for name in FIELDS]
            if not np.isnan(window).any():
                found[last, column] = edge(*window)
    return found


@FEW
@given(
    seed=st.integers(0, 2**16),
    spread=st.sampled_from([0, 1e-4, 0.01]),
    daily=st.sampled_from([1e-4, 0.01, 0.1]),
    halted=st.integers(0, 30),
)
def test_edge_is_that_of_the_reference_package(seed: int, spread: float, daily: float, halted: int) -> None:
    of = drawn(seed, 60, 3, spread, daily)
    for name in FIELDS:
        getattr(of, name)[20 : 20 + halted, 1] = of.close[19, 1]
    of = without(of, 25, 2)
    # A day that moves a hundred times as much as the others.
    for name in FIELDS:
        getattr(of, name)[30:, 0] *= np.exp(100 * daily)
    np.testing.assert_allclose(spreads(of).edge, by_package(of), rtol=0, atol=1e-12)


def test_edge_finds_a_spread_that_is_larger_than_a_days_travel() -> None:
    found = spreads(drawn(1, 400, 10, spread=0.02)).edge[WINDOW:]
    assert found.mean() == pytest.approx(0.02, rel=0.03)


def test_nothing_but_the_bounce_between_bid_and_ask() -> None:
    # The middle stands still, so that the two days' highest high and lowest low are those of each day.
    bid, ask = 99.0, 101.0
    ends = np.random.default_rng(2).choice([bid, ask], (WINDOW, 2)).tolist()
    found = spreads(bars(*((opened, ask, bid, closed) for opened, closed in ends)))
    assert found.corwin_schultz[-1, 0] == pytest.approx(0.02, rel=1e-12)
    assert found.abdi_ranaldo[-1, 0] == pytest.approx(np.log(101 / 99), rel=1e-12)


@pytest.mark.parametrize(
    ("day", "next_day", "expected"),
    [
        # The second range lies inside the first: beta = ln(102/98)^2 + ln(101/99)^2, gamma = ln(102/98)^2.
        ((100, 102, 98, 100), (100, 101, 99, 100), 0.0113976),
        # A gap of 5 taken out, both ranges are 99 to 101: the whole range is spread.
        ((100, 101, 99, 99), (104, 106, 104, 105), 0.02),
        ((100, 101, 99, 101), (95, 96, 94, 95), 0.02),
        # The price travels: 99 to 102 once a gap of 1 is taken out, and the estimate is below zero.
        ((100, 101, 99, 100), (102, 103, 101, 102), 0.0),
    ],
    ids=["inside", "gap up", "gap down", "travelling"],
)
def test_corwin_and_schultz_by_hand(
    day: tuple[float, float, float, float], next_day: tuple[float, float, float, float], expected: float
) -> None:
    assert corwin_schultz_pairs(bars(day, next_day))[0, 0] == pytest.approx(expected, abs=5e-7)


@SOME
@given(seed=st.integers(0, 2**16), spread=st.sampled_from([0, 0.001, 0.05]))
def test_corwin_and_schultz_as_the_paper_writes_it(seed: int, spread: float) -> None:
    of = drawn(seed, 30, 4, spread)
    up = np.maximum(of.low[1:] - of.close[:-1], 0)
    down = np.maximum(of.close[:-1] - of.high[1:], 0)
    high, low = of.high[1:] - up + down, of.low[1:] - up + down
    beta = np.log(of.high[:-1] / of.low[:-1]) ** 2 + np.log(high / low) ** 2
    gamma = np.log(np.maximum(of.high[:-1], high) / np.minimum(of.low[:-1], low)) ** 2
    denominator = 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / denominator - np.sqrt(gamma / denominator)
    expected = np.maximum(2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha)), 0)
    np.testing.assert_allclose(corwin_schultz_pairs(of), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("close", "next_high", "next_low", "expected"),
    [
        # Middles 0 and 0.01 in logs: 2 sqrt(0.02 x 0.01), 2 sqrt(0.02 x 0.03), and a product below zero.
        (np.exp(0.02), np.exp(0.03), np.exp(-0.01), 0.02 * np.sqrt(2)),
        (np.exp(0.02), np.exp(0.01), np.exp(-0.03), 0.02 * np.sqrt(6)),
        (np.exp(0.02), np.exp(0.05), np.exp(0.01), 0.0),
    ],
)
def test_abdi_and_ranaldo_by_hand(close: float, next_high: float, next_low: float, expected: float) -> None:
    of = bars((1, np.exp(0.04), np.exp(-0.04), close), (1, next_high, next_low, 1))
    assert abdi_ranaldo_pairs(of)[0, 0] == pytest.approx(expected, abs=1e-12)


def test_windows_are_means_of_twenty_pairs() -> None:
    of = drawn(3, 50)
    found = spreads(of)
    for values, pairs in (
        (found.corwin_schultz, corwin_schultz_pairs(of)),
        (found.abdi_ranaldo, abdi_ranaldo_pairs(of)),
    ):
        assert np.isnan(values[: WINDOW - 1]).all()
        for last in (WINDOW - 1, 35, 49):
            np.testing.assert_allclose(values[last], pairs[last - 20 : last].mean(axis=0), rtol=1e-12)
    assert np.isnan(spreads(part(of, slice(WINDOW - 1), slice(None))).edge).all()
    assert spreads(part(of, slice(1), slice(None))).edge.shape == (1, 3)


def test_a_missing_bar_leaves_no_estimate_while_it_is_in_the_window() -> None:
    of = drawn(4)
    whole, found = spreads(of), spreads(without(of, 25, 1))
    for name in ("edge", "corwin_schultz", "abdi_ranaldo"):
        values = getattr(found, name)
        assert np.isnan(values[:, 1]).nonzero()[0].tolist() == [*range(20), *range(25, 46)]
        assert np.isnan(values[:, 2]).nonzero()[0].tolist() == [*range(20)]
        np.testing.assert_allclose(values[46:, 1], getattr(whole, name)[46:, 1], rtol=1e-9)


@pytest.mark.parametrize("moving", [0, 1, 3])
def test_bars_that_do_not_move_have_no_spread(moving: int) -> None:
    of = drawn(5, WINDOW, 1)
    for name in FIELDS:
        getattr(of, name)[moving:] = of.close[max(moving - 1, 0)]
    found = spreads(of)
    values = [found.edge[-1, 0], found.corwin_schultz[-1, 0], found.abdi_ranaldo[-1, 0]]
    # Two bars that move are the fewest that EDGE takes; the first of a window has none before it.
    assert np.isfinite(values).all() if moving == 3 else np.isnan(values).all()


def test_closes_alone_have_no_spread() -> None:
    close = drawn(6).close
    found = spreads(Bars(close, close, close, close))
    assert np.isnan([found.edge, found.corwin_schultz, found.abdi_ranaldo]).all()


@FEW
@given(seed=st.integers(0, 2**16), cut=st.integers(22, 59))
def test_neither_the_future_nor_another_series_changes_an_estimate(seed: int, cut: int) -> None:
    of = without(drawn(seed), 10, 0)
    other = drawn(seed + 1, daily=0.2)
    mixed = Bars(
        *(np.where(np.arange(60)[:, None] < cut, getattr(of, name), getattr(other, name) * 1e3) for name in FIELDS)
    )
    whole = spreads(of)
    for changed in (part(of, slice(cut), slice(None)), mixed):
        for name in ("edge", "corwin_schultz", "abdi_ranaldo"):
            np.testing.assert_array_equal(getattr(spreads(changed), name)[:cut], getattr(whole, name)[:cut])
    for name in ("edge", "corwin_schultz", "abdi_ranaldo"):
        alone = getattr(spreads(part(of, slice(None), slice(2, 3))), name)
        np.testing.assert_array_equal(alone[:, 0], getattr(whole, name)[:, 2])


@FEW
@given(seed=st.integers(0, 2**16), cut=st.integers(22, 99))
def test_the_windows_that_are_wanted_are_the_same_and_the_future_changes_none(seed: int, cut: int) -> None:
    of = without(drawn(seed, 100), 10, 0)
    # In stretches, some less than a window apart and some more.
    wanted = np.repeat(np.random.default_rng(seed).random((20, 3)) < 0.3, 5, axis=0)
    every, found = spreads(of), spreads(of, wanted)
    before = spreads(part(of, slice(cut), slice(None)), wanted[:cut])
    for name in ("edge", "corwin_schultz", "abdi_ranaldo"):
        values = getattr(found, name)
        np.testing.assert_allclose(values, np.where(wanted, getattr(every, name), np.nan), rtol=1e-9)
        np.testing.assert_array_equal(getattr(before, name), values[:cut])
        assert np.isnan(getattr(spreads(of, np.zeros_like(wanted)), name)).all()


def test_dividends_and_splits_are_held_on_as_shares() -> None:
    # 2 paid on 98; a rounding difference; a 2-for-1 split; a missing bar; nothing known of the last.
    close = np.array([100, 98, 98, 49, np.nan, 49, 50])[:, None]
    total_return = np.array([np.nan, 0, 5e-5, 0, np.nan, np.nan, 0.0])[:, None]
    total_return[6] = 50 / 49 - 1
    held = held_since(close, total_return)[:, 0]
    np.testing.assert_allclose(held, [1, 100 / 98, 100 / 98, 200 / 98, 200 / 98, 200 / 98, 200 / 98], rtol=1e-15)


@FEW
@given(seed=st.integers(0, 2**16), paid=st.floats(0.001, 0.05))
def test_a_dividend_does_not_look_like_a_spread(seed: int, paid: float) -> None:
    of = drawn(seed)
    total_return = of.close / np.vstack([np.full((1, 3), np.nan), of.close[:-1]]) - 1
    fallen = np.where(np.arange(60)[:, None] < 40, 1, 1 - paid)
    paying = Bars(*(getattr(of, name) * fallen for name in FIELDS))
    shares = held_since(paying.close, total_return)
    found = spreads(Bars(*(getattr(paying, name) * shares for name in FIELDS)))
    for name in ("edge", "corwin_schultz", "abdi_ranaldo"):
        np.testing.assert_allclose(getattr(found, name), getattr(spreads(of), name), rtol=0, atol=1e-9)


def test_the_median_and_its_band_by_hand() -> None:
    values = np.full((4, 100), np.nan)
    values[0] = np.random.default_rng(7).permutation(100) + 1
    values[1, ::20] = [5, 1, 4, 2, 3]
    values[2, :4] = [4, 1, 3, 2]
    values[3, :3] = 1
    median, low, high = median_band(values, 0.8, 4)
    np.testing.assert_array_equal(median, [50.5, 3, 2.5, np.nan])
    # P(at most 43 of 100 heads) = 0.0967 and of 44 0.1356; P(0 of 5) = 0.031 and of 1 0.19; P(0 of 4) = 0.0625.
    np.testing.assert_array_equal(low, [44, 1, 1, np.nan])
    np.testing.assert_array_equal(high, [57, 5, 4, np.nan])


@SOME
@given(count=st.integers(4, 200), coverage=st.sampled_from([0.5, 0.8]))
def test_the_band_of_the_median_has_its_probability_and_no_narrower_one_has(count: int, coverage: float) -> None:
    [_], [low], [high] = median_band(np.arange(1.0, count + 1)[None], coverage, 4)
    assert low + high == count + 1
    assert 1 - 2 * binom.cdf(low - 1, count, 0.5) >= coverage > 1 - 2 * binom.cdf(low, count, 0.5)
