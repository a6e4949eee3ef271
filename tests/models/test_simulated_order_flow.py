"""Trading in the simulated option market: volume, open interest that adds up, and the dealers' true gamma."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import norm

from assets.models.simulated_dealers import book, dealer_gamma, gamma_flip
from assets.models.simulated_listings import LONGEST_AHEAD
from assets.models.simulated_options import DIVIDEND_YIELD, theory
from assets.models.simulated_order_flow import COLLAR_CONTRACTS, OptionMarket, Session, trade
from tests.models.option_market import latent, option_market

SEED, COUNT = 5, LONGEST_AHEAD + 140


@cache
def traded(symbol: str, seed: int = SEED, count: int = COUNT) -> tuple[Session, ...]:
    """Trading of the sessions after the first two years, which make the open interest."""
    return tuple(each for each in trade(option_market(symbol, seed, count)) if each.position >= LONGEST_AHEAD)


def naive_gamma(market: OptionMarket, day: Session) -> float:
    """Gamma in USD bn per 1 % if dealers held every call and owed every put that expires 5 days away or later."""
    expires = market.days[market.listed.expires[day.strikes]]
    far = np.asarray((expires - market.days[day.position]).days >= 5)
    gamma = theory(market.given, market.listed, day.strikes, day.position).gamma
    net = day.open_after[0] - day.open_after[1]
    return float((net * gamma)[far].sum() * market.given.spot[day.position] ** 2 / 1e9)


def test_volume_has_the_size_and_the_same_day_share_of_the_real_market() -> None:
    market = option_market("SPX", SEED, COUNT)
    expires = market.listed.expires
    totals = np.array([day.volume.sum() for day in traded("SPX")])
    today = np.array([day.volume[:, expires[day.strikes] == day.position].sum() for day in traded("SPX")])
    assert totals.min() > 2.3e6
    assert totals.max() < 6.5e6
    assert (today / totals).min() > 0.44
    assert (today / totals).max() < 0.61
    state = latent(SEED, COUNT).state.iloc[LONGEST_AHEAD:]
    surprise = (state["market_return"] / state["volatility"]).abs().to_numpy()
    assert np.corrcoef(surprise, totals)[0, 1] > 0.4


def test_what_expires_today_is_traded_around_the_price() -> None:
    market = option_market("SPX", SEED, COUNT)
    for day in traded("SPX")[::20]:
        today = market.listed.expires[day.strikes] == day.position
        distance = np.log(market.listed.strike[day.strikes[today]] / market.given.spot[day.position])
        volume = day.volume[:, today].sum(axis=0)
        near = np.abs(distance) < 3 * market.driven.daily[day.position]
        assert volume[near].sum() > 0.9 * volume.sum()


def test_contracts_settled_at_the_opening_are_not_traded_that_day() -> None:
    market = option_market("SPX", SEED, COUNT)
    settled = 0
    for day in traded("SPX"):
        at_open = market.listed.expiries.at_open[market.listed.expiry[day.strikes]]
        rows = (market.listed.expires[day.strikes] == day.position) & at_open
        assert day.volume[:, rows].sum() == 0
        settled += int(day.open_before[:, rows].sum())
    assert settled > 1e6


@pytest.mark.parametrize("symbol", ["SPX", "SPY"])
def test_open_interest_adds_up_from_session_to_session(symbol: str) -> None:
    days = traded(symbol)
    for before, day in pairwise(days):
        _, old, new = np.intersect1d(before.strikes, day.strikes, return_indices=True)
        np.testing.assert_array_equal(day.open_before[:, new], before.open_after[:, old])
        added = np.setdiff1d(np.arange(len(day.strikes)), new)
        assert (day.open_before[:, added] == 0).all()
    for day in days:
        assert (np.abs(day.open_after - day.open_before) <= day.volume).all()
        assert (np.abs(day.dealers) <= day.open_after).all()
        for count in (day.volume, day.open_before, day.open_after, day.dealers):
            assert (count == np.rint(count)).all()
        assert (day.open_after >= 0).all()


def test_open_interest_has_the_size_and_shape_of_the_real_one() -> None:
    market = option_market("SPX", SEED, COUNT)
    totals = np.array([day.open_before.sum() for day in traded("SPX")])
    assert totals.min() > 13e6
    assert totals.max() < 28e6
    monthly = market.listed.expiries.session[market.listed.expiries.monthly] - LONGEST_AHEAD
    monthly = monthly[(monthly >= 0) & (monthly < len(totals) - 1)]
    assert len(monthly) > 4
    assert all(totals[n + 1] < 0.95 * totals[n] for n in monthly)
    day = traded("SPX")[70]
    strike = market.listed.strike[day.strikes] / market.given.spot[day.position]
    puts_below, calls_below = (day.open_before[side, strike < 0.95].sum() for side in (1, 0))
    puts_above, calls_above = (day.open_before[side, strike > 1.03].sum() for side in (1, 0))
    assert puts_below > 2 * calls_below
    assert calls_above > 2 * puts_above
    round_ones = market.listed.strike[day.strikes] % 500 == 0
    assert day.open_before[:, round_ones].mean() > 3 * day.open_before[:, ~round_ones].mean()


def test_the_collar_is_replaced_at_the_end_of_each_quarter() -> None:
    market = option_market("SPX", SEED, COUNT)
    lines = market.listed.expiries
    ends = set(lines.session[lines.month_end & lines.quarter].tolist())
    rolls = 0
    for day in traded("SPX"):
        opened = day.open_after - day.open_before
        large = np.argwhere(opened >= COLLAR_CONTRACTS)
        if day.position not in ends:
            continue
        rolls += 1
        spot = market.given.spot[day.position]
        legs = {(int(right), float(market.listed.strike[day.strikes[row]] / spot)) for right, row in large}
        puts = sorted(relative for right, relative in legs if right == 1)
        calls = [relative for right, relative in legs if right == 0]
        assert any(abs(relative - 0.80) < 0.02 for relative in puts)
        assert any(abs(relative - 0.95) < 0.01 for relative in puts)
        assert any(1.01 < relative < 1.12 for relative in calls)
    assert rolls >= 2


def test_the_future_and_other_underlyings_change_no_trade() -> None:
    short, whole = option_market("SPX", SEED, 60), option_market("SPX", SEED, COUNT)
    for cut, day in zip(trade(short), trade(whole), strict=False):
        for name in ("volume", "open_before", "open_after", "dealers", "last_traded"):
            np.testing.assert_array_equal(getattr(cut, name), getattr(day, name))
        np.testing.assert_array_equal(short.listed.strike[cut.strikes], whole.listed.strike[day.strikes])


def test_dealer_gamma_is_the_sum_over_unexpired_positions() -> None:
    expected, books = 0.0, []
    for symbol in ("SPX", "SPY"):
        market, day = option_market(symbol, SEED, COUNT), traded(symbol)[40]
        given, spot = market.given, market.given.spot[day.position]
        books.append(book(given, market.listed, day))
        values = theory(given, market.listed, day.strikes, day.position)
        for row in np.flatnonzero(market.listed.expires[day.strikes] > day.position):
            years, iv = values.years[row], values.volatility[row]
            strike = market.listed.strike[day.strikes[row]]
            drift = given.rate[day.position] - DIVIDEND_YIELD + iv**2 / 2
            d1 = (np.log(spot / strike) + drift * years) / (iv * np.sqrt(years))
            gamma = np.exp(-DIVIDEND_YIELD * years) * norm.pdf(d1) / (spot * iv * np.sqrt(years))
            expected += day.dealers[:, row].sum() * gamma * 100 * spot**2 * 0.01 / 1e9
    assert dealer_gamma(books) == pytest.approx(expected, rel=1e-9)


def test_the_flip_is_where_gamma_changes_sign_nearest_to_the_spot() -> None:
    found = 0
    for day in traded("SPX")[::10]:
        market = option_market("SPX", SEED, COUNT)
        books = [book(market.given, market.listed, day)]
        move = gamma_flip(books)
        profile = [dealer_gamma(books, each) > 0 for each in np.linspace(-0.1, 0.1, 81)]
        if move is None:
            assert len(set(profile)) == 1
            continue
        found += 1
        assert dealer_gamma(books, move - 0.003) * dealer_gamma(books, move + 0.003) < 0
        between = [dealer_gamma(books, each) > 0 for each in np.linspace(0, 0.96 * move, 15)]
        assert len(set(between)) == 1 or abs(move) < 0.003
    assert found > 3


def test_an_estimate_from_open_interest_has_an_honest_error() -> None:
    # The published calibration: 0.080 * naive gamma + 2.5, with a standard deviation of 4.
    count = LONGEST_AHEAD + 500
    errors, truths, falls = [], [], []
    for seed in (21, 22, 23):
        market, days = option_market("SPX", seed, count), traded("SPX", seed, count)
        naive = np.array([naive_gamma(market, day) for day in days])
        truth = np.array([dealer_gamma([book(market.given, market.listed, day)]) for day in days])
        returns = latent(seed, count).state["market_return"].rolling(20).sum().to_numpy()
        errors.append(0.080 * naive + 2.5 - truth)
        truths.append(truth)
        falls.append(returns[LONGEST_AHEAD:] < -0.05)
    error, truth, fell = (np.concatenate(each) for each in (errors, truths, falls))
    assert all(abs(each.mean()) < 2 for each in errors)
    assert 2 < error.std() < 5
    assert 0.7 < (np.abs(error) < 1.28 * 4).mean() < 0.97
    assert 0.05 < (truth < 0).mean() < 0.5
    assert (truth[fell] < 0).mean() > 0.6
