"""Funds that follow trends of the simulated S&P 500: what they hold, and what they trade on a scenario's path.

Each fund has one rule and sees closes only. It wants `assets * strength * target / volatility`, within its caps, with
a strength from -1 to 1 by its rule:

- crossover: distance of two exponential means of the log price, over what a random walk would make of it,
- momentum: returns of one or three lookbacks over their standard deviation, with a gain that makes them nearly signs,
- breakout: the side on which the close last left the channel of the closes before it.

What is wanted after a close is traded from the next session on, each session the same share of what is left to do.
On a scenario's path the fund goes on by the same rule, and measures volatility on what happens there.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from assets.models.simulated_market import SESSIONS_PER_YEAR
from assets.models.simulated_options import stream
from assets.models.simulated_realised import SPANS_OF_HISTORY, Measure, earlier, history, volatility

Array = NDArray[np.float64]

FUNDS = 60
# USD bn of all funds together: set so that positions run from about -30 to 70.
ASSETS = 200.0
ASSETS_DEVIATION = 1.0

RULES, RULE_SHARES = ("crossover", "momentum", "breakout"), (0.4, 0.3, 0.3)
FAST_SPANS, SLOW_TO_FAST = (4, 48), 4
LOOKBACKS = ((21,), (63,), (252,), (21, 63, 252))
CHANNELS = (25, 40, 60, 100, 200)
# Sessions that a scenario may have: no lookback and no channel is shorter.
LONGEST_PATH = 21
# Distance of the means at which a crossover is at full strength, in standard deviations of the slow span's return.
CROSSOVER_WIDTH = (0.3, 0.6)
# Standard deviations of the lookback's return at which momentum is at full strength.
MOMENTUM_WIDTH = (0.1, 0.6)
MEASURES = (
    Measure(windows=(63,)),
    Measure(windows=(126,)),
    Measure(spans=(35,)),
    Measure(spans=(60,)),
    Measure(spans=(120,)),
    Measure(windows=(42,), spans=(120,)),
)
LOWEST_VOLATILITY = 0.07
# Volatility that the position is to have, as a share of assets; caps as multiples of assets.
TARGETS, LONG_CAPS, SHORT_TO_LONG_CAP = (0.03, 0.07), (0.3, 0.6), (0.4, 1.0)
LONGEST_EXECUTION = 15
# After so many times its execution a fund has all but 2 % of what it wanted at first.
EXECUTIONS_OF_HISTORY = 4


class Fund(NamedTuple):
    """A trend follower.

    Attributes:
        rule: One of `RULES`.
        lengths: Spans, lookbacks or channel of the rule, in sessions.
        width: What the signal is divided by, in standard deviations; unused by breakouts.
        measure: How it measures volatility.
        target: Volatility of the position at full strength, fraction of assets per year.
        long_cap: Largest position, multiple of assets.
        short_cap: Largest short position, multiple of assets.
        execution: Sessions over which it trades: one over the share of the rest that is traded per session.
        assets: USD bn.
    """

    rule: str
    lengths: tuple[int, ...]
    width: float
    measure: Measure
    target: float
    long_cap: float
    short_cap: float
    execution: int
    assets: float


class Tape(NamedTuple):
    """What all funds see of the index; arrays begin at the first session.

    Attributes:
        price: Log closes, (sessions,).
        squares: Squared log returns, the first NaN, (sessions,).
        highest: Highest log close of the last 1, 2, ... sessions, NaN where there are fewer, (sessions, LONGEST).
        lowest: The lowest.
    """

    price: Array
    squares: Array
    highest: Array
    lowest: Array


class Memory(NamedTuple):
    """What a fund knows after each session besides the closes, (sessions,).

    Attributes:
        means: Exponential means of the log price, fast and slow; of crossovers only.
        side: Side of the last breakout, 1 or -1, and 0 before the first; of breakouts only.
    """

    means: tuple[Array, ...]
    side: Array


class Holding(NamedTuple):
    """Where a fund stands after each session.

    Attributes:
        memory: What it knows.
        held: Its position, USD bn, (sessions,).
    """

    memory: Memory
    held: Array


def population(seed: int) -> tuple[Fund, ...]:
    """The funds, each drawn from its own random stream."""
    randoms = [stream(seed, f"trend follower {number}") for number in range(FUNDS)]
    sizes = [float(np.exp(ASSETS_DEVIATION * random.standard_normal())) for random in randoms]
    return tuple(_fund(random, ASSETS * size / sum(sizes)) for random, size in zip(randoms, sizes, strict=True))


def history_of(fund: Fund) -> int:
    """How many sessions before a session the fund must have seen to hold what its rule says."""
    return _history_of_rule(fund) + EXECUTIONS_OF_HISTORY * fund.execution


def tape(closes: Array) -> Tape:
    """What the funds see of closes, (sessions,)."""
    price = np.log(closes)
    longest = max(CHANNELS)
    windows = sliding_window_view(np.concatenate([np.full(longest - 1, np.nan), price]), longest)[:, ::-1]
    return Tape(
        price=price,
        squares=np.diff(price, prepend=np.nan) ** 2,
        highest=np.maximum.accumulate(windows, axis=1),
        lowest=np.minimum.accumulate(windows, axis=1),
    )


def holding(fund: Fund, seen: Tape) -> Holding:
    """Where a fund stands after each session, from a start without a position."""
    memory = Memory(_means(fund, seen), _sides(fund, seen))
    wanted = _wanted(fund, seen, memory, 0, np.zeros_like(seen.price))
    wanted[: _history_of_rule(fund)] = 0.0
    # Orders reach the market in the session after they are made.
    orders = pd.Series(np.nan_to_num(earlier(wanted, 1)))
    return Holding(memory, orders.ewm(alpha=1 / fund.execution, adjust=False).mean().to_numpy())


def flow(fund: Fund, seen: Tape, now: Holding, step: Array, sessions: int) -> Array:
    """What a fund trades if the index then moves equally far each session.

    Args:
        fund: The fund.
        seen: What it has seen.
        now: Where it stands.
        step: Log return of each session to come, by session from which they come, (sessions,).
        sessions: How many come, at most `LONGEST_PATH`.

    Returns:
        USD bn, positive for purchases, (sessions,); NaN where the fund lacks history.

    Raises:
        ValueError: If more sessions come than that.
    """
    if sessions > LONGEST_PATH:
        raise ValueError(f"a path has at most {LONGEST_PATH} sessions, not {sessions}")
    memory, held = now
    for ahead in range(sessions):
        held = held + (_wanted(fund, seen, memory, ahead, step) - held) / fund.execution
        memory = _moved(fund, seen, memory, ahead + 1, step)
    traded = held - now.held
    traded[: history_of(fund)] = np.nan
    return traded


def _fund(random: np.random.Generator, assets: float) -> Fund:
    """Draw a fund. Every fund draws the same number of values."""
    rule = RULES[random.choice(len(RULES), p=RULE_SHARES)]
    fast = round(float(np.exp(random.uniform(*np.log(FAST_SPANS)))))
    lookbacks, channel = LOOKBACKS[random.integers(len(LOOKBACKS))], CHANNELS[random.integers(len(CHANNELS))]
    crossover_width, momentum_width = random.uniform(*CROSSOVER_WIDTH), random.uniform(*MOMENTUM_WIDTH)
    measure = MEASURES[random.integers(len(MEASURES))]
    target, long_cap, short = random.uniform(*TARGETS), random.uniform(*LONG_CAPS), random.uniform(*SHORT_TO_LONG_CAP)
    lengths = {"crossover": (fast, SLOW_TO_FAST * fast), "momentum": lookbacks, "breakout": (channel,)}
    return Fund(
        rule=rule,
        lengths=lengths[rule],
        width=crossover_width if rule == "crossover" else momentum_width,
        measure=measure,
        target=target,
        long_cap=long_cap,
        short_cap=short * long_cap,
        execution=int(random.integers(1, LONGEST_EXECUTION + 1)),
        assets=assets,
    )


def _means(fund: Fund, seen: Tape) -> tuple[Array, ...]:
    """Exponential means of the log price, of a crossover."""
    if fund.rule != "crossover":
        return ()
    price = pd.Series(seen.price)
    return tuple(price.ewm(span=span, adjust=False).mean().to_numpy() for span in fund.lengths)


def _sides(fund: Fund, seen: Tape) -> Array:
    """The side on which the close last left the channel, of a breakout."""
    if fund.rule != "breakout":
        return np.zeros_like(seen.price)
    above = seen.price > earlier(seen.highest[:, fund.lengths[0] - 1], 1)
    below = seen.price < earlier(seen.lowest[:, fund.lengths[0] - 1], 1)
    sides = pd.Series(np.select([above, below], [1.0, -1.0], np.nan)).ffill()
    return sides.fillna(0.0).to_numpy()


def _moved(fund: Fund, seen: Tape, memory: Memory, ahead: int, step: Array) -> Memory:
    """What a fund knows after so many sessions of a path; one session before it knew `memory`."""
    price, before = seen.price + ahead * step, seen.price + (ahead - 1) * step
    if fund.rule == "crossover":
        means = zip(memory.means, fund.lengths, strict=True)
        return memory._replace(means=tuple(mean + (price - mean) * 2 / (span + 1) for mean, span in means))
    if fund.rule == "breakout":
        # The channel's sessions: the last ones seen, and those of the path so far, of which one end is the extreme.
        last_seen = fund.lengths[0] - ahead
        above = price > np.maximum(seen.highest[:, last_seen], before)
        below = price < np.minimum(seen.lowest[:, last_seen], before)
        return memory._replace(side=np.select([above, below], [1.0, -1.0], memory.side))
    return memory


def _wanted(fund: Fund, seen: Tape, memory: Memory, ahead: int, step: Array) -> Array:
    """The position that a fund wants after so many sessions of a path, USD bn, (sessions,)."""
    yearly = np.maximum(volatility(seen.squares, fund.measure, ahead, step**2), LOWEST_VOLATILITY)
    unit = fund.width * yearly / np.sqrt(SESSIONS_PER_YEAR)
    if fund.rule == "crossover":
        fast, slow = memory.means
        strength = _clipped((fast - slow) / (unit * np.sqrt(fund.lengths[1])))
    elif fund.rule == "momentum":
        returns = [seen.price + ahead * step - earlier(seen.price, span - ahead) for span in fund.lengths]
        signals = [_clipped(each / (unit * np.sqrt(span))) for each, span in zip(returns, fund.lengths, strict=True)]
        strength = np.mean(signals, axis=0)
    else:
        strength = memory.side
    return np.asarray(fund.assets * np.clip(strength * fund.target / yearly, -fund.short_cap, fund.long_cap))


def _clipped(signal: Array) -> Array:
    return np.clip(signal, -1, 1)


def _history_of_rule(fund: Fund) -> int:
    """How many sessions before a session the fund's rule and measure look at."""
    own = max(fund.lengths) * (SPANS_OF_HISTORY if fund.rule == "crossover" else 1)
    return max(own, history(fund.measure))
