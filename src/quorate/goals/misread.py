"""Success of a data strike: the platform misreads people of a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.errors import InputError
from quorate.protocols import Classifier, Goal
from quorate.spec import param
from quorate.table import Rng, Table


@dataclass(frozen=True)
class Misread(Goal):
    """The platform misclassifies people of one label, or anyone: what a data strike costs it.

    S(α) = P₀{ f(x) ≠ y | y = y* }, over held-out people: one minus the recall of y*; without a
    label, one minus the accuracy. Source: ours; data strikes are measured by what the platform
    loses in Vincent, Hecht, Sen 2019, doi:10.1145/3308558.3313742.

    Raises:
        InputError: there is no such label, or no held-out person has it.
    """

    name: ClassVar[str] = "misread"
    label: str | None = param(None, "Label of those who are misread; by default everyone's.")

    def success(self, model: Classifier, held_out: Table, rng: Rng) -> float:
        """Return the fraction of held-out people of the label whose label is said wrongly."""
        people = held_out
        if self.label is not None:
            people = held_out.take(held_out.y == held_out.label(self.label))
            if not len(people):
                raise InputError(
                    f"Expected held-out people with the label {self.label!r}, got none. Hold out "
                    "more people."
                )
        return float((model.predict(people.x) != people.y).mean())
