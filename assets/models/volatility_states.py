"""Two states of volatility: a hidden Markov chain of Gaussian returns, and a mixture without memory beside it.

Source of the filter: Hamilton 1989, Econometrica 57(2). The fits are hmmlearn's (Baum-Welch) and scikit-learn's (EM).
"""

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from assets.models.threads import one_thread

SEED = 17
_ROUNDS, _TOLERANCE = 200, 1e-3

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HiddenMarkov:
    """A fitted chain; state 1 is the one with the larger variance.

    Attributes:
        start: Shape (2,): probabilities of the first session's state.
        moves: Shape (2, 2): row the state of a session, column that of the next.
        mean, variance: Shape (2,): of the returns in each state.
    """

    start: Floats
    moves: Floats
    mean: Floats
    variance: Floats

    def filtered(self, returns: Floats) -> Floats:
        """Probability of state 1 at each session given the returns up to it, by Hamilton's filter.

        Args:
            returns: Shape (sessions,), from the first session of the sample on.
        """
        likelihoods = -0.5 * ((returns[:, None] - self.mean) ** 2 / self.variance + np.log(self.variance))
        # Only ratios count, and the ratio of two densities may be beyond a float's range. A scalar exponential is the
        # same wherever its number stands; numpy's differs in the last digit.
        odds = map(exp, np.clip(likelihoods[:, 1] - likelihoods[:, 0], -600, 600).tolist())
        stay_calm, stay_stressed = self.moves[0, 0], self.moves[1, 1]
        ahead, found = float(self.start[1]), []
        for ratio in odds:
            stressed = ahead * ratio / (ahead * ratio + 1 - ahead)
            found.append(stressed)
            ahead = stressed * stay_stressed + (1 - stressed) * (1 - stay_calm)
        return np.array(found)


def fit_hidden_markov(returns: Floats) -> HiddenMarkov:
    """Fit two Gaussian states to returns.

    Args:
        returns: Shape (sessions,).

    Raises:
        ValueError: If a return is too far from all others for its density to be a float.
    """
    from hmmlearn.hmm import GaussianHMM  # noqa: PLC0415 - costs seconds

    # Scaled probabilities take a third of the time of their logarithms.
    model = GaussianHMM(2, "diag", n_iter=_ROUNDS, tol=_TOLERANCE, init_params="", implementation="scaling")
    variance = float(returns.var())
    model.startprob_, model.transmat_ = np.array([0.5, 0.5]), np.array([[0.98, 0.02], [0.02, 0.98]])
    model.means_, model.covars_ = np.full((2, 1), returns.mean()), np.array([[variance / 2], [variance * 2]])
    model.fit(returns[:, None])
    order = np.argsort(model.covars_[:, 0, 0])
    return HiddenMarkov(
        model.startprob_[order],
        model.transmat_[np.ix_(order, order)],
        model.means_[order, 0],
        model.covars_[order, 0, 0],
    )


def mixture(sample: Floats, asked: Floats) -> Floats:
    """Probability of the more volatile of two Gaussian components, without regard to the sessions before.

    Args:
        sample: Shape (sessions, 2), what the mixture is fitted to: return and logarithm of volatility.
        asked: Shape (sessions, 2), those whose probability is asked for.
    """
    from sklearn.mixture import GaussianMixture  # noqa: PLC0415 - costs seconds

    with one_thread():
        model = GaussianMixture(2, random_state=SEED).fit(sample)
    return np.asarray(model.predict_proba(asked)[:, int(np.argmax(model.means_[:, 1]))])
