"""Spectral signatures: scores along known directions, and who stands out."""

from __future__ import annotations

import numpy as np
import pytest
from people_on_a_line import line

from quorate.catalog import build
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.defences.spectral_signatures import SpectralSignatures, outlier_scores
from quorate.learners.networks.sgd import SGD
from quorate.populations.digits import Digits
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_scores_along_a_known_direction() -> None:
    """Most variance lies along (3, 4)/5; centred, the rows are 0, ±10 along it and ±1 across."""
    along, across = np.array([3, 4]) / 5, np.array([-4, 3]) / 5
    middle = np.array([7, -2])
    rows = middle + np.array([10 * along, -10 * along, across, -across, 0 * along])
    # float32 rows of size 10, squared
    np.testing.assert_allclose(
        outlier_scores(rows.astype(np.float32)), [100, 100, 0, 0, 0], atol=1e-4
    )


def test_scores_are_those_of_the_covariances_main_direction() -> None:
    for seed in range(50):
        inside = rng(seed).normal(size=(12, 4)).astype(np.float32)
        top = np.linalg.eigh(np.cov(inside.T.astype(float)))[1][:, -1]
        expected = ((inside - inside.mean(axis=0, dtype=float)) @ top) ** 2
        # the two ways square the condition number differently; gaps of 12 × 4 normals are wide
        np.testing.assert_allclose(outlier_scores(inside), expected, atol=1e-6)


def planted_line() -> Submission:
    """Twenty people of label a about 0, of whom two members stand at 9; twenty of label b at 5."""
    honest = np.linspace(-1, 1, 18).tolist()
    return line([*honest, 9, 9, *np.linspace(4, 6, 20)], [0] * 20 + [1] * 20, members=[18, 19])


@pytest.mark.parametrize("inner", ["sklearn", "sgd:model=logistic,epochs=1"])
def test_planted_people_stand_out_along_their_labels_direction(inner: str) -> None:
    """ε = 1/15 drops ⌊1.5·20/15⌋ = 2 of each label: both members, and the two ends of label b."""
    learner = SpectralSignatures(build("learners", inner), fraction=1 / 15)
    record = learner.fit(planted_line(), rng()).record
    assert record["members_dropped"] == 1.0
    assert record["others_dropped"] == pytest.approx(2 / 38)
    assert record["alpha_effective"] == [0.0]


def test_representation() -> None:
    """What enters the last layer: relu(W₁x + b₁) of an mlp, the features of a logistic model."""
    people = Digits(n=40).split(rng()).train
    data, flat = Submission.without_collective(people), people.x.reshape(40, -1)
    logistic = SGD(model="logistic", epochs=1).fit(data, rng())
    assert isinstance(logistic, NetworkClassifier)
    np.testing.assert_array_equal(logistic.representation(people.x), flat)
    mlp = SGD(hidden=5, epochs=1).fit(data, rng())
    assert isinstance(mlp, NetworkClassifier)
    w, b = (p.detach().numpy() for p in list(mlp.network.parameters())[:2])
    expected = np.maximum(flat @ w.T + b, 0)
    # float32 sums of 64 products
    np.testing.assert_allclose(mlp.representation(people.x), expected, atol=1e-5)
