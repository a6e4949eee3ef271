"""The fit to published flows: it finds what made them, and does not see what it must not."""

from datetime import date, timedelta

import numpy as np
import pytest

from assets.models.flow_fit import CELLS, EMBARGO_DAYS, Fitted, Published, estimates, fit
from assets.models.systematic_trend import TrendParameters, observe
from tests.models.test_systematic_trend import walk

CENTRES = np.array([10.0, 40.0, 100.0])
TRUTH = Fitted(
    40.0,
    TrendParameters(np.array([0.2, 0.6, 0.2]), np.array([0.15, 0.25, 0.8]), 0.8, 0.08, {5: 1.8, 21: 2.5}),
)
ROWS = np.arange(700, 1400, 25)
SESSIONS = tuple(date(2020, 1, 1) + timedelta(days=int(row)) for row in ROWS)


@pytest.fixture(scope="module")
def published() -> Published:
    """Flows that the truth makes, with gaps."""
    flows, _ = estimates(observe(walk(4, 0.01, 1500), CENTRES), CENTRES, TRUTH, ROWS)
    gaps = np.random.default_rng(5).random(flows.shape) < 0.1
    return Published(SESSIONS, ROWS, np.where(gaps, np.nan, flows))


def test_it_finds_the_flows_that_it_was_not_shown(published: Published) -> None:
    market = observe(walk(4, 0.01, 1500), CENTRES)
    fitted = fit(market, CENTRES, published)
    elsewhere = np.arange(650, 1450, 7)
    found, _ = estimates(market, CENTRES, fitted, elsewhere)
    true, _ = estimates(market, CENTRES, TRUTH, elsewhere)
    for number, cell in enumerate(CELLS):
        assert np.corrcoef(found[:, number], true[:, number])[0, 1] > 0.98, cell
    assert np.sqrt(np.mean((found - true) ** 2)) < 0.15 * np.std(true)
    assert fitted.trading.weights.sum() == pytest.approx(1)


def test_a_sessions_neighbours_are_left_out_with_it(published: Published) -> None:
    near = Published(
        (date(2025, 1, 1), date(2025, 1, 1 + EMBARGO_DAYS), date(2025, 1, 2 + EMBARGO_DAYS)),
        np.array([0, 1, 2]),
        published.flows[:3],
    )
    rest = near.without(date(2025, 1, 1))
    assert rest.sessions == (date(2025, 1, 2 + EMBARGO_DAYS),)
    assert rest.rows.tolist() == [2]
    np.testing.assert_array_equal(rest.flows, published.flows[2:3])
