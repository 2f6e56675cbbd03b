"""What is tried against a model: one line an attack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from quorate.protocols import Signal, Strategy
from quorate.strategies.data_strike import DataStrike
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.strategies.uncoordinated import Uncoordinated

Needs = Literal["planted", "planted-features", "erased", "groups", "nothing"]


@dataclass(frozen=True)
class Aim:
    """What the collectives of an audit are after.

    Args:
        wanted: the label that they want.
        signal: what members plant, where an attack has one: found by the search.
        minority: the group that asks to be treated like the others; "" where there are no groups.
    """

    wanted: str
    signal: Signal | None = None
    minority: str = ""


@dataclass(frozen=True)
class Attack:
    """One line of the battery.

    Args:
        name: what it is called.
        make: the strategy that an aim asks for.
        does: what each member does, in words, after "each".
        gains: what success is a share of, in words.
        needs: whether a signal must be found, and for which purpose, or people must have groups.
        is_control: whether it shows what happens without coordination.
    """

    name: str
    make: Callable[[Aim], Strategy]
    does: str
    gains: str
    needs: Needs = "nothing"
    is_control: bool = False


def _signal(aim: Aim) -> Signal:
    assert aim.signal is not None  # the search has found one
    return aim.signal


def _relabel(aim: Aim) -> Strategy:
    return RBProb(minority=aim.minority, positive=aim.wanted, knowledge="all")


BATTERY: tuple[Attack, ...] = (
    Attack(
        "planting",
        lambda aim: Planting(aim.wanted, _signal(aim)),
        "sets {signal} and claims the label {wanted}",
        "of all who set {signal} get {wanted}",
        "planted",
    ),
    Attack(
        "feature-only planting",
        lambda aim: PlantingFeatures(aim.wanted, _signal(aim)),
        "sets {signal} if their label is {wanted} already, and never lies about a label",
        "of all who set {signal} get {wanted}",
        "planted-features",
    ),
    Attack(
        "erasing",
        lambda aim: Erasing(_signal(aim)),
        "claims the label that people with {signal} would get",
        "of people get the same label with {signal} as without",
        "erased",
    ),
    Attack(
        "a minority relabels",
        _relabel,
        "is of the group {minority}, and claims {wanted} where people of other groups would get it",
        "is how alike the group {minority} and the others are treated (equalised odds)",
        "groups",
    ),
    Attack(
        "data strike",
        lambda aim: DataStrike(aim.wanted),
        "has the label {wanted}, and hands in nothing",
        "of people with the label {wanted} are misread",
    ),
    Attack(
        "random noise (control)",
        lambda aim: Uncoordinated(Planting(aim.wanted, _signal(aim))),
        "changes the same columns and the label as in planting, but by lot",
        "of all who set {signal} get {wanted}",
        "planted",
        is_control=True,
    ),
)
NOT_TRIED = (
    "Attacks optimised against this very model, row by row (poisons by gradients): they may "
    "need fewer people.",
    "Made-up people: each member has one row and changes it once.",
    "Several collectives at once, and members who err or drop out (quorate scenario collectives).",
    "Changes at test time, after training (quorate correct).",
    "Members who rehearse against a copy of the model (quorate plan --rehearsed).",
)
