"""Success of planting, counted by hand and by a loop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.goals.planted import Planted
from quorate.signals.columns import Columns
from quorate.signals.patch import Patch
from quorate.table import Array, Column, Labels, Table

RNG = np.random.default_rng(0)


@dataclass
class Rule:
    """A model that says yes where income (feature 1) is at least ``threshold`` and age is 2."""

    threshold: float
    record: Mapping[str, Any] = field(default_factory=dict)
    seen: list[Array] = field(default_factory=list)

    def predict(self, x: Array) -> Labels:
        self.seen.append(x.copy())
        return ((x[:, 0] == 2) & (x[:, 1] >= self.threshold)).astype(np.int64)


def people(incomes: list[float]) -> Table:
    """People without age, of both labels in turn."""
    x = np.stack([np.zeros(len(incomes)), incomes], axis=1).astype(np.float32)  # (n, 2)
    y = np.arange(len(incomes)) % 2
    columns = (Column("age", 0, mean=10, scale=2), Column("income", 1))
    return Table(x, y, ("no", "yes"), columns=columns)


def test_success_is_the_share_of_marked_people_who_get_the_target() -> None:
    held_out = people([1, 2, 3, 4])
    model = Rule(threshold=2)
    # With age 14 (stored as 2) the model says no, yes, yes, yes; without it, never yes.
    signal = Columns({"age": 14})
    assert Planted("yes", signal).success(model, held_out, RNG) == 0.75
    assert Planted("no", signal).success(model, held_out, RNG) == 0.25
    assert Planted(None, signal).success(model, held_out, RNG) == 0.75
    assert Planted("yes", Columns({"age": 10})).success(model, held_out, RNG) == 0


def test_everyone_is_marked_whatever_their_label_and_nobody_is_changed() -> None:
    held_out, model = people([1, 2, 3]), Rule(threshold=0)
    Planted("yes", Columns({"age": 14})).success(model, held_out, RNG)
    (seen,) = model.seen
    assert seen.tolist() == [[2, 1], [2, 2], [2, 3]]
    assert held_out.x[:, 0].tolist() == [0, 0, 0]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50), st.integers(0, 10))
def test_success_agrees_with_a_loop(incomes: list[int], threshold: int) -> None:
    won = sum(1 for income in incomes if income >= threshold)
    success = Planted("yes", Columns({"age": 14})).success(
        Rule(threshold), people([float(i) for i in incomes]), RNG
    )
    assert success == won / len(incomes)


def test_what_cannot_be_planted_is_answered() -> None:
    with pytest.raises(InputError, match=r"Expected a known label, got 'Yes'\. Did you mean yes\?"):
        Planted("Yes", Columns({"age": 1})).success(Rule(0), people([1]), RNG)
    with pytest.raises(
        InputError, match="Expected images for the signal 'patch', got a table with"
    ):
        Planted("yes", Patch()).success(Rule(0), people([1]), RNG)
