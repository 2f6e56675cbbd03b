from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pytest

import quorate
from quorate.errors import FitFailedError, InputError
from quorate.goals.misread import Misread
from quorate.knowledge import Knowledge
from quorate.membership_inference.study import make_membership_study
from quorate.scenarios.scenario import run_scenario
from quorate.strategies.data_strike import DataStrike
from quorate.studies.trial import submit, submit_from
from quorate.table import Table

PEOPLE = Table(np.arange(6, dtype=np.float32)[:, None], np.array([0, 1, 0, 1, 1, 0]), ("no", "yes"))


class SaysNo:
    record: ClassVar[Mapping[str, object]] = {}

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.zeros(len(x), dtype=np.int64)


def test_the_platform_receives_the_others_rows_alone() -> None:
    member = np.array([True, False, False, True, False, False])
    received = submit_from(PEOPLE, DataStrike(), member, np.random.default_rng(0))
    assert received.mixed().x[:, 0].tolist() == [1, 2, 4, 5]
    assert received.alpha == 0  # nobody among those rows is a member
    assert submit_from(PEOPLE, DataStrike(), ~member & member, np.random.default_rng(0)).mixed()


def test_a_strike_of_a_label_takes_its_people_alone() -> None:
    received = submit(PEOPLE, DataStrike("yes"), 2 / 6, np.random.SeedSequence(0)).mixed()
    assert received.y.tolist().count(1) == 1
    assert received.y.tolist().count(0) == 3
    with pytest.raises(InputError, match=r"at most alpha=0.5 for strategy=data-strike"):
        submit(PEOPLE, DataStrike("yes"), 4 / 6, np.random.SeedSequence(0))


def test_nobody_is_left_where_everyone_strikes() -> None:
    with pytest.raises(FitFailedError, match="everyone withholds their data"):
        submit(PEOPLE, DataStrike(), 1.0, np.random.SeedSequence(0))
    curves = quorate.curve(
        population="digits:n=60", strategy="data-strike", learner="tree", alphas="1", seeds=1
    )
    acted = next(one for one in curves.outcomes if one.alpha == 1)
    assert "everyone withholds" in str(acted.error)


def test_success_is_what_the_platform_misreads() -> None:
    rng = np.random.default_rng(0)
    assert Misread("yes").success(SaysNo(), PEOPLE, rng) == 1
    assert Misread("no").success(SaysNo(), PEOPLE, rng) == 0
    assert Misread().success(SaysNo(), PEOPLE, rng) == 3 / 6
    assert DataStrike("yes").goal == Misread("yes")


def test_a_strike_of_nearly_all_of_a_label_is_felt() -> None:
    curves = quorate.curve(
        population="digits:n=300", strategy="data-strike:label=3", learner="tree",
        alphas="0,0.085", seeds=2,
    )  # fmt: skip
    mean = {a: np.mean([o.success for o in curves.outcomes if o.alpha == a]) for a in (0, 0.085)}
    assert mean[0.085] > mean[0] + 0.2
    assert {one.members for one in curves.outcomes} == {0, round(0.085 * 300)}


def test_rows_of_strikers_are_not_looked_for_where_each_needs_one() -> None:
    known = Knowledge(PEOPLE)
    assert DataStrike().apply(PEOPLE, known, np.random.default_rng(0)) is PEOPLE
    with pytest.raises(InputError, match="a row each for membership inference"):
        make_membership_study(population="digits", strategy="data-strike", learner="tree")
    with pytest.raises(InputError, match="a row each for several collectives"):
        run_scenario(
            {"name": "collectives", "strategies": ["data-strike", "data-strike:label=3"],
             "population": "digits:n=60", "cases": "as-given", "learners": "tree"}
        )  # fmt: skip
