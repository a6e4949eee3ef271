"""The simulated volatility surface and quotes: the indices it agrees with, no arbitrage, ticks and greeks."""

import numpy as np
import pytest
import QuantLib as ql  # type: ignore[import-untyped]  # noqa: N813 - no types; named as in its own documentation

from assets.models.simulated_listings import LONGEST_AHEAD
from assets.models.simulated_market import HORIZONS, SESSIONS_PER_YEAR
from assets.models.simulated_options import (
    DIVIDEND_YIELD,
    Array,
    Integers,
    Theory,
    at_the_money,
    conditions,
    last_price,
    quote,
    smile,
    theory,
)
from assets.sources.sessions import xnys
from tests.models.option_market import SESSIONS, latent, option_market

SEED, COUNT = 5, 320
MARKET = option_market("SPX", SEED, COUNT)
GIVEN, LISTED = MARKET.given, MARKET.listed
STATE = latent(SEED, COUNT)
POSITIONS = (40, 120, 210, 319)


def chain(position: int, symbol: str = "SPX") -> tuple[Integers, Array, Theory, dict[str, Array]]:
    """Strikes' positions, strikes, theoretical values and quotes of a session's chain."""
    market = option_market(symbol, SEED, COUNT)
    rows = market.listed.at(position)
    strike, values = market.listed.strike[rows], theory(market.given, market.listed, rows, position)
    return rows, strike, values, quote(values, strike, float(market.given.spot[position]), symbol)


def money(position: int) -> Array:
    """Total variance at the money until each close ahead."""
    ahead = np.arange(LONGEST_AHEAD + 1)
    return at_the_money(GIVEN, np.full(len(ahead), position), ahead, np.zeros(len(ahead), dtype=bool))


@pytest.mark.parametrize("name", ["VIX9D", "VIX", "VIX3M"])
def test_the_surface_agrees_with_the_volatility_indices(name: str) -> None:
    # The indices' definition: twice the prices of options out of the money over their strikes squared.
    sessions, slope, _ = HORIZONS[name]
    for position in POSITIONS:
        level = money(position)[sessions]
        distance = np.linspace(-12, 12, 4001) * np.sqrt(level)
        deviation = np.sqrt(smile(distance, np.full(4001, level), np.full(4001, GIVEN.correlation[position])))
        price = [
            ql.blackFormula(ql.Option.Call if k > 0 else ql.Option.Put, float(np.exp(k)), 1.0, float(v))
            for k, v in zip(distance, deviation, strict=True)
        ]
        measured = 100 * np.sqrt(2 * np.trapezoid(price * np.exp(-distance), distance) * SESSIONS_PER_YEAR / sessions)
        premium = STATE.state["variance_premium"].iloc[position]
        expected = 100 * slope * np.sqrt(premium * STATE.expected_variance[position, :sessions].mean())
        assert measured == pytest.approx(expected, rel=0.03)


def test_total_variance_rises_with_maturity_at_every_strike() -> None:
    for position in POSITIONS:
        level = money(position)
        for distance in (-0.3, -0.05, 0.0, 0.05, 0.2):
            total = smile(np.full(len(level), distance), level, np.full(len(level), GIVEN.correlation[position]))
            assert (np.diff(total) > 0).all()


def test_the_overnight_part_of_a_session_is_a_quarter_of_its_variance() -> None:
    position, ahead = np.array([40, 40, 40]), np.array([3, 4, 4])
    until = at_the_money(GIVEN, position, ahead, np.array([False, True, False]))
    assert until[1] == pytest.approx(until[0] + 0.25 * (until[2] - until[0]))


def test_the_skew_is_negative_and_falls_with_the_root_of_time() -> None:
    for position in POSITIONS:
        skews = []
        for ahead in (5, 20, 320):
            level, years = money(position)[ahead], ahead / SESSIONS_PER_YEAR
            step = np.array([-1e-4, 1e-4])
            iv = np.sqrt(smile(step, np.full(2, level), np.full(2, GIVEN.correlation[position])) / years)
            skews.append((iv[1] - iv[0]) / 2e-4)
        assert skews[0] < skews[1] < skews[2] < 0
        assert skews[0] / skews[1] == pytest.approx(2, rel=0.05)


def test_the_skew_drifts_slowly() -> None:
    correlation = GIVEN.correlation
    assert correlation.std() > 0.02
    assert np.abs(np.diff(correlation)).max() < 0.06


@pytest.mark.parametrize("position", POSITIONS)
def test_prices_fall_with_the_strike_and_are_convex(position: int) -> None:
    rows, strike, values, quoted = chain(position)
    mid = (quoted["bid"] + quoted["ask"]) / 2
    for line in np.unique(LISTED.expiry[rows]):
        of_line = LISTED.expiry[rows] == line
        k = strike[of_line]
        slope = np.diff(values.call[of_line]) / np.diff(k)
        assert (slope <= 1e-12).all()
        assert (np.diff(slope) >= -1e-9).all()
        put_slope = np.diff(values.put[of_line]) / np.diff(k)
        assert (put_slope >= -1e-12).all()
        assert (np.diff(put_slope) >= -1e-9).all()
        # Rounding moves a mid by less than a tick.
        assert (np.diff(mid[0, of_line]) <= 0.1 + 1e-9).all()
        assert (np.diff(mid[1, of_line]) >= -0.1 - 1e-9).all()


