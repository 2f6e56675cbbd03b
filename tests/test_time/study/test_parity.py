"""Aiming for parity: the least budget that closes the gap, on photos that crafted nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.intervals import Estimate, exact_rate
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import to_pixels
from quorate.test_time.study import approaches, measuring
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.parity import budgets_within, choose_budget, keep_apart
from quorate.test_time.study.people import people_of, photos_held
from quorate.test_time.study.query_comparison import compare
from quorate.test_time.study.running import run_correction, stored
from quorate.test_time.study.settings import make_correction

TINY: dict[str, Any] = {
    "population": "digits:n=400,held_out=0.1",
    "subgroup": "low_light",
    "platform": "mlp:epochs=3",
    "proxy": "mlp:epochs=1",
    "members": 10,
    "queries": 2,
    "photos": 6,
    "epsilon": "8/255",
    "crafting": "steps=2,restarts=1",
    "extraction": "variants=0",
    "label_free": "none",
    "adaptive": "none",
    "anyway": True,
}


@pytest.mark.parametrize("least", range(1, 10))
def test_the_least_budget_is_found_with_few_questions(least: int) -> None:
    tried: list[float] = []

    def accuracy(epsilon: float) -> Estimate:
        tried.append(epsilon)
        return exact_rate(90 if epsilon >= least / 255 else 80, 100)

    found = choose_budget(budgets_within(8 / 255, "linf"), accuracy, 0.85, 100)
    assert found.epsilon == min(least, 8) / 255
    assert found.closes == (least <= 8)
    assert len(tried) == len(set(tried)) <= 4
    assert found.accuracy.value == (0.9 if least <= 8 else 0.8)


def test_budgets_end_at_the_whole_one() -> None:
    assert budgets_within(1 / 255, "linf") == [1 / 255]
    assert budgets_within(2.0, "l2") == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    # Less than a level is no change at all: eighths of 4/255 begin at the second.
    assert budgets_within(4 / 255, "l2") == [n / 2 / 255 for n in range(2, 8)] + [4 / 255]


def test_a_whole_budget_that_does_harm_hides_no_smaller_one_that_closes_the_gap() -> None:
    levels = {8: 10, 4: 70, 3: 90, 2: 90, 1: 50}  # read rightly of 100, by levels

    def accuracy(epsilon: float) -> Estimate:
        return exact_rate(levels[round(255 * epsilon)], 100)

    found = choose_budget(budgets_within(8 / 255, "linf"), accuracy, 0.65, 100)
    assert (found.epsilon, found.closes) == (2 / 255, True)
    assert found.queries == 4 * 100  # 8, 4, 2, and 1
    # Where none closes it, that which helps most is used, and not the harmful whole.
    found = choose_budget(budgets_within(8 / 255, "linf"), accuracy, 0.95, 100)
    assert (found.epsilon, found.closes, found.accuracy.value) == (2 / 255, False, 0.9)


def test_no_change_is_crafted_on_the_photos_kept_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_correction(**TINY, aim="parity")
    crafted: list[Any] = []
    real = approaches.craft

    def craft(models: Any, x: Any, *more: Any, **named: Any) -> Perturbation:
        crafted.append((x, named["epsilon"]))
        return real(models, x, *more, **named)

    monkeypatch.setattr(approaches, "craft", craft)
    result = run_correction(study, tmp_path, device_name="cpu")
    (outcome,) = result.outcomes
    own, apart = keep_apart(np.arange(10 * photos_held(study, 0)))
    assert (len(own), len(apart)) == (48, 12)
    photos = to_pixels(people_of(study, 0).photos.x)
    assert all(np.array_equal(x, photos[own]) for x, _ in crafted)

    choice = outcome.parity
    assert choice is not None
    assert choice.photos == 12
    assert outcome.perturbation().epsilon == choice.epsilon <= outcome.epsilon == 8 / 255
    # One craft and twelve questions a budget that was tried; then the change that is used.
    tried = {epsilon for _, epsilon in crafted[:-1]}
    assert choice.queries == 12 * len(tried)
    assert crafted[-1][1] == choice.epsilon

    (again,) = stored(tmp_path).outcomes
    assert again.parity == choice
    assert json.loads(json.dumps(result.to_json()))["parity"][0]["epsilon"] == choice.epsilon
    (row,) = result.rows()
    assert row["epsilon.used"] == choice.epsilon


def test_a_result_that_aims_for_parity_shows_what_was_chosen(tmp_path: Path) -> None:
    result = run_correction(make_correction(**TINY, aim="parity"), tmp_path, device_name="cpu")
    section = next(one for one in result.sections() if "least ε" in one.heading)
    assert section.rows[0]["ε at most"] == "8/255"
    assert any("ε ≤ 8/255" in sentence for sentence in result.summary())


def test_the_aim_is_part_of_a_cell_only_where_it_is_parity(tmp_path: Path) -> None:
    def ids(**more: Any) -> CorrectionOutcome:
        study = make_correction(**{**TINY, "queries": 1}, **more)
        return run_correction(study, tmp_path, device_name="cpu").outcomes[0]

    most = ids()
    assert "aim" not in most.description
    assert most.parity is None
    assert "parity" not in most.to_plain()
    assert ids(aim="parity").id != most.id == ids(aim="most").id


def test_too_few_photos_are_refused_before_anything(tmp_path: Path) -> None:
    few = {**TINY, "members": 4, "photos": 3}
    with pytest.raises(InputError, match="50 photos of a collective or more for aim=parity"):
        run_correction(make_correction(**few, aim="parity"), tmp_path, device_name="cpu")
    with pytest.raises(InputError, match="aim"):
        make_correction(**TINY, aim="equal")


def test_a_comparison_says_that_a_pool_which_aims_for_parity_uses_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everyone alone may use 8/255; the pool has used one level of it."""
    accurate = {8: 1.0, 4: 1.0, 2: 1.0, 1: 1.0}

    def choose(budgets: Any, _: Any, *more: Any) -> Any:
        return choose_budget(
            budgets, lambda epsilon: Estimate(accurate[round(255 * epsilon)], 0, 1), *more
        )

    monkeypatch.setattr(measuring, "choose_budget", choose)
    run_correction(make_correction(**TINY, aim="parity"), tmp_path, device_name="cpu")
    found = compare(tmp_path, "simba", budget=2, people=2)
    assert found.used == (1 / 255,)
    assert found.to_json()["epsilon_used"] == [1 / 255]
    said = " ".join(sentence for section in found.sections() for sentence in section.sentences)
    assert "ε = 8/255" in said
    assert "aim for parity and use ε = 1/255 of it" in said
