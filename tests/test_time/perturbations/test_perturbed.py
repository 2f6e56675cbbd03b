"""A stored change as a strategy of any study, on images of one pixel worked by hand."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acting import act
from told_classifier import ToldClassifier

import quorate
from quorate import spec
from quorate.catalog import build
from quorate.checks import check
from quorate.errors import InputError
from quorate.goals.recognised import Recognised
from quorate.populations.digits import Digits
from quorate.studies.study import make_study
from quorate.table import Array, Labels, Split, Table
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.perturbations.perturbed import Perturbed
from quorate.test_time.platforms.platform import to_features, to_pixels

CLASSES = ("a", "b")


@dataclass(frozen=True)
class Bright:
    """Says b of a pixel of 105 levels or more."""

    record: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return (to_pixels(x).ravel() >= 105).astype(np.int64)


def images(levels: list[int], y: list[int], classes: tuple[str, ...] = CLASSES) -> Table:
    x = np.array(levels, np.uint8).reshape(-1, 1, 1, 1)
    return Table(to_features(x), np.array(y), classes)


def stored(path: Path, delta: Any, **given: Any) -> Path:
    levels = np.array(delta, np.int16)
    shape = levels.shape[1:]
    save(Perturbation("additive", {"delta": levels}, shape=shape, epsilon=8 / 255, **given), path)
    return path


@pytest.fixture
def of_a_class(tmp_path: Path) -> Perturbed:
    delta = np.reshape([-5, 7], (2, 1, 1, 1))
    return Perturbed(str(stored(tmp_path / "p.npz", delta, classes=CLASSES)))


def test_each_adds_the_change_of_their_label(of_a_class: Perturbed) -> None:
    people = images([100, 200, 2, 253], [1, 0, 0, 1])
    acted = act(of_a_class, people)
    assert to_pixels(acted.x).ravel().tolist() == [107, 195, 0, 255]  # kept in [0, 255]
    assert acted.y.tolist() == [1, 0, 0, 1]
    assert to_pixels(people.x).ravel().tolist() == [100, 200, 2, 253]


def test_it_is_judged_by_who_is_read_rightly_with_it(of_a_class: Perturbed) -> None:
    people = images([100, 108, 103, 50], [1, 0, 0, 1])
    rng = np.random.default_rng(0)
    assert Recognised().success(Bright(), people, rng) == 0.25  # the third alone
    assert of_a_class.goal == Recognised(of_a_class)
    # 107 of b is bright, 103 and 98 of a are not, and 57 of b is not
    assert of_a_class.goal.success(Bright(), people, rng) == 0.75
    assert Recognised().success(ToldClassifier([1, 0, 0, 1]), people, rng) == 1


def test_it_was_crafted_for_these_people(of_a_class: Perturbed) -> None:
    with pytest.raises(InputError, match="for the labels a, c, got one for a, b"):
        act(of_a_class, images([1], [0], ("a", "c")))
    table = Table(np.zeros((1, 1), np.float32), np.array([0]), CLASSES)
    with pytest.raises(InputError, match="Expected images to add a perturbation to, got a table"):
        act(of_a_class, table)
    with pytest.raises(InputError, match=r"Expected a perturbation file at nothing\.npz"):
        act(Perturbed("nothing.npz"), images([1], [0]))


def test_a_change_for_everyone_needs_no_labels(tmp_path: Path) -> None:
    path = stored(tmp_path / "free.npz", np.reshape([3], (1, 1, 1, 1)), classes=CLASSES)
    acted = act(Perturbed(str(path)), images([1, 2], [0, 1], ("x", "y")))
    assert to_pixels(acted.x).ravel().tolist() == [4, 5]


def of_digits(folder: Path, level: int) -> str:
    classes = tuple(map(str, range(10)))
    delta = np.zeros((10, 1, 8, 8))
    delta[3, 0, 0, 0] = level
    return str(stored(folder / "digits.npz", delta, classes=classes))


def test_the_generic_properties_hold(tmp_path: Path) -> None:
    on_grid = [
        replace(people, x=to_features(to_pixels(people.x)))
        for people in vars(Digits(n=100).split(np.random.default_rng(0))).values()
    ]
    assert len(check(Perturbed(of_digits(tmp_path, 4)), Split(*on_grid))) > 8


def test_another_file_at_the_same_path_is_another_cell(tmp_path: Path) -> None:
    def ids() -> list[str]:
        study = make_study(
            population="digits:n=60",
            strategy=[f"perturbed:path={path}", f"sequence:first=(perturbed:path={path})"],
            goal=["planted", f"recognised:changed=(perturbed:path={path})"],
            learner="logistic",
            alphas="0.1",
            seeds=1,
        )
        return [cell.id for cell in study.cells()]

    path = of_digits(tmp_path, 4)
    before = ids()
    assert ids() == before
    of_digits(tmp_path, 5)
    assert not set(ids()) & set(before)
    assert build("strategies", spec.text(Perturbed(path))) == Perturbed(path)


def test_a_study_takes_it(tmp_path: Path) -> None:
    curves = quorate.curve(
        population="digits:n=100",
        strategy=f"perturbed:path={of_digits(tmp_path, 8)}",
        learner="logistic",
        alphas="0,0.5",
        seeds=1,
    )
    for outcome in curves.outcomes:
        assert outcome.success is not None
        assert outcome.success > 0.5
