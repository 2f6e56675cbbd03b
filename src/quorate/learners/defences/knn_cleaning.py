"""Data sanitisation by nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from quorate.errors import InputError
from quorate.learners.base.cleaning_learner import Cleaned, CleaningLearner, shares
from quorate.spec import param
from quorate.table import Labels, Rng, Submission, Table
from quorate.validate import at_least


@dataclass(frozen=True)
class KNNCleaning(CleaningLearner):
    """Data sanitisation: drops or relabels people whose label their neighbours outvote.

    A person's k nearest others each vote for their own label. Anyone without a label of most votes
    is dropped (Wilson 1972; on a network's features Peri et al. 2020, arXiv:1909.13374) or given
    it, the first of equals. Distance is Euclidean in the features as they come: numbers of a table
    standardised, pixels in [0, 1]. Time grows with the square of the number of people.

    Raises:
        InputError: a parameter is out of range, or there are too few people.
    """

    name: ClassVar[str] = "knn-cleaning"
    neighbours: int = param(5, "Number of neighbours k, fewer than there are people.", shown=True)
    action: Literal["drop", "relabel"] = param("drop", "What happens to anyone outvoted.")

    def __post_init__(self) -> None:
        at_least("neighbours", self.neighbours, 1, "Ask at least one neighbour.")

    def check(self, people: Table) -> None:
        """Raise InputError if there are too few people, or too few for the learner."""
        super().check(people)
        if self.neighbours >= len(people):
            raise InputError(
                f"Expected more people than neighbours={self.neighbours}, got {len(people)}. Ask "
                "fewer neighbours."
            )

    def clean(self, data: Submission, rng: Rng) -> Cleaned:
        """Return the data without outvoted labels, and the shares concerned."""
        people = data.mixed()
        voted = self.voted(people)
        outvoted = voted != people.y  # (n,)
        if self.action == "drop":
            return self.keep(data, ~outvoted)
        honest = data.honest.relabelled(np.where(data.member, data.honest.y, voted))
        changed = data.changed.relabelled(voted[data.member])
        facts = shares("relabelled", outvoted, data.member)
        return Submission(honest, changed, data.member), facts

    def voted(self, people: Table) -> Labels:
        """Return the label with the most votes for each person, (n,); of equals, their own."""
        from sklearn.neighbors import NearestNeighbors

        x = people.x.reshape(len(people), -1)
        search = NearestNeighbors(n_neighbors=self.neighbours).fit(x)
        nearest = search.kneighbors(return_distance=False)  # (n, neighbours): others only
        votes = np.stack([(people.y[nearest] == y).sum(axis=1) for y in range(people.k)], axis=1)
        own = votes[np.arange(len(people)), people.y]
        return np.where(own == votes.max(axis=1), people.y, votes.argmax(axis=1))
