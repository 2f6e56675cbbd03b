"""Cleaning by nearest neighbours: who is outvoted, dropped or relabelled."""

from __future__ import annotations

import numpy as np
import pytest
from people_on_a_line import Near, line

from quorate.catalog import build
from quorate.errors import FitFailedError, InputError
from quorate.learners.defences.knn_cleaning import KNNCleaning
from quorate.populations.gaussian import Gaussian
from quorate.table import Submission, Table


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Of the two nearest others, row 2 (at 2) has both of label a, against its own b. Row 0 sees a and
# b, row 1 as well: their own label has as many votes. The others see b alone.
PLACES, LABELS = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0], [0, 0, 1, 1, 1, 1]


def test_who_is_outvoted_on_a_line() -> None:
    data = line(PLACES, LABELS, members=[2, 3])
    learner = KNNCleaning(Near(), neighbours=2)
    assert learner.voted(data.mixed()).tolist() == [0, 0, 0, 1, 1, 1]
    record = learner.fit(data, rng()).record
    assert record == {
        "members_dropped": 0.5,
        "others_dropped": 0.0,
        "alpha_effective": [0.2],  # the member at 10, of five
        "inner": {"n": 5, "mean": pytest.approx(34 / 5)},
    }


def test_who_is_outvoted_can_be_relabelled() -> None:
    data = line(PLACES, LABELS, members=[2, 3])
    cleaned, facts = KNNCleaning(neighbours=2, action="relabel").clean(data, rng())
    assert cleaned.mixed().y.tolist() == [0, 0, 0, 1, 1, 1]
    assert cleaned.changed.y.tolist() == [0, 1]
    assert facts == {"members_relabelled": 0.5, "others_relabelled": 0.0}
    assert cleaned.alpha == data.alpha
    assert data.mixed().y.tolist() == LABELS  # what came in is as it was


def test_who_is_relabelled_is_of_the_group_of_their_new_label() -> None:
    """All at one place, of two labels: the one b among a is outvoted."""
    x, y = np.array([[0.0], [0.1], [0.2]], np.float32), np.array([0, 1, 0])
    names = ("a north", "a south", "b north", "b south")
    people = Table(x, y, ("a", "b"), 2 * y + 1, names, groups_by_label=True)
    learner = KNNCleaning(neighbours=2, action="relabel")
    for member in ([1], []):
        rows = np.isin(np.arange(3), member)
        cleaned, _ = learner.clean(Submission(people, people.take(rows), rows), rng())
        mixed = cleaned.mixed()
        assert mixed.group is not None
        assert (mixed.y.tolist(), mixed.group.tolist()) == ([0, 0, 0], [1, 1, 1])


def test_of_equally_many_votes_the_first_label_is_given() -> None:
    people = line([0.0, 1.0, 2.1], [1, 2, 0]).mixed()  # 1 sees b and a
    assert KNNCleaning(neighbours=2).voted(people).tolist()[1] == 0


def test_votes_are_those_of_a_sorted_distance_matrix() -> None:
    for seed in range(20):
        people = Gaussian(n=40, d=3).split(rng(seed)).train
        distance = np.linalg.norm(people.x[:, None] - people.x[None], axis=2)
        np.fill_diagonal(distance, np.inf)
        nearest = people.y[np.argsort(distance, axis=1)[:, :5]]
        majority = (nearest.mean(axis=1) > 0.5).astype(int)  # five votes on two labels: no ties
        assert KNNCleaning(neighbours=5).voted(people).tolist() == majority.tolist()


def test_nobody_left() -> None:
    data = line([0.0, 1.0], [0, 1])
    message = "Expected people left to learn from, got none: knn-cleaning dropped all 2"
    with pytest.raises(FitFailedError, match=message):
        KNNCleaning(neighbours=1).fit(data, rng())


def test_as_many_neighbours_as_people() -> None:
    with pytest.raises(InputError, match="Expected more people than neighbours=6, got 6"):
        KNNCleaning(neighbours=6).check(line(PLACES, LABELS).honest)


def test_a_cleaning_that_empties_a_group_is_a_failure_of_that_cell() -> None:
    """Its few people are outvoted by their neighbours: nobody is left of the group."""
    people = Gaussian(n=60, rare=0.06).split(rng(4)).train
    learner = build("learners", "knn-cleaning:learner=group-dro")
    learner.check(people)
    message = "got the 51 whom knn-cleaning left: Expected people in every group, got none in rare"
    with pytest.raises(FitFailedError, match=message):
        learner.fit(Submission.without_collective(people), rng())


def test_fewer_people_left_than_neighbours_is_a_failure_of_that_cell() -> None:
    data = Submission.without_collective(Gaussian(n=60).split(rng()).train)
    text = "spectral-signatures:fraction=0.66,learner="
    with pytest.raises(FitFailedError, match="whom spectral-signatures left: Expected n_neighbors"):
        build("learners", f"{text}(knn:n_neighbors=30)").fit(data, rng())
    any_estimator = "(sklearn:estimator=KNeighborsClassifier,n_neighbors=30)"
    model = build("learners", text + any_estimator).fit(data, rng())
    with pytest.raises(FitFailedError, match="n_neighbors <= n_samples_fit"):
        model.predict(data.honest.x)
