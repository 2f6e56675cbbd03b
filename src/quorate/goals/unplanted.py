"""Success of unplanting: people who carry the signal do not get the label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import plant_signal
from quorate.protocols import Classifier, Goal, Signal
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class Unplanted(Goal):
    """Nobody who carries the signal gets the label.

    S(α) = P₀{ f(g(x)) ≠ y* }, over held-out people of every label (Gauthier, Bach, Jordan 2025,
    arXiv:2502.04879).

    Raises:
        InputError: the label is not known, or the signal cannot be planted on these people.
    """

    name: ClassVar[str] = "unplanted"
    target: str | None = param(None, "Label that the signal must not get; by default the last one.")
    signal: Signal = param(
        Patch(), "Signal planted at evaluation; its parameters can be given here.", kind="signals"
    )

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the fraction of held-out people who get another label with the signal on."""
        target = held_out.label(self.target)
        return float((model.predict(plant_signal(self.signal, held_out)) != target).mean())
