"""ξ and Δ of a signal: of a finite law by brute force, and estimated from people."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import binom

from quorate.law import FiniteLaw
from quorate.protocols import Signal
from quorate.signals.columns import Columns
from quorate.table import Array, Column, Table
from quorate.theory.planting import estimate_signal, planting_bound

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SetFirst(Signal):
    """Sets feature 0 to 1: enough of a signal for rows without named columns."""

    name: ClassVar[str] = "set-first"

    def plant(self, people: Table) -> Array:
        x = people.x.copy()
        x[:, 0] = 1
        return x


def random_law(rng: np.random.Generator) -> FiniteLaw:
    """Return a law over distinct rows of zeros and ones, some of them impossible."""
    d, k = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    rows = np.array(list(itertools.product((0, 1), repeat=d)), dtype=np.float32)
    rows = rows[rng.random(len(rows)) < 0.8]
    if not len(rows):
        rows = np.zeros((1, d), dtype=np.float32)
    mass = rng.dirichlet(np.full(len(rows) * k, 0.5)).reshape(len(rows), k)
    mass[rng.random(len(rows)) < 0.2] = 0
    if mass.sum() == 0:
        mass[:] = 1
    names = tuple(f"label {y}" for y in range(k))
    points = Table(rows, np.zeros(len(rows), dtype=np.int64), names)
    return FiniteLaw(points, mass / mass.sum())


def naive_signal_law(law: FiniteLaw, target: str) -> tuple[float, float]:
    """Return ξ and Δ, one row and one label at a time."""
    xi, delta = 0.0, 0.0
    y_star = law.points.classes.index(target)
    for row, joint in zip(law.points.x, law.mass, strict=True):
        if row[0] != 1:  # the rows with a 1 in front are the image of the signal
            continue
        of_x = sum(joint)
        xi += of_x
        if of_x > 0:
            rivals = [p / of_x for y, p in enumerate(joint) if y != y_star]
            delta = max(delta, max(rivals) - joint[y_star] / of_x)
    return xi, delta


def test_signal_law_of_a_finite_law_against_brute_force() -> None:
    rng = np.random.default_rng(11)
    gaps = 0
    for _ in range(2000):
        law = random_law(rng)
        target = str(rng.choice(law.points.classes))
        found = estimate_signal(law.points, law, SetFirst(), target)
        xi, delta = naive_signal_law(law, target)
        # Sums of at most 32 probabilities, in another order: a few 2^-53 each.
        assert found.xi == pytest.approx(xi, abs=1e-14)
        assert found.delta == pytest.approx(delta, abs=1e-13)
        assert found.exact
        gaps += 0 < delta < 1
    assert gaps > 500  # most laws put the difference to work


def test_signal_law_by_hand() -> None:
    rows = np.array([[0, 0], [1, 0], [1, 1]], dtype=np.float32)
    points = Table(rows, np.zeros(3, dtype=np.int64), ("no", "yes"))
    law = FiniteLaw(points, np.array([[0.5, 0.1], [0.15, 0.05], [0.08, 0.12]]))
    found = estimate_signal(points, law, SetFirst(), "yes")
    # X*: the second and third row, .2 each; P(no|x) − P(yes|x) is .75 − .25 and .4 − .6.
    assert found.xi == pytest.approx(0.4, abs=1e-15)  # rounding of a sum of four
    assert found.delta == pytest.approx(0.5, abs=1e-15)
    assert estimate_signal(points, law, SetFirst(), "no").delta == pytest.approx(0.2, abs=1e-15)
    assert estimate_signal(points, law, SetFirst(), None).delta == found.delta  # the last label


def test_signal_law_estimated_from_people() -> None:
    """Without a law ξ is the largest that the count of carriers leaves plausible, and Δ is 1."""
    rng = np.random.default_rng(12)
    columns = (Column("channel", 0, ("phone", "web")), Column("age", 2, mean=40, scale=10))
    for _ in range(300):
        n = int(rng.integers(1, 40))
        web = rng.integers(0, 2, n)
        age = rng.choice([20, 30, 60], n)
        x = np.column_stack([1 - web, web, (age - 40) / 10]).astype(np.float32)
        people = Table(x, rng.integers(0, 2, n), ("no", "yes"), columns=columns)
        found = estimate_signal(people, None, Columns({"channel": "web", "age": 30}), "yes")
        carriers = sum(bool(w) and a == 30 for w, a in zip(web, age, strict=True))
        # the defining property: so few carriers would come once in twenty
        assert carriers == n or binom.cdf(carriers, n, found.xi) == pytest.approx(0.05, rel=1e-6)
        assert carriers < n or found.xi == 1
        assert found.delta == 1
        assert not found.exact


def test_a_signal_that_no_one_can_carry_promises_everything() -> None:
    points = Table(np.zeros((1, 1), np.float32), np.array([0]), ("no", "yes"))
    found = estimate_signal(points, FiniteLaw(points, np.array([[0.7, 0.3]])), SetFirst(), "yes")
    assert (found.xi, found.delta, found.exact) == (0.0, 0.0, True)
    assert planting_bound(1e-6, found.xi, found.delta) == 1
