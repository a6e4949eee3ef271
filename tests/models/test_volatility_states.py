"""The filter against hmmlearn's forward pass and by hand, the fits on states that are known."""

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from numpy.typing import NDArray

from assets.models.volatility_states import HiddenMarkov, fit_hidden_markov, mixture


def market(sessions: int = 3_000) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Returns of two states, and which."""
    random = np.random.default_rng(3)
    changes = random.random(sessions) < 0.01
    stressed = changes.cumsum() % 2 == 1
    return np.where(stressed, 2.5, 0.7) * random.standard_normal(sessions), stressed


def test_the_filter_is_bayes_rule_session_by_session() -> None:
    model = HiddenMarkov(
        np.array([0.6, 0.4]), np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0.1, -0.2]), np.array([0.5, 4.0])
    )
    returns = np.array([0.3, -2.0, 0.1])
    densities = np.exp(-((returns[:, None] - model.mean) ** 2) / (2 * model.variance)) / np.sqrt(model.variance)
    ahead, expected = model.start, []
    for density in densities:
        now = ahead * density / (ahead * density).sum()
        expected.append(now[1])
        ahead = now @ model.moves
    assert model.filtered(returns) == pytest.approx(expected, abs=1e-12)


def test_the_last_filtered_probability_is_hmmlearns() -> None:
    # Of a sequence's last session the smoothed probability, which hmmlearn gives, is the filtered one.
    returns, _ = market(400)
    ours = fit_hidden_markov(returns)
    theirs = GaussianHMM(2, "diag")
    theirs.startprob_, theirs.transmat_ = ours.start, ours.moves
    theirs.means_, theirs.covars_ = ours.mean[:, None], ours.variance[:, None]
    for end in (1, 50, 399):
        assert ours.filtered(returns)[end - 1] == pytest.approx(
            theirs.predict_proba(returns[:end, None])[-1, 1], abs=1e-9
        )


def test_the_states_are_found_and_the_second_is_the_volatile_one() -> None:
    returns, stressed = market()
    model = fit_hidden_markov(returns)
    assert np.sqrt(model.variance) == pytest.approx([0.7, 2.5], rel=0.1)
    assert ((model.filtered(returns) > 0.5) == stressed).mean() > 0.95


def test_an_impossible_return_is_stress_and_no_error() -> None:
    model = fit_hidden_markov(market()[0])
    assert model.filtered(np.array([0.0, -60.0, 0.0]))[1] == pytest.approx(1)


def test_the_mixture_finds_the_volatile_component() -> None:
    returns, stressed = market()
    both = np.column_stack(
        [returns, np.where(stressed, 0.9, -0.4) + 0.2 * np.random.default_rng(1).standard_normal(3_000)]
    )
    assert ((mixture(both[:2_000], both[2_000:]) > 0.5) == stressed[2_000:]).mean() > 0.98
