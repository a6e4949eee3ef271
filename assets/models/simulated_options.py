"""Prices of the simulated option market: a volatility surface over the latent state, quotes and greeks from it.

At the money, total variance is what the latent state expects for the sessions until expiry, times the variance
premium, so that the surface agrees with the simulated volatility indices. Across strikes it is the surface SVI of
Gatheral and Jacquier (2014, doi 10.1080/14697688.2013.819986) with their power law of exponent one half: its skew
falls with one over the square root of time, and it admits neither butterfly nor calendar arbitrage.

Options are priced with Black's formula on the forward; early exercise is left out, also for funds.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from assets.models.simulated_listings import LONGEST_AHEAD, Listings
from assets.models.simulated_market import (
    HORIZONS,
    LONGEST_HORIZON,
    OVERNIGHT_VARIANCE_SHARE,
    SESSIONS_PER_YEAR,
    SLOW_PERSISTENCE,
    TYPICAL_VOLATILITY,
    Latent,
)

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

DIVIDEND_YIELD = 0.013
YEAR = pd.Timedelta(days=365)
# Past the latent state's horizon expected variance goes back to its long-run level as the slow component does.
# The premium's slope, in volatility, goes on to this at the longest expiry.
LONGEST_SLOPE = 1.08
# Correlation and curvature of the surface: fitted by eye to the skew of S&P 500 options at maturities from a week
# to a year. Arbitrage is absent while curvature * (1 + |correlation|) <= 2.
CORRELATION, CORRELATION_DEVIATION, CORRELATION_PERSISTENCE = -0.50, 0.06, 0.97
CORRELATION_BOUNDS = (-0.75, -0.25)
CURVATURE = 1.10


class Quotation(NamedTuple):
    """How an underlying's options are quoted.

    Attributes:
        tick: Smallest price step below `threshold`.
        wide_tick: Smallest price step from there on.
        threshold: Price at which the step changes.
        base: Half the spread of a worthless option at 15 % volatility.
        growth: Half-spread per square root of the price out of the money.
        deep: Half-spread per unit of intrinsic value.
    """

    tick: float
    wide_tick: float
    threshold: float
    base: float
    growth: float
    deep: float


QUOTATIONS = {
    "SPX": Quotation(0.05, 0.10, 3.0, 0.03, 0.045, 0.002),
    "SPY": Quotation(0.01, 0.01, 3.0, 0.004, 0.006, 0.001),
}


@dataclass(frozen=True)
class Conditions:
    """What the prices of an underlying's options depend on, in each simulated session.

    Attributes:
        opens: When the calendar's sessions open, the simulated ones and those to come, in years of calendar time.
        closes: When they close.
        spot: Close of the underlying, (sessions,).
        rate: Riskless rate, continuously compounded, fraction per year, (sessions,).
        variance: Total variance at the money until the close 0, 1, ... sessions ahead, (sessions, ahead).
        correlation: Correlation of the surface, which makes the skew, (sessions,).
    """

    opens: Array
    closes: Array
    spot: Array
    rate: Array
    variance: Array
    correlation: Array


@dataclass(frozen=True)
class Theory:
    """Theoretical values of contracts; all arrays have one shape.

    Attributes:
        call: Price of the call.
        put: Price of the put.
        volatility: Implied volatility, fraction per year of calendar time; 0 once expired.
        years: Calendar time to settlement.
        call_delta: Delta of the call.
        put_delta: Delta of the put.
        gamma: Gamma of either, per unit of the underlying.
    """

    call: Array
    put: Array
    volatility: Array
    years: Array
    call_delta: Array
    put_delta: Array
    gamma: Array


def conditions(latent: Latent, hours: pd.DataFrame, spot: Array, seed: int) -> Conditions:
    """The conditions of the latent state's sessions from some session on.

    Args:
        latent: The state.
        hours: Times `open` and `close` by session (naive midnights): from the first session wanted until the longest
            contract of the last one has expired.
        spot: Close of the underlying in the sessions wanted.
        seed: Same seed, same skew.
    """
    first = len(latent.sessions) - len(spot)
    drawn = stream(seed, "options/skew").standard_normal(len(latent.sessions))
    disturbance = CORRELATION_DEVIATION * autoregression(drawn, CORRELATION_PERSISTENCE)
    correlation = np.clip(CORRELATION + disturbance, *CORRELATION_BOUNDS)[first:]
    return Conditions(
        opens=((hours["open"] - hours["open"].iloc[0]) / YEAR).to_numpy(),
        closes=((hours["close"] - hours["open"].iloc[0]) / YEAR).to_numpy(),
        spot=spot,
        rate=np.log1p(latent.state["bill_yield"].to_numpy()[first:] / 100),
        variance=_index_variance(latent, first) / _variance_swap_ratio(correlation)[:, None],
        correlation=correlation,
    )


def theory(given: Conditions, listed: Listings, strikes: Integers, session: Integers | int) -> Theory:
    """Theoretical values at the close of a session.

    Args:
        given: The conditions.
        listed: All contracts.
        strikes: Positions in `listed` of the contracts wanted, any shape.
        session: Position of the session, one for all or one for each contract.
    """
    session = np.broadcast_to(np.asarray(session), strikes.shape)
    at_open = listed.expiries.at_open[listed.expiry[strikes]]
    expires, strike = listed.expires[strikes], listed.strike[strikes]
    settles = np.where(at_open, given.opens[expires], given.closes[expires])
    years = np.maximum(settles - given.closes[session], 0.0)
    rate = given.rate[session]
    forward = given.spot[session] * np.exp((rate - DIVIDEND_YIELD) * years)
    level = at_the_money(given, session, expires - session, at_open)
    deviation = np.sqrt(smile(np.log(strike / forward), level, given.correlation[session]))
    return _black(forward, strike, deviation, years, rate)


def at_the_money(given: Conditions, session: Integers, ahead: Integers, at_open: NDArray[np.bool_]) -> Array:
    """Total variance at the money, from the close of a session until settlement `ahead` sessions later."""
    until_close = given.variance[session, ahead]
    until_previous = given.variance[session, np.maximum(ahead - 1, 0)]
    until_open = until_previous + OVERNIGHT_VARIANCE_SHARE * (until_close - until_previous)
    return np.asarray(np.where(at_open, until_open, until_close))


def smile(log_moneyness: Array, level: Array, correlation: Array) -> Array:
    """Total variance of the surface at log(strike / forward), given that at the money."""
    alive = level > 0
    # Any positive number stands in for the variance of what has expired: it is multiplied by 0.
    shape = CURVATURE / np.sqrt(np.where(alive, level * (1 + level), 1.0))
    distance = shape * log_moneyness
    root = np.sqrt((distance + correlation) ** 2 + 1 - correlation**2)
    return np.asarray(level / 2 * (1 + correlation * distance + root))


def quote(values: Theory, strike: Array, spot: float, symbol: str) -> dict[str, Array]:
    """Quotes as a vendor shows them, each (2, strikes): calls, then puts.

    The vendor gives no implied volatility (0) to what has expired, and to what is in the money with less time
    value than half a tick.

    Returns:
        `bid` and `ask` on ticks, `iv`, `delta` and `gamma` to four decimals.
    """
    how = QUOTATIONS[symbol]
    price = np.stack([values.call, values.put])
    intrinsic = np.maximum(np.stack([spot - strike, strike - spot]), 0.0)
    time_value = np.minimum(values.call, values.put)
    nervous = np.clip(np.sqrt(values.volatility / 0.15), 0.7, 2.0)
    half = (how.base + how.growth * np.sqrt(time_value)) * nervous + how.deep * intrinsic
    tick = np.where(price < how.threshold, how.tick, how.wide_tick)
    # A hundredth of a tick keeps what lies on a tick there, in spite of binary fractions.
    bid = np.floor((price - half) / tick + 0.01).clip(min=0) * tick
    ask = np.ceil((price + half) / tick - 0.01).clip(min=1) * tick
    unknown = (values.years == 0) | ((intrinsic > 0) & (time_value < how.tick / 2))
    return {
        "bid": bid.round(2),
        "ask": ask.round(2),
        "iv": np.where(unknown, 0.0, values.volatility).round(4),
        "delta": np.stack([values.call_delta, values.put_delta]).round(4),
        "gamma": np.stack([values.gamma, values.gamma]).round(4),
    }


def last_price(given: Conditions, listed: Listings, strikes: Integers, last_traded: Integers, symbol: str) -> Array:
    """Price of each contract's last trade, (2, strikes): its value at that session's close, on a tick.

    Args:
        given: The conditions.
        listed: All contracts.
        strikes: Positions in `listed`, (strikes,).
        last_traded: Position of the session of the last trade of calls and puts, (2, strikes); -1 for never.
        symbol: The underlying.

    Returns:
        Prices of at least a tick; 0 for what was never traded, as vendors show it.
    """
    how = QUOTATIONS[symbol]
    # Any session stands in for the last trade of what was never traded.
    session = np.maximum(last_traded, listed.listed[strikes])
    values = theory(given, listed, np.broadcast_to(strikes, session.shape), session)
    price = np.stack([values.call[0], values.put[1]])
    tick = np.where(price < how.threshold, how.tick, how.wide_tick)
    return np.where(last_traded < 0, 0.0, np.maximum(np.rint(price / tick), 1) * tick).round(2)


def _index_variance(latent: Latent, first: int) -> Array:
    """Total variance for 0, 1, ... sessions ahead as the volatility indices measure it, (sessions, ahead)."""
    expected = latent.expected_variance[first:]
    ahead = np.arange(1, LONGEST_AHEAD + 1)
    fading = SLOW_PERSISTENCE ** np.arange(1, LONGEST_AHEAD - LONGEST_HORIZON + 1)
    beyond = TYPICAL_VOLATILITY**2 + (expected[:, -1:] - TYPICAL_VOLATILITY**2) * fading
    total = np.concatenate([expected, beyond], axis=1).cumsum(axis=1) / SESSIONS_PER_YEAR
    horizons = [sessions for sessions, _, _ in HORIZONS.values()]
    slopes = [slope for _, slope, _ in HORIZONS.values()]
    slope = np.interp(np.log(ahead), np.log([*horizons, LONGEST_AHEAD]), [*slopes, LONGEST_SLOPE])
    premium = latent.state["variance_premium"].to_numpy()[first:]
    return np.pad(total * slope**2 * premium[:, None], ((0, 0), (1, 0)))


def _variance_swap_ratio(correlation: Array) -> Array:
    """What a volatility index measures, over the variance at the money, (sessions,).

    The price of variance is the mean of total variance over a standard normal d2 (Gatheral 2006, The Volatility
    Surface, chapter 11); at short maturities it does not depend on the maturity.
    """
    distance = np.linspace(-12, 12, 481)  # log-moneyness over the square root of variance at the money
    rho = correlation[:, None]
    scaled = CURVATURE * distance
    ratio = (1 + rho * scaled + np.sqrt((scaled + rho) ** 2 + 1 - rho**2)) / 2
    d2 = -distance / np.sqrt(ratio)
    density = np.exp(-(d2**2) / 2) / np.sqrt(2 * np.pi)
    return np.asarray(-np.trapezoid(ratio * density, d2, axis=1))


def _black(forward: Array, strike: Array, deviation: Array, years: Array, rate: Array) -> Theory:
    """Black's formula; `deviation` is the root of total variance. What has expired is worth what it settles at."""
    alive = (deviation > 0) & (years > 0)
    safe = np.where(alive, deviation, 1.0)
    d1 = np.log(forward / strike) / safe + safe / 2
    above = np.where(alive, ndtr(d1), strike < forward)
    above_adjusted = np.where(alive, ndtr(d1 - safe), strike < forward)
    discount, carry = np.exp(-rate * years), np.exp(-DIVIDEND_YIELD * years)
    spot = forward * discount / carry
    density = np.where(alive, np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi), 0.0)
    return Theory(
        call=np.maximum(discount * (forward * above - strike * above_adjusted), 0.0),
        put=np.maximum(discount * (strike * (1 - above_adjusted) - forward * (1 - above)), 0.0),
        volatility=np.where(alive, deviation / np.sqrt(np.where(alive, years, 1.0)), 0.0),
        years=years,
        call_delta=carry * above,
        put_delta=carry * (above - 1),
        gamma=carry * density / (spot * safe),
    )


def autoregression(normal: Array, persistence: float) -> Array:
    """A first-order autoregression of unit stationary variance along the first axis, from normal draws."""
    values = np.array(normal * np.sqrt(1 - persistence**2))
    for row in range(1, len(values)):
        values[row] += persistence * values[row - 1]
    return values


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one purpose, independent of every other's."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=tuple(name.encode()))))
