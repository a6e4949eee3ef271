"""regime.validation: forecasts that are worth something and that are not; no fit has seen what it forecasts."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from assets.regime import validation
from tests.sql.given import build, frame_of, inputs

DAYS = pd.bdate_range("2010-01-01", "2019-12-31")


def given(event: np.ndarray, danger: np.ndarray, seed: int = 1) -> dict[str, pd.DataFrame]:
    """The tables that the forecasts are made from and judged by."""
    random = np.random.default_rng(seed)
    noise = random.random((3, len(DAYS)))
    states = {"jump_state": np.where(noise[0] < 0.3, "bear", "bull"), "hidden_markov_stress": noise[1]}
    known = DAYS[21:]
    return {
        "regime.danger": pd.DataFrame({"session": DAYS, "danger": danger}),
        "indicators.vol_panic": pd.DataFrame({"session": DAYS, "vix": 10 + 20 * random.random(len(DAYS))}),
        "regime.model_states": pd.DataFrame({"session": DAYS, **states, "mixture_stress": noise[2]}),
        "regime.outcomes": pd.DataFrame(
            {
                "session": known,
                "scored_session": DAYS[:-21],
                "is_drawdown_ahead": event[:-21],
                "is_high_vol_ahead": ~event[:-21],
            }
        ),
    }


def judged(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    connection = build(until=(), given={})
    for name, of in tables.items():
        connection.register("given", of)
        connection.execute(f"create or replace table {name} as from given")
    return validation.fill(inputs(partial(frame_of, connection))).rows


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    random = np.random.default_rng(3)
    danger = random.random(len(DAYS))
    return judged(given(random.random(len(DAYS)) < danger**2, danger)).set_index(["outcome", "predictor"])


def test_every_predictor_is_judged_on_the_same_sessions(found: pd.DataFrame) -> None:
    assert sorted(found.index) == sorted(
        (outcome, name) for outcome in validation.OUTCOMES for name in validation.PREDICTORS
    )
    assert found[["first_forecast", "last_forecast", "forecasts"]].drop_duplicates().shape[0] == 1
    # The first year with 756 outcomes before it.
    assert found["first_forecast"].iloc[0] == pd.Timestamp("2013-01-01")
    assert found["last_forecast"].iloc[0] == DAYS[-22]


def test_what_tells_the_event_wins_and_noise_does_not(found: pd.DataFrame) -> None:
    drawdown = found.loc["drawdown"]
    danger, noise = drawdown.loc["danger"], drawdown.loc["hidden_markov"]
    assert danger["auc"] > 0.75
    assert danger["auc_lo"] < danger["auc"] < danger["auc_hi"]
    assert danger["brier_skill_lo"] > 0.1
    assert danger["dm_vix"] < -3
    assert danger["dm_vix_p"] < 0.01
    assert noise["auc"] == pytest.approx(0.5, abs=0.05)
    assert noise["brier_skill"] < 0.01
    assert drawdown.loc["climatology", ["dm_climatology", "dm_climatology_p"]].isna().all()
    assert drawdown.loc["vix", ["dm_vix", "dm_vix_p"]].isna().all()


def test_a_fit_sees_no_outcome_of_its_year_or_after() -> None:
    # The event follows danger until 2014 and its opposite from then on, which a fit of 2015 cannot know.
    random = np.random.default_rng(4)
    danger = random.random(len(DAYS))
    turned = DAYS.year >= 2015
    event = np.where(turned, danger < 0.3, danger > 0.7)
    tables = given(event, danger)
    kept = {name: rows[rows["session"] < "2016-01-01"] for name, rows in tables.items()}
    before = tables["regime.outcomes"]
    kept["regime.outcomes"] = before[before["scored_session"] < "2015-11-01"]
    rows = judged(kept).set_index(["outcome", "predictor"])
    # Right in 2013 and 2014, wrong in 2015.
    assert rows["auc"]["drawdown", "danger"] < 0.8
    until_2014 = {name: of[of["session"] < "2015-01-01"] for name, of in tables.items()}
    until_2014["regime.outcomes"] = before[before["scored_session"] < "2014-12-01"]
    assert judged(until_2014).set_index(["outcome", "predictor"])["auc"]["drawdown", "danger"] > 0.99


def test_without_history_or_an_event_nothing_is_judged() -> None:
    danger = np.random.default_rng(5).random(len(DAYS))
    never = judged(given(np.zeros(len(DAYS), dtype=bool), danger))
    assert never.empty
    tables = given(danger > 0.5, danger)
    assert judged({name: rows.head(500) for name, rows in tables.items()}).empty
