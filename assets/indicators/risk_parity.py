"""Fills indicators.risk_parity: equal risk contributions of the sleeves there are, and the equity that follows."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.risk_parity import (
    correlation,
    equal_risk_contribution,
    ewm_covariance,
    leveraged,
    portfolio_volatility,
    total,
    with_correlation_raised,
)

SLEEVES = ("equity", "bonds", "commodities", "inflation")
SYMBOLS = [f"{sleeve}_symbol" for sleeve in SLEEVES]
WEIGHTS = [f"weight_{sleeve}" for sleeve in SLEEVES]
EQUITY, BONDS = 0, 1
# The sleeves that a portfolio can have; the first that has its returns is taken.
PORTFOLIOS = ((0, 1, 2, 3), (0, 1, 2), (0, 1, 3), (0, 1))
# Returns that the sleeves of a portfolio must have in common.
LEAST_RETURNS = 120
CORRELATION_SHOCK = 0.3
FLOWS = (5, 21)
# Each session's instrument of each sleeve: the first candidate with a return in the 5 sessions up to it.
QUERY = """
    with bars as (
        select session, symbol, total_return from staging.prices
        where symbol in (select symbol from reference.risk_parity_sleeves)
    ),

    candidates as (
        select
            s.session,
            c.sleeve,
            c.candidate_no,
            c.symbol,
            b.total_return,
            count(b.total_return) over (partition by c.symbol order by s.session rows 4 preceding) as returns_5d
        from reference.risk_parity_sleeves as c
        cross join reference.sessions as s
        left join bars as b on c.symbol = b.symbol and s.session = b.session
        where s.session between (select min(session) from bars) and (select max(session) from bars)
    ),

    chosen as (
        select * from candidates
        where returns_5d > 0
        qualify row_number() over (partition by session, sleeve order by candidate_no) = 1
    )

    select
        s.session,
{columns}
    from reference.sessions as s
    left join chosen as c using (session)
    where s.session between (select min(session) from bars) and (select max(session) from bars)
    group by s.session
    order by s.session
"""
COLUMNS = ",\n".join(
    f"max(c.{of}) filter (c.sleeve = '{sleeve}') as {name}"
    for sleeve in SLEEVES
    for of, name in (("symbol", f"{sleeve}_symbol"), ("total_return", sleeve))
)
CALIBRATION = """
    from reference.risk_parity_calibration
    qualify row_number() over (order by method_version desc) = 1
"""


def fill(inputs: Inputs) -> Filled:
    """Every session, columns as in sql/indicators/risk_parity.sql; none without a bar of any candidate."""
    sessions = inputs.query(QUERY.format(columns=COLUMNS))
    if sessions.empty:
        return Filled(pd.DataFrame())
    calibration = inputs.query(CALIBRATION).iloc[0]
    held = portfolios(sessions, calibration)
    notional = calibration["assets_bn"] * held["weight_equity"]
    estimates = {"equity_notional": notional}
    for count in FLOWS:
        # A sleeve that comes or goes is no trade of the funds.
        is_same = held["portfolio"] == held["portfolio"].shift(count)
        estimates[f"flow_{count}d_realised"] = notional.diff(count).where(is_same)
    estimates["flow_corr_shock"] = calibration["assets_bn"] * held["shocked_weight_equity"] - notional
    rows = pd.concat(
        [
            sessions[["session", *SYMBOLS]],
            held.drop(columns=["portfolio", "shocked_weight_equity"]),
            _banded(estimates, calibration["band_lo_factor"], calibration["band_hi_factor"]),
        ],
        axis=1,
    )
    rows = rows.assign(method_version=calibration["method_version"], grade="C")
    return Filled(rows.assign(inputs_missing=_missing(rows, sessions, held["portfolio"])))


def portfolios(sessions: pd.DataFrame, calibration: pd.Series) -> pd.DataFrame:
    """The portfolio that each session's rule asks for.

    Args:
        sessions: For each of `SLEEVES` its return, NaN without one, and its symbol, None where nothing stands for it.
        calibration: short_half_life, long_half_life, target_vol_pct and max_leverage.

    Returns:
        By session: portfolio, its place in `PORTFOLIOS` or -1 for none; stock_bond_corr, unlevered_vol_pct, a weight
        per sleeve, leverage, and shocked_weight_equity, the weight under the correlation shock.
    """
    returns, is_there = sessions[list(SLEEVES)].to_numpy(float), sessions[SYMBOLS].notna().to_numpy()
    numbers = ["stock_bond_corr", "unlevered_vol_pct", *WEIGHTS, "leverage", "shocked_weight_equity"]
    held = pd.DataFrame({"portfolio": -1, **dict.fromkeys(numbers, np.nan)}, index=sessions.index)
    half_lives = (calibration["short_half_life"], calibration["long_half_life"])
    target, cap = calibration["target_vol_pct"] / 100, calibration["max_leverage"]
    for number, sleeves in enumerate(PORTFOLIOS):
        members = list(sleeves)
        in_common = np.cumsum(~np.isnan(returns[:, members]).any(axis=1))
        is_usable = is_there[:, members].all(axis=1) & (in_common >= LEAST_RETURNS)
        taken = held.index[is_usable & (held["portfolio"] < 0)]
        covariance = ewm_covariance(returns[:, members], half_lives)[taken]
        unlevered = equal_risk_contribution(covariance)
        weights = leveraged(unlevered, covariance, target, cap)
        shock = with_correlation_raised(covariance, EQUITY, BONDS, CORRELATION_SHOCK)
        shocked = leveraged(equal_risk_contribution(shock), shock, target, cap)
        held.loc[taken, "portfolio"] = number
        held.loc[taken, "stock_bond_corr"] = correlation(covariance, EQUITY, BONDS)
        held.loc[taken, "unlevered_vol_pct"] = 100 * portfolio_volatility(unlevered, covariance)
        held.loc[taken, [WEIGHTS[member] for member in members]] = weights
        held.loc[taken, "leverage"] = total(weights)
        held.loc[taken, "shocked_weight_equity"] = shocked[:, EQUITY]
    return held


def _banded(estimates: Mapping[str, pd.Series], low: float, high: float) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    for name, value in estimates.items():
        smaller, larger = value * low, value * high
        columns[f"{name}_bn"] = value
        columns[f"{name}_lo_bn"] = smaller.where(value >= 0, larger)
        columns[f"{name}_hi_bn"] = larger.where(value >= 0, smaller)
    return pd.DataFrame(columns)


def _missing(rows: pd.DataFrame, sessions: pd.DataFrame, portfolio: pd.Series) -> pd.Series:
    has_weights = rows["weight_equity"].notna()
    has_gap = sessions[list(SLEEVES)].isna().to_numpy() & rows[WEIGHTS].notna().to_numpy()
    return reasons(
        {
            f"{LEAST_RETURNS} returns of equity and bonds": portfolio < 0,
            "weights that equalise risk": (portfolio >= 0) & ~has_weights,
            "commodities": rows["weight_commodities"].isna(),
            "inflation": rows["weight_inflation"].isna(),
            "a return of the session": pd.Series(has_gap.any(axis=1)),
            "the same sleeves 5 sessions before": has_weights & rows["flow_5d_realised_bn"].isna(),
            "the same sleeves 21 sessions before": has_weights & rows["flow_21d_realised_bn"].isna(),
            "weights under the correlation shock": has_weights & rows["flow_corr_shock_bn"].isna(),
        }
    )
