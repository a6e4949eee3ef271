"""Listings of the simulated exchange: expiries on its calendar, strikes that follow the spot and stay."""

import numpy as np
import pandas as pd
import pytest

from assets.models.simulated_listings import LONGEST_AHEAD, SPX, SPY, expiries, listings
from assets.models.simulated_options import Array
from tests.models.option_market import option_market

SEED, COUNT = 5, 320
MARKET = option_market("SPX", SEED, COUNT)
DAYS, SPOT, LISTED = MARKET.days, MARKET.given.spot, MARKET.listed
EXPIRIES = LISTED.expiries


def listed_strikes(position: int, expiry: str, *, at_open: bool = False) -> Array:
    rows = LISTED.at(position)
    wanted = (DAYS[LISTED.expires[rows]] == expiry) & (EXPIRIES.at_open[LISTED.expiry[rows]] == at_open)
    return np.asarray(LISTED.strike[rows[wanted]])


def test_every_session_has_an_expiry_and_third_fridays_have_two() -> None:
    at_close = EXPIRIES.session[~EXPIRIES.at_open]
    assert at_close.tolist() == list(range(len(DAYS)))
    monthly = DAYS[EXPIRIES.session[EXPIRIES.at_open]]
    assert pd.Timestamp("2018-06-15") in monthly
    # Good Friday 2019 was the third Friday of April.
    assert pd.Timestamp("2019-04-18") in monthly
    assert pd.Timestamp("2019-04-19") not in DAYS
    assert (monthly.to_series().groupby(monthly.to_period("M")).size() == 1).all()


def test_a_fund_has_one_root_and_settles_at_the_close() -> None:
    lines = expiries(SPY, DAYS)
    assert not lines.at_open.any()
    assert lines.session.tolist() == list(range(len(DAYS)))
    assert DAYS[lines.session[lines.monthly]].equals(DAYS[EXPIRIES.session[EXPIRIES.monthly]])


def test_expiries_are_listed_by_kind_for_weeks_or_years() -> None:
    position = 300
    listed = LISTED.at(position)
    ahead = LISTED.expires[listed] - position
    lines = LISTED.expiry[listed]
    assert set(range(SPX.dailies + 1)) <= set(ahead)
    far = ahead > SPX.dailies
    assert (EXPIRIES.week_end | EXPIRIES.month_end | EXPIRIES.monthly)[lines[far]].all()
    assert 440 < ahead.max() <= LONGEST_AHEAD
    assert (EXPIRIES.monthly & EXPIRIES.quarter)[lines[ahead > 260]].all()


def test_strikes_are_dense_near_the_spot_and_reach_far() -> None:
    strikes = listed_strikes(250, "2019-01-18", at_open=True)
    relative = strikes / SPOT[250]
    assert relative.min() < 0.55
    assert relative.max() > 1.35
    assert np.diff(strikes)[np.abs(relative[1:] - 1) < 0.02].max() <= 25
    assert np.diff(strikes)[relative[1:] > 1.2].min() >= 100
    assert (strikes % 5 == 0).all()


def test_what_is_listed_stays_until_it_expires_and_strikes_are_added_as_the_spot_moves() -> None:
    added = 0
    for position in range(200, 260):
        today, tomorrow = (set(LISTED.at(day).tolist()) for day in (position, position + 1))
        gone = np.array(sorted(today - tomorrow))
        assert (LISTED.expires[gone] == position).all()
        new = np.array(sorted(tomorrow - today))
        added += int((EXPIRIES.listed[LISTED.expiry[new]] < position).sum())
    assert added > 100
    extremes = SPOT[252:270].min() / 25, SPOT[252:270].max() / 25
    near = np.arange(np.ceil(extremes[0]), np.floor(extremes[1]) + 1) * 25
    assert set(near) <= set(listed_strikes(270, str(DAYS[275].date())))


def test_the_future_lists_nothing_in_the_past() -> None:
    short = listings(SPX, DAYS, SPOT[:200])
    whole = [(LISTED.expiry[rows], LISTED.strike[rows]) for rows in map(LISTED.at, (0, 100, 199))]
    cut = [(short.expiry[rows], short.strike[rows]) for rows in map(short.at, (0, 100, 199))]
    for one, other in zip(whole, cut, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_calendar_that_ends_before_the_contracts_is_an_error() -> None:
    with pytest.raises(ValueError, match="504 sessions past the simulation's end"):
        listings(SPX, DAYS[: COUNT + LONGEST_AHEAD - 1], SPOT)
