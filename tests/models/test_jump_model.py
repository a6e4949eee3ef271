"""The jump model against the package of its authors and by brute force, and that its online states see no future."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jumpmodels.jump import JumpModel as Reference
from numpy.typing import NDArray

from assets.models import jump_model

FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None)


def market(seed: int, sessions: int = 1_500) -> pd.Series:
    """Log returns in per cent of a market that is calm and stressed by turns."""
    random = np.random.default_rng(seed)
    stressed = (np.arange(sessions) // 500) % 2 == 1
    returns = np.where(
        stressed, -0.1 + 2.0 * random.standard_normal(sessions), 0.08 + 0.6 * random.standard_normal(sessions)
    )
    return pd.Series(returns, pd.bdate_range("2010-01-01", periods=sessions))


def sample(seed: int, sessions: int = 1_500) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    returns = market(seed, sessions)
    features = jump_model.features(returns)
    return features.to_numpy(), returns.reindex(features.index).to_numpy()


@pytest.mark.parametrize("seed", range(3))
def test_states_are_those_of_the_authors_package(seed: int) -> None:
    features, returns = sample(seed)
    ours = jump_model.fit(features, returns)
    standard = pd.DataFrame((np.clip(features, ours.lo, ours.hi) - ours.mean) / ours.deviation)
    theirs = Reference(n_components=2, jump_penalty=jump_model.PENALTY, cont=False, random_state=0)
    theirs.fit(standard, pd.Series(returns), sort_by="cumret")
    # The reference starts from random centres; ours must be as good.
    assert ours.loss <= theirs.val_ + 1e-6
    np.testing.assert_allclose(ours.centres, theirs.centers_, atol=1e-9)
    np.testing.assert_array_equal(ours.online(features), theirs.predict_online(standard))


@FEW
@given(seed=st.integers(0, 2**16), penalty=st.sampled_from([0.0, 0.3, 2.0, 50.0]))
def test_the_path_is_the_cheapest_of_all(seed: int, penalty: float) -> None:
    costs = np.random.default_rng(seed).random((9, 2)) * 3
    found = jump_model._cheapest(costs[:, 1] - costs[:, 0], penalty).astype(np.int64)

    def cost(states: tuple[int, ...] | NDArray[np.int64]) -> float:
        return float(costs[np.arange(9), states].sum() + penalty * (np.diff(states) != 0).sum())

    assert cost(found) == pytest.approx(min(map(cost, product((0, 1), repeat=9))))


@FEW
@given(seed=st.integers(0, 2**16), cut=st.integers(900, 1_400))
def test_online_states_see_no_future(seed: int, cut: int) -> None:
    features, returns = sample(seed)
    model = jump_model.fit(features[:800], returns[:800])
    np.testing.assert_array_equal(model.online(features)[:cut], model.online(features[:cut]))


def test_a_stressed_market_is_found() -> None:
    returns = market(7, 3_000)
    features = jump_model.features(returns)
    states = jump_model.fit(features.to_numpy(), returns.reindex(features.index).to_numpy()).online(features.to_numpy())
    truth = (np.arange(len(returns)) // 500 % 2 == 1)[jump_model.BURN_IN :]
    assert (states == truth).mean() > 0.85


def test_what_does_not_vary_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="does not vary"):
        jump_model.fit(np.ones((300, 3)), np.zeros(300))
