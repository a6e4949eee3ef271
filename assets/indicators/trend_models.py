"""Fills indicators.trend_models: what published trend followers hold."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models import trend_followers as followers
from assets.models.trend_followers import Array


class Held(NamedTuple):
    """What a rule holds on the bars of an unbroken stretch.

    Attributes:
        signal: Position as a share of the largest, shape (n,).
        volatility: Annualised, as a fraction, shape (n,).
        estimator: How the volatility is estimated, for all bars or each, shape (n,).
    """

    signal: Array
    volatility: Array
    estimator: str | pd.Series


class Rule(NamedTuple):
    """A trend-following rule.

    Attributes:
        holds: What it holds on the bars of an unbroken stretch.
        least_bars: How many bars fill its longest window.
    """

    holds: Callable[[pd.DataFrame], Held]
    least_bars: int


def fill(inputs: Inputs) -> Filled:
    """One row per close and rule, columns as in sql/indicators/trend_models.sql."""
    # DuckDB's logarithm of a number is the same wherever it stands in a column; numpy's differs in the last digit.
    bars = inputs.query(
        """
        with bars as (
            select
                symbol,
                session,
                ln(open / lag(close) over (partition by symbol order by session)) as overnight,
                ln(close / open) as intraday,
                ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open) as rogers_satchell
            from staging.prices
            where symbol in (select symbol from indicators.excess_prices)
        )

        select
            e.session,
            e.symbol,
            e.spell,
            e.excess_price,
            ln(e.excess_price / lag(e.excess_price) over stretch) as log_return,
            b.overnight,
            b.intraday,
            b.rogers_satchell
        from indicators.excess_prices as e
        left join bars as b on e.symbol = b.symbol and e.session = b.session
        window stretch as (partition by e.symbol, e.spell order by e.session)
        order by e.symbol, e.session
        """
    )
    stretches = bars.groupby(["symbol", "spell"], sort=False, dropna=False)
    held = [_rows(stretch, model) for _, stretch in stretches for model in RULES]
    return Filled(pd.concat(held, ignore_index=True) if held else pd.DataFrame())


def _rows(bars: pd.DataFrame, model: str) -> pd.DataFrame:
    rule = RULES[model]
    held = rule.holds(bars)
    is_warm = np.arange(len(bars)) >= rule.least_bars - 1
    is_held = np.isfinite(held.signal) & np.isfinite(held.volatility) & is_warm
    signal, volatility = (np.where(is_held, values, np.nan) for values in (held.signal, held.volatility))
    missing = np.select(
        [bars["excess_price"].isna(), ~is_warm, ~is_held],
        ["excess price", f"{rule.least_bars} bars", "a price that moves"],
        default="",
    )
    return bars[["session", "symbol"]].assign(
        model=model,
        signal=signal,
        annual_vol_pct=100 * volatility,
        vol_estimator=held.estimator,
        exposure=followers.exposure(signal, volatility),
        grade="C",
        inputs_missing=pd.Series(missing, bars.index, dtype=object).replace("", None),
    )


def _ewmac(bars: pd.DataFrame) -> Held:
    prices = bars["excess_price"].to_numpy(float)
    daily = followers.price_volatility(prices) / prices
    return Held(followers.ewmac_signal(prices), daily * np.sqrt(followers.SESSIONS_PER_YEAR), "changes")


def _tsmom(bars: pd.DataFrame) -> Held:
    prices = bars["excess_price"].to_numpy(float)
    return Held(followers.momentum_signal(prices), followers.momentum_volatility(prices), "returns")


def _trend(bars: pd.DataFrame) -> Held:
    log_returns = bars["log_return"].to_numpy(float)
    of_bars = followers.yang_zhang_volatility(
        *(bars[name].to_numpy(float) for name in ("overnight", "intraday", "rogers_satchell"))
    )
    volatility = np.where(np.isnan(of_bars), followers.close_to_close_volatility(log_returns), of_bars)
    estimator = pd.Series(np.where(np.isnan(of_bars), "closes", "yang_zhang"), bars.index)
    return Held(followers.trend_signal(log_returns), volatility, estimator)


RULES: Mapping[str, Rule] = {
    "ewmac": Rule(_ewmac, followers.SLOW_TO_FAST * max(followers.EWMAC_SCALARS)),
    "tsmom": Rule(_tsmom, max(followers.MOMENTUM_WINDOWS) + 1),
    "trend": Rule(_trend, followers.TREND_WINDOW + 1),
}
