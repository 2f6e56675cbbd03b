"""What members reach alone: true labels, the surrogates' learners, no query."""

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.learners.networks.adam import Adam
from quorate.learners.scikit.tree import Tree
from quorate.table import Table
from quorate.test_time.extraction.own_classifier import train_own
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import Extraction, average, train_models
from quorate.test_time.platforms.platform import Answers, to_features

LEARNER = Adam(model="logistic", epochs=30, batch_size=32, learning_rate=0.02)
PLAIN = Extraction(variants=0)


def pictures(n: int = 120, seed: int = 0) -> Table:
    """Dark pictures are "no" and bright ones "yes"."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, size=n)
    levels = rng.integers(0, 100, size=(n, 3, 4, 4)) + 120 * y[:, None, None, None]
    return Table(to_features(levels.astype(np.uint8)), y, ("no", "yes"))


def test_it_learns_the_true_labels_and_carries_them_to_others() -> None:
    own = train_own(pictures(), [LEARNER], PLAIN, np.random.default_rng(0))
    others = pictures(400, seed=1)
    assert (own.predict(others.x) == others.y).mean() > 0.95
    turned = pictures()
    turned = Table(turned.x, 1 - turned.y, turned.classes)
    contrary = train_own(turned, [LEARNER], PLAIN, np.random.default_rng(0))
    assert (contrary.predict(others.x) == others.y).mean() < 0.05


@pytest.mark.parametrize("variants", [0, 2])
def test_it_is_what_a_surrogate_of_a_platform_that_is_always_right_would_be(variants: int) -> None:
    """One mechanism for both: the same rows, variants and draws, to the bit."""
    photos, extraction = pictures(), Extraction(variants=variants, ensemble=2)
    pixels = np.rint(photos.x * 255).astype(np.uint8)
    member = np.repeat(np.arange(12), 10)
    pool = QueryPool(pixels, Answers(photos.y), member, np.arange(120))
    copied = train_models(pool, photos.classes, [LEARNER], extraction, np.random.default_rng(3))
    own = train_own(photos, [LEARNER], extraction, np.random.default_rng(3))
    probe = pictures(20, seed=2).x
    assert len(copied) == 2
    assert (own.probabilities(probe) == average(copied).probabilities(probe)).all()


def test_a_learner_that_makes_no_network_is_refused() -> None:
    with pytest.raises(InputError, match=r"a surrogate that is a network.*got tree"):
        train_own(pictures(), [Tree()], PLAIN, np.random.default_rng(0))
