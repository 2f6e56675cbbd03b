"""Which bounds speak of a curve: on a finite law, cells are run; elsewhere they are not needed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from quorate import spec
from quorate.studies.curves import Curves
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study

PEOPLE = "finite:n=3000,held_out=3000,values=6,concentration=2"


def run(**changes: object) -> Curves:
    plain = {
        "population": PEOPLE,
        "strategy": "planting:signal=columns,x=3",
        "learner": "worst-case:eps=0.02",
        "alphas": [0.005, 0.1, 0.3],
        "seeds": 2,
        "eps": 0.02,
    }
    of: Study = make_study(**{**plain, **changes})
    return run_study(of)


def test_a_finite_law_has_the_general_bound_and_the_worst_case_itself() -> None:
    found = run()
    (curve,) = found
    applies = {bound.name: bound for bound in curve.bounds if bound.applies}
    assert list(applies) == ["planting", "exact"]
    alphas = np.linspace(0.01, 1, 100)
    general, exact = (applies[name].at(alphas, 0.02, "tv") for name in ("planting", "exact"))
    assert (exact >= general - 1e-12).all()  # dominance; rounding of numbers near 1/α
    # One signalled value: S jumps from 0 to 1 where its margin exceeds c, and no search says where.
    at = applies["exact"].critical_mass(0.9, 0.02, "tv")
    assert at is not None
    just = applies["exact"].at([at * 0.999, at * 1.001], 0.02, "tv")
    np.testing.assert_allclose(just, [0, 1], rtol=0, atol=1e-12)
    assert at <= applies["planting"].critical_mass(0.9, 0.02, "tv")
    # The learner is the worst case, of 3000 people who were drawn: it jumps near there.
    measured = dict(zip(curve.alphas.tolist(), curve.success.mean(axis=1), strict=True))
    assert 0.005 < at < 0.08
    assert (measured[0.005], measured[0.1], measured[0.3]) == (0, 1, 1)


def test_feature_only_planting_has_its_own() -> None:
    (curve,) = run(strategy="planting-features:signal=columns,x=3", eps=0.0, learner="worst-case")
    applies = {bound.name: bound for bound in curve.bounds if bound.applies}
    assert list(applies) == ["feature-only", "exact"]
    general, exact = (applies[name].at([0.5, 1.0], 0.0, "tv") for name in applies)
    assert (exact >= general).all()
    law = spec.text(
        make_study(population=PEOPLE, strategy="planting", learner="sgd").populations[0]
    )
    assert law == curve.population


def test_unplanting_has_its_own() -> None:
    found = run(strategy="unplanting:signal=columns,x=3")
    (curve,) = found
    applies = {bound.name: bound for bound in curve.bounds if bound.applies}
    assert list(applies) == ["unplanting", "exact"]
    alphas = np.linspace(0.01, 1, 100)
    general, exact = (applies[name].at(alphas, 0.02, "tv") for name in applies)
    assert (exact >= general - 1e-12).all()  # rounding of numbers near 1/α
    at = applies["exact"].critical_mass(0.9, 0.02, "tv")
    assert at is not None
    assert at <= applies["unplanting"].critical_mass(0.9, 0.02, "tv")
    measured = dict(zip(curve.alphas.tolist(), curve.success.mean(axis=1), strict=True))
    assert 0.005 < at < 0.1
    assert (measured[0.005], measured[0.1], measured[0.3]) == (0, 1, 1)


def test_a_success_out_of_reach_names_what_is_in_reach() -> None:
    """c = .16 with ε = .08: by the closed form everyone reaches .84, in the worst case 1."""
    found = run(alphas=[0.1], seeds=1, eps=0.08, target=0.9)
    (row,) = found.to_json()["critical_mass"]
    said = {one["bound"]: one for one in row["bounds"]}
    assert said["planting"]["critical_mass"] is None
    assert said["planting"]["in_reach"] == pytest.approx(0.84, abs=1e-15)
    assert said["exact"]["critical_mass"] < 1
    assert [name for name, one in said.items() if "in_reach" in one] == ["planting"]
    (shown,) = found._mass_rows()
    assert shown["enough by theory"].endswith(" (closed form: none, 0.840 is in reach)")


@pytest.mark.parametrize(
    ("changes", "name", "why"),
    [
        ({"strategy": "unplanting:signal=columns,x=3,claim=0"}, "unplanting", "claim one label"),
        ({"strategy": "unplanting:signal=columns,x=3,claim=0"}, "exact", "claim one label"),
        ({"strategy": "erasing:signal=columns,x=3"}, "erasing", "vote on the label"),
        (
            {"strategy": "unplanting:signal=columns,x=3", "population": f"{PEOPLE},labels=3"},
            "unplanting",
            "vote on the label",
        ),
        ({}, "erasing", "another strategy than planting"),
        ({"goal": "planted:signal=columns,x=2"}, "planting", "another signal or target"),
        ({"goal": "planted:signal=columns,x=2"}, "exact", "another signal or target"),
        ({"learner": "loss-trimming:learner=logistic"}, "planting", "aims at another law"),
        ({"learner": "loss-trimming:learner=logistic"}, "exact", "aims at another law"),
    ],
)
def test_why_a_bound_does_not_apply(changes: dict[str, str], name: str, why: str) -> None:
    (curve,) = run(**{"alphas": [0.1], "seeds": 1, **changes})
    (bound,) = (one for one in curve.bounds if one.name == name)
    assert not bound.applies
    assert why in bound.why
    assert bound.critical_mass(0.9, 0.0, "tv") is None


def test_the_report_draws_what_applies_and_says_why_the_others_do_not() -> None:
    found = run(alphas=[0.1, 0.3], seeds=1)
    (row,) = found.to_json()["critical_mass"]
    assert json.loads(json.dumps(row, allow_nan=False))["bounds"] == row["bounds"]
    said = {one["bound"]: one for one in row["bounds"]}
    assert set(said) == {"planting", "feature-only", "unplanting", "erasing", "exact"}
    assert said["planting"]["applies"]
    # The law is known: exactly enough, and what the closed form asks for.
    assert said["exact"]["critical_mass"] == row["bound"]
    both = row["bound"], said["planting"]["critical_mass"]
    assert 0 < both[0] < both[1]
    enough, looser = (f"{100 * size:.3g}%" for size in both)
    (shown,) = found._mass_rows()
    assert shown["enough by theory"] == f"{enough} (closed form: {looser})"
    assert not said["erasing"]["applies"]
    assert said["erasing"]["why"] == "it is about another strategy than planting"
    lines = found.bound_lines()
    assert "planting: drawn for worst-case:eps=0.02." in lines
    assert any(line.startswith("erasing: not drawn for worst-case:eps=0.02: ") for line in lines)
    legend = found.plot().axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "bound (planting), platform 0.02-suboptimal (tv)",
        "worst case, platform 0.02-suboptimal (tv)",
    ]
