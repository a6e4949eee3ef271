"""Fills indicators.daily_risk_control: the S&P 500 at constant volatility, by S&P's mechanics."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.indicators.reasons import reasons
from assets.inputs import Filled, Inputs
from assets.models.risk_control import FIRST_RETURNS, LAG, excess_return_level, leverage, realised_volatility

Array = NDArray[np.float64]

TARGETS_PCT = (5.0, 10.0, 12.0, 15.0)
# Sessions from the first on, with the growth of both indices since the last session that has either. Logarithms are
# DuckDB's: the last digit of numpy's depends on the place in the array.
QUERY = """
    with held as (
        select
            session,
            max(close) filter (symbol = 'SPXTR') as spxtr,
            max(total_return_index) filter (symbol = 'SPY') as spy
        from staging.prices
        where symbol in ('SPXTR', 'SPY')
        group by session
    ),

    grown as (
        select
            session,
            spxtr / lag(spxtr) over (order by session) as spxtr_growth,
            spy / lag(spy) over (order by session) as spy_growth
        from held
    ),

    overnight as (
        select s.session, arg_max(o.series_value, o.series_date) as sofr
        from reference.sessions as s
        inner join staging.series as o
            on o.available_at <= s.decision_at and o.series_date between s.session - 10 and s.session
        where o.series_id = 'SOFR'
        group by s.session
    ),

    bills as (
        select session, close as irx from staging.prices where symbol = 'IRX'
    )

    select
        s.session,
        g.session is not null as is_held,
        coalesce(g.spxtr_growth, g.spy_growth) as growth,
        ln(coalesce(g.spxtr_growth, g.spy_growth)) as log_return,
        case when g.spxtr_growth is not null then 'SPXTR' when g.spy_growth is not null then 'SPY' end as source,
        coalesce(o.sofr, case when b.session >= s.session - 10 then b.irx end) as rate_pct,
        case when o.sofr is not null then 'SOFR' when b.session >= s.session - 10 then 'IRX' end as rate_source
    from reference.sessions as s
    left join grown as g on s.session = g.session
    left join overnight as o on s.session = o.session
    asof left join bills as b on s.session >= b.session
    where
        s.session >= (select min(session) from held)
        and s.session <= (select max(session) from staging.prices where symbol in ('SPX', 'SPXTR', 'SPY'))
    order by s.session
"""


def fill(inputs: Inputs) -> Filled:
    """Every session and target, columns as in sql/indicators/daily_risk_control.sql; none without a total return."""
    sessions = inputs.query(QUERY)
    if sessions.empty:
        return Filled(pd.DataFrame())
    held = sessions["is_held"].to_numpy(bool)
    volatility = realised_volatility(sessions.loc[held, "log_return"].to_numpy(float))
    shared = pd.DataFrame(
        {
            "session": sessions["session"],
            "realised_vol_pct": _where(held, 100 * volatility),
            "overnight_rate_pct": sessions["rate_pct"],
            "rate_source": sessions["rate_source"],
            "total_return_source": sessions["source"],
            "grade": "A",
        }
    )
    targets = []
    for target in TARGETS_PCT:
        exposure = leverage(volatility, target / 100)
        level = _level(sessions[held], exposure)
        rows = shared.assign(
            target_vol_pct=target, leverage=_where(held, exposure), risk_control_level=_where(held, level)
        )
        targets.append(rows.assign(inputs_missing=_missing(rows)))
    return Filled(pd.concat(targets, ignore_index=True))


def _level(held: pd.DataFrame, exposure: Array) -> Array:
    return excess_return_level(
        growth=held["growth"].to_numpy(float),
        exposure=exposure,
        rate=held["rate_pct"].to_numpy(float) / 100,
        days=held["session"].diff().dt.days.to_numpy(float),
    )


def _where(held: NDArray[np.bool_], values: Array) -> Array:
    everywhere = np.full(len(held), np.nan)
    everywhere[held] = values
    return everywhere


def _missing(rows: pd.DataFrame) -> pd.Series:
    has_return, has_leverage = rows["total_return_source"].notna(), rows["leverage"].notna()
    return reasons(
        {
            "total return of SPXTR or SPY": ~has_return,
            f"total returns of {FIRST_RETURNS + LAG} sessions": has_return & ~has_leverage,
            "return or rate of an earlier session": has_leverage & rows["risk_control_level"].isna(),
            "SOFR and IRX": rows["overnight_rate_pct"].isna(),
        }
    )
