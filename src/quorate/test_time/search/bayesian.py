"""Bayesian optimisation of the settings, with a Gaussian process of scikit-learn.

In each round some settings are drawn from the posterior, each the best of one draw (Thompson
sampling, in the batch form of Kandasamy, Krishnamurthy, Schneider, Poczos 2018, arXiv:1705.09236),
and are asked about the same photos as no edit is. The process knows three things: settings that lie
close are alike; the answers about one photo are alike, and the more so the closer the settings; the
mean of m photos has an m-th of the variance of one. Shape letters: a settings, b settings of a
round, m photos of a round, o means observed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.table import Labels, Rng
from quorate.test_time.search.inquiry import Inquiry
from quorate.test_time.search.space import Floats, SearchSpace

if TYPE_CHECKING:
    from sklearn.gaussian_process import GaussianProcessRegressor

SETTINGS = 6  # of a round, with no edit
FEWEST, MOST = 4, 8  # where these use members' queries up better
QUERIES_A_ROUND = 60
ROUNDS = 3, 12  # at least and at most
LENGTHS = (1.2, 1.0, 1.0)  # over which settings are alike: doublings of detail, light and contrast
DEVIATION = 0.06  # of a setting's accuracy from what is expected of it
LEVEL = 0.5  # of the accuracy of no edit, which is not known at all
ALIKE = 0.6  # share of an answer's variance that is the photo's, not the setting's
WIDER = 1.5  # answers about a photo are alike over longer distances than accuracies
APART = 1e-3  # length at which rounds, numbered 0, 1, ..., have nothing in common
JITTER = 1e-6  # keeps a matrix positive that is so but for rounding


def search_bayesian(space: SearchSpace, expected: Floats, inquiry: Inquiry, rng: Rng) -> Floats:
    """Return the mean accuracy of each setting given all answers, (a,).

    Args:
        space: the settings.
        expected: what is expected of each, less that of no edit, (a,).
        inquiry: asks.
        rng: draws from the posterior.
    """
    b = min(_settings_of_a_round(inquiry.left), len(space))
    queries = int(inquiry.left.sum())
    rounds = int(np.clip(queries // QUERIES_A_ROUND, *ROUNDS))
    m = max(2, queries // (rounds * b))
    belief = _Belief(space.places, expected, m)
    while True:
        settings = belief.draw(b, rng)
        rewards = inquiry.ask(settings, m)
        if not rewards.shape[1]:
            return belief.mean
        belief.learn(settings, rewards)


def _settings_of_a_round(left: Labels) -> int:
    """Return how many settings are asked about a photo: as wastes fewest of members' queries, (m,).

    >>> [_settings_of_a_round(np.array([queries])) for queries in (3, 6, 10, 38)]
    [3, 6, 5, 6]
    """
    most = int(left.max())
    return min(
        range(min(FEWEST, most), min(MOST, most) + 1),
        key=lambda b: (int((left % b).sum()), abs(b - SETTINGS)),
    )


class _Belief:
    """What is believed of every setting: a mean (a,) and a covariance (a, a)."""

    def __init__(self, places: Floats, expected: Floats, photos: int) -> None:
        self.expected, self.photos = expected, photos
        self.places = np.c_[places, np.full(len(places), -1.0)]  # (a, 4): in no round so far
        self.rows: list[Floats] = []  # places and number of the round, (b, 4) each
        self.prior: list[Floats] = []  # what was expected there, (b,) each
        self.means: list[Floats] = []  # (b,) each
        self.photos_of: list[int] = []
        self.squares = 0.5  # an answer more of each kind: few that agree do not say that all would
        self.answers = 2
        self.mean = expected
        self.covariance: Floats = _accuracies()(self.places)

    def draw(self, b: int, rng: Rng) -> Labels:
        """Return no edit and the best settings of b − 1 draws from the posterior, all different."""
        root = np.linalg.cholesky(self.covariance + JITTER * np.eye(len(self.mean)))
        chosen = [0]
        while len(chosen) < b:
            drawn = self.mean + root @ rng.standard_normal(len(self.mean))  # (a,)
            drawn[chosen] = -np.inf
            chosen.append(int(drawn.argmax()))
        return np.array(chosen)

    def learn(self, settings: Labels, rewards: Floats) -> None:
        """Take in how right answers were, (b, m)."""
        here = self.places[settings]
        here[:, -1] = len(self.rows)
        self.rows.append(here)
        self.prior.append(self.expected[settings])
        means = rewards.mean(axis=1)
        self.means.append(means)
        self.photos_of.append(rewards.shape[1])
        self.squares += float(((rewards - means[:, None]) ** 2).sum())
        self.answers += rewards.size
        self._update()

    def _update(self) -> None:
        """Condition on all rounds."""
        from sklearn.gaussian_process import GaussianProcessRegressor

        variance = self.squares / self.answers  # of one answer
        of_round = _answers(ALIKE * variance / self.photos)
        photos = np.repeat(self.photos_of, [len(rows) for rows in self.rows])  # (o,)
        process: GaussianProcessRegressor = GaussianProcessRegressor(
            _accuracies() + of_round, alpha=(1 - ALIKE) * variance / photos, optimizer=None
        )
        prior, means = np.concatenate(self.prior), np.concatenate(self.means)  # (o,)
        level = means.mean()
        process.fit(np.concatenate(self.rows), means - prior - level)
        mean, covariance = process.predict(self.places, return_cov=True)
        self.mean = mean + self.expected + level
        self.covariance = covariance - of_round(self.places)  # accuracies alone


def _accuracies() -> Any:
    """Return the covariance of accuracies: LEVEL² + DEVIATION²·exp(−½·distance²)."""
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    return ConstantKernel(LEVEL**2) + ConstantKernel(DEVIATION**2) * RBF([*LENGTHS, np.inf])


def _answers(variance: float) -> Any:
    """Return the covariance of what a round's photos add to the means of that round."""
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel

    return ConstantKernel(variance) * RBF([*(WIDER * length for length in LENGTHS), APART])
