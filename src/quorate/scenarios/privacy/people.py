"""People whose sensitive attribute is kept apart from what the platform infers it from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.populations.attribute_labels import label_by_attribute
from quorate.table import Mask, Split, Table


@dataclass(frozen=True, eq=False)
class People:
    """n people as a platform reads them, and as it serves them: the same rows, with two labels.

    Args:
        read: the attribute is the label; it is no column.
        served: the label is what the platform is useful for.
    """

    read: Table
    served: Table

    def __len__(self) -> int:
        return len(self.read)

    def take(self, rows: npt.NDArray[np.integer] | Mask) -> People:
        """Return the people in ``rows``."""
        return People(self.read.take(rows), self.served.take(rows))

    def handing_in(self, changed: Table) -> People:
        """Return the same people with the rows and the attribute that they hand in."""
        return People(changed, replace(self.served, x=changed.x))


def set_apart(split: Split, attribute: str, value: str | None) -> tuple[People, People]:
    """Return the people to learn from and those held out, with the attribute set apart.

    Raises:
        InputError: as ``label_by_attribute``.
    """
    read = label_by_attribute(split, attribute, value)
    return (
        People(read.train, _served(read.train, split.train)),
        People(read.held_out, _served(read.held_out, split.held_out)),
    )


def _served(read: Table, people: Table) -> Table:
    return replace(read, y=people.y, classes=people.classes)


def check_groups(held_out: Table, margin: float, seeds: int) -> None:
    """Raise unless enough people have every value, their label, to tell an advantage from none.

    The rate at which a value is recognised is known to ± ``margin`` with (z/(2·margin))² people,
    z = 1.96 of a 95% interval, over all seeds together.

    Raises:
        InputError: there are fewer; the message says how many are needed.
    """
    needed = math.ceil((1.96 / (2 * margin)) ** 2 / seeds)
    counts = np.bincount(held_out.y, minlength=held_out.k)
    rarest = int(counts.argmin())
    if counts[rarest] < needed:
        raise InputError(
            f"Expected at least {needed} people held out of every value of the attribute, to "
            f"measure to ±{margin:g} over {seeds} seeds, got {counts[rarest]} of "
            f"{held_out.classes[rarest]!r}. Hold out more people, use more seeds, or tell one "
            "value from the others: value=NAME."
        )
