"""Fills indicators.price_trends: how strong the trend of each market's excess price is."""

import numpy as np
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models.trend_followers import MOMENTUM_WINDOWS, momentum_volatility, simple_returns, trend_t_stat

TREND_BARS = 63
# Returns behind a volatility that is published.
LEAST_RETURNS = 63


def fill(inputs: Inputs) -> Filled:
    """One row per close, columns as in sql/indicators/price_trends.sql."""
    # DuckDB's logarithm of a number is the same wherever it stands in a column; numpy's differs in the last digit.
    bars = inputs.query(
        """
        select session, symbol, spell, excess_price, ln(excess_price) as log_price
        from indicators.excess_prices
        order by symbol, session
        """
    )
    stretches = bars.groupby(["symbol", "spell"], sort=False, dropna=False)
    trends = [_trends(stretch) for _, stretch in stretches]
    return Filled(pd.concat(trends, ignore_index=True) if trends else pd.DataFrame())


def _trends(bars: pd.DataFrame) -> pd.DataFrame:
    prices = bars["excess_price"].to_numpy(float)
    t_stat = trend_t_stat(bars["log_price"].to_numpy(float), TREND_BARS)
    volatility = momentum_volatility(prices)
    volatility[:LEAST_RETURNS] = np.nan
    momentum = {
        f"momentum_{window}d": simple_returns(prices, window) / np.where(volatility > 0, volatility, np.nan)
        for window in MOMENTUM_WINDOWS
    }
    age = np.arange(len(bars))
    missing = np.select(
        [
            bars["excess_price"].isna(),
            age < LEAST_RETURNS,
            ~np.isfinite(t_stat) | ~(volatility > 0),
            age < max(MOMENTUM_WINDOWS),
        ],
        ["excess price", f"{LEAST_RETURNS + 1} bars", "a price that moves", f"{max(MOMENTUM_WINDOWS) + 1} bars"],
        default="",
    )
    return bars[["session", "symbol"]].assign(
        trend_t_stat=np.where(np.isfinite(t_stat), t_stat, np.nan),
        momentum_vol_pct=100 * volatility,
        **momentum,
        grade="A",
        inputs_missing=pd.Series(missing, bars.index, dtype=object).replace("", None),
    )
