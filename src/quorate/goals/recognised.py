"""Success of being classified correctly, for people who change their rows at test time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import apply_strategy
from quorate.knowledge import Knowledge
from quorate.protocols import Classifier, Goal, Strategy
from quorate.spec import param
from quorate.table import Labels, Rng, Table


@dataclass(frozen=True)
class GoalOfChangedRows(Goal):
    """Base of goals about people who change their rows before they are read."""

    changed: Strategy | None = param(
        None,
        "Strategy that changes the rows before they are read; by default none.",
        kind="strategies",
    )

    def answers(self, model: Classifier, held_out: Table, rng: Rng) -> Labels:
        """Return what the platform says of people once they have changed their rows, (n,)."""
        if self.changed is None:
            return model.predict(held_out.x)
        changed = apply_strategy(self.changed, held_out, Knowledge(held_out), rng)
        return model.predict(changed.x)


@dataclass(frozen=True)
class Recognised(GoalOfChangedRows):
    """People who change their rows before they are read are classified correctly.

    S(α) = P₀{ f(h(x)) = y }, over held-out people of every label, with h what the strategy does to
    their features; without one it is the accuracy on honest rows. In security a change at test time
    is evasion; here it serves those who make it. Source: ours.

    Raises:
        InputError: as the strategy.
    """

    name: ClassVar[str] = "recognised"

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the fraction of held-out people whose label is said rightly."""
        return float((self.answers(model, held_out, rng) == held_out.y).mean())
