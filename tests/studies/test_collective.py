"""Members who come from one group: from the study to the page, on people whose groups are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.report.files import write_result
from quorate.studies.loading import load
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import draw_people, streams

pytestmark = pytest.mark.usefixtures("plain_pictures")

METHODS: dict[str, Any] = {
    "population": "gaussian:n=200,held_out=50,rare=0.2",
    "strategy": "planting:signal=columns,x2=3",
    "learner": ["sgd:model=logistic,epochs=1", "sklearn:estimator=GaussianNB"],
    "alphas": [0.05],
    "seeds": 2,
}


def study(**changes: Any) -> Study:
    return make_study(**{**METHODS, **changes})


def groups() -> tuple[str, ...]:
    return draw_people(study().populations[0], streams(0)[0]).train.groups


def test_one_curve_a_collective_from_the_store_to_the_page(tmp_path: Path) -> None:
    common, rare = groups()
    of = study(collective=["anyone", rare, common])
    curves = run_study(of, tmp_path)
    found = {(curve.collective, curve.learner): curve for curve in curves}
    assert len(found) == len(list(curves)) == 6
    # In the study's order, and as the store gives them back.
    assert [c.collective for c in curves] == [*["anyone"] * 2, *[rare] * 2, *[common] * 2]
    again = load(tmp_path)
    assert again.to_json() == curves.to_json()
    rows = again.critical_masses().to_rows()
    assert [row["collective"] for row in rows] == [curve.collective for curve in curves]
    assert set(again.to_frame()["collective"]) == {"anyone", rare, common}
    headings = [curves.heading(curve) for curve in curves]
    assert headings[0] == "gaussian:n=200,held_out=50,rare=0.2, planting:signal=columns,x2=3"
    assert headings[2] == f"{headings[0]}, members of {rare}"
    page = write_result(again, tmp_path).read_text()
    assert f"members of {rare}" in page
    assert f"anyone, {rare}, {common}" in page  # where members come from
    # Other people act: what the platform learns differs.
    assert len({curve.accuracy.tobytes() + curve.success.tobytes() for curve in curves}) > 2


def test_anyone_is_as_without_the_key(tmp_path: Path) -> None:
    alone = run_study(study())
    (_, rare) = groups()
    beside = run_study(study(collective=["anyone", rare]), tmp_path)
    assert [o.id for o in alone.outcomes] == [
        o.id for o in beside.outcomes if o.collective == "anyone"
    ]
    for curve, other in zip(alone, beside, strict=False):
        np.testing.assert_array_equal(curve.success, other.success)


def test_nobody_is_the_same_whichever_group_would_have_acted() -> None:
    _, rare = groups()
    anyone, of_rare = run_study(
        study(alphas=0, collective=["anyone", rare], learner=METHODS["learner"][0])
    )
    np.testing.assert_array_equal(anyone.success, of_rare.success)


def test_a_group_that_is_too_small_is_told_before_any_training(tmp_path: Path) -> None:
    _, rare = groups()
    too_many = study(alphas=[0.05, 0.5], collective=rare)
    people = draw_people(too_many.populations[0], streams(0)[0]).train
    there = int((people.group == 1).sum())
    message = (
        rf"Expected at most alpha={there / 200:.4g} for collective={rare}: {there} of 200 "
        r"people can be members\. Got alpha=0\.5, 100 members.*seed 0"
    )
    with pytest.raises(InputError, match=message):
        run_study(too_many, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="known group for collective, got 'nobody'"):
        run_study(study(collective="nobody"))


def test_no_bound_is_claimed_for_members_of_one_group() -> None:
    common, _ = groups()
    (curve,) = run_study(study(learner=METHODS["learner"][1], collective=common))
    assert not any(bound.applies for bound in curve.bounds)
    (planting,) = (bound for bound in curve.bounds if bound.name == "planting")
    assert planting.why.startswith("members come from one group")
    (anyone,) = run_study(study(learner=METHODS["learner"][1]))
    assert anyone.general_bound is not None
