"""Planting with the label: members carry the signal and claim the target label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.adapter import plant_signal
from quorate.goals.planted import Planted
from quorate.knowledge import Knowledge
from quorate.protocols import Signal, Strategy
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class Planting(Strategy):
    """Feature-label planting: every member carries the signal and claims the target label.

    h(x, y) = (g(x), y*) (Hardt, Mazumdar, Mendler-Dünner, Zrnic 2023, arXiv:2302.04262). In
    security this is a backdoor attack, the signal its trigger and α the poisoning rate.

    >>> blank = Table(np.zeros((1, 1, 2, 2), np.float32), np.array([0]), ("cat", "dog"))
    >>> strategy = Planting(target="dog", signal=Patch(size=1))
    >>> acted = strategy.apply(blank, Knowledge(blank), np.random.default_rng(0))
    >>> acted.x[0, 0].tolist(), acted.y.tolist()
    ([[0.0, 0.0], [0.0, 1.0]], [1])

    Raises:
        InputError: the target is not a label, or the signal cannot be planted on these people.
    """

    name: ClassVar[str] = "planting"
    target: str | None = param(None, "Label that every member claims; by default the last one.")
    signal: Signal = param(
        Patch(), "Signal that members carry; its parameters can be given here.", kind="signals"
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows with the signal and the target label."""
        y = np.full_like(members.y, members.label(self.target))  # (m,)
        return replace(members.relabelled(y), x=plant_signal(self.signal, members))

    @property
    def goal(self) -> Planted:
        """The same signal on people never seen gets the same target."""
        return Planted(self.target, self.signal)
