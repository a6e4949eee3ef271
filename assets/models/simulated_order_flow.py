"""Trading in the simulated option market: volume, open interest, and what dealers hold against their customers.

What is traded in a contract depends on its maturity, its moneyness and how round its strike is; part of it opens
positions, part closes them. Customers buy some contracts on balance and sell others: of what is opened in a bucket
of right, moneyness and maturity their signed share is a base, a persistent disturbance, and a demand for
protection that rises as the market falls. Dealers hold the other side until it is closed or expires. So their
position depends on the whole history of trading, and not on the open interest at one time.

Once a quarter one customer rolls a large collar on the index: a put spread bought, a call sold against it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models.simulated_listings import Listings, Product
from assets.models.simulated_market import SESSIONS_PER_YEAR, TYPICAL_VOLATILITY, Latent
from assets.models.simulated_options import Conditions, at_the_money, autoregression, stream

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# Contracts per session on average, and the share of them that expires the same day.
VOLUME = {"SPX": 3.7e6, "SPY": 7.5e6}
SAME_DAY_SHARE, SAME_DAY_DEVIATION, SAME_DAY_BOUNDS = 0.52, 0.025, (0.45, 0.60)
# Elasticity of volume to volatility, its rise per standard deviation of the session's move, its own disturbance.
VOLUME_ELASTICITY, VOLUME_PER_SURPRISE, VOLUME_DEVIATION = 0.15, 0.12, 0.07
CONTRACT_DEVIATION = 0.8
# Where most is traded, in standard deviations out of the money, and how fast it fades towards the money and away from
# it: today's expiry around the price of the moment, later ones (calls, puts) around the close. Buyers of insurance
# reach far below the spot, sellers of calls not as far above it.
TODAY_PEAK, TODAY_INWARDS, TODAY_OUTWARDS = 0.15, 0.12, np.array(0.4)
LATER_PEAK, LATER_INWARDS, LATER_OUTWARDS = 0.2, 0.5, np.array([[1.0], [1.8]])
# What is traded anywhere, as a share of the peak.
EVERYWHERE = 2e-3
# How much more is traded at a strike, by the number of round steps that divide it.
ROUNDNESS = np.array([1.0, 1.2, 1.6, 2.4, 5.0, 9.0])
# Shares of the volume that open and that close positions, in the last sessions before expiry and before them.
OPENING = {"SPX": (0.42, 0.40), "SPY": (0.28, 0.26)}
CLOSING = (0.15, 0.12)

# Buckets: calls and puts; in the money, near, out of it, far out, in standard deviations; sessions to expiry.
MONEYNESS_EDGES = np.array([-0.5, 0.5, 1.5])
MATURITY_EDGES = np.array([6, 22, 64])
# Net purchases of customers as a share of what is opened, by moneyness (rows) and maturity (columns): they write
# calls above the spot, and buy puts once volatility has risen. What stands above was set after real chains: volume and
# open interest by maturity and moneyness, and gamma from open interest alone. These shares, and what follows down to
# the rolling, were tuned over many seeds until dealers' true gamma had the scale that desks publish, was negative
# after falls, and lay 3 to 4.5 USD bn (one standard deviation) and on average less than 1 from what the published
# calibration, 0.08 times that gamma plus 2.5, makes of it.
CALL_SHARES = np.array(
    [
        [0.000, -0.010, -0.010, -0.010],
        [0.000, -0.030, -0.035, -0.030],
        [0.010, -0.050, -0.065, -0.050],
        [0.030, 0.010, -0.010, -0.010],
    ]
)
PUT_SHARES = np.array(
    [
        [0.000, 0.000, 0.000, 0.000],
        [0.000, -0.015, -0.015, -0.015],
        [-0.010, -0.005, 0.000, 0.005],
        [0.000, -0.020, 0.000, 0.010],
    ]
)
# Deviation of the shares, by right and maturity, and its persistence from session to session.
SHARE_DEVIATION = np.array([[0.03, 0.05, 0.05, 0.04], [0.03, 0.04, 0.04, 0.04]])
SHARE_PERSISTENCE = 0.92
# Share added to puts for each unit of log volatility above normal (a fall of the market is a rise of it), and to
# calls for each unit below.
SOUGHT_PUTS, CHASED_CALLS = 0.22, 0.05
# Share of their net position that customers roll out of a monthly expiry, in each of its last sessions.
ROLLING = 0.25

COLLAR_UNDERLYING, COLLAR_CONTRACTS = "SPX", 40_000
# Strikes of the collar: of the put bought and the put sold, over the spot; the call's in standard deviations.
COLLAR_PUTS, COLLAR_CALL = (0.95, 0.80), 0.55

# Steps of the latent state's session, which are quarter hours.
HOUR = 4


class Session(NamedTuple):
    """Trading of one session. Arrays of two rows hold calls and puts, (2, strikes).

    Attributes:
        position: Position of the session.
        strikes: Positions of the strikes listed that session.
        volume: Contracts traded.
        open_before: Open interest at the end of the session before.
        open_after: Open interest at the end of the session.
        dealers: Net position of dealers at the end of the session, in contracts.
        last_traded: Position of the last session in which the contract was traded, -1 for never.
    """

    position: int
    strikes: Integers
    volume: Array
    open_before: Array
    open_after: Array
    dealers: Array
    last_traded: Integers


@dataclass(frozen=True)
class Flow:
    """What drives trading, by session.

    Attributes:
        total: Contracts traded, (sessions,).
        same_day: Share of them that expires the same day, (sessions,).
        shares: Customers' signed share of what is opened, (sessions, 2, moneyness, maturity).
        path: Log price at some times of the session relative to its close, (sessions, times).
        daily: Standard deviation of a session's return, (sessions,).
    """

    total: Array
    same_day: Array
    shares: Array
    path: Array
    daily: Array


def flow(latent: Latent, first: int, symbol: str, seed: int) -> Flow:
    """What drives trading in an underlying's options in the latent state's sessions from position `first` on."""
    state, sessions = latent.state, len(latent.state)
    daily = state["volatility"].to_numpy() / np.sqrt(SESSIONS_PER_YEAR)
    surprise = state["market_return"].to_numpy() / daily
    normal = stream(seed, f"options/{symbol}/volume").standard_normal((sessions, 2))
    activity = (daily * np.sqrt(SESSIONS_PER_YEAR) / TYPICAL_VOLATILITY) ** VOLUME_ELASTICITY
    activity *= 1 + VOLUME_PER_SURPRISE * (np.abs(surprise) - np.sqrt(2 / np.pi))
    total = VOLUME[symbol] * activity * np.exp(VOLUME_DEVIATION * normal[:, 0])
    same_day = np.clip(SAME_DAY_SHARE + SAME_DAY_DEVIATION * normal[:, 1], *SAME_DAY_BOUNDS)

    base = np.stack([CALL_SHARES, PUT_SHARES])
    drawn = stream(seed, f"options/{symbol}/shares").standard_normal((sessions, *base.shape))
    fear = state["log_volatility_fast"].to_numpy()
    demand = np.stack([CHASED_CALLS * np.maximum(-fear, 0), SOUGHT_PUTS * np.maximum(fear, 0)], axis=1)
    shares = base + SHARE_DEVIATION[:, None] * autoregression(drawn, SHARE_PERSISTENCE) + demand[:, :, None, None]

    path = latent.steps["market"][:, 1:].cumsum(axis=1)
    path = (path - path[:, -1:])[:, 1::HOUR]
    return Flow(total[first:], same_day[first:], shares[first:], path[first:], daily[first:])


@dataclass(frozen=True)
class OptionMarket:
    """An underlying's options, ready to be traded.

    Attributes:
        product: What is listed, and how.
        days: The calendar's sessions, from the first simulated one, as naive midnights.
        given: Spot and volatility.
        listed: All contracts.
        driven: What drives trading.
        seed: Same seed, same trades.
    """

    product: Product
    days: pd.DatetimeIndex
    given: Conditions
    listed: Listings
    driven: Flow
    seed: int


def trade(market: OptionMarket) -> Iterator[Session]:
    """Trade session after session, from a market without open interest."""
    listed, symbol = market.listed, market.product.symbol
    open_interest = np.zeros((2, len(listed.strike)))
    dealers = np.zeros_like(open_interest)
    last_traded = np.full(open_interest.shape, -1)
    for position in range(len(market.given.spot)):
        strikes = listed.at(position)
        ahead = listed.expires[strikes] - position
        out_of_money = _out_of_money(market, strikes, position)
        expected = _expected_volume(market, strikes, position, out_of_money)
        random = stream(market.seed, f"options/{symbol}/{market.days[position].date()}")
        volume = _drawn(expected, ahead == 0, random)

        before = open_interest[:, strikes]
        early = (ahead >= MATURITY_EDGES[0]).astype(int)
        opened = np.rint(volume * np.array(OPENING[symbol])[early])
        closed = np.minimum(np.rint(volume * np.array(CLOSING)[early]), before)
        share = market.driven.shares[
            position,
            np.arange(2)[:, None],
            np.searchsorted(MONEYNESS_EDGES, out_of_money),
            np.searchsorted(MATURITY_EDGES, ahead, side="right"),
        ]
        rolled = np.where(listed.expiries.monthly[listed.expiry[strikes]] & (early == 0), ROLLING, 0.0)
        held = dealers[:, strikes] * (1 - closed / np.maximum(before, 1)) * (1 - rolled) - share * opened
        after = before + opened - closed
        if symbol == COLLAR_UNDERLYING:
            collar = _collar(market, strikes, position)
            volume, after, held = volume + np.abs(collar), after + np.abs(collar), held - collar

        last = np.where(volume > 0, position, last_traded[:, strikes])
        open_interest[:, strikes], dealers[:, strikes], last_traded[:, strikes] = after, held, last
        yield Session(position, strikes, volume, before, after, np.rint(held), last)


def _out_of_money(market: OptionMarket, strikes: Integers, position: int) -> Array:
    """How far each contract is out of the money, in standard deviations of the return until expiry, (2, strikes)."""
    given, listed = market.given, market.listed
    ahead = np.maximum(listed.expires[strikes] - position, 1)
    at_open = listed.expiries.at_open[listed.expiry[strikes]]
    level = at_the_money(given, np.full(len(strikes), position), ahead, at_open)
    distance = np.log(listed.strike[strikes] / given.spot[position]) / np.sqrt(level)
    return np.stack([distance, -distance])


def _drawn(expected: Array, today: NDArray[np.bool_], random: np.random.Generator) -> Array:
    """Volume as it happens: disturbed contract by contract, with the totals of today's and later expiries kept."""
    drawn = expected * np.exp(CONTRACT_DEVIATION * random.standard_normal(expected.shape))
    for part in (today, ~today):
        drawn[:, part] *= expected[:, part].sum() / max(drawn[:, part].sum(), 1.0)
    return np.rint(drawn)


