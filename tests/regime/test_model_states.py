"""regime.model_states: what the models said never changes, and a real state of the market is found."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.regime import model_states
from tests.sql.given import build as build_tables
from tests.sql.given import frame_of, inputs

DAYS = pd.bdate_range("2004-01-01", "2012-12-31")


def excess_prices(stressed: slice, seed: int = 1) -> pd.DataFrame:
    """Rows of indicators.excess_prices of a market with one long spell of stress."""
    random = np.random.default_rng(seed)
    is_stressed = np.zeros(len(DAYS), dtype=bool)
    is_stressed[stressed] = True
    returns = np.where(is_stressed, -0.15, 0.06) + np.where(is_stressed, 2.4, 0.7) * random.standard_normal(len(DAYS))
    prices = 1_000 * np.exp(returns.cumsum() / 100)
    return pd.DataFrame({"session": DAYS, "symbol": "SPX", "spell": 1, "close": prices, "excess_price": prices})


def states(rows: pd.DataFrame) -> pd.DataFrame:
    connection = build_tables(until=(), given={"indicators.excess_prices": rows})
    connection.execute("create or replace table indicators.excess_prices as from rows")
    return model_states.fill(inputs(partial(frame_of, connection))).rows


STRESSED = slice(1_450, 1_850)


@pytest.fixture(scope="module")
def everything() -> pd.DataFrame:
    return states(excess_prices(STRESSED))


def test_rows_begin_with_the_first_year_that_has_enough_before_it(everything: pd.DataFrame) -> None:
    # 63 sessions burn in, 1,260 follow, and models are fitted at the turn of a year.
    first = DAYS[64 + model_states.LEAST_SESSIONS].year + 1
    assert everything["session"].iloc[0] == DAYS[DAYS.year == first][0]
    assert everything["session"].iloc[-1] == DAYS[-1]
    turns = everything.groupby(everything["session"].dt.year)["fitted_until"].unique()
    assert {year: [DAYS[DAYS.year < year][-1]] for year in turns.index} == {
        year: list(of) for year, of in turns.items()
    }


@pytest.mark.parametrize("cut", ["2010-01-04", "2010-12-31", "2011-06-15"])
def test_later_sessions_change_no_state(everything: pd.DataFrame, cut: str) -> None:
    rows = excess_prices(STRESSED)
    then = states(rows[rows["session"] <= cut])
    pd.testing.assert_frame_equal(then, everything[everything["session"] <= cut], check_exact=True)


def test_a_market_in_stress_is_told_from_a_calm_one(everything: pd.DataFrame) -> None:
    is_stressed = everything["session"].isin(DAYS[STRESSED])
    assert is_stressed.any()
    assert ((everything["hidden_markov_stress"] > 0.5) == is_stressed).mean() > 0.9
    assert ((everything["jump_state"] == "bear") == is_stressed).mean() > 0.85
    assert everything.loc[is_stressed, "mixture_stress"].mean() > everything.loc[~is_stressed, "mixture_stress"].mean()


def test_without_years_enough_there_are_no_states() -> None:
    rows = excess_prices(STRESSED)
    assert states(rows.head(model_states.LEAST_SESSIONS)).empty
