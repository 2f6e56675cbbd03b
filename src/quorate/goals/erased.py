"""Success of erasing: the signal makes no difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import plant_signal
from quorate.protocols import Classifier, Goal, Signal
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class Erased(Goal):
    """The signal makes no difference to anyone's label.

    S(α) = P₀{ f(g(x)) = f(x) }, over held-out people of every label (Hardt, Mazumdar,
    Mendler-Dünner, Zrnic 2023, arXiv:2302.04262).

    Raises:
        InputError: the signal cannot be planted on these people.
    """

    name: ClassVar[str] = "erased"
    signal: Signal = param(
        Patch(), "Signal planted at evaluation; its parameters can be given here.", kind="signals"
    )

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the fraction of held-out people whose label the signal does not change."""
        with_signal = model.predict(plant_signal(self.signal, held_out))
        return float((with_signal == model.predict(held_out.x)).mean())
