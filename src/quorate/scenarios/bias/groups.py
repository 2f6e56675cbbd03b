"""People in two groups, the minority and the majority, and whether there are enough of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.table import Split, Table
from quorate.validate import at_least

GROUP_NAMES = ("majority", "minority")


def join_groups(split: Split, compared: ComparedGroups) -> Split:
    """Return the people of both groups, called "majority" and "minority", label 1 favourable.

    Who is in neither is left out.

    Raises:
        InputError: there are no groups, more than two labels, or a group or a label is not known.
    """
    if split.train.group is not None and split.train.k != 2:
        raise InputError(
            f"Expected two labels, a favourable one and another, got {split.train.k}. Choose a "
            "task with two."
        )
    return Split(_two_groups(split.train, compared), _two_groups(split.held_out, compared))


def _two_groups(people: Table, compared: ComparedGroups) -> Table:
    minority, majority = people.compare(compared)  # (n,) each
    positive = people.label(compared.positive)
    classes = (people.classes[1 - positive], people.classes[positive])
    joined = replace(
        people,
        y=(people.y == positive).astype(np.int64),
        classes=classes,
        group=minority.astype(np.int64),
        groups=GROUP_NAMES,
        groups_by_label=False,
        compared=ComparedGroups(GROUP_NAMES[1:], GROUP_NAMES[:1], classes[1]),
    )
    return joined.take(minority | majority)


def people_needed(standard_error: float) -> int:
    """Return how many people a rate needs to be measured on: ⌈1/(4·s²)⌉, as p(1 − p)/n ≤ 1/(4n).

    >>> people_needed(0.05)
    100
    """
    return int(np.ceil(1 / (4 * standard_error**2) - 1e-9))  # 1/(4·.05²) is 99.99... in floats


def check_sizes(people: Table, standard_error: float) -> None:
    """Raise InputError where a group's people of one label are too few to measure a rate on."""
    needed, sizes = people_needed(standard_error), sizes_of(people)
    for group, label in sorted(sizes, key=lambda key: sizes[key]):
        n = sizes[group, label]
        if n < needed:
            fewest = f" {n} have a standard error of up to {0.5 / n**0.5:.2g}." if n else ""
            raise InputError(
                f"Expected at least {needed} held-out people of each group and label, got {n} of "
                f"the {group} with the label {label}: a rate of fewer may have a standard error "
                f"above {standard_error:g}.{fewest} Hold out more people, join groups, or allow a "
                "larger standard_error."
            )


def sizes_of(people: Table) -> dict[tuple[str, str], int]:
    """Return how many people there are of each of the two groups and label."""
    assert people.group is not None
    counts = np.bincount(2 * people.group + people.y, minlength=4).reshape(2, 2)
    return {
        (group, label): int(counts[g, k])
        for g, group in enumerate(GROUP_NAMES)
        for k, label in enumerate(people.classes)
    }


def check_learnt_from(people: Table) -> None:
    """Raise InputError where a group has nobody with a label, among the people to learn from."""
    for (group, label), n in sizes_of(people).items():
        what = f"people to learn from, of the {group} with the label {label},"
        at_least(what, n, 1, "Draw more.")
