"""Fills indicators.spread_panel: the median spread of the S&P 500's most traded members."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.spreads import Bars, held_since, median_band, spreads

PANEL = 100
# Members with an estimate that a median needs, and the probability that its band has.
LEAST = 30
COVERAGE = 0.8
# Sessions whose median dollar volume decides who is in the panel, and those of them that must be there.
TRADED = 63
TRADED_LEAST = 60
PRICES = ("open", "high", "low", "close")
MEMBERS = """
    select
        s.session_no,
        p.symbol,
        p.segment,
        p.open,
        p.high,
        p.low,
        p.close,
        p.close * p.volume as traded,
        p.total_return,
        m.symbol is not null as is_member
    from staging.member_prices as p
    inner join reference.sessions as s using (session)
    left join staging.index_members as m
        on m.index_symbol = 'SPX'
        and m.symbol = p.symbol
        and (m.added_date is null or m.added_date <= p.session)
        and (m.removed_date is null or m.removed_date > p.session)
        and m.available_at <= s.decision_at
"""
SESSIONS = """
    select session, session_no from reference.sessions
    where session_no between {first} and {last}
    order by session
"""


def fill(inputs: Inputs) -> Filled:
    """Every session from the members' first bar to their last, columns as in sql/indicators/spread_panel.sql."""
    members = inputs.query(MEMBERS)
    if members.empty:
        return Filled(pd.DataFrame())
    first, last = members["session_no"].min(), members["session_no"].max()
    sessions = inputs.query(SESSIONS.format(first=first, last=last))
    # A column per symbol and segment, so that no window can span an unadjusted split.
    column = members.groupby(["symbol", "segment"]).ngroup().to_numpy()
    place = members["session_no"].to_numpy() - first
    shape = (len(sessions), column.max() + 1)

    def grid(name: str) -> NDArray[np.float64]:
        laid_out = np.full(shape, np.nan)
        laid_out[place, column] = members[name].to_numpy(float, na_value=np.nan)
        return laid_out

    is_in = in_panel(grid("traded"), grid("is_member") == 1)
    found = spreads(_bars(*(grid(name) for name in (*PRICES, "total_return"))), is_in)
    edge, corwin_schultz, abdi_ranaldo = (1e4 * of for of in (found.edge, found.corwin_schultz, found.abdi_ranaldo))
    median, low, high = median_band(edge, COVERAGE, LEAST)
    rows = sessions[["session"]].assign(
        panel_members=np.isfinite(edge).sum(axis=1),
        edge_median_bp=median,
        edge_median_lo_bp=low,
        edge_median_hi_bp=high,
        corwin_schultz_median_bp=median_band(corwin_schultz, COVERAGE, LEAST)[0],
        abdi_ranaldo_median_bp=median_band(abdi_ranaldo, COVERAGE, LEAST)[0],
        grade="C",
    )
    missing = reasons({f"spreads of {LEAST} members of the S&P 500": rows["edge_median_bp"].isna()})
    return Filled(rows.assign(inputs_missing=missing))


def in_panel(traded: NDArray[np.float64], is_member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which series make up each session's panel.

    Args:
        traded: Dollar volumes, shape (sessions, n), NaN without one.
        is_member: Whether it is a member's, with a bar on the session.

    Returns:
        Shape (sessions, n); of equals at the edge of the panel the first.
    """
    usual = pd.DataFrame(traded).rolling(TRADED, min_periods=TRADED_LEAST).median()
    ranks = usual.where(is_member).rank(axis=1, method="first", ascending=False)
    is_in: NDArray[np.bool_] = (ranks <= PANEL).to_numpy()
    return is_in


def _bars(
    opened: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    total_return: NDArray[np.float64],
) -> Bars:
    is_whole = np.isfinite(opened) & np.isfinite(high) & (low > 0)
    shares = np.where(is_whole, held_since(close, total_return), np.nan)
    return Bars(opened * shares, high * shares, low * shares, close * shares)
