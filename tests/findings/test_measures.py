"""What can be measured on curves and on rows, by hand."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.findings.measures import CurveMeasures, RowMeasures, crossings
from quorate.studies.curve import Curve
from quorate.studies.curves import Curves
from quorate.studies.trial import Outcome

Make = Callable[..., Curves]


def outcome(alpha: float, seed: int, success: float, learner: str = "sgd", **more: Any) -> Outcome:
    methods = {"population": "p", "strategy": "s", "goal": "g"}
    description = {name: {"name": text} for name, text in methods.items()}
    cell = {"alpha": alpha, "seed": seed, "success": success, "learner": learner}
    size = {"members": 0, "people": 100, "seconds": 1.0, "version": "0", "accuracy": 0.9}
    id_ = f"{learner}{alpha}{seed}"
    return Outcome(id=id_, **methods, description=description, **cell, **{**size, **more})


def curves_of(*rows: Outcome, **more: Any) -> Curves:
    return Curves(tuple(rows), **more)


def curve_of(alphas: list[float], *seeds: list[float]) -> Curve:
    rows = [
        outcome(alpha, seed, value)
        for seed, values in enumerate(seeds)
        for alpha, value in zip(alphas, values, strict=True)
    ]
    (curve,) = curves_of(*rows)
    return curve


def test_crossings_by_hand() -> None:
    """Halfway between .01 and .1 in log α is .1/√10; past the ends the edge stands, and is said."""
    curve = curve_of(
        [0, 0.01, 0.1, 1],
        [0, 0.0, 1.0, 1.0],  # crosses .5 halfway between .01 and .1
        [0, 0.6, 0.7, 0.8],  # above .5 from the smallest size on
        [0, 0.1, 0.2, 0.3],  # never
        [0, 0.9, 0.4, 0.9],  # falls back: the last crossing counts, .2 of the way up from .1
    )
    found = crossings(curve, 0.5)
    by_hand = [
        np.log(0.1) - np.log(10) / 2,
        np.log(0.01),
        np.log(1),
        np.log(0.1) + 0.2 * np.log(10),
    ]
    assert found.values == pytest.approx(by_hand)
    assert found.at_most is not None
    assert found.at_least is not None
    assert found.at_most.tolist() == [False, True, False, False]
    assert found.at_least.tolist() == [False, False, True, False]


def test_a_failed_cell_is_passed_over() -> None:
    curve = curve_of([0, 0.01, 0.1], [0, math.nan, 1.0], [math.nan, math.nan, math.nan])
    found = crossings(curve, 0.5)
    assert found.values[0] == pytest.approx(np.log(0.1))
    assert math.isnan(found.values[1])


@pytest.fixture
def measures() -> CurveMeasures:
    rows = [
        outcome(
            alpha,
            seed,
            value + seed / 100,
            learner,
            worst_group_accuracy=0.5 + alpha,
            record={"alpha_effective": [2 * alpha, None, 4 * alpha]},
        )
        for learner, values in (("sgd", (0.1, 0.5, 1.0)), ("dp-sgd", (0.1, 0.2, 0.6)))
        for alpha, value in zip((0.0, 0.01, 0.1), values, strict=True)
        for seed in (0, 1)
    ]
    return CurveMeasures(curves_of(*rows, names={"dp-sgd": "private"}))


def test_rates_at_the_nearest_size(measures: CurveMeasures) -> None:
    assert measures.sample("success", "sgd", 0.012, None).values == pytest.approx([0.5, 0.51])
    assert measures.sample("success", "sgd", 0, None).values == pytest.approx([0.1, 0.11])
    assert measures.sample("accuracy", "private", None, None).values == pytest.approx([0.9, 0.9])
    worst = measures.sample("worst-group-accuracy", "sgd", 0.1, None)
    assert worst.values == pytest.approx([0.6, 0.6])
    assert measures.words("success", 0.012, None) == "success at α = 1%"


def test_curves_are_selected_by_name_or_text(measures: CurveMeasures) -> None:
    for of in ("private", "dp-sgd", ["s", "private"]):
        assert measures.sample("success", of, 0.1, None).values == pytest.approx([0.6, 0.61])


def test_critical_mass_stands_in_its_own_interval(measures: CurveMeasures) -> None:
    """The interval of a value is the one of the tables; by seed it is the crossing."""
    found = measures.sample("critical-mass", "sgd", None, None)
    assert found.known is not None
    assert found.known(0.95).value == 0.1
    assert found.logarithmic
    private = measures.sample("critical-mass", "private", None, None)
    assert private.at_least is not None
    assert private.at_least.all()
    assert measures.words("critical-mass", None, 0.5) == "α* for S* = 0.5"


def test_width_by_hand() -> None:
    """S rises from 0 at .01 to 1 at .1: ¼ at 10^-1.75, ¾ at 10^-1.25."""
    curve_rows = [outcome(a, 0, v) for a, v in ((0.0, 0.0), (0.01, 0.0), (0.1, 1.0))]
    found = CurveMeasures(curves_of(*curve_rows)).sample("width", "sgd", None, None)
    assert np.exp(found.values) == pytest.approx([10**-1.25 - 10**-1.75])


def test_effective_size_is_a_ratio(measures: CurveMeasures) -> None:
    found = measures.sample("effective-size", "sgd", 0.1, None)
    assert np.exp(found.values) == pytest.approx([3, 3])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("critical-mass", "none", None), "Expected none to name exactly one curve, got 0."),
        (("critical-mass", "s", None), "Expected s to name exactly one curve, got 2."),
        (("succes", "sgd", 0.1), "Expected a known measure of a study, got 'succes'."),
        (("success", "sgd", None), "Expected at=, the size of the collective, got none."),
    ],
)
def test_bad_questions_to_curves(
    measures: CurveMeasures, asked: tuple[str, str, float | None], message: str
) -> None:
    with pytest.raises(InputError) as error:
        measures.sample(asked[0], asked[1], asked[2], None)
    assert str(error.value).startswith(message)


ROWS = [
    {"seed": seed, "members": members, "epsilon": 8 / 255, "gap": members / 100 + seed / 10}
    for seed in (1, 0)
    for members in (10, 200)
]


def test_rows_are_selected_by_their_columns_and_stand_by_seed() -> None:
    found = RowMeasures(ROWS).sample("gap", {"members": 200, "epsilon": "8/255"}, None, None)
    assert found.values.tolist() == [2.0, 2.1]


def test_no_budget_is_named_by_its_word() -> None:
    rows = [*ROWS, {"seed": 0, "members": 200, "epsilon": 1.0, "gap": 0.5}]
    found = RowMeasures(rows).sample("gap", {"members": 200, "epsilon": "none"}, None, None)
    assert found.values.tolist() == [0.5]


def test_a_row_without_a_seed_brings_its_interval() -> None:
    rows = [{"attack": "nes", "cost": 30, "cost.low": 20, "cost.high": None}]
    found = RowMeasures(rows).sample("cost", {"attack": "nes"}, None, None)
    assert found.known is not None
    ends = found.known(0.95)
    assert (ends.value, ends.low) == (30, 20)
    assert math.isnan(ends.high)


@pytest.mark.parametrize(
    ("measure", "of", "message"),
    [
        ("gaps", {}, "Expected a known column of the result, got 'gaps'."),
        ("gap", {"member": 10}, "Expected a known column of the result, got 'member'."),
        ("gap", {"epsilon": "8/255"}, "Expected {'epsilon': '8/255'} to select one row a seed"),
        ("gap", {"members": 11}, "Expected {'members': 11} to select one row a seed, got 0"),
    ],
)
def test_bad_questions_to_rows(measure: str, of: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        RowMeasures(ROWS).sample(measure, of, None, None)
    assert str(error.value).startswith(message)


def test_a_gain_is_success_beyond_what_is_had_for_nothing() -> None:
    """Success of .2, .3 and .6, .5 at α = 0 and 10%, by seed: .4 and .2 are gained."""
    rows = [
        outcome(alpha, seed, success)
        for alpha, both in ((0.0, (0.2, 0.3)), (0.1, (0.6, 0.5)))
        for seed, success in enumerate(both)
    ]
    measures = CurveMeasures(curves_of(*rows))
    assert measures.sample("gain", "sgd", 0.1, None).values == pytest.approx([0.4, 0.2])
    assert measures.words("gain", 0.1, None) == "success gained at α = 10%"
