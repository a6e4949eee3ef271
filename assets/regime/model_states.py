"""Fills regime.model_states: what three models of the market's state say, none of which has seen the sessions after."""

import numpy as np
import pandas as pd

from assets.inputs import Filled, Inputs
from assets.models import jump_model
from assets.models.volatility_states import fit_hidden_markov, mixture

LEAST_SESSIONS = 1_260

QUERY = """
    with returns as (
        select
            session,
            100 * ln(excess_price / lag(excess_price) over (partition by spell order by session)) as return_pct
        from indicators.excess_prices
        where symbol = 'SPX'
    ),

    final as (
        select
            session,
            return_pct,
            ln(sqrt(avg((return_pct ^ 2)::decimal(28, 18)) over last_month)) as log_volatility
        from returns
        where return_pct is not null
        window last_month as (order by session rows 20 preceding)
    )

    select * from final order by session
"""


def fill(inputs: Inputs) -> Filled:
    """One row per session from the first refit on, columns as in sql/regime/model_states.sql."""
    market = inputs.query(QUERY).set_index("session")
    seen = market.join(jump_model.features(market["return_pct"]), how="inner").dropna()
    years = [_year(seen, year) for year in _years(seen)]
    return Filled(pd.concat(years).reset_index() if years else pd.DataFrame())


def _years(seen: pd.DataFrame) -> list[int]:
    """The years before which there are sessions enough to fit to."""
    if len(seen) <= LEAST_SESSIONS:
        return []
    first, last = seen.index[LEAST_SESSIONS], seen.index[-1]
    return list(range(first.year + 1, last.year + 1))


def _year(seen: pd.DataFrame, year: int) -> pd.DataFrame:
    """The states of a year's sessions, by models that were fitted to all sessions before it."""
    known = seen[seen.index < pd.Timestamp(year + 1, 1, 1)]
    cut = int((known.index < pd.Timestamp(year, 1, 1)).sum())
    returns, volatility = (np.ascontiguousarray(known[name]) for name in ("return_pct", "log_volatility"))
    both = np.column_stack([returns, volatility])
    features = np.ascontiguousarray(known.drop(columns=["return_pct", "log_volatility"]))
    bear = jump_model.fit(features[:cut], returns[:cut]).online(features)[cut:]
    return pd.DataFrame(
        {
            "jump_state": np.where(bear == 1, "bear", "bull"),
            "hidden_markov_stress": fit_hidden_markov(returns[:cut]).filtered(returns)[cut:],
            "mixture_stress": mixture(both[:cut], both[cut:]),
            "fitted_until": known.index[cut - 1],
        },
        index=known.index[cut:],
    )
