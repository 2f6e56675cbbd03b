"""What is sure on a population whose law is known: by hand, and beside what curves say."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.law import FiniteLaw
from quorate.populations.sizes import DrawnPopulation
from quorate.spec import param
from quorate.studies.law_bound import Beside, law_bound
from quorate.studies.study import make_study
from quorate.studies.sweep import run_study
from quorate.table import Column, Rng, Table

PEOPLE = "finite:n=300,held_out=300,values=6,concentration=2,labels=3"
PLAN = "planting:signal=columns,x=3,target=1"
FEATURES = "planting-features:signal=columns,x=3"


@dataclass(frozen=True)
class TwoColumns(DrawnPopulation):
    """Two columns of two values each: x=1 is carried at two values, z=0 and z=1."""

    name: ClassVar[str] = "two-columns"
    n: int = param(100, "Number of training people.")
    held_out: int = param(100, "Number of people held out.")

    def law(self) -> FiniteLaw:
        """Return P₀ of (x, z) = (0, 0), (0, 1), (1, 0), (1, 1), with three people in four z=0."""
        x = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1]], dtype=np.float32)
        columns = (Column("x", 0, ("0", "1")), Column("z", 2, ("0", "1")))
        points = Table(x, np.zeros(4, dtype=np.int64), ("no", "yes"), columns=columns)
        mass = np.array([[0.3, 0.2], [0.1, 0.1], [0.1, 0.15], [0.05, 0.0]])
        return FiniteLaw(points, mass)

    def draw(self, n: int, rng: Rng) -> Table:
        """Return n independent draws."""
        return self.law().draw(n, rng)


def test_alone_by_hand_and_what_is_in_reach() -> None:
    """ "yes" planted by x=1: people .75 and .25; margins without members .05 and −.05."""
    plan = "planting:signal=columns,x=1,target=yes"
    found = law_bound(TwoColumns(), plan, alpha=0.1)
    # At z=1: .25α > .05(1−α) above α = 1/6; at z=0 any α > 0.
    assert found["bound"] == pytest.approx(0.75, abs=1e-12)
    assert found["critical_mass"] == pytest.approx(1 / 6, abs=1e-12)
    # ξ = .3 and Δ = 1: 1 − 9·.3 = −1.7; .3/.4.
    assert found["closed_form"]["bound"] == pytest.approx(-1.7, abs=1e-12)
    assert found["closed_form"]["critical_mass"] == pytest.approx(0.75, abs=1e-12)
    # .4 who may do anything pay for .25·.6 at z=1 with all whom they leave, not for .45 at z=0.
    found = law_bound(TwoColumns(), plan, beside=Beside(unknown=0.4))
    assert (found["critical_mass"], found["closed_form"]["critical_mass"]) == (None, None)
    assert found["in_reach"] == pytest.approx(0.75, abs=1e-12)
    # There α·.75 + (.6 − α)·.05 > .4 above α = .37/.7.
    assert found["in_reach_alpha"] == pytest.approx(0.37 / 0.7, abs=1e-9)
    found = law_bound(TwoColumns(), plan, beside=Beside(unknown=0.6))
    assert (found["in_reach"], found["in_reach_alpha"]) == (None, None)


@pytest.mark.parametrize(
    ("population", "strategy", "closed"),
    [
        (PEOPLE, PLAN, "planting"),
        (PEOPLE, "planting-features:signal=columns,x=3,target=1", "feature-only"),
        (PEOPLE.replace("labels=3", "labels=2"), "unplanting:signal=columns,x=3", "unplanting"),
    ],
)
def test_alone_it_is_what_a_curve_says(population: str, strategy: str, closed: str) -> None:
    study: dict[str, Any] = {"population": population, "strategy": strategy, "eps": 0.02}
    (curve,) = run_study(make_study(**study, learner="worst-case", alphas=[0.2], seeds=1))
    bounds = {bound.name: bound for bound in curve.bounds if bound.applies}
    found = law_bound(population, strategy, alpha=0.2, eps=0.02)
    for name, said in (("exact", found), (closed, found["closed_form"])):
        at, enough = bounds[name].at(0.2, 0.02, "tv"), bounds[name].critical_mass(0.9, 0.02, "tv")
        assert said["bound"] == pytest.approx(float(at), abs=1e-12)
        inf = float("inf") if said["critical_mass"] is None else said["critical_mass"]
        assert inf == pytest.approx(enough, abs=1e-12)


def test_whoever_knows_more_is_sure_of_more_and_the_closed_form_is_looser() -> None:
    rivals = [f"planting:signal=columns,x={x},target={y}" for x, y in ((3, 0), (3, 2), (2, 0))]
    numbers = list(
        itertools.product(rivals, (0.02, (0.05, 0.15)), (0.0, 0.02), ("forget", "label"))
    )
    strictly = 0
    for rival, share, eps, mistake in numbers:
        found = [
            law_bound(
                PEOPLE,
                PLAN,
                alpha=0.2,
                eps=eps,
                beside=Beside(
                    unknown=0.01,
                    rival=rival,
                    rival_size=share,
                    known=known,
                    error=0.1,
                    mistake=mistake,
                ),
            )
            for known in ("plan", "label", "size", "signal")
        ]
        sizes = [1.0 if one["critical_mass"] is None else one["critical_mass"] for one in found]
        plan, label, size, signal = sizes
        assert plan <= min(label, signal) + 1e-12  # rounding
        assert max(label, signal) <= size + 1e-12
        for one, size_of in zip(found, sizes, strict=True):
            looser = one["closed_form"]
            assert one["bound"] >= looser["bound"] - 1e-12
            assert looser["critical_mass"] is None or looser["critical_mass"] >= size_of - 1e-12
        strictly += plan < size
    assert strictly > len(numbers) / 3


def test_a_rival_elsewhere_is_not_counted_as_opposed() -> None:
    """Its signal is another value: it takes honest people away, and harms only if it is unknown."""
    other = {"rival": "planting:signal=columns,x=2,target=0", "rival_size": 0.05}
    alone, beside, unsure = (
        law_bound(PEOPLE, PLAN, beside=one)["closed_form"]["critical_mass"]
        for one in (Beside(), Beside(**other), Beside(**other, known="size"))
    )
    assert beside < alone < unsure


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: law_bound("digits", "planting"), "whose law is known, such as finite, got digits"),
        (lambda: law_bound(PEOPLE, "erasing:signal=columns,x=3"), "bounds, got erasing"),
        (lambda: law_bound(PEOPLE, "unplanting:signal=columns,x=3"), "on two labels"),
        (lambda: Beside(rival=PLAN), "a rival together with its size"),
        (lambda: Beside(rival_size=0.1), "a rival together with its size"),
        (
            lambda: law_bound(
                PEOPLE, PLAN, beside=Beside(rival=FEATURES, rival_size=0.1, known="label")
            ),
            "a rival that claims one label, got feature-only",
        ),
        (lambda: Beside(known="all"), "known knowledge of a rival, got 'all'"),
        (lambda: law_bound(PEOPLE, PLAN, beside=Beside(unknown=1.5)), "size=1.5"),
        (lambda: law_bound(PEOPLE, PLAN, alpha=0.9, beside=Beside(unknown=0.5)), "leave room for"),
    ],
)
def test_a_mistake_is_named(call: Any, said: str) -> None:
    with pytest.raises(InputError, match=said.replace(".", r"\.")):
        call()
