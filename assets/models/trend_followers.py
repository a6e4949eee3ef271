"""Trend followers as published: three rules, their volatilities, and the t-statistic of a trend.

- EWMAC: moving-average crossovers as in Carver's pysystemtrade (docs of `systems.provided.rules.ewmac` and
  `sysquant.estimators.vol.robust_vol_calc`), speeds and scalars of its published example system.
- Time-series momentum: Moskowitz, Ooi and Pedersen (2012, doi 10.1016/j.jfineco.2011.11.003).
- TREND: Baltas and Kosowski (2020, doi 10.1002/9781119599364.ch3, SSRN 2140091). Their paper of 2012 takes the
  t-statistic of the price's slope on time instead; on the S&P 500 that is beyond one on 95 % of days, so that the
  signal would be little more than a sign.

Every function takes the observations of one unbroken series in order, and its value at an observation depends on
that and earlier ones only, to the last digit. So logarithms are an argument where they are needed: numpy's depend,
in the last digit, on the place in the array.
"""

from collections import deque

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

SESSIONS_PER_YEAR = 252

# Fast span and forecast scalar; the slow span is four times the fast one.
EWMAC_SCALARS = {8: 5.3, 16: 3.75, 32: 2.65, 64: 1.87}
SLOW_TO_FAST = 4
LARGEST_FORECAST = 20.0
CHANGES_SPAN, CHANGES_LEAST = 35, 10
LEAST_VOLATILITY = 1e-10
FLOOR_QUANTILE, FLOOR_WINDOW, FLOOR_LEAST = 0.05, 500, 100

MOMENTUM_WINDOWS = (21, 63, 252)
MOMENTUM_COM = 60

TREND_WINDOW = 252
RANGE_WINDOW = 21

TARGET_VOLATILITY, LARGEST_LEVERAGE = 0.15, 2.5


def price_volatility(prices: Array) -> Array:
    """Volatility of price changes: exponentially weighted, no lower than the 5 % quantile of its last 500 values.

    Source: `robust_vol_calc` of pysystemtrade with its defaults. Like there, the newest change counts.

    Args:
        prices: Prices, shape (n,).

    Returns:
        Standard deviation of a session's change in units of price, shape (n,); NaN before 10 changes.
    """
    changes = pd.Series(prices).diff()
    deviation = changes.ewm(span=CHANGES_SPAN, min_periods=CHANGES_LEAST).std().clip(lower=LEAST_VOLATILITY)
    floor = deviation.rolling(FLOOR_WINDOW, min_periods=FLOOR_LEAST).quantile(FLOOR_QUANTILE)
    floored: Array = np.maximum(deviation.to_numpy(float), floor.fillna(0).to_numpy(float))
    return floored


def ewmac_forecast(prices: Array, volatility: Array, fast_span: int) -> Array:
    """Forecast of one crossover: fast less slow moving average per unit of volatility, scaled and capped.

    Args:
        prices: Prices, shape (n,).
        volatility: Of `price_volatility`, shape (n,).
        fast_span: Span of the fast average, a key of `EWMAC_SCALARS`.

    Returns:
        Forecast between -20 and 20, of which 10 is typical, shape (n,); NaN before 10 changes.

    Raises:
        KeyError: If the span has no published scalar.
    """
    series = pd.Series(prices)
    fast, slow = (series.ewm(span=span).mean().to_numpy(float) for span in (fast_span, SLOW_TO_FAST * fast_span))
    forecast: Array = EWMAC_SCALARS[fast_span] * (fast - slow) / volatility
    return forecast.clip(-LARGEST_FORECAST, LARGEST_FORECAST)


def ewmac_signal(prices: Array) -> Array:
    """Mean of the four crossovers' forecasts, equally weighted, as a share of the largest; shape (n,)."""
    volatility = price_volatility(prices)
    forecasts = [ewmac_forecast(prices, volatility, span) for span in EWMAC_SCALARS]
    return _total(forecasts) / (len(forecasts) * LARGEST_FORECAST)


def simple_returns(prices: Array, window: int = 1) -> Array:
    """Return over so many observations as a fraction, shape (n,); NaN before there are enough."""
    returns = np.full(len(prices), np.nan)
    returns[window:] = prices[window:] / prices[: max(len(prices) - window, 0)] - 1
    return returns


def momentum_volatility(prices: Array) -> Array:
    """Volatility of time-series momentum: exponentially weighted, centre of mass 60 sessions.

    Source: equation 1 of Moskowitz, Ooi and Pedersen (2012), with 252 sessions a year in place of 261.

    Args:
        prices: Prices of an excess-return index, shape (n,).

    Returns:
        Annualised volatility as a fraction, shape (n,); NaN before two returns.
    """
    variance = pd.Series(simple_returns(prices)).ewm(com=MOMENTUM_COM).var().to_numpy(float)
    return _annualised(variance)


def momentum_signal(prices: Array) -> Array:
    """Mean sign of the excess return over 1, 3 and 12 months, the windows of Hurst, Ooi and Pedersen (2017).

    Args:
        prices: Prices of an excess-return index, shape (n,).

    Returns:
        -1, -1/3, 1/3 or 1 unless a return is zero, shape (n,); NaN before the longest window is full.
    """
    signs = [np.sign(simple_returns(prices, window)) for window in MOMENTUM_WINDOWS]
    return _total(signs) / len(signs)


def newey_west_lags(window: int) -> int:
    """Lags of a Newey-West standard error: floor(4 (n / 100)^(2/9)), the rule of thumb of their paper of 1994."""
    return int(4 * (window / 100) ** (2 / 9))


