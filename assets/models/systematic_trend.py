"""Trend followers as a desk describes them: averages that they trade against, their position, and its change to come.

Fitted to what desks publish, not a desk's disclosed method. The signal is the distance of the excess price from three
exponentially weighted averages in units of volatility, bounded; the position follows it, scaled to constant risk
(Moskowitz, Ooi and Pedersen 2012, doi 10.1016/j.jfineco.2011.11.003), and is traded towards over days.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Half-life in sessions of the weights of squared returns.
VOLATILITY_HALF_LIFE = 12.76
# Daily volatility at which a full signal is a position of 1, and the largest position.
TARGET_VOLATILITY = 0.15 / np.sqrt(252)
LARGEST_POSITION = 2.5
# An average needs so many times its centre of mass; then its first price has 0.7 % of the weight.
BURN_IN = 5
SCENARIOS = {"flat": 0.0, "up": 1.0, "down": -1.0}


@dataclass(frozen=True)
class TrendParameters:
    """How trend followers trade; names and units as in reference.flow_calibration.

    Attributes:
        weights: Of the signals, by horizon from short to long, shape (3,); they add up to 1.
        widths: Distances at which a signal is tanh(1) of the full one, in standard deviations, shape (3,).
        elasticity: Exponent of target / actual volatility.
        speed: Share of the way to the target that is traded in a session, in (0, 1].
        paths: How far an up or down path goes, in standard deviations, by its number of sessions.
    """

    weights: Array
    widths: Array
    elasticity: float
    speed: float
    paths: dict[int, float]


class TrendState(NamedTuple):
    """Where a market and its trend followers stand, shape (n,) or (n, horizons)."""

    price: Array
    averages: Array
    volatility: Array
    position: Array

    def at(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> "TrendState":
        """The state in some sessions."""
        return TrendState(*(each[where] for each in self))


def average(price: pd.Series, centre_of_mass: float) -> pd.Series:
    """Exponentially weighted average from the first price on, as pandas' `ewm(com, adjust=False)`."""
    return price.ewm(com=centre_of_mass, adjust=False).mean()


def has_burnt_in(sessions: Array, centre_of_mass: float) -> NDArray[np.bool_]:
    """Whether an average of so many sessions has forgotten where it began."""
    burnt_in: NDArray[np.bool_] = sessions > BURN_IN * centre_of_mass
    return burnt_in


def volatility(price: pd.Series) -> Array:
    """Daily volatility: root of the exponentially weighted mean of squared log returns; NaN on the first session."""
    squares = np.log(price).diff() ** 2
    mean: Array = squares.ewm(halflife=VOLATILITY_HALF_LIFE).mean().to_numpy(dtype=float)
    root: Array = np.sqrt(mean)
    return root


def target_position(state: TrendState, centres: Array, parameters: TrendParameters) -> Array:
    """Position that trend followers head for, shape (n,): 1 is a full signal at `TARGET_VOLATILITY`.

    Args:
        state: Prices, averages and volatility; its position is not used.
        centres: Centres of mass of the averages, shape (3,).
        parameters: How they trade.
    """
    reach = state.volatility[:, None] * np.sqrt(centres)
    # Where nothing has moved there is no trend.
    distance = np.divide(
        np.log(state.price[:, None] / state.averages), reach, out=np.zeros_like(state.averages), where=reach > 0
    )
    # Not a matrix product, whose last digit may depend on the number of rows.
    signal = (np.tanh(distance / parameters.widths) * parameters.weights).sum(axis=1)
    with np.errstate(divide="ignore"):
        risk = np.minimum(LARGEST_POSITION, TARGET_VOLATILITY / state.volatility) ** parameters.elasticity
    scaled: Array = signal * risk
    return scaled


def observe(price: pd.Series, centres: Array) -> TrendState:
    """Averages and volatility over a spell of excess prices, shape (n,), without a position."""
    averages = np.column_stack([average(price, centre) for centre in centres])
    return TrendState(price.to_numpy(dtype=float), averages, volatility(price), np.full(len(price), np.nan))


def take_positions(state: TrendState, centres: Array, parameters: TrendParameters) -> TrendState:
    """The state with the position that trend followers have come to, from none on the first session.

    A session whose volatility is unknown has no position.
    """
    target = pd.Series(target_position(state, centres, parameters))
    position = target.ewm(alpha=parameters.speed, adjust=False, ignore_na=True).mean()
    return state._replace(position=position.where(target.notna()).to_numpy(dtype=float))


def scenario_flows(state: TrendState, centres: Array, parameters: TrendParameters) -> dict[tuple[int, str], Array]:
    """Change of position from each session on if the price follows a path, volatility unchanged.

    Args:
        state: Where things stand, shape (n,).
        centres: Centres of mass of the averages, shape (3,).
        parameters: How they trade.

    Returns:
        By sessions ahead and scenario, shape (n,): flat, and up and down evenly by `parameters.paths` standard
        deviations over the path.
    """
    return {
        (sessions, scenario): _roll(state, centres, parameters, sessions, direction * deviations / np.sqrt(sessions))
        - state.position
        for sessions, deviations in parameters.paths.items()
        for scenario, direction in SCENARIOS.items()
    }


def _roll(
    state: TrendState, centres: Array, parameters: TrendParameters, sessions: int, deviations_per_session: float
) -> Array:
    """Position after so many sessions along a straight path of the log price, shape (n,)."""
    growth = np.exp(deviations_per_session * state.volatility)
    for _ in range(sessions):
        price = state.price * growth
        averages = state.averages + (price[:, None] - state.averages) / (1 + centres)
        moved = state._replace(price=price, averages=averages)
        target = target_position(moved, centres, parameters)
        state = moved._replace(position=state.position + parameters.speed * (target - state.position))
    return state.position
