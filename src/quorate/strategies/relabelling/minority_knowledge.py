"""What a collective of the minority knows: its members' own rows, and some people of the majority.

Shape letters: m members, k known people of the majority, d features.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.table import Labels, Mask, Rng, Table

Floats = npt.NDArray[np.float64]
LABELS = ("unfavourable", "favourable")


@dataclass(frozen=True, eq=False)
class MinorityKnowledge:
    """What members know, in the terms of those who are compared.

    Args:
        members: their honest rows, m people; label 1 is the favourable one.
        majority: k people of the majority whose rows are known; likewise.
        minority_size, majority_size: how many people of each the platform learns from.
    """

    members: Table
    majority: Table
    minority_size: int
    majority_size: int

    @classmethod
    def of(cls, known: Knowledge, compared: ComparedGroups) -> MinorityKnowledge:
        """Return what is known where these groups are compared.

        Raises:
            InputError: nobody of the majority is known, or a group or the label is not there.
        """
        own, others = known.own, known.others
        minority, majority = compared.groups_of(own.groups)
        if others is not None and others.group is not None:
            others = others.take(majority[others.group])
        if not others:
            raise InputError(
                "Expected to know people of the majority, got nobody. Let members know 10 of them, "
                "by knowledge=10, or all."
            )
        sizes = np.array(known.group_sizes)  # (groups,)
        counts = int(sizes[minority].sum()), int(sizes[majority].sum())
        own, others = (_favoured(people, compared.positive) for people in (own, others))
        return cls(own, others, *counts)

    @property
    def negatives(self) -> Labels:
        """Which members have the unfavourable label: the rows that may be changed."""
        return np.flatnonzero(self.members.y == 0)

    @functools.cached_property
    def varying(self) -> Mask:
        """Which features differ among the known majority, (d,).

        The others, such as its own column of the group, tell its people apart in no way, and are
        left out of every comparison with it.
        """
        rows = flat(self.majority.x)
        return np.asarray((rows != rows[0]).any(axis=0))

    def features(self, people: Table) -> Floats:
        """Return people's features that differ among the known majority, (n, ≤ d)."""
        return flat(people.x)[:, self.varying].astype(np.float64)

    @functools.cached_property
    def majority_view(self) -> Floats:
        """How probably f_maj gives each member the favourable label, (m,).

        f_maj is logistic regression (L2, C = 1) on the known majority; where all of them have one
        label, that label is all it knows.
        """
        y = self.majority.y
        if (y == y[0]).all():
            return np.full(len(self.members), float(y[0]))
        from sklearn.linear_model import LogisticRegression

        fitted = LogisticRegression(max_iter=1000).fit(self.features(self.majority), y)
        return np.asarray(fitted.predict_proba(self.features(self.members))[:, 1])

    def flips(self, share: float | None) -> int:
        """Return M, how many members' labels are changed: no more than have the unfavourable one.

        Args:
            share: M as a fraction of the minority; None for as many of the minority as f_maj would
                give the favourable label against their own, by the members it would give it to.
        """
        negatives = self.negatives
        if share is None:
            share = float((self.majority_view[negatives] > 0.5).sum()) / max(1, len(self.members))
        return min(len(negatives), round(share * self.minority_size))

    def neighbours(self, among: Table, k: int) -> tuple[Floats, Labels]:
        """Return the distances to the k nearest of ``among`` of each member who may change, and
        who they are, nearest first, (|negatives|, k) each. Euclidean, in the features that vary.

        Raises:
            InputError: k is more than there are.
        """
        from sklearn.neighbors import NearestNeighbors

        check_neighbours(k, len(among))
        rows = self.features(self.members.take(self.negatives))
        if not len(rows) or not self.varying.any():  # all are alike: one is as near as another
            return np.zeros((len(rows), k)), np.tile(np.arange(k), (len(rows), 1))
        found: Any = NearestNeighbors(n_neighbors=k).fit(self.features(among)).kneighbors(rows)
        return np.asarray(found[0]), np.asarray(found[1])

    @property
    def favoured(self) -> Table:
        """The known people of the majority who have the favourable label."""
        return self.majority.take(self.majority.y == 1)

    def closeness(self, k: int) -> Floats:
        """Return minus the mean distance of each member who may change to the k nearest favoured
        people, (|negatives|,); to all of them where they are fewer, and 0 where there is nobody.
        """
        favoured = self.favoured
        if not len(favoured):
            return np.zeros(len(self.negatives))
        distances, _ = self.neighbours(favoured, min(k, len(favoured)))
        return np.asarray(-distances.mean(axis=1))


def _favoured(people: Table, positive: str) -> Table:
    """Return the same people with label 1 where they have the favourable label, else 0."""
    y = (people.y == people.label(positive)).astype(np.int64)
    return replace(people, y=y, classes=LABELS, groups_by_label=False)


def check_neighbours(k: int, known: int) -> None:
    """Raise InputError where k neighbours are asked for among fewer known people."""
    if k > known:
        raise InputError(
            f"Expected k={k} to be at most the {known} known people of the majority. Use a smaller "
            "k, or more knowledge."
        )


def flat(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return one row of features a person, (n, d)."""
    return x.reshape(len(x), -1)


def top(scores: Floats, count: int, rng: Rng) -> Labels:
    """Return the places of the ``count`` highest scores; among equal ones chance decides.

    >>> sorted(top(np.array([0.1, 0.9, 0.5]), 2, np.random.default_rng(0)).tolist())
    [1, 2]
    """
    order = rng.permutation(len(scores))
    return order[np.argsort(-scores[order], kind="stable")][:count]
