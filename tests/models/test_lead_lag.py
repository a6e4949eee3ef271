"""Lead and lag on an expanding window against statsmodels, and never on what was not known."""

import numpy as np
import pytest
import statsmodels.api as sm

from assets.models.lead_lag import lead_lag

AHEAD, LAGS, LEAST = 5, 10, 60


def series(count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    returns = random.standard_normal(count)
    return np.convolve(returns, np.ones(5))[:count] + random.standard_normal(count), returns


def test_slope_and_error_are_those_of_least_squares_with_newey_wests_errors() -> None:
    x, returns = series()
    found = lead_lag(x, returns, ahead=AHEAD, lags=LAGS, least=LEAST)
    for now in (100, 199):
        pairs = now - AHEAD + 1
        y = np.array([returns[t + 1 : t + 1 + AHEAD].sum() for t in range(pairs)])
        fit = sm.OLS(y, sm.add_constant(x[:pairs])).fit(
            cov_type="HAC", cov_kwds={"maxlags": LAGS, "use_correction": False}
        )
        assert found.pairs[now] == pairs
        assert found.slope[now] == pytest.approx(fit.params[1], rel=1e-9)
        assert found.error[now] == pytest.approx(fit.bse[1], rel=1e-9)
        assert found.t[now] == pytest.approx(fit.tvalues[1], rel=1e-9)


def test_forecasts_are_scored_by_fits_that_were_known() -> None:
    x, returns = series(120)
    found = lead_lag(x, returns, ahead=AHEAD, lags=LAGS, least=20)
    errors, by_mean = [], []
    for t in range(120 - AHEAD):
        known = t - AHEAD + 1
        if known < 20:
            continue
        y = np.array([returns[s + 1 : s + 1 + AHEAD].sum() for s in range(known)])
        slope, constant = np.polyfit(x[:known], y, 1)
        outcome = returns[t + 1 : t + 1 + AHEAD].sum()
        errors.append((outcome - constant - slope * x[t]) ** 2)
        by_mean.append((outcome - y.mean()) ** 2)
    assert found.r2_ahead[-1] == pytest.approx(1 - sum(errors) / sum(by_mean), rel=1e-9)


@pytest.mark.parametrize("cut", [3, 70, 150])
def test_the_future_changes_nothing(cut: int) -> None:
    x, returns = series()
    whole = lead_lag(x, returns, ahead=AHEAD, lags=LAGS, least=LEAST)
    then = lead_lag(x[:cut], returns[:cut], ahead=AHEAD, lags=LAGS, least=LEAST)
    for of_whole, of_then in zip(whole, then, strict=True):
        np.testing.assert_array_equal(of_whole[:cut], of_then)


def test_a_missing_value_leaves_out_its_pairs_alone() -> None:
    x, returns = series()
    x[50] = np.nan
    returns[120] = np.nan
    found = lead_lag(x, returns, ahead=AHEAD, lags=LAGS, least=LEAST)
    assert found.pairs[-1] == 200 - AHEAD - 1 - AHEAD
    assert np.isfinite(found.slope[-1])
