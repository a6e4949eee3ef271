"""European options on a forward: price, sensitivities and implied volatility, on arrays.

Black (1976) on the forward, which is Black, Scholes and Merton (1973) with the dividend yield that the forward implies.
With S spot, F forward, D discount factor, T years, v = iv sqrt(T), d1 = ln(F/K)/v + v/2, d2 = d1 - v:

    undiscounted call    F N(d1) - K N(d2)
    exp(-q T)            F D / S
    gamma                exp(-q T) n(d1) / (S v)

All arrays broadcast; iv and T are positive, volatility in fractions per year.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import elementwise
from scipy.special import ndtr

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Total standard deviations between which an implied volatility is sought.
_LEAST, _MOST = 1e-4, 12.0
# Time value, as a share of the price of what is bought or sold, that is no more than rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Contracts:
    """Options, an array entry each.

    Attributes:
        is_call: Call or put.
        spot: Price of the underlying.
        forward: Its forward price for settlement.
        strike: Strike price.
        years: Years to settlement.
        discount: Present value of one unit paid at settlement.
    """

    is_call: Bools
    spot: Array
    forward: Array
    strike: Array
    years: Array
    discount: Array


@dataclass(frozen=True)
class Sensitivities:
    """Per unit of the underlying.

    Attributes:
        delta: Change of the price per unit of spot.
        gamma: Change of delta per unit of spot.
        vanna: Change of delta per unit of volatility (1.00, not one percentage point).
        charm: Change of delta per year that passes, spot and volatility unchanged.
    """

    delta: Array
    gamma: Array
    vanna: Array
    charm: Array


def price(options: Contracts, iv: Array) -> Array:
    """Price of each option."""
    v = iv * np.sqrt(options.years)
    d1 = np.log(options.forward / options.strike) / v + v / 2
    sign = np.where(options.is_call, 1.0, -1.0)
    undiscounted = options.forward * ndtr(sign * d1) - options.strike * ndtr(sign * (d1 - v))
    return np.asarray(options.discount * sign * undiscounted)


def sensitivities(options: Contracts, iv: Array) -> Sensitivities:
    """Delta, gamma, vanna and charm of each option."""
    years, spot, forward = options.years, options.spot, options.forward
    v = iv * np.sqrt(years)
    d1 = np.log(forward / options.strike) / v + v / 2
    d2 = d1 - v
    carry = forward * options.discount / spot
    density = carry * np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
    sign = np.where(options.is_call, 1.0, -1.0)
    delta = sign * carry * ndtr(sign * d1)
    drift, dividend_yield = np.log(forward / spot) / years, -np.log(carry) / years
    charm = dividend_yield * delta - density * (2 * drift * years - d2 * v) / (2 * years * v)
    return Sensitivities(delta, density / (spot * v), -density * d2 / iv, charm)


def implied_volatility(options: Contracts, prices: Array) -> Array:
    """Volatility at which each option has its price; NaN where the price is at or beyond its bounds.

    The price is taken out of the money by put-call parity first, where it is time value alone.
    """
    sign = np.where(options.is_call, 1.0, -1.0)
    intrinsic = np.maximum(sign * (options.forward - options.strike), 0)
    # As a share of what it cannot exceed, so that one tolerance serves all strikes.
    wanted = (prices / options.discount - intrinsic) / np.minimum(options.forward, options.strike)
    distance = np.abs(np.log(options.forward / options.strike))
    found = np.full(np.shape(wanted), np.nan)
    inside = (wanted > np.maximum(_share(_LEAST, distance), _ROUNDING)) & (wanted < _share(_MOST, distance))
    if inside.any():
        root = elementwise.find_root(
            _excess,
            (_LEAST, _MOST),
            args=(distance[inside], wanted[inside]),
        )
        found[inside] = np.where(root.success, root.x, np.nan) / np.sqrt(options.years[inside])
    return found


def _share(v: Array | float, distance: Array) -> Array:
    """Time value over the smaller of forward and strike, at total deviation v and distance |ln(F/K)|."""
    return np.asarray(ndtr(v / 2 - distance / v) - np.exp(distance) * ndtr(-v / 2 - distance / v))


def _excess(v: Array, distance: Array, wanted: Array) -> Array:
    return _share(v, distance) - wanted
