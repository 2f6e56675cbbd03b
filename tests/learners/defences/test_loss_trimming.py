"""Loss trimming: whom it drops, by hand, and the learners that it takes."""

from __future__ import annotations

import numpy as np
import pytest
from people_on_a_line import Near, line

from quorate.catalog import build
from quorate.errors import InputError
from quorate.learners.defences.loss_trimming import LossTrimming
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_largest_losses_are_dropped_and_may_come_back() -> None:
    """Mean 22.4: 0 and 100 lie farthest. Then of 1, 2, 9 it is 4: 9 and 100 do. Then 0, 1, 2."""
    data = line([0, 1, 2, 9, 100], [0] * 5, members=[3, 4])
    one, two = (LossTrimming(Near(), 0.4, rounds).fit(data, rng()).record for rounds in (1, 2))
    assert one == {
        "members_dropped": 0.5,  # of 9 and 100
        "others_dropped": pytest.approx(1 / 3),  # of 0, 1 and 2
        "alpha_effective": [pytest.approx(1 / 3)],  # 9 of 1, 2 and 9
        "inner": {"n": 3, "mean": 4.0},
    }
    assert two == {
        "members_dropped": 1.0,
        "others_dropped": 0.0,
        "alpha_effective": [0.0],
        "inner": {"n": 3, "mean": 1.0},
    }


def test_of_equal_losses_the_first_rows_are_kept() -> None:
    data = line([1, 1, 1, 1], [0] * 4, members=[3])
    assert LossTrimming(Near(), 0.25).fit(data, rng()).record["members_dropped"] == 1.0


@pytest.mark.parametrize(("fraction", "left"), [(0.0, 10), (0.09, 10), (0.1, 9), (0.99, 1)])
def test_whole_people_are_dropped(fraction: float, left: int) -> None:
    data = line(list(range(10)), [0] * 10)
    assert LossTrimming(Near(), fraction).fit(data, rng()).record["inner"]["n"] == left


def test_a_learner_without_probabilities_is_refused() -> None:
    data = Submission.without_collective(Gaussian(n=50).split(rng()).train)
    message = "whose models give probabilities for loss-trimming, got svm. Wrap one that does"
    with pytest.raises(InputError, match=message):
        build("learners", "loss-trimming:learner=svm").fit(data, rng())


@pytest.mark.parametrize(
    "inner",
    [
        "svm",
        "(knn-cleaning:learner=svm)",
        "(sklearn:estimator=RidgeClassifier)",
        "(sklearn:estimator=SVC)",
    ],
)
def test_a_learner_without_probabilities_is_refused_before_any_training(inner: str) -> None:
    people = Gaussian(n=50).split(rng()).train
    with pytest.raises(InputError, match="whose models give probabilities for loss-trimming"):
        build("learners", f"loss-trimming:learner={inner}").check(people)


@pytest.mark.parametrize("inner", ["forest", "(sklearn:estimator=SVC,probability=true)"])
def test_a_learner_with_probabilities_is_not_refused(inner: str) -> None:
    build("learners", f"loss-trimming:learner={inner}").check(Gaussian(n=50).split(rng()).train)
