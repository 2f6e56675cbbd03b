"""Feature-only planting: members who have the target label carry the signal, no label changes."""

import numpy as np
import pytest
from acting import act
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.goals.planted import Planted
from quorate.signals.columns import Columns
from quorate.signals.patch import Patch
from quorate.strategies.planting_features import PlantingFeatures
from quorate.table import Column, Table


def test_only_those_with_the_target_label_carry_the_signal() -> None:
    x = np.arange(12, dtype=np.float32).reshape(3, 1, 2, 2) / 16
    honest = Table(x, np.array([0, 1, 1]), ("cat", "dog"), np.array([0, 0, 1]), ("n", "s"))
    acted = act(PlantingFeatures("dog", Patch(size=1, place="1x0")), honest)
    assert (acted.x * 16).tolist() == [
        [[[0, 1], [2, 3]]],
        [[[4, 5], [16, 7]]],
        [[[8, 9], [16, 11]]],
    ]
    assert acted.y.tolist() == [0, 1, 1]
    assert acted.group is honest.group
    assert honest.x.max() < 1


@given(st.lists(st.integers(0, 2), max_size=20), st.none() | st.sampled_from(["a", "b", "c"]))
def test_it_agrees_with_a_loop_over_members(labels: list[int], target: str | None) -> None:
    m = len(labels)
    x = np.random.default_rng(m).random((m, 2), dtype=np.float32)
    columns = (Column("age", 0, mean=10, scale=2), Column("income", 1))
    members = Table(x, np.array(labels, dtype=np.int64), ("a", "b", "c"), columns=columns)
    acted = act(PlantingFeatures(target, Columns({"age": 14})), members)
    wanted = 2 if target is None else "abc".index(target)
    # (14 - 10) / 2 = 2
    expected = [
        [2.0 if y == wanted else age, income]
        for y, (age, income) in zip(labels, x.tolist(), strict=True)
    ]
    assert acted.x.tolist() == expected
    assert acted.y.tolist() == labels
    assert acted.x.dtype == np.float32


def test_it_is_judged_by_its_own_signal_and_target() -> None:
    assert PlantingFeatures("dog", Patch(size=2)).goal == Planted("dog", Patch(size=2))


def test_what_cannot_be_planted_is_answered() -> None:
    blank = Table(np.zeros((1, 1, 2, 2), np.float32), np.array([0]), ("cat", "dog"))
    with pytest.raises(
        InputError, match=r"Expected a known label, got 'dogg'\. Did you mean dog\?"
    ):
        act(PlantingFeatures("dogg", Patch(size=1)), blank)
    with pytest.raises(InputError, match="Expected a patch inside the 2x2 image, got size=3"):
        act(PlantingFeatures("dog"), blank)
