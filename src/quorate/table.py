"""The data of the library: people's rows, and the training set that a platform receives.

A person is an example of a data set. Shape letters: n people, d features, c h w image axes, k
labels, m members.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.column import Array as Array
from quorate.column import Column as Column
from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.given import Given
from quorate.validate import find_value, unknown

Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Table:
    """A data set: n people (examples), one row each, with labels and maybe groups.

    Its arrays are shared, not copied: treat them as read-only.

    Args:
        x: features, (n, d), or images (n, c, h, w) on the pixel scale [0, 1]; float32.
        y: index of each person's label among ``classes``, (n,); int64.
        classes: the k label names.
        group: index of each person's group among ``groups``, (n,), or None where unknown.
        groups: the group names.
        columns: the named columns behind the features of a table; empty for images.
        groups_by_label: whether a group is one label's and one attribute's, as in Waterbirds: the
            m groups are ordered by label, and group = label·(m/k) + attribute.
        compared: the groups of these people that studies of fairness usually compare, or None.
        notes: what reading a file of people did, in words.
        given: how the data were given, where reading them kept that: see ``quorate.given``.

    Raises:
        InputError: shapes disagree, a label or group is out of range, a group is not one of its
            person's label where it should be, or a feature is not finite.
    """

    x: Array
    y: Labels
    classes: tuple[str, ...]
    group: Labels | None = None
    groups: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    groups_by_label: bool = False
    compared: ComparedGroups | None = None
    notes: tuple[str, ...] = ()
    given: Given | None = None

    def __post_init__(self) -> None:
        if self.x.ndim not in (2, 4):
            raise InputError(
                f"Expected features of shape (n, d) or images of shape (n, c, h, w), got "
                f"{self.x.shape}. Give grey images one channel: x[:, None]."
            )
        if self.y.shape != (len(self.x),):
            raise InputError(
                f"Expected one label per person, ({len(self.x)},), got {self.y.shape}. "
                f"Give y the rows of x."
            )
        _check_codes("label", self.y, self.classes)
        if self.group is not None:
            if self.group.shape != self.y.shape:
                raise InputError(
                    f"Expected one group per person, {self.y.shape}, got {self.group.shape}. "
                    f"Give group the rows of x."
                )
            _check_codes("group", self.group, self.groups)
        if self.groups_by_label:
            self._check_groups_by_label()
        with np.errstate(invalid="ignore"):  # inf - inf is NaN, which is found as well
            total = self.x.sum(dtype=np.float64)
        if not np.isfinite(total):
            raise self._not_finite()

    def _check_groups_by_label(self) -> None:
        if self.group is None or not self.groups or len(self.groups) % self.k:
            raise InputError(
                f"Expected each of the {self.k} labels to have as many groups as the others, got "
                f"{len(self.groups) if self.group is not None else 'no'} groups. Name every "
                "label with every attribute, or leave groups_by_label out."
            )
        strangers = np.flatnonzero(self.group // (len(self.groups) // self.k) != self.y)
        if len(strangers):
            row = strangers[0]
            raise InputError(
                f"Expected everyone in a group of their own label, got label "
                f"{self.classes[self.y[row]]!r} in group {self.groups[self.group[row]]!r} in row "
                f"{row} ({len(strangers)} of {len(self)} rows). Change labels by relabelled(y)."
            )

    def _not_finite(self) -> InputError:
        """Return the error that says where the first NaN or infinite feature stands."""
        where = np.argwhere(~np.isfinite(self.x))[0]
        feature = where[1:].tolist()
        names = [c.name for c in self.columns if c.start <= feature[0] < c.stop]
        place = f"column {names[0]!r}" if names else f"feature {feature}"
        bad = int((~np.isfinite(self.x)).any(axis=tuple(range(1, self.x.ndim))).sum())
        return InputError(
            f"Expected finite features, got {self.x[tuple(where)]} in {place} of row {where[0]} "
            f"({bad} of {len(self.x)} rows are affected). Fill or drop these rows first."
        )

    def __len__(self) -> int:
        return len(self.y)

    @property
    def k(self) -> int:
        """Number of labels."""
        return len(self.classes)

    @property
    def is_image(self) -> bool:
        """Whether the features are images (n, c, h, w)."""
        return self.x.ndim == 4

    def take(self, rows: npt.NDArray[np.integer] | Mask) -> Table:
        """Return the people in ``rows`` (indices or a mask), in that order."""
        group = None if self.group is None else self.group[rows]
        return replace(self, x=self.x[rows], y=self.y[rows], group=group)

    def relabelled(self, y: Labels) -> Table:
        """Return the same people claiming the labels ``y``, (n,).

        Where a group is one label's and one attribute's, they are seen in the group of the label
        that they claim and of their own attribute: groups are what people hand in.

        >>> birds = Table(np.zeros((2, 1), np.float32), np.array([0, 1]), ("land", "water"),
        ...               np.array([1, 3]), ("ll", "lw", "wl", "ww"), groups_by_label=True)
        >>> birds.relabelled(np.array([1, 1])).group
        array([3, 3])

        Raises:
            InputError: there is not one label a person, or one is out of range.
        """
        if self.group is None or not self.groups_by_label:
            return replace(self, y=y)
        claiming = replace(self, y=y, groups_by_label=False)
        each = len(self.groups) // self.k  # attributes
        return replace(claiming, group=y * each + self.group % each, groups_by_label=True)

    def label(self, name: str | None) -> int:
        """Return the index of the label called ``name``; None means the last of ``classes``.

        Raises:
            InputError: no label has that name, or one is called None and none was named.
        """
        if name is None:
            called = next((one for one in self.classes if one.lower() == "none"), None)
            if called is not None:
                raise InputError(
                    f"Expected a label to be named, since one is called {called!r}, got none. "
                    f'Write it in quotes, as in target="{called}", or name another.'
                )
            return self.k - 1
        return find_value("label", name, self.classes)

    def compare(self, compared: ComparedGroups) -> tuple[Mask, Mask]:
        """Return who is of the minority, and who of the majority, (n,) each.

        Raises:
            InputError: people have no groups, or none of such a name.
        """
        if self.group is None:
            raise InputError(
                "Expected people in groups, got none. Name the column of the groups, as in "
                "bank:group=job."
            )
        minority, majority = compared.groups_of(self.groups)
        return minority[self.group], majority[self.group]

    def column(self, name: str) -> Column:
        """Return the column called ``name``.

        Raises:
            InputError: no column has that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        about = " ".join(note for note in self.notes if repr(name) in note)
        raise unknown("column", name, [c.name for c in self.columns], about)


