"""Feature-label planting: every member carries the signal and claims the target label."""

import numpy as np
import pytest
from acting import act
from hypothesis import given
from hypothesis import strategies as st

from quorate.errors import InputError
from quorate.goals.planted import Planted
from quorate.signals.columns import Columns
from quorate.signals.patch import Patch
from quorate.strategies.planting import Planting
from quorate.table import Table


def people() -> Table:
    """A cat, a dog and an owl of two by two pixels, from two places."""
    x = np.arange(12, dtype=np.float32).reshape(3, 1, 2, 2) / 16
    return Table(x, np.array([0, 1, 2]), ("cat", "dog", "owl"), np.array([0, 1, 1]), ("n", "s"))


def test_members_carry_the_signal_and_claim_the_target() -> None:
    honest = people()
    acted = act(Planting(target="dog", signal=Patch(size=1, place="0x1")), honest)
    assert (acted.x * 16).tolist() == [
        [[[0, 16], [2, 3]]],
        [[[4, 16], [6, 7]]],
        [[[8, 16], [10, 11]]],
    ]
    assert acted.y.tolist() == [1, 1, 1]
    assert acted.group is honest.group
    assert acted.classes == honest.classes
    assert honest.y.tolist() == [0, 1, 2]
    assert honest.x.max() < 1


def test_the_last_label_is_claimed_by_default() -> None:
    assert act(Planting(signal=Patch(size=1)), people()).y.tolist() == [2, 2, 2]


@given(st.integers(0, 6), st.sampled_from(["cat", "dog", "owl"]), st.integers(1, 2))
def test_it_is_the_signal_and_the_target_for_every_member(m: int, target: str, size: int) -> None:
    members = people().take(np.arange(m) % 3)
    signal = Patch(size=size)
    acted = act(Planting(target, signal), members)
    assert len(acted) == m
    assert acted.x.tolist() == signal.plant(members).tolist()
    assert [acted.classes[y] for y in acted.y] == [target] * m


def test_it_is_judged_by_its_own_signal_and_target() -> None:
    signal = Columns({"age": 3})
    assert Planting("dog", signal).goal == Planted("dog", signal)
    assert Planting().goal == Planted(None, Patch())


def test_what_cannot_be_planted_is_answered() -> None:
    with pytest.raises(
        InputError, match=r"Expected a known label, got 'dogg'\. Did you mean dog\?"
    ):
        act(Planting("dogg", Patch(size=1)), people())
    with pytest.raises(InputError, match="Expected a patch inside the 2x2 image, got size=3"):
        act(Planting("dog"), people())