def _expected_volume(market: OptionMarket, strikes: Integers, position: int, out_of_money: Array) -> Array:
    """Expected volume of each contract, (2, strikes)."""
    listed, driven = market.listed, market.driven
    line = listed.expiry[strikes]
    today = listed.expires[strikes] == position
    # What settled at the opening is no longer traded.
    live = today & ~listed.expiries.at_open[line]
    total, same_day = driven.total[position], driven.same_day[position]

    volume = _appetite(out_of_money, LATER_PEAK, LATER_INWARDS, LATER_OUTWARDS) + EVERYWHERE
    volume *= np.where(today, 0.0, ROUNDNESS[listed.roundness[strikes]])
    by_line = np.bincount(line, volume.sum(axis=0), minlength=len(listed.expiries.session))
    volume *= _line_volume(listed, position)[line] / np.where(today, 1.0, by_line[line])
    volume *= total * (1 - same_day) / volume.sum()

    moment = np.log(listed.strike[strikes[live]] / market.given.spot[position])[:, None] - driven.path[position]
    moment = moment / driven.daily[position]
    near = _appetite(np.stack([moment, -moment]), TODAY_PEAK, TODAY_INWARDS, TODAY_OUTWARDS).mean(axis=-1)
    volume[:, live] = near * total * same_day / near.sum()
    return volume


