"""The statistical jump model of a market's state: two states, and a penalty on every change between them.

Source: Nystrup, Lindstrom and Madsen 2020, "Learning hidden Markov models with persistent states by penalizing jumps",
Expert Systems with Applications 150; features and online inference as in Shu, Yu and Mulvey 2024, arXiv 2402.05272.
"""

from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PENALTY = 50.0
DEVIATION_HALF_LIFE, RATIO_HALF_LIVES = 10, (20, 60)
# Sessions that the slowest average is given before its feature counts.
BURN_IN = 63
CLIPPED_AT = 3.0
_SPLITS = (0.5, 0.7, 0.85)

Floats = NDArray[np.float64]
States = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class JumpModel:
    """A fitted model.

    Attributes:
        lo, hi: Shape (features,): where features are cut off, three deviations of the sample from its mean.
        mean, deviation: Shape (features,): of the sample cut off.
        centres: Shape (2, features), standardised; the second state is the one with the lower return.
        penalty: Cost of a change of state, in squared deviations.
        loss: What the fit minimised.
    """

    lo: Floats
    hi: Floats
    mean: Floats
    deviation: Floats
    centres: Floats
    penalty: float
    loss: float

    def online(self, features: Floats) -> States:
        """The state at the end of each session's own past: what the session after changes nothing about.

        Args:
            features: Shape (sessions, features), from the first session on.

        Returns:
            0 or 1 for each session, 1 being the state with the lower return.
        """
        standard = (np.clip(features, self.lo, self.hi) - self.mean) / self.deviation
        costs = _costs(standard.T, self.centres)
        return (_lead(costs[1] - costs[0], self.penalty) < 0).astype(np.int64)


def features(returns: pd.Series) -> pd.DataFrame:
    """What the model sees of a market, all averages exponentially weighted.

    Args:
        returns: Log return by session, above cash.

    Returns:
        The logarithm of the downside deviation (half-life 10) and Sortino ratios (half-lives 20 and 60), from the
        64th session on; rows as far as all are there.
    """
    squares = returns.clip(upper=0) ** 2
    # A scalar logarithm is the same wherever its number stands; numpy's differs in the last digit.
    deviations = np.sqrt(squares.ewm(halflife=DEVIATION_HALF_LIFE).mean())
    columns = {"log_deviation": deviations.map(lambda of: log(of) if of > 0 else np.nan)}
    for half_life in RATIO_HALF_LIVES:
        deviation = np.sqrt(squares.ewm(halflife=half_life).mean())
        columns[f"sortino_{half_life}"] = returns.ewm(halflife=half_life).mean() / deviation
    return pd.DataFrame(columns).iloc[BURN_IN:].dropna()


def fit(sample: Floats, returns: Floats, penalty: float = PENALTY) -> JumpModel:
    """Fit by alternating between states and centres, from three splits of the sample by each feature.

    Args:
        sample: Shape (sessions, features).
        returns: Shape (sessions,): what tells the states apart.
        penalty: Cost of a change of state, in squared deviations.

    Raises:
        ValueError: If a feature does not vary.
    """
    spread = CLIPPED_AT * sample.std(axis=0, ddof=1)
    lo, hi = sample.mean(axis=0) - spread, sample.mean(axis=0) + spread
    cut = np.clip(sample, lo, hi)
    mean, deviation = cut.mean(axis=0), cut.std(axis=0, ddof=1)
    if not (deviation > 0).all():
        raise ValueError("a feature of the jump model does not vary over the sample")
    standard = np.ascontiguousarray(((cut - mean) / deviation).T)
    starts = [of > np.quantile(of, split) for of in standard for split in _SPLITS]
    loss, states = _alternated(standard, starts, penalty)
    if states.any() and not states.all() and returns[states].mean() > returns[~states].mean():
        states = ~states
    return JumpModel(lo, hi, mean, deviation, _centres(standard, states), penalty, loss)


def _alternated(standard: Floats, starts: list[Booleans], penalty: float) -> tuple[float, Booleans]:
    """Least loss and its states, of all that are met when states and centres are found in turn from each start."""
    least, best = np.inf, starts[0]
    # What follows from states does not depend on what came before them, and most starts soon meet.
    seen: set[bytes] = set()
    for start in starts:
        states = start
        while (met := states.tobytes()) not in seen:
            seen.add(met)
            costs = _costs(standard, _centres(standard, states))
            states = _cheapest(costs[1] - costs[0], penalty)
            loss = float(np.where(states, costs[1], costs[0]).sum() + penalty * np.diff(states).sum())
            if loss < least:
                least, best = loss, states
    return least, best


def _centres(standard: Floats, states: Booleans) -> Floats:
    """The mean of each state, shape (2, features); that of all sessions for a state without any."""
    if states.all() or not states.any():
        return np.tile(standard.mean(axis=1), (2, 1))
    return np.array([(standard * of).sum(axis=1) / of.sum() for of in (~states, states)])


def _costs(standard: Floats, centres: Floats) -> Floats:
    """Half the squared distance of each session from each centre, shape (2, sessions)."""
    return np.array([0.5 * ((standard - centre[:, None]) ** 2).sum(axis=0) for centre in centres])


def _lead(difference: Floats, penalty: float) -> Floats:
    """Cost of the cheapest path that ends in state 1 less that of the cheapest that ends in 0, at each session.

    Two states make the dynamic programme one number: each session adds its own difference, and neither state can lead
    by more than the price of a jump.
    """
    lead, leads = 0.0, []
    for of_session in difference.tolist():
        lead = of_session + min(max(lead, -penalty), penalty)
        leads.append(lead)
    return np.array(leads)


def _cheapest(difference: Floats, penalty: float) -> Booleans:
    """Whether the cheapest path over all sessions is in state 1."""
    # It changes only where the difference changes its sign, so sessions between such places count as one.
    begins = np.flatnonzero(np.diff(difference < 0, prepend=difference[0] >= 0))
    leads = _lead(np.add.reduceat(difference, begins), penalty)
    # A path comes from the other state where that was cheaper by more than the jump, else it stays as it goes on.
    is_decided = np.abs(leads) > penalty
    is_decided[-1] = True
    decided = np.flatnonzero(is_decided)
    states = (leads[decided] < 0)[np.searchsorted(decided, np.arange(len(leads)))]
    return np.repeat(states, np.diff(begins, append=len(difference)))