def _check_codes(what: str, codes: Labels, names: tuple[str, ...]) -> None:
    """Raise unless every code is an index into ``names``."""
    if len(codes) and not (codes.min() >= 0 and codes.max() < len(names)):
        raise InputError(
            f"Expected {what} indices in [0, {len(names) - 1}] for the {len(names)} {what} names, "
            f"got {codes.min()} to {codes.max()}. Name every {what}."
        )


@dataclass(frozen=True)
class Split:
    """People whom a platform learns from, and others to test its model on.

    Args:
        train: the training set, while everyone is honest.
        held_out: the test set, which no model is trained on.
    """

    train: Table
    held_out: Table


@dataclass(frozen=True, eq=False)
class Submission:
    """The training set that a platform receives, in the field: a poisoned one.

    Members' rows come from P*, all others from P₀: P = α·P* + (1 − α)·P₀, where the fraction α of
    members is the poisoning rate. Honest and changed rows are kept apart; ``mixed`` joins them.

    Args:
        honest: everyone's honest rows, n people.
        changed: the members' rows after the strategy, m people, in row order.
        member: who is a member, (n,).

    Raises:
        InputError: there is not one changed row a member, or changed rows lack the groups that
            honest ones have.
    """

    honest: Table
    changed: Table
    member: Mask

    def __post_init__(self) -> None:
        m = int(self.member.sum())
        if self.member.shape != (len(self.honest),) or len(self.changed) != m:
            raise InputError(
                f"Expected a membership mask over {len(self.honest)} people and one changed row "
                f"per member, got a mask of shape {self.member.shape} with {m} members and "
                f"{len(self.changed)} changed rows. A strategy returns one row per person."
            )
        if self.honest.groups_by_label and not self.changed.groups_by_label:
            raise InputError(
                "Expected members in groups of the labels that they claim, as everyone is, got "
                "changed rows without such groups. Change labels by relabelled(y)."
            )

    @classmethod
    def without_collective(cls, honest: Table) -> Submission:
        """Return the submission in which everyone is honest."""
        nobody = np.zeros(len(honest), dtype=bool)  # (n,)
        return cls(honest, honest.take(nobody), nobody)

    @property
    def alpha(self) -> float:
        """Fraction of the people who are members, in [0, 1]: the poisoning rate."""
        return float(self.member.mean())

    def take(self, rows: npt.NDArray[np.integer] | Mask) -> Submission:
        """Return what the people in ``rows`` (indices or a mask) handed in, in that order."""
        place = np.cumsum(self.member) - 1  # (n,): each member's row among the changed
        member = self.member[rows]
        return Submission(self.honest.take(rows), self.changed.take(place[rows][member]), member)

    def mixed(self) -> Table:
        """Return the training set as the platform sees it: one table, people in their own order."""
        if not self.member.any():
            return self.honest
        x, y = self.honest.x.copy(), self.honest.y.copy()
        x[self.member], y[self.member] = self.changed.x, self.changed.y
        group = self.honest.group
        if group is not None and self.changed.group is not None:
            group = group.copy()
            group[self.member] = self.changed.group
        return replace(self.honest, x=x, y=y, group=group)
