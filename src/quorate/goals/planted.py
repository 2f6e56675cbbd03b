"""Success of planting: people who carry the signal get the target label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import plant_signal
from quorate.protocols import Classifier, Goal, Signal
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class Planted(Goal):
    """Everyone who carries the signal gets the target label.

    S(α) = P₀{ f(g(x)) = y* }, over held-out people of every label, those with y = y* included
    (Hardt, Mazumdar, Mendler-Dünner, Zrnic 2023, arXiv:2302.04262).

    Raises:
        InputError: the target is not a label, or the signal cannot be planted on these people.
    """

    name: ClassVar[str] = "planted"
    target: str | None = param(None, "Label that the signal must get; by default the last one.")
    signal: Signal = param(
        Patch(), "Signal planted at evaluation; its parameters can be given here.", kind="signals"
    )

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the fraction of held-out people who get the target once they carry the signal."""
        target = held_out.label(self.target)
        return float((model.predict(plant_signal(self.signal, held_out)) == target).mean())
