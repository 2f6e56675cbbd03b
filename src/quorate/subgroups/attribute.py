"""A subgroup of people who share one attribute."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.protocols import Subgroup
from quorate.spec import param
from quorate.table import Labels, Mask, Rng, Table
from quorate.validate import find_value, in_interval


@dataclass(frozen=True)
class Attribute(Subgroup):
    """People of one group of the population, such as one race of FairFace: attribute:value=Black.

    Where a share is asked for, as few people as possible are left out, at random, from the side
    that is too large.

    >>> people = Table(np.zeros((4, 1), np.float32), np.zeros(4, np.int64), ("no",),
    ...                np.array([0, 1, 0, 0]), ("a", "b"))
    >>> drawn = Attribute("b").draw(people, 0.5, np.random.default_rng(0))
    >>> drawn.groups, sorted(drawn.group.tolist())
    (('others', 'b'), [0, 1])

    Raises:
        InputError: people have no groups, no group has that name, or nobody can be drawn.
    """

    name: ClassVar[str] = "attribute"
    value: str = param(help="Name of the group.")

    @property
    def label(self) -> str:
        """The name of the group."""
        return self.value

    def draw(self, people: Table, share: float | None, rng: Rng) -> Table:
        """Return everyone, or as many as can be so that round(share·n) of these n belong."""
        belongs = self._members(people)
        if not belongs.any() and share != 0:
            raise _nobody(f"of group {self.value!r}", len(people), "or name another group")
        rows = np.arange(len(people)) if share is None else _rows(belongs, share, rng)
        drawn = people.take(rows)
        group = belongs[rows].astype(np.int64)
        groups = ("others", self.label)
        return replace(drawn, group=group, groups=groups, groups_by_label=False)

    def _members(self, people: Table) -> Mask:
        """Return who is of the group, (n,)."""
        if people.group is None:
            raise InputError(
                f"Expected people with groups for the subgroup attribute:value={self.value}, got "
                "none. Choose a population with groups, such as fairface, or name their column: "
                "group=COLUMN."
            )
        members: Mask = people.group == find_value("group", self.value, people.groups)
        return members


def _rows(belongs: Mask, share: float, rng: Rng) -> Labels:
    """Return the rows to keep, in order: all of one side, and part of the other."""
    in_interval("share", share, 0, 1, "To draw the subgroup alone, use share=1.")
    inside, outside = np.flatnonzero(belongs), np.flatnonzero(~belongs)
    a, b = len(inside), len(outside)
    if share < 1 and not b:
        raise _nobody("of any other group", len(belongs), "or use share=1")
    if share > 0 and a * (1 - share) <= b * share:  # the subgroup is what limits
        outside = _some(outside, round(a * (1 - share) / share), rng)
    else:
        inside = _some(inside, round(b * share / (1 - share)), rng)
    return np.sort(np.concatenate([inside, outside]))


def _some(rows: Labels, count: int, rng: Rng) -> Labels:
    return rows[rng.permutation(len(rows))[:count]]


def _nobody(whom: str, n: int, otherwise: str) -> InputError:
    return InputError(
        f"Expected people {whom} among the {n} there are, got none. Draw more people, {otherwise}."
    )
