"""Fills indicators.spreads: three estimates of the bid-ask spread of ETFs, and the rank of one."""

from math import ceil

import pandas as pd

from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.spreads import WINDOW, Bars, held_since, spreads

# Sessions that a spread is ranked in, and the share of them that a full window has.
RANKED = 756
FULL = 0.95
QUERY = """
    with bars as materialized (
        select session, symbol, open, high, low, close, total_return from staging.prices
        where symbol in ('SPY', 'QQQ', 'IWM', 'HYG')
    ),

    whole as (
        select * from bars where open is not null and high is not null and low > 0
    ),

    reach as (
        select symbol, min(session) as first_session from whole group by symbol
    )

    select s.session, r.symbol, w.* exclude (session, symbol)
    from reach as r
    inner join reference.sessions as s
        on s.session between r.first_session and (
            select max(session) from staging.prices where symbol in ('SPX', 'SPY', 'QQQ', 'IWM', 'HYG')
        )
    left join whole as w on s.session = w.session and r.symbol = w.symbol
    order by r.symbol, s.session
"""


def fill(inputs: Inputs) -> Filled:
    """Every symbol's sessions from its first whole bar on, columns as in sql/indicators/spreads.sql."""
    prices = inputs.query(QUERY)
    of_symbols = [_estimated(of.reset_index(drop=True)) for _, of in prices.groupby("symbol")]
    return Filled(pd.concat(of_symbols, ignore_index=True) if of_symbols else pd.DataFrame())


def _estimated(prices: pd.DataFrame) -> pd.DataFrame:
    close = prices[["close"]].to_numpy(float)
    shares = held_since(close, prices[["total_return"]].to_numpy(float))
    found = spreads(Bars(*(prices[[name]].to_numpy(float) * shares for name in ("open", "high", "low", "close"))))
    rows = prices[["session", "symbol"]].assign(
        edge_21d_bp=1e4 * found.edge,
        corwin_schultz_21d_bp=1e4 * found.corwin_schultz,
        abdi_ranaldo_21d_bp=1e4 * found.abdi_ranaldo,
    )
    edge = rows["edge_21d_bp"]
    rank = edge.rolling(RANKED, min_periods=ceil(FULL * RANKED)).rank(method="max", pct=True).where(edge.notna())
    has_bars = prices["close"].rolling(WINDOW).count() == WINDOW
    missing = reasons(
        {
            f"{WINDOW} sessions with open, high, low and close": ~has_bars,
            "prices that move": has_bars & edge.isna(),
            "three years of the spread": edge.notna() & rank.isna(),
        }
    )
    return rows.assign(edge_rank_756d=rank, grade="C", inputs_missing=missing)
