"""Planting by features only: members keep their label and carry the signal where it fits."""

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
class PlantingFeatures(Strategy):
    """Feature-only planting: members who already have the target label carry the signal.

    h(x, y) = (g(x), y*) if y = y*, else (x, y): labels are never changed
    (Hardt, Mazumdar, Mendler-Dünner, Zrnic 2023, arXiv:2302.04262). In security this is a
    clean-label backdoor.

    >>> blank = Table(np.zeros((2, 1, 1, 1), np.float32), np.array([0, 1]), ("cat", "dog"))
    >>> strategy = PlantingFeatures(target="dog", signal=Patch(size=1))
    >>> acted = strategy.apply(blank, Knowledge(blank), np.random.default_rng(0))
    >>> acted.x.ravel().tolist(), acted.y.tolist()
    ([0.0, 1.0], [0, 1])

    Raises:
        InputError: the target is not a label, or the signal cannot be planted on these people.
    """

    name: ClassVar[str] = "planting-features"
    target: str | None = param(None, "Label of the members who act; by default the last one.")
    signal: Signal = param(
        Patch(), "Signal that they carry; its parameters can be given here.", kind="signals"
    )

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows, with the signal on those who have the target label."""
        has_target = members.y == members.label(self.target)  # (m,)
        wide = has_target.reshape(-1, *[1] * (members.x.ndim - 1))
        return replace(members, x=np.where(wide, plant_signal(self.signal, members), members.x))

    @property
    def goal(self) -> Planted:
        """The same signal on people never seen gets the same target."""
        return Planted(self.target, self.signal)