def _appetite(out_of_money: Array, peak: float, inwards: float, outwards: Array) -> Array:
    """What is traded at a distance out of the money, relative to the peak."""
    distance = out_of_money - peak
    return np.asarray(np.exp(-np.abs(distance) / np.where(distance > 0, outwards, inwards)))


def _line_volume(listed: Listings, position: int) -> Array:
    """Relative volume of each expiry, by its kind and the sessions until it, in thousands of index options."""
    lines = listed.expiries
    ahead = np.maximum(lines.session - position, 1).astype(float)
    short = 230 * ahead**-1.6 + np.where(lines.week_end, 60 * np.exp(-ahead / 10), 0.0)
    month_end = np.where(lines.quarter, 40.0, 25.0) * np.exp(-ahead / 42)
    monthly = 130 * np.exp(-ahead / 40) + 6
    quarterly = 230 * np.exp(-ahead / 55) + 18 * np.exp(-ahead / 350)
    volume = np.where(lines.at_open, 0.0, short) + np.where(lines.month_end, month_end, 0.0)
    return np.asarray(volume + np.where(lines.monthly, np.where(lines.quarter, quarterly, monthly), 0.0))


def _collar(market: OptionMarket, strikes: Integers, position: int) -> Array:
    """What the collar's owner buys (and sells, negative) in a session, (2, strikes); nothing on most days.

    The collar ends with a quarter and is followed on that day by the next one.
    """
    traded = np.zeros((2, len(strikes)))
    given, listed, lines = market.given, market.listed, market.listed.expiries
    quarter_ends = np.flatnonzero(lines.month_end & lines.quarter)
    if position not in lines.session[quarter_ends]:
        return traded
    following = quarter_ends[np.searchsorted(lines.session[quarter_ends], position, side="right")]
    of_line = np.flatnonzero(listed.expiry[strikes] == following)
    strike, spot = listed.strike[strikes[of_line]], given.spot[position]
    deviation = np.sqrt(given.variance[position, lines.session[following] - position])
    for right, target, sign in (
        (1, COLLAR_PUTS[0] * spot, 1),
        (1, COLLAR_PUTS[1] * spot, -1),
        (0, spot * np.exp(COLLAR_CALL * deviation), -1),
    ):
        traded[right, of_line[np.argmin(np.abs(strike - target))]] = sign * COLLAR_CONTRACTS
    return traded
