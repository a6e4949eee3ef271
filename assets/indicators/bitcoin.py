"""Fills indicators.bitcoin: drawdown, correlations, beta and lead of bitcoin, in two readings; its picture."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from assets.indicators.axes import date_concisely
from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models import rolling
from assets.models.lead_lag import lead_lag
from assets.sources.availability import price_bars

NEW_YORK_CLOSE, UTC_MIDNIGHT = "new_york_close", "utc_midnight"
YEAR, DAYS_OF_YEAR, WEEK = 252, 365, 5
SHORT, LONG, RANKED, HALF_LIFE = 21, 63, 756, 21
LAGS, LEAST_PAIRS = 10, 252

QUERY = """
    with market as materialized (
        select session, symbol, total_return, close from staging.prices where symbol in ('QQQ', 'SPHB', 'SPX')
    ),

    bitcoin as (
        select date as session, close, available_at from staging.crypto_prices where symbol = 'BTC-USD'
    )

    select
        s.session,
        s.decision_at,
        n.session is not null as has_fund,
        n.bitcoin_return as fund_return,
        b.close as utc_close,
        b.available_at as utc_available_at,
        max(m.total_return) filter (m.symbol = 'QQQ') as qqq,
        max(m.total_return) filter (m.symbol = 'SPHB') as high_beta,
        max(m.close) filter (m.symbol = 'SPX') as spx_close
    from reference.sessions as s
    left join indicators.bitcoin_returns as n using (session)
    left join bitcoin as b using (session)
    left join market as m using (session)
    where
        s.session >= least((select min(session) from bitcoin), (select min(session) from indicators.bitcoin_returns))
        and s.session <= greatest(
            (select max(session) from bitcoin),
            (select max(session) from indicators.bitcoin_returns),
            (select max(session) from market where symbol = 'SPX')
        )
    group by all
    order by s.session
