"""Fills regime.validation: what forecasts by danger, by VIX alone and by the models were worth, out of sample."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from assets.inputs import Filled, Inputs
from assets.models.forecasts import Counts, Floats, auc, brier, diebold_mariano, resampled
from assets.models.threads import one_thread

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
    by: Mapping[str, Floats]


def fill(inputs: Inputs) -> Filled:
    """One row per outcome and predictor, columns as in sql/regime/validation.sql."""
    pairs = inputs.query(QUERY).set_index("session").astype({"is_bear": float})
    forecasts = {outcome: _forecasts(pairs, column) for outcome, column in OUTCOMES.items()}
    judged = {outcome: of for outcome, of in forecasts.items() if of.came.any() and not of.came.all()}
    # Outcomes that are forecast on as many sessions share their draws.
    draws = {length: resampled(length, DRAWS, BLOCK, SEED) for length in {len(of.came) for of in judged.values()}}
    rows = [row for outcome, of in judged.items() for row in _judged(outcome, of, draws[len(of.came)])]
    return Filled(pd.DataFrame(rows))


def _forecasts(pairs: pd.DataFrame, outcome: str) -> Forecasts:
    """Each year's sessions by fits to the pairs whose outcome was known before the year."""
    came = pairs[outcome].to_numpy(dtype=bool)
    # scikit-learn looks at a frame for longer than it fits.
    regressors = {predictor: pairs[list(columns)].to_numpy(dtype=float) for predictor, columns in PREDICTORS.items()}
    by = {predictor: np.full(len(pairs), np.nan) for predictor in PREDICTORS}
    is_forecast = np.zeros(len(pairs), dtype=bool)
    of_year = pd.DatetimeIndex(pairs.index).year
    for year in of_year.unique():
        asked, known = of_year == year, (pairs["known_on"] < pd.Timestamp(year, 1, 1)).to_numpy()
        # Without both outcomes there is nothing to fit.
        if known.sum() < LEAST_SESSIONS or came[known].all() or not came[known].any():
            continue
        is_forecast |= asked
        for predictor, of in regressors.items():
            by[predictor][asked] = _logit(of[known], came[known], of[asked])
    sessions = pd.DatetimeIndex(pairs.index[is_forecast])
    return Forecasts(sessions, came[is_forecast], {predictor: by[predictor][is_forecast] for predictor in by})


def _logit(known: Floats, came: NDArray[np.bool_], asked: Floats) -> Floats:
    """Probabilities by a logistic regression, by the past frequency where there is no regressor."""
    if not known.shape[1]:
        return np.full(len(asked), came.mean())
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - costs a second

    centre, scale = known.mean(axis=0), known.std(axis=0, ddof=1)
    with one_thread():
        model = LogisticRegression(C=np.inf).fit((known - centre) / scale, came)
    return np.asarray(expit(model.decision_function((asked - centre) / scale)))


def _judged(outcome: str, forecasts: Forecasts, counts: Counts) -> list[dict[str, object]]:
    once = np.ones((1, len(forecasts.came)), dtype=np.int32)
    losses = {predictor: brier(forecast, forecasts.came) for predictor, forecast in forecasts.by.items()}
    drawn = dict(zip(losses, (counts @ np.column_stack(list(losses.values()))).T, strict=True))
    rows = []
    for predictor, forecast in forecasts.by.items():
        loss, climatology = losses[predictor], losses["climatology"]
        areas = auc(forecast, forecasts.came, counts)
        skills = 1 - drawn[predictor] / drawn["climatology"]
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
