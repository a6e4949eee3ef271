"""Fills regime.validation: what forecasts by danger, by VIX alone and by the models were worth, out of sample."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from assets.inputs import Filled, Inputs
from assets.models.forecasts import auc, brier, diebold_mariano, resampled

OUTCOMES = {"drawdown": "is_drawdown_ahead", "high_vol": "is_high_vol_ahead"}
PREDICTORS: Mapping[str, tuple[str, ...]] = {
    "climatology": (),
    "vix": ("log_vix",),
    "danger": ("danger",),
    "danger_and_vix": ("danger", "log_vix"),
    "jump_model": ("is_bear",),
    "hidden_markov": ("hidden_markov_stress",),
    "mixture": ("mixture_stress",),
}
LEAST_SESSIONS, AHEAD, BLOCK, DRAWS, SEED = 756, 21, 63, 1_000, 20_251_124

QUERY = """
    select
        d.session,
        o.session as known_on,
        d.danger,
        ln(v.vix) as log_vix,
        (m.jump_state = 'bear')::integer as is_bear,
        m.hidden_markov_stress,
        m.mixture_stress,
        o.is_drawdown_ahead,
        o.is_high_vol_ahead
    from regime.danger as d
    inner join indicators.vol_panic as v using (session)
    inner join regime.model_states as m using (session)
    inner join regime.outcomes as o on o.scored_session = d.session
    where d.danger is not null and v.vix is not null and o.is_high_vol_ahead is not null
    order by d.session
"""


class Forecasts(NamedTuple):
    """Forecast probabilities of the sessions that they were made on.

    Attributes:
        sessions: When, shape (sessions,).
        came: Whether the outcome did.
        by: By predictor, the probabilities.
    """

    sessions: pd.DatetimeIndex
    came: NDArray[np.bool_]
    by: Mapping[str, NDArray[np.float64]]


def fill(inputs: Inputs) -> Filled:
    """One row per outcome and predictor, columns as in sql/regime/validation.sql."""
    pairs = inputs.query(QUERY).set_index("session").astype({"is_bear": float})
    rows = [row for outcome in OUTCOMES for row in _judged(outcome, _forecasts(pairs, OUTCOMES[outcome]))]
    return Filled(pd.DataFrame(rows))


def _forecasts(pairs: pd.DataFrame, outcome: str) -> Forecasts:
    """Each year's sessions by fits to the pairs whose outcome was known before the year."""
    years: list[pd.DataFrame] = []
    by: dict[str, list[NDArray[np.float64]]] = {predictor: [] for predictor in PREDICTORS}
    of_year = pd.DatetimeIndex(pairs.index).year
    for year in of_year.unique():
        asked = pairs[of_year == year]
        known = pairs[pairs["known_on"] < pd.Timestamp(year, 1, 1)]
        # Without both outcomes there is nothing to fit.
        if len(known) < LEAST_SESSIONS or known[outcome].all() or not known[outcome].any():
            continue
        years.append(asked)
        for predictor, columns in PREDICTORS.items():
            by[predictor].append(_logit(known[list(columns)], known[outcome], asked[list(columns)]))
    if not years:
        return Forecasts(pd.DatetimeIndex([]), np.array([], dtype=bool), {})
    judged = pd.concat(years)
    return Forecasts(
        pd.DatetimeIndex(judged.index), judged[outcome].to_numpy(dtype=bool), {of: np.concatenate(by[of]) for of in by}
    )


def _logit(known: pd.DataFrame, came: pd.Series, asked: pd.DataFrame) -> NDArray[np.float64]:
    """Probabilities by a logistic regression, by the past frequency where there is no regressor."""
    if not len(known.columns):
        return np.full(len(asked), came.mean())
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - costs a second

    centre, scale = known.mean(), known.std()
    model = LogisticRegression(C=np.inf).fit((known - centre) / scale, came.astype(bool))
    return np.asarray(expit(model.decision_function((asked - centre) / scale)))


def _judged(outcome: str, forecasts: Forecasts) -> list[dict[str, object]]:
    if not forecasts.by or forecasts.came.all() or not forecasts.came.any():
        return []
    counts = resampled(len(forecasts.came), DRAWS, BLOCK, SEED)
    once = np.ones((1, len(forecasts.came)), dtype=np.int64)
    losses = {predictor: brier(forecast, forecasts.came) for predictor, forecast in forecasts.by.items()}
    rows = []
    for predictor, forecast in forecasts.by.items():
        loss, climatology = losses[predictor], losses["climatology"]
        areas = auc(forecast, forecasts.came, counts)
        skills = 1 - (counts @ loss) / (counts @ climatology)
        against_climatology = diebold_mariano(loss, climatology, AHEAD - 1)
        against_vix = diebold_mariano(loss, losses["vix"], AHEAD - 1)
        rows.append(
            {
                "outcome": outcome,
                "predictor": predictor,
                "first_forecast": forecasts.sessions[0],
                "last_forecast": forecasts.sessions[-1],
                "forecasts": len(loss),
                "events": int(forecasts.came.sum()),
                "auc": float(auc(forecast, forecasts.came, once)[0]),
                "auc_lo": float(np.nanquantile(areas, 0.1)),
                "auc_hi": float(np.nanquantile(areas, 0.9)),
                "brier": float(loss.mean()),
                "brier_skill": float(1 - loss.mean() / climatology.mean()),
                "brier_skill_lo": float(np.quantile(skills, 0.1)),
                "brier_skill_hi": float(np.quantile(skills, 0.9)),
                "dm_climatology": against_climatology.statistic,
                "dm_climatology_p": against_climatology.p,
                "dm_vix": against_vix.statistic,
                "dm_vix_p": against_vix.p,
            }
        )
    return rows