def trend_t_stat(log_prices: Array, window: int) -> Array:
    """t-statistic of a linear trend: slope of the log price on time over its Newey-West standard error.

    Equals statsmodels' `OLS(y, [1, t]).fit(cov_type="HAC", cov_kwds={"maxlags": newey_west_lags(window)})`.

    Args:
        log_prices: Natural logarithms of prices, shape (n,).
        window: Observations in a regression.

    Returns:
        t-statistic of the regression that ends at each observation, shape (n,); NaN before the first full
        window, on a NaN in the window and for a price that does not move.
    """
    time = np.arange(window, dtype=np.float64) - (window - 1) / 2
    return _t_statistics(log_prices, time, with_intercept=True)


def mean_t_stat(returns: Array, window: int) -> Array:
    """t-statistic of the mean return over its Newey-West standard error, shape (n,).

    Args:
        returns: Returns, shape (n,).
        window: Observations in a mean.

    Returns:
        As `trend_t_stat`; a mean return is the slope of a trend that the log price follows as a random walk.
    """
    return _t_statistics(returns, np.ones(window), with_intercept=False)


def trend_signal(log_returns: Array) -> Array:
    """TREND of Baltas and Kosowski: t-statistic of a year's daily log returns, no further from zero than one.

    Args:
        log_returns: Daily log returns of an excess-return index, shape (n,).

    Returns:
        Signal between -1 and 1, shape (n,); NaN where the t-statistic is.
    """
    return mean_t_stat(log_returns, TREND_WINDOW).clip(-1, 1)


def yang_zhang_volatility(overnight: Array, intraday: Array, rogers_satchell: Array) -> Array:
    """Volatility of 21 sessions from opens, highs, lows and closes.

    Source: Yang and Zhang (2000, doi 10.1086/209650), over a month as in Baltas and Kosowski.

    Args:
        overnight: ln(open / close before), shape (n,).
        intraday: ln(close / open), shape (n,).
        rogers_satchell: ln(high / close) ln(high / open) + ln(low / close) ln(low / open), shape (n,).

    Returns:
        Annualised volatility as a fraction, shape (n,); NaN where the window is not full.
    """
    k = 0.34 / (1.34 + (RANGE_WINDOW + 1) / (RANGE_WINDOW - 1))
    overnight_variance, intraday_variance = (_variance(moves, RANGE_WINDOW) for moves in (overnight, intraday))
    variance = overnight_variance + k * intraday_variance + (1 - k) * _mean(rogers_satchell, RANGE_WINDOW)
    return _annualised(variance)


def close_to_close_volatility(log_returns: Array) -> Array:
    """Annualised standard deviation of 21 daily log returns as a fraction, shape (n,); NaN where one is missing."""
    return _annualised(_variance(log_returns, RANGE_WINDOW))


def exposure(signal: Array, volatility: Array) -> Array:
    """A signal at a target volatility of 15 % with leverage of at most 2.5: what makes the rules comparable.

    Each rule is published with a target of its own, time-series momentum with 40 % and no cap.

    Args:
        signal: Between -1 and 1, shape (n,).
        volatility: Annualised volatility as a fraction, shape (n,).

    Returns:
        Between -2.5 and 2.5, shape (n,); NaN where either is.
    """
    with np.errstate(divide="ignore"):
        leverage = np.minimum(LARGEST_LEVERAGE, TARGET_VOLATILITY / volatility)
    scaled: Array = signal * leverage
    return scaled


def _annualised(variance: Array) -> Array:
    volatility: Array = np.sqrt(SESSIONS_PER_YEAR * np.maximum(variance, 0))
    return volatility


def _places(values: Array, window: int) -> list[Array]:
    """The first, second, ... observation of every full window.

    Adding these in order gives sums whose last digit depends neither on where a window lies nor on what
    follows it, which numpy's own sums and products do not promise.
    """
    count = max(len(values) - window + 1, 0)
    return [values[place : place + count] for place in range(window)]


def _total(parts: list[Array]) -> Array:
    total = np.zeros_like(parts[0])
    for part in parts:
        total += part
    return total


def _padded(values: Array, length: int) -> Array:
    return np.concatenate([np.full(length - len(values), np.nan), values])


def _mean(values: Array, window: int) -> Array:
    return _padded(_total(_places(values, window)) / window, len(values))


def _variance(values: Array, window: int) -> Array:
    places = _places(values, window)
    mean = _total(places) / window
    return _padded(_total([(place - mean) ** 2 for place in places]) / (window - 1), len(values))


def _t_statistics(values: Array, regressor: Array, *, with_intercept: bool) -> Array:
    """Coefficient of a regressor of mean zero, or without an intercept, over its Newey-West standard error."""
    lags = newey_west_lags(len(regressor))
    weights = [1 - lag / (lags + 1) for lag in range(1, lags + 1)]
    places = _places(values, len(regressor))
    if with_intercept:
        # From the window's first value, so that a price that does not move leaves no residual at all.
        places = [place - places[0] for place in places]
    squares = float(sum(regressor**2))
    coefficient = _total([at * place for at, place in zip(regressor, places, strict=True)]) / squares
    level = _total(places) / len(places) if with_intercept else 0.0
    meat = np.zeros_like(coefficient)
    before: deque[Array] = deque(maxlen=lags)
    for at, place in zip(regressor, places, strict=True):
        score = at * (place - level - coefficient * at)
        lagged = sum((weight * other for weight, other in zip(weights, before, strict=False)), np.zeros_like(score))
        meat += score * (score + 2 * lagged)
        before.appendleft(score)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = coefficient / (np.sqrt(np.maximum(meat, 0)) / squares)
    return _padded(found, len(values))
