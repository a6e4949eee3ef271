"""Short rates of the simulated market: overnight rates of the dollar that follow its bill yield, and those abroad.

Rates abroad are squares of mean-reverting processes, as the yields of `simulated_market` are, each on random numbers
of its own: adding one changes no other, and a shorter simulation is the beginning of a longer one.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.models.simulated_options import stream

Array = NDArray[np.float64]

LOWEST_RATE = 0.01
# Against the bill yield, in percentage points: federal funds, and secured loans, dearer at the end of a month.
FUNDS_SPREAD, FUNDS_DEVIATION = 0.02, 0.01
SECURED_SPREAD, SECURED_DEVIATION, MONTH_END_SPIKE = 0.0, 0.03, 0.12


class Rate(NamedTuple):
    """A short rate abroad.

    Attributes:
        start: Its first value, in percent.
        mean: The square of the level to which its root returns, in percent.
        shock: Deviation of the root's change per session.
        reversion: Share of the root's distance from its mean that is lost per session.
    """

    start: float
    mean: float
    shock: float = 0.009
    reversion: float = 0.0015


DAILY_ABROAD = {"ECBDFR": Rate(0.4, 2.0), "IUDSOIA": Rate(0.47, 2.8)}
MONTHLY_ABROAD = {
    "IRSTCI01JPM156N": Rate(0.05, 0.3, shock=0.004),
    "IRSTCI01KRM156N": Rate(1.5, 2.4, shock=0.006),
    "IRSTCI01AUM156N": Rate(1.5, 2.8, shock=0.006),
}


def dollar_rates(sessions: pd.DatetimeIndex, bill_yield: Array, seed: int) -> pd.DataFrame:
    """Overnight rates of the dollar by session, in percent, rounded as they are published.

    Args:
        sessions: Trading days, ascending, as naive midnights.
        bill_yield: The simulated market's bill yield at their closes, in percent.
        seed: Same seed, same rates.

    Returns:
        Columns SOFR and DFF.
    """
    noise = {name: stream(seed, f"{name}/rate").standard_normal(len(sessions)) for name in ("SOFR", "DFF")}
    spikes = stream(seed, "SOFR/month end").exponential(MONTH_END_SPIKE, len(sessions))
    # By the weekday, not by the next session, which a shorter simulation would not have.
    last_of_month = np.asarray(sessions + pd.offsets.BMonthEnd(0) == sessions)
    rates = {
        "SOFR": bill_yield + SECURED_SPREAD + SECURED_DEVIATION * noise["SOFR"] + spikes * last_of_month,
        "DFF": bill_yield + FUNDS_SPREAD + FUNDS_DEVIATION * noise["DFF"],
    }
    return pd.DataFrame(rates, index=sessions).clip(lower=LOWEST_RATE).round(2)


def daily_rates_abroad(sessions: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    """Short rates abroad by session, in percent: one column per rate of DAILY_ABROAD."""
    return _rates(DAILY_ABROAD, sessions, seed).round(2)


def monthly_rates_abroad(sessions: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    """Monthly means of short rates abroad, in percent: one column per rate of MONTHLY_ABROAD, indexed by first days.

    The months are those whose last weekday is not after the last session.
    """
    daily = _rates(MONTHLY_ABROAD, sessions, seed)
    months = daily.groupby(sessions.to_period("M").to_timestamp().as_unit("us")).mean().round(3)
    return months[pd.DatetimeIndex(months.index) + pd.offsets.BMonthEnd(0) <= sessions[-1]]


def _rates(rates: dict[str, Rate], sessions: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    return pd.DataFrame({name: _rate(name, rate, len(sessions), seed) for name, rate in rates.items()}, index=sessions)


def _rate(name: str, rate: Rate, sessions: int, seed: int) -> Array:
    root, mean, path = np.sqrt(rate.start), np.sqrt(rate.mean), []
    for normal in stream(seed, f"{name}/rate").standard_normal(sessions).tolist():
        root += rate.reversion * (mean - root) + rate.shock * normal
        path.append(root)
    return np.maximum(np.square(path), LOWEST_RATE)
