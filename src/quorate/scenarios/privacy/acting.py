"""What members hand in, by what they can know: the rows of their own collective."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quorate.protocols import Learner
from quorate.scenarios.privacy.information import most_informative, named
from quorate.scenarios.privacy.people import People
from quorate.strategies.attribute.drawing import Floats
from quorate.strategies.attribute.listing import Way
from quorate.table import Array, Column, Rng, Submission

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Agreement:
    """What a collective has agreed on.

    Args:
        way: what they do.
        known: whose honest rows they know: the members'.
        columns: which are changed; the same for everybody.
        alpha: fraction of the platform's people who act.
        learner: what a model of the platform is imitated with.
    """

    way: Way
    known: People
    columns: tuple[Column, ...]
    alpha: float
    learner: Learner

    def rows_of(self, people: People, rng: Rng) -> Array:
        """Return the rows that people of the collective who do not state it hand in, (n, d)."""
        if self.way.features is None:
            return people.table.x
        return self.way.features(people.table.x, self.known.table.x, self.columns, rng)

    def submitted(self, rng: Rng) -> People:
        """Return what members who state the attribute hand in: their rows, and what they claim.

        A claim rests on what a model of four fifths of the members says of the row, the claimant
        not among them: nobody's claim depends on their own attribute but through the row.
        """
        members = self.known
        x = members.table.x if self.way.divided else self.rows_of(members, rng)
        handed_in = replace(members, table=replace(members.table, x=x))
        if self.way.claim is None:
            return handed_in
        k = len(members.values)
        counts = np.bincount(members.attribute, minlength=k)
        base = (counts + 1) / (len(members) + k)  # (k,): a value that no member has can occur
        posterior = _posterior(members, x, self.learner, rng)
        claimed = self.way.claim(posterior, base, self.alpha, rng)
        return replace(handed_in, attribute=claimed)


def agree(
    way: Way,
    known: People,
    columns: tuple[str, ...],
    how_many: int,
    alpha: float,
    learner: Learner,
) -> Agreement:
    """Return what people who know ``known`` agree on; without names, the most telling columns.

    Raises:
        InputError: there is no such column, or there are fewer than ``how_many``.
    """
    if way.features is None:
        return Agreement(way, known, (), alpha, learner)
    names = columns or most_informative(known, how_many)
    return Agreement(way, known, named(known, names), alpha, learner)


def _posterior(members: People, x: Array, learner: Learner, rng: Rng) -> Floats:
    """Return q̂(x) of each member's handed-in row, (m, k), by the other members' honest rows."""
    k = len(members.values)
    fold = rng.permutation(len(members)) % FOLDS  # (m,)
    found = np.full((len(members), k), 1 / k)  # (m, k)
    for number in range(FOLDS):
        mine, others = fold == number, members.take(fold != number)
        present = np.unique(others.attribute)
        if len(present) > 1 and mine.any():
            model = learner.fit(Submission.without_collective(others.to_infer()), rng)
            found[mine] = model.probabilities(x[mine])  # type: ignore[attr-defined]
        elif len(present) == 1:
            found[mine] = np.eye(k)[present[0]]
    return found
