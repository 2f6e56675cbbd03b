"""Members hand in the features of favoured people of the majority."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.spec import param
from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge, flat
from quorate.strategies.relabelling.minority_strategy import TopFlipsByNeighbours
from quorate.table import Array, Labels, Mask, Rng, Table


@dataclass(frozen=True, kw_only=True)
class BorrowedFeatures(TopFlipsByNeighbours):
    """Borrowing: members hand in features and label of the nearest favoured of the majority.

    Each of the M takes on the features of the nearest known person of the majority who has the
    favourable label, and claims it; who acts is chosen as in ``rb-dist``. Columns in which the
    known majority is all alike, such as the group's, stay their own; ``columns`` names the only
    ones that can be changed. Ours.

    Raises:
        InputError: as ``rb-dist``, or there is no such column.
    """

    name: ClassVar[str] = "borrowed-features"
    columns: str | None = param(None, "Columns that can be changed, joined by +; by default all.")

    def scores(self, known: MinorityKnowledge, rng: Rng) -> Floats:
        """Return minus the mean distance of each member with the unfavourable label."""
        return known.closeness(self.k)

    def features(self, members: Table, known: MinorityKnowledge, who: Labels) -> Array:
        """Return the members' features, those of the members in ``who`` borrowed."""
        favoured = known.favoured
        if not len(favoured):
            return members.x
        _, nearest = known.neighbours(favoured, 1)
        models = nearest[np.searchsorted(known.negatives, who), 0]
        mutable = known.varying & self._named(members)  # (d,)
        x = flat(members.x).copy()  # (m, d)
        x[np.ix_(who, mutable)] = flat(favoured.x)[models][:, mutable]
        return x.reshape(members.x.shape)

    def _named(self, people: Table) -> Mask:
        """Return which features are of the named columns, (d,)."""
        d = flat(people.x).shape[1]
        if self.columns is None:
            return np.ones(d, dtype=bool)
        if not people.columns:
            raise InputError(
                f"Expected a table with columns to change {self.columns}, got images. Leave "
                "columns out to change every pixel."
            )
        found = np.zeros(d, dtype=bool)
        for name in self.columns.split("+"):
            column = people.column(name)
            found[column.start : column.stop] = True
        return found
