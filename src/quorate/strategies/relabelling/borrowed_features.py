"""Members hand in the features of favoured people of the majority."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.spec import param
from quorate.strategies.relabelling.knowledge import Known, flat
from quorate.strategies.relabelling.minority_strategy import claiming
from quorate.strategies.relabelling.rb_dist import RBDist
from quorate.table import Mask, Rng, Table


@dataclass(frozen=True, kw_only=True)
class BorrowedFeatures(RBDist):
    """The members closest to favoured people of the majority hand in their features and label.

    Each of the M takes on the features of the nearest known person of the majority who has the
    favourable label, and claims it. Columns in which the known majority is all alike, such as the
    group's, stay their own; ``columns`` names the only ones that can be changed. Ours.

    Raises:
        InputError: as ``rb-dist``, or there is no such column.
    """

    name: ClassVar[str] = "borrowed-features"
    columns: str | None = param(None, "columns that can be changed, joined by +; by default all")

    def act(self, known: Known, rng: Rng) -> Table:
        """Return the members' rows, those of M of them borrowed."""
        who = self.chosen(known, rng)
        favoured = known.majority.take(known.majority.y == 1)
        if not len(favoured):
            return claiming(known.members, who)
        _, nearest = known.neighbours(favoured, 1)
        models = nearest[np.searchsorted(known.negatives, who), 0]
        mutable = known.varying & self._named(known.members)  # (d,)
        x = flat(known.members.x).copy()  # (m, d)
        x[np.ix_(who, mutable)] = flat(favoured.x)[models][:, mutable]
        changed = replace(known.members, x=x.reshape(known.members.x.shape))
        return claiming(changed, who)

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