def test_prices_and_greeks_are_those_of_quantlib() -> None:
    position = 120
    _, strike, values, _ = chain(position)
    alive = np.flatnonzero((values.years > 0) & (np.abs(strike / GIVEN.spot[position] - 1) < 0.2))[::37]
    assert len(alive) > 20
    for row in alive:
        years, rate, spot = values.years[row], GIVEN.rate[position], GIVEN.spot[position]
        forward = spot * np.exp((rate - DIVIDEND_YIELD) * years)
        deviation, discount = values.volatility[row] * np.sqrt(years), np.exp(-rate * years)
        for kind, price, delta in (
            (ql.Option.Call, values.call[row], values.call_delta[row]),
            (ql.Option.Put, values.put[row], values.put_delta[row]),
        ):
            expected = ql.BlackCalculator(
                ql.PlainVanillaPayoff(kind, float(strike[row])), float(forward), float(deviation), float(discount)
            )
            assert price == pytest.approx(expected.value(), abs=1e-8)
            assert delta == pytest.approx(expected.delta(float(spot)), abs=1e-10)
            assert values.gamma[row] == pytest.approx(expected.gamma(float(spot)), abs=1e-12)


def test_what_expired_is_worth_what_it_settles_at() -> None:
    rows, strike, values, quoted = chain(200)
    expired = LISTED.expires[rows] == 200
    assert expired.sum() > 50
    np.testing.assert_allclose(values.call[expired], np.maximum(GIVEN.spot[200] - strike[expired], 0))
    np.testing.assert_allclose(values.put[expired], np.maximum(strike[expired] - GIVEN.spot[200], 0))
    assert (quoted["iv"][:, expired] == 0).all()
    assert (quoted["gamma"][:, expired] == 0).all()
    assert set(np.unique(quoted["delta"][:, expired])) <= {-1.0, 0.0, 1.0}


@pytest.mark.parametrize(("symbol", "tick", "wide_tick"), [("SPX", 0.05, 0.10), ("SPY", 0.01, 0.01)])
def test_quotes_stand_on_ticks_around_the_value(symbol: str, tick: float, wide_tick: float) -> None:
    _, _, values, quoted = chain(210, symbol)
    price = np.stack([values.call, values.put])
    bid, ask = quoted["bid"], quoted["ask"]
    assert (bid <= price + 1e-9).all()
    assert (ask >= price - 1e-9).all()
    assert (ask > bid).all()
    step = np.where(price < 3, tick, wide_tick)
    for quotes in (bid, ask):
        np.testing.assert_allclose(np.rint(quotes / step) * step, quotes, atol=1e-9)
    assert (bid[price < tick / 2] == 0).all()
    # Wider for what costs more out of the money.
    spread, out_of_money = (ask - bid)[0], values.call < values.put
    cheap, dear = (spread[out_of_money & rows].mean() for rows in (price[0] < 10 * tick, price[0] > 1000 * tick))
    assert dear > 3 * cheap


def test_a_vendor_gives_no_volatility_without_time_value() -> None:
    _, strike, values, quoted = chain(210)
    spot = GIVEN.spot[210]
    alive = values.years > 0
    deep = alive & (strike < 0.6 * spot) & (values.years < 0.05)
    assert (quoted["iv"][0, deep] == 0).all()
    assert (quoted["iv"][1, deep] > 0).all()
    near = alive & (np.abs(strike / spot - 1) < 0.02) & (values.years > 0.02)
    np.testing.assert_allclose(quoted["iv"][:, near], np.stack([values.volatility[near]] * 2), atol=5.1e-5)
    assert (quoted["iv"][:, alive] > 0).mean() > 0.9


def test_the_last_price_is_that_of_the_last_trade() -> None:
    rows = LISTED.at(210)
    traded = np.full((2, len(rows)), -1)
    since = np.maximum(LISTED.listed[rows], 209)
    traded[0] = since
    last = last_price(GIVEN, LISTED, rows, traded, "SPX")
    then = theory(GIVEN, LISTED, rows, since)
    assert (last[1] == 0).all()
    np.testing.assert_allclose(last[0], np.maximum(then.call, 0.05), atol=0.051)


def test_the_same_seed_makes_the_same_surface_and_the_future_changes_none_of_it() -> None:
    short = option_market("SPX", SEED, 150).given
    for whole, cut in ((GIVEN.variance, short.variance), (GIVEN.correlation, short.correlation)):
        np.testing.assert_array_equal(whole[:150], cut)
    other = option_market("SPX", SEED + 1, 150).given
    assert not np.array_equal(other.correlation, short.correlation)


def test_conditions_of_the_last_sessions_are_those_of_all() -> None:
    hours = xnys().schedule.loc[SESSIONS[100] :, ["open", "close"]]
    late = conditions(STATE, hours, GIVEN.spot[100:], SEED)
    for name in ("spot", "rate", "variance", "correlation"):
        np.testing.assert_array_equal(getattr(late, name), getattr(GIVEN, name)[100:])
    np.testing.assert_allclose(late.closes - late.opens[0], GIVEN.closes[100:] - GIVEN.opens[100], atol=1e-12)
