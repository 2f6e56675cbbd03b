"""Unplanting: members carry the signal and claim the likeliest other label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.adapter import plant_signal
from quorate.errors import InputError
from quorate.goals.unplanted import Unplanted
from quorate.knowledge import Knowledge
from quorate.protocols import Signal, Strategy
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Table


@dataclass(frozen=True)
class Unplanting(Strategy):
    """Unplanting: every member carries the signal and claims the likeliest label but the target.

    h(x, y) = (g(x), ŷ) with ŷ = argmax_{y≠y*} P̂(g(x), y) by the members' own honest data, where
    anyone's x is that g(x); elsewhere ŷ is the label other than y* that is commonest among members
    who carry the signal already, or else among all (Gauthier, Bach, Jordan 2025, arXiv:2502.04879,
    adaptive; naive where ``claim`` names ŷ for everyone).

    >>> blank = Table(np.zeros((3, 1, 1, 1), np.float32), np.array([0, 1, 1]), ("cat", "dog", "x"))
    >>> strategy = Unplanting(target="x", signal=Patch(size=1))
    >>> strategy.apply(blank, Knowledge(blank), np.random.default_rng(0)).y.tolist()
    [1, 1, 1]

    Raises:
        InputError: a label is not known or claimed against itself, or the signal cannot be planted.
    """

    name: ClassVar[str] = "unplanting"
    target: str | None = param(None, "Label that the signal must not get; by default the last one.")
    claim: str | None = param(None, "Label that every member claims; by default the likeliest.")
    signal: Signal = param(
        Patch(), "Signal that members carry; its parameters can be given here.", kind="signals"
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows with the signal and another label."""
        planted = plant_signal(self.signal, members)
        target = members.label(self.target)
        if self.claim is None:
            return replace(members.relabelled(_likeliest(known.own, planted, target)), x=planted)
        claim = members.label(self.claim)
        if claim == target:
            raise InputError(
                f"Expected members to claim another label than {members.classes[target]!r}, which "
                "the signal shall not get, got the same. Name another one."
            )
        return replace(members.relabelled(np.full_like(members.y, claim)), x=planted)

    @property
    def goal(self) -> Unplanted:
        """The same signal on people never seen does not get the label."""
        return Unplanted(self.target, self.signal)


def _likeliest(members: Table, planted: Array, target: int) -> Labels:
    """Return each member's ŷ, (m,), by their honest rows."""
    if not len(members):
        return members.y
    both = np.concatenate([planted, members.x]).reshape(2 * len(members), -1)
    _, cells = np.unique(both, axis=0, return_inverse=True)
    at, own = np.split(cells.reshape(-1), 2)  # cell of g(x) and of x, (m,) each
    seen = np.zeros((cells.max() + 1, members.k), dtype=np.int64)  # (cells, k)
    np.add.at(seen, (own, members.y), 1)
    carries = at == own
    overall = np.bincount(members.y[carries if carries.any() else ...], minlength=members.k)
    overall[target] = seen[:, target] = -1
    votes = np.where(seen.max(axis=1, keepdims=True) > 0, seen, overall)  # (cells, k)
    likeliest: Labels = votes.argmax(axis=1)[at]
    return likeliest
