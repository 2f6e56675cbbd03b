"""Which group each person is in, for learners that treat groups differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from quorate.errors import InputError
from quorate.table import Labels, Table

if TYPE_CHECKING:
    from quorate.engine.row_pool import RowPool

Grouping = Literal["auto", "group", "label", "group-label"]
GROUPING_HELP = "What defines a group; auto is group-label if people have groups, else label."


def check_groups(people: Table, grouping: Grouping) -> None:
    """Raise InputError if people lack the groups asked for, or if a group is empty."""
    if grouping in ("group", "group-label") and people.group is None:
        raise no_groups(f"groups={grouping}", "use groups=label")
    if people.group is not None and grouping != "label":
        check_nobody_missing(people)


def no_groups(needed_by: str, instead: str) -> InputError:
    """Return the error for people without groups."""
    return InputError(
        f"Expected people with groups for {needed_by}, got none. Name the group column of the "
        f"population (group=COLUMN), or {instead}."
    )


def check_nobody_missing(people: Table) -> None:
    """Raise InputError if a named group is empty."""
    sizes = np.bincount(np.asarray(people.group), minlength=len(people.groups))  # (m,)
    empty = [name for name, size in zip(people.groups, sizes, strict=True) if size == 0]
    if empty:
        raise InputError(
            f"Expected people in every group, got none in {', '.join(empty)}. Draw more people, "
            "or leave such groups out."
        )


def group_codes(y: Labels, group: Labels | None, k: int, grouping: Grouping) -> tuple[Labels, int]:
    """Return the group of each person, (n,), and the number m of groups that have people.

    >>> group_codes(np.array([0, 1, 1]), np.array([0, 0, 1]), 2, "group-label")
    (array([0, 1, 2]), 3)
    """
    if group is None or grouping == "label":
        codes = y
    else:
        codes = group if grouping == "group" else group * k + y
    present, codes = np.unique(codes, return_inverse=True)
    return codes.astype(np.int64), len(present)


def codes_in_pool(pool: RowPool, grouping: Grouping) -> list[tuple[Labels, int]]:
    """Return the ``group_codes`` of each of K models' people, as submitted."""
    labels, groups = pool.labels(), pool.groups()
    return [
        group_codes(y, None if groups is None else groups[k], pool.k, grouping)
        for k, y in enumerate(labels)
    ]


def stacked(codes: Sequence[tuple[Labels, int]]) -> tuple[Labels, Labels]:
    """Return the groups of the people of K models, (K, n), and the sizes of the groups, (K, m).

    Models with fewer groups leave the last ones empty.
    """
    most = max(m for _, m in codes)
    groups = np.stack([of for of, _ in codes])  # (K, n)
    return groups, np.stack([np.bincount(of, minlength=most) for of in groups])
