"""Which option contracts the simulated exchange lists: expiries on its sessions, strikes around the spot.

Every session has an expiry settled at the close, listed some weeks ahead and earlier where it ends a week, a
month or a quarter; third Fridays have a monthly one, listed a year or two ahead. Strikes are multiples of a step
that widens with the distance from the spot. They are added when the spot moves and stay until they expire.

Far fewer strikes are listed than in reality, where the S&P 500 has some 30,000 contracts.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

FRIDAY = 4
# Sessions ahead that an expiry is listed, besides the daily ones, which differ by product.
WEEKLY_AHEAD, MONTH_END_AHEAD, QUARTER_END_AHEAD, MONTHLY_AHEAD, QUARTERLY_AHEAD = 40, 105, 190, 260, 504
LONGEST_AHEAD = QUARTERLY_AHEAD


class Rung(NamedTuple):
    """Strikes at multiples of a step, from a share of the spot to another, in the last sessions before expiry."""

    step: float
    lowest: float
    highest: float
    within: int = LONGEST_AHEAD


class Product(NamedTuple):
    """How the options of one underlying are listed.

    Attributes:
        symbol: The underlying.
        monthly_root: Root of the contracts that expire on third Fridays.
        other_root: Root of all others.
        settles_at_open: Whether the monthly contracts settle at the opening rather than at the close.
        dailies: Sessions ahead that every session's expiry is listed.
        short_ladder: Strikes of all expiries but the monthly ones.
        monthly_ladder: Strikes of the monthly expiries.
        round_strikes: Steps at whose multiples more is traded, ascending.
    """

    symbol: str
    monthly_root: str
    other_root: str
    settles_at_open: bool
    dailies: int
    short_ladder: tuple[Rung, ...]
    monthly_ladder: tuple[Rung, ...]
    round_strikes: tuple[float, ...]


SPX = Product(
    symbol="SPX",
    monthly_root="SPX",
    other_root="SPXW",
    settles_at_open=True,
    dailies=25,
    short_ladder=(
        Rung(10, 0.988, 1.012, 5),
        Rung(25, 0.96, 1.03, 24),
        Rung(50, 0.92, 1.05),
        Rung(100, 0.84, 1.08),
        Rung(200, 0.66, 1.14),
    ),
    monthly_ladder=(
        Rung(10, 0.988, 1.012, 5),
        Rung(25, 0.95, 1.04, 42),
        Rung(50, 0.90, 1.07, 190),
        Rung(100, 0.74, 1.15),
        Rung(200, 0.50, 1.40),
    ),
    round_strikes=(25, 50, 100, 500, 1000),
)
SPY = Product(
    symbol="SPY",
    monthly_root="SPY",
    other_root="SPY",
    settles_at_open=False,
    dailies=6,
    short_ladder=(Rung(1, 0.993, 1.007, 3), Rung(5, 0.96, 1.03, 10), Rung(10, 0.89, 1.06), Rung(25, 0.70, 1.14)),
    monthly_ladder=(
        Rung(1, 0.993, 1.007, 3),
        Rung(5, 0.955, 1.035, 10),
        Rung(10, 0.90, 1.07, 120),
        Rung(25, 0.76, 1.16),
        Rung(50, 0.50, 1.40),
    ),
    round_strikes=(5, 10, 50, 100),
)
PRODUCTS = {product.symbol: product for product in (SPX, SPY)}


@dataclass(frozen=True)
class Expiries:
    """Expiries of one product, in order of date, those settled at the opening first.

    Attributes:
        session: Position in the calendar of the session on which each expires.
        listed: Position from which each is listed; negative before the calendar's first session.
        at_open: Whether it settles at the opening.
        monthly: Whether it is that of a third Friday.
        week_end: Whether it is the last of its week.
        month_end: Whether it is the last of its month, and not settled at the opening.
        quarter: Whether its month ends a quarter.
    """

    session: Integers
    listed: Integers
    at_open: NDArray[np.bool_]
    monthly: NDArray[np.bool_]
    week_end: NDArray[np.bool_]
    month_end: NDArray[np.bool_]
    quarter: NDArray[np.bool_]


@dataclass(frozen=True)
class Listings:
    """Every strike that is ever listed, in order of expiry and strike; each is a call and a put.

    Attributes:
        expiries: The expiries, to which `expiry` points.
        expiry: Position of the strike's expiry, (strikes,).
        strike: Strike price, (strikes,).
        expires: Position in the calendar of the session on which it expires, (strikes,).
        listed: Position from which it is listed, (strikes,).
        roundness: How many of the product's round steps divide it, (strikes,).
    """

    expiries: Expiries
    expiry: Integers
    strike: Array
    expires: Integers
    listed: Integers
    roundness: Integers

    def at(self, position: int) -> Integers:
        """Positions of the strikes that are listed in a session, those expiring that session among them."""
        alive = slice(int(np.searchsorted(self.expires, position)), len(self.expires))
        return np.flatnonzero(self.listed[alive] <= position) + alive.start


def expiries(product: Product, calendar: pd.DatetimeIndex) -> Expiries:
    """The expiries of a product on a calendar of sessions (ascending, naive midnights).

    A third Friday that is no session has its expiry on the session before. What ends the week or month in which
    the calendar breaks off is unknown, so that the calendar must be longer than what is to be simulated.
    """
    positions = np.arange(len(calendar))
    month = np.asarray(calendar.year * 12 + calendar.month)
    week = np.asarray((calendar - pd.to_timedelta(calendar.day_of_week, unit="D")).asi8)
    last_of = [np.append(period[1:] != period[:-1], values=False) for period in (week, month)]
    week_end, month_end = last_of
    quarter = np.asarray(calendar.month % 3 == 0)
    monthly = np.zeros(len(calendar), dtype=bool)
    monthly[_third_fridays(calendar)] = True

    ahead = np.full(len(calendar), product.dailies)
    ahead[week_end] = WEEKLY_AHEAD
    ahead[month_end] = np.where(quarter[month_end], QUARTER_END_AHEAD, MONTH_END_AHEAD)
    monthly_ahead = np.where(quarter, QUARTERLY_AHEAD, MONTHLY_AHEAD)
    if not product.settles_at_open:
        ahead = np.where(monthly, monthly_ahead, ahead)
        nothing = np.zeros(len(calendar), dtype=bool)
        return Expiries(positions, positions - ahead, nothing, monthly, week_end, month_end, quarter)

    # On third Fridays two expire: first the one settled at the opening, then the one settled at the close.
    session = np.sort(np.concatenate([positions, positions[monthly]]))
    at_open = np.append(session[1:] == session[:-1], values=False)
    ahead = np.where(at_open, monthly_ahead[session], ahead[session])
    month_ends = month_end[session] & ~at_open
    return Expiries(session, session - ahead, at_open, at_open, week_end[session], month_ends, quarter[session])


def listings(product: Product, calendar: pd.DatetimeIndex, spot: Array) -> Listings:
    """The contracts of a product, as its spot moves.

    Args:
        product: What is listed, and how.
        calendar: Sessions, ascending: those of the simulation, then enough for the longest contracts to expire.
        spot: Close of the underlying in the simulated sessions, (sessions,).

    Raises:
        ValueError: If the calendar ends before the longest contracts do.
    """
    if len(calendar) < len(spot) + LONGEST_AHEAD:
        raise ValueError(f"the calendar must reach {LONGEST_AHEAD} sessions past the simulation's end")
    lines = expiries(product, calendar)
    # An exchange lists a session's strikes before its opening.
    before = np.concatenate([spot[:1], spot[:-1]])
    found = []
    for line in np.flatnonzero(lines.listed < len(spot)):
        first, last = max(int(lines.listed[line]), 0), int(lines.session[line])
        ladder = product.monthly_ladder if lines.monthly[line] else product.short_ladder
        strikes, listed = _strikes(ladder, before[first : last + 1], last - first)
        found.append((np.full(len(strikes), line), strikes, listed + first))
    expiry, strike, listed = (np.concatenate(column) for column in zip(*found, strict=True))
    divides = [strike % step == 0 for step in product.round_strikes]
    return Listings(lines, expiry, strike, lines.session[expiry], listed, np.sum(divides, axis=0))


def _third_fridays(calendar: pd.DatetimeIndex) -> Integers:
    """Positions of the sessions on, or failing that before, each month's third Friday."""
    months = pd.date_range(calendar[0].replace(day=1), calendar[-1], freq="MS")
    fridays = months + pd.to_timedelta((FRIDAY - months.day_of_week) % 7 + 14, unit="D")
    inside = fridays[(fridays >= calendar[0]) & (fridays <= calendar[-1])]
    return np.asarray(calendar.searchsorted(inside, side="right") - 1)


def _strikes(ladder: tuple[Rung, ...], spot: Array, ahead: int) -> tuple[Array, Integers]:
    """Strikes of one expiry, and the session of its life from which each is listed.

    Args:
        ladder: Its rungs.
        spot: Spot that the exchange goes by in each session of its life, as far as simulated.
        ahead: Sessions from the first of these to the expiry.
    """
    strikes, listed = [], []
    for rung in ladder:
        start = max(ahead - rung.within, 0)
        if start >= len(spot):
            continue
        low = np.minimum.accumulate(spot[start:] * rung.lowest)
        high = np.maximum.accumulate(spot[start:] * rung.highest)
        steps = np.arange(np.ceil(low[-1] / rung.step), np.floor(high[-1] / rung.step) + 1) * rung.step
        reached = np.maximum(np.searchsorted(high, steps), np.searchsorted(-low, -steps))
        strikes.append(steps)
        listed.append(reached + start)
    strike, since = np.concatenate(strikes), np.concatenate(listed)
    # The earliest rung that reaches a strike lists it.
    order = np.lexsort((since, strike))
    strike, since = strike[order], since[order]
    first = np.append([True], strike[1:] != strike[:-1])
    return strike[first], since[first]
