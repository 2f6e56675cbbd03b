"""Both groups treated alike, by counts worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from told_classifier import ToldClassifier

from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.goals.equalised_odds import EqualisedOdds
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.table import Table

RNG = np.random.default_rng(0)
USUAL = ComparedGroups(("b",), (), "yes")
# Four of a and six of b, of whom two and four deserve a yes; one of c.
GROUP = np.array([0] * 4 + [1] * 6 + [2])
DESERVE = np.array([1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1])
PEOPLE = Table(
    np.zeros((11, 1), np.float32), DESERVE, ("no", "yes"), GROUP, ("a", "b", "c"), compared=USUAL
)


def success(said: list[int], people: Table = PEOPLE, **given: str) -> float:
    return EqualisedOdds(**given).success(ToldClassifier(said), people, RNG)


def test_gaps_by_hand() -> None:
    # a: TPR 2/2, FPR 1/2; b: TPR 1/4, FPR 0/2. c is of the majority where nobody else is named.
    said = [1, 1, 1, 0, 1, 0, 0, 0, 0, 0]
    assert success([*said, 1]) == 1 - (0.75 + 0.5) / 2
    assert success([*said, 0]) == pytest.approx(1 - ((2 / 3 - 1 / 4) + 0.5) / 2)
    assert success([*said, 0], majority="a", minority="b") == 1 - (0.75 + 0.5) / 2
    # with no as the favourable label rates are those of the others: 1/2 against 1, 0 against 3/4
    assert success([*said, 1], positive="no") == 1 - (0.5 + 0.75) / 2


def test_alike_is_one_and_opposite_is_none() -> None:
    assert success(DESERVE.tolist()) == 1
    assert success([1] * 11) == 1
    assert success([1, 1, 1, 1] + [0] * 6 + [1]) == 0


def test_nobody_to_measure_on_is_answered() -> None:
    some = PEOPLE.take(np.array([0, 1, 4, 8]))
    with pytest.raises(InputError, match="of the majority without the label yes, got none"):
        success([0] * 4, some)
    with pytest.raises(InputError, match="told who acts and which label"):
        success([0] * 11, replace(PEOPLE, compared=None))
    with pytest.raises(InputError, match="Expected a known group, got 'd'"):
        success([0] * 11, minority="d")


def test_a_seed_without_such_people_is_told_before_any_training() -> None:
    """Of 18 people held out seed 0 has some of each kind, and seed 1 has not."""
    given = {"strategy": "rb-prob", "learner": "logistic", "alphas": 0.1}
    study = make_study(population="unequal:n=60,held_out=18", seeds=2, **given)
    with pytest.raises(
        InputError, match=r"got none\. Hold out more people.*held_out=18 \(seed 1\)"
    ):
        run_study(study)
    (curve,) = run_study(make_study(population="unequal:n=60,held_out=18", seeds=1, **given))
    assert curve.success.shape == (2, 1)
