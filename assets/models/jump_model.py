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
_MOST_ROUNDS = 100

Floats = NDArray[np.float64]
States = NDArray[np.int64]


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
        costs = _costs(self._standardised(features), self.centres)
        return (_lead(costs[:, 1] - costs[:, 0], self.penalty) < 0).astype(np.int64)

    def _standardised(self, features: Floats) -> Floats:
        return (np.clip(features, self.lo, self.hi) - self.mean) / self.deviation


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
    standard = (cut - mean) / deviation
    starts = [of > np.quantile(of, split) for of in standard.T for split in _SPLITS]
    loss, states = min(
        (_alternated(standard, start.astype(np.int64), penalty) for start in starts), key=lambda of: of[0]
    )
    if states.min() != states.max() and returns[states == 1].mean() > returns[states == 0].mean():
        states = 1 - states
    return JumpModel(lo, hi, mean, deviation, _centres(standard, states), penalty, loss)


def _alternated(standard: Floats, states: States, penalty: float) -> tuple[float, States]:
    """Loss and states once neither changes the other any more."""
    loss = np.inf
    for _ in range(_MOST_ROUNDS):
        costs = _costs(standard, _centres(standard, states))
        found = _cheapest(costs[:, 1] - costs[:, 0], penalty)
        now = float(np.take_along_axis(costs, found[:, None], axis=1).sum() + penalty * (np.diff(found) != 0).sum())
        if now >= loss:
            break
        loss, states = now, found
    return loss, states


def _centres(standard: Floats, states: States) -> Floats:
    """The mean of each state; that of all sessions for a state without any."""
    means = [
        standard[states == state].mean(axis=0) if (states == state).any() else standard.mean(axis=0) for state in (0, 1)
    ]
    return np.array(means)


def _costs(standard: Floats, centres: Floats) -> Floats:
    """Half the squared distance of each session from each centre."""
    return np.asarray(0.5 * ((standard[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))


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


def _cheapest(difference: Floats, penalty: float) -> States:
    """The states of the cheapest path over all sessions."""
    leads = _lead(difference, penalty).tolist()
    state = int(leads[-1] < 0)
    states = [state]
    for lead in reversed(leads[:-1]):
        # A path that ends in 1 came from 0 if that was cheaper by more than the jump, and the other way round.
        if state == 1 and lead > penalty:
            state = 0
        elif state == 0 and lead < -penalty:
            state = 1
        states.append(state)
    return np.array(states[::-1], dtype=np.int64)
