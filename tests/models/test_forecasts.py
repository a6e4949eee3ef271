"""AUC, Brier score, Diebold-Mariano test and bootstrap against other libraries and by hand."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from assets.models.forecasts import auc, brier, diebold_mariano, resampled

FEW = settings(max_examples=30, deadline=None, derandomize=True, database=None)


@FEW
@given(seed=st.integers(0, 2**16), levels=st.sampled_from([2, 5, 1_000]))
def test_scores_are_those_of_scikit_learn(seed: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    forecast = random.integers(0, levels, 200) / levels
    event = random.random(200) < 0.2 + 0.5 * forecast
    once, twice = np.ones((1, 200), dtype=np.int64), np.full((1, 200), 2)
    expected = roc_auc_score(event, forecast)
    assert auc(forecast, event, np.vstack([once, twice])) == pytest.approx([expected, expected])
    assert brier(forecast, event).mean() == pytest.approx(brier_score_loss(event, forecast))


def test_the_area_of_a_draw_is_that_of_the_sessions_it_holds() -> None:
    random = np.random.default_rng(5)
    forecast, event = random.random(60), random.random(60) < 0.4
    counts = resampled(60, 3, 10, seed=1)
    for of, area in zip(counts, auc(forecast, event, counts), strict=True):
        held = np.repeat(np.arange(60), of)
        assert area == pytest.approx(roc_auc_score(event[held], forecast[held]))


def test_a_draw_without_the_event_has_no_area() -> None:
    counts = np.array([[1, 1, 0], [1, 1, 1]])
    areas = auc(np.array([0.1, 0.2, 0.3]), np.array([False, False, True]), counts)
    assert np.isnan(areas[0])
    assert areas[1] == 1


def test_draws_hold_as_many_sessions_in_blocks() -> None:
    counts = resampled(500, 200, 25, seed=2)
    assert (counts.sum(axis=1) == 500).all()
    # About 20 blocks begin in a draw; sessions that follow each other are drawn together.
    together = np.mean([np.corrcoef(of[1:], of[:-1])[0, 1] for of in counts])
    assert together > 0.85
    assert np.mean([np.corrcoef(of[1:], of[:-1])[0, 1] for of in resampled(500, 200, 1, seed=2)]) < 0.1


def test_the_test_of_two_forecasts_has_newey_wests_error() -> None:
    random = np.random.default_rng(4)
    loss, other = np.abs(random.standard_normal((2, 300)))
    found = diebold_mariano(loss, other, 20)
    expected = sm.OLS(loss - other, np.ones(300)).fit(cov_type="HAC", cov_kwds={"maxlags": 20})
    assert found.statistic == pytest.approx(expected.tvalues[0])
    assert found.p == pytest.approx(expected.pvalues[0])
    assert np.isnan(diebold_mariano(loss, loss, 20).statistic)