"""
CLOSES = "select date, close from staging.crypto_prices where symbol = 'BTC-USD' order by date"


def fill(inputs: Inputs) -> Filled:
    """Bitcoin in both readings, columns as in sql/indicators/bitcoin.sql."""
    sessions = inputs.query(QUERY).set_index("session")
    if sessions.empty:
        return Filled(pd.DataFrame())
    closes = inputs.query(CLOSES).set_index("date")["close"]
    market = pd.DataFrame(
        {
            "qqq": np.log1p(sessions["qqq"]),
            "high_beta": np.log1p(sessions["high_beta"]),
            "spx": np.log(sessions["spx_close"]).diff(),
        }
    )
    by_fund = np.log1p(sessions["fund_return"])
    parts = [
        _reading(by_fund, market, by_fund.rolling(WEEK).sum()).assign(
            bitcoin_reading=NEW_YORK_CLOSE,
            bitcoin_close=np.nan,
            bitcoin_drawdown_pct=100 * np.expm1(rolling.drawdown(by_fund, YEAR)),
            bitcoin_stabilised=_stabilised(by_fund.cumsum(), by_fund),
            available_at=sessions["decision_at"],
        )[sessions["has_fund"].astype(bool)]
    ]
    close = sessions["utc_close"]
    by_bar = np.log(close).diff()
    days = sessions.index.to_series()
    ended_at = price_bars(days, pd.Series("crypto", index=days.index))
    # A bar that is due and not there is missing; one that has not ended is not.
    began = closes.index.min() if len(closes) else pd.NaT
    is_due = close.notna() | ((days >= began) & (ended_at <= inputs.now))
    # Bitcoin's bar of the session ends after the outcome begins, that of the session before does not.
    parts.append(
        _reading(by_bar, market, by_bar.rolling(WEEK).sum().shift()).assign(
            bitcoin_reading=UTC_MIDNIGHT,
            bitcoin_close=close,
            bitcoin_drawdown_pct=100 * (close / _highest(closes).reindex(close.index) - 1),
            bitcoin_stabilised=_stabilised(_lowest(closes, sessions.index), by_bar),
            available_at=sessions["utc_available_at"].fillna(ended_at),
        )[is_due]
    )
    rows = pd.concat([part for part in parts if len(part)])
    rows["inputs_missing"] = _missing(rows)
    rows["grade"] = "A"
    return Filled(rows.reset_index())


def _reading(bitcoin: pd.Series, market: pd.DataFrame, past_week: pd.Series) -> pd.DataFrame:
    """What both readings have in common.

    Args:
        bitcoin: Log return by session.
        market: Log returns of qqq, high_beta and spx, of the same sessions.
        past_week: Log return over 5 sessions that the lead is looked for in.
    """
    rows = pd.DataFrame(index=bitcoin.index)
    rows["bitcoin_return_5d_pct"] = 100 * np.expm1(bitcoin.rolling(WEEK).sum())
    qqq, spx, high_beta = market["qqq"], market["spx"], market["high_beta"]
    correlations = {
        "corr_21d_qqq": rolling.correlation(bitcoin, qqq, SHORT),
        "corr_63d_qqq": rolling.correlation(bitcoin, qqq, LONG),
        "corr_ewm_qqq": rolling.weighted_correlation(bitcoin, qqq, HALF_LIFE, LONG),
        "corr_21d_spx": rolling.correlation(bitcoin, spx, SHORT),
        "corr_63d_spx": rolling.correlation(bitcoin, spx, LONG),
        "corr_63d_high_beta": rolling.correlation(bitcoin, high_beta, LONG),
    }
    for name, banded in correlations.items():
        rows[name], rows[f"{name}_lo"], rows[f"{name}_hi"] = banded
    rows["corr_63d_qqq_rank_756d"] = rolling.rank(rows["corr_63d_qqq"], RANKED)
    slope = rolling.beta(bitcoin, qqq, LONG)
    rows["beta_63d_qqq"], rows["beta_63d_qqq_lo"], rows["beta_63d_qqq_hi"] = slope
    lead = lead_lag(past_week.to_numpy(), spx.to_numpy(), ahead=WEEK, lags=LAGS, least=LEAST_PAIRS)
    rows["lead_slope"], rows["lead_t"], rows["lead_r2"], rows["lead_pairs"] = (
        lead.slope,
        lead.t,
        lead.r2_ahead,
        lead.pairs,
    )
    rows["lead_slope_lo"] = lead.slope - rolling.Z80 * lead.error
    rows["lead_slope_hi"] = lead.slope + rolling.Z80 * lead.error
    return rows


def _highest(closes: pd.Series) -> pd.Series:
    """The highest close of a year of days, 95 % of which must be there."""
    daily = closes.asfreq("D") if len(closes) else closes
    return daily.rolling(DAYS_OF_YEAR, min_periods=rolling.least(DAYS_OF_YEAR)).max()


def _lowest(closes: pd.Series, sessions: pd.Index) -> pd.Series:
    """The lowest close of the days since the session before, its own included; missing if one of theirs is."""
    daily = closes.asfreq("D") if len(closes) else closes
    place = sessions.searchsorted(daily.index)
    within = place < len(sessions)
    of_session = daily[within].groupby(sessions[place[within]])
    return of_session.min().where(of_session.count() == of_session.size()).reindex(sessions)


def _stabilised(lowest: pd.Series, returns: pd.Series) -> pd.Series:
    """Whether the low of 5 sessions holds that of the 5 before, with a return over 5 sessions that is not negative.

    Args:
        lowest: The lowest level since the session before, by session.
        returns: Log return by session.
    """
    low = lowest.rolling(WEEK).min()
    week = returns.rolling(WEEK).sum()
    holds = (low >= low.shift(WEEK)) & (week >= 0)
    return holds.astype("boolean").mask(low.isna() | low.shift(WEEK).isna() | week.isna())


def _missing(rows: pd.DataFrame) -> pd.Series:
    return reasons(
        {
            "bitcoin's bar of the day": rows["bitcoin_close"].isna() & (rows["bitcoin_reading"] == UTC_MIDNIGHT),
            "bitcoin's returns of 5 sessions": rows["bitcoin_return_5d_pct"].isna(),
            "bitcoin's closes of ten sessions": rows["bitcoin_stabilised"].isna(),
            "a year of bitcoin": rows["bitcoin_drawdown_pct"].isna(),
            "63 returns of bitcoin and QQQ": rows[["corr_21d_qqq", "corr_63d_qqq", "corr_ewm_qqq", "beta_63d_qqq"]]
            .isna()
            .any(axis=1),
            "63 returns of bitcoin and the S&P 500": rows[["corr_21d_spx", "corr_63d_spx"]].isna().any(axis=1),
            "63 returns of bitcoin and SPHB": rows["corr_63d_high_beta"].isna(),
            "756 sessions of corr_63d_qqq": rows["corr_63d_qqq_rank_756d"].isna(),
            "252 pairs of weeks": rows["lead_slope"].isna(),
            "252 forecasts of the lead": rows["lead_r2"].isna(),
        }
    )


def picture(query: Callable[[str], pd.DataFrame]) -> Figure | None:
    """Drawdown and correlation with QQQ over the last 756 sessions, both readings; None without any."""
    history = query(
        """
        select session, bitcoin_reading, bitcoin_drawdown_pct, corr_63d_qqq, corr_63d_qqq_lo, corr_63d_qqq_hi
        from indicators.bitcoin
        qualify dense_rank() over (order by session desc) <= 756
        order by session
        """
    )
    if history["corr_63d_qqq"].isna().all():
        return None
    figure = Figure(figsize=(9, 6), layout="constrained")
    drawdown, correlation = figure.subplots(2, 1, sharex=True)
    for reading, of in history.groupby("bitcoin_reading"):
        drawdown.plot(of["session"], of["bitcoin_drawdown_pct"], label=reading)
        correlation.plot(of["session"], of["corr_63d_qqq"], label=reading)
        correlation.fill_between(of["session"], of["corr_63d_qqq_lo"], of["corr_63d_qqq_hi"], alpha=0.15)
    drawdown.set(title="From the highest close of a year", ylabel="%")
    correlation.set(title="Correlation with QQQ, 63 sessions, and its 80 % band")
    correlation.axhline(0, color="grey", linewidth=0.8)
    drawdown.legend(frameon=False)
    date_concisely(correlation)
    figure.suptitle("Bitcoin (grade A as statistics, C as an indicator)")
    return figure
