"""Who is disadvantaged, among whom, and which label everyone wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quorate.errors import InputError
from quorate.protocols import Population
from quorate.spec import text
from quorate.table import Mask, Split, Table
from quorate.validate import at_least, unknown

SIDES = ("majority", "minority")
LABELS = ("unfavourable", "favourable")


@dataclass(frozen=True)
class Sides:
    """The groups that act, those they are compared with, and the favourable label.

    Args:
        minority: names of the population's groups, or bounds such as <25 where they are numbers.
        majority: likewise; everyone else where empty.
        positive: name of the favourable label.
    """

    minority: tuple[str, ...]
    majority: tuple[str, ...]
    positive: str


# After the literature on fairness, which compares these groups; Bank's and FairFace's are ours.
USUAL: Mapping[str, Sides] = {
    "unequal": Sides(("minority",), (), "yes"),
    "adult": Sides(("Female",), (), ">50K"),
    "compas": Sides(("African-American",), ("Caucasian",), "no recidivism"),
    "bank": Sides(("blue-collar",), (), "yes"),
    "fairface": Sides(("Black",), (), "Female"),
}


def sides_of(
    population: Population, minority: Sequence[str], majority: Sequence[str], positive: str | None
) -> Sides:
    """Return the sides that were named, and what is usual of the population where none was.

    Raises:
        InputError: nothing is usual of this population, and a side or the label was not named.
    """
    usual = USUAL.get(population.name)
    if usual is None and not (minority and positive):
        raise InputError(
            f"Expected to be told who acts and which label they want among {text(population)}, got "
            f"minority={','.join(minority) or 'nobody'} and positive={positive or 'nothing'}. Name "
            "a group and a label."
        )
    named = Sides(tuple(minority), tuple(majority), positive or "")
    if usual is None:
        return named
    if minority:  # the usual majority belongs to the usual minority
        return replace(named, positive=positive or usual.positive)
    return replace(
        usual, majority=named.majority or usual.majority, positive=positive or usual.positive
    )


def on_two_sides(split: Split, sides: Sides) -> Split:
    """Return the people of both sides, in groups "majority" and "minority", label 1 favourable.

    Who is on neither side is left out.

    Raises:
        InputError: there are no groups, more than two labels, or a group or a label is not known.
    """
    people = split.train
    if people.group is None:
        raise InputError(
            "Expected people in groups, got none. Name the column of the groups, as in "
            "bank:group=job."
        )
    if people.k != 2:
        raise InputError(
            f"Expected two labels, a favourable one and another, got {people.k}. Choose a task "
            "with two."
        )
    return Split(_two_sides(split.train, sides), _two_sides(split.held_out, sides))


def _two_sides(people: Table, sides: Sides) -> Table:
    assert people.group is not None  # said above
    positive = people.label(sides.positive)
    minority = _among(people.groups, sides.minority)[people.group]  # (n,)
    others = (
        _among(people.groups, sides.majority)
        if sides.majority
        else np.ones(len(people.groups), bool)
    )
    kept = minority | others[people.group]
    classes = (people.classes[1 - positive], people.classes[positive])
    seen = replace(
        people, y=(people.y == positive).astype(np.int64), classes=classes,
        group=minority.astype(np.int64), groups=SIDES, groups_by_label=False,
    )  # fmt: skip
    return seen.take(kept)


def _among(groups: Sequence[str], named: Sequence[str]) -> Mask:
    """Return which groups are meant by names and bounds.

    >>> _among(("17", "30", "70"), ("<25", ">60"))
    array([ True, False,  True])

    Raises:
        InputError: a name is that of no group, or a bound fits none.
    """
    found = np.zeros(len(groups), dtype=bool)
    for name in named:
        fits = np.array([_fits(group, name) for group in groups])
        if not fits.any():
            raise unknown("group", name, groups)
        found |= fits
    return found


def _fits(group: str, name: str) -> bool:
    if group == name or name[:1] not in ("<", ">"):
        return group == name
    try:
        value, bound = float(group), float(name[1:])
    except ValueError:
        return False
    return value < bound if name[0] == "<" else value > bound


def people_needed(standard_error: float) -> int:
    """Return how many people a rate needs to be measured on: ⌈1/(4·s²)⌉, as p(1 − p)/n ≤ 1/(4n).

    >>> people_needed(0.05)
    100
    """
    return int(np.ceil(1 / (4 * standard_error**2) - 1e-9))  # 1/(4·.05²) is 99.99... in floats


def check_sizes(people: Table, standard_error: float) -> None:
    """Raise InputError where a group's people of one label are too few to measure a rate on."""
    needed, sizes = people_needed(standard_error), sizes_of(people)
    for side, label in sorted(sizes, key=lambda key: sizes[key]):
        n = sizes[side, label]
        if n < needed:
            fewest = f" {n} have a standard error of up to {0.5 / n**0.5:.2g}." if n else ""
            raise InputError(
                f"Expected at least {needed} held-out people of each group and label, got {n} of "
                f"the {side} with the label {label}: a rate of fewer may have a standard error "
                f"above {standard_error:g}.{fewest} Hold out more people, join groups, or allow a "
                "larger standard_error."
            )


def sizes_of(people: Table) -> dict[tuple[str, str], int]:
    """Return how many people there are of each side and label."""
    assert people.group is not None
    counts = np.bincount(2 * people.group + people.y, minlength=4).reshape(2, 2)
    return {
        (side, label): int(counts[g, k])
        for g, side in enumerate(SIDES)
        for k, label in enumerate(people.classes)
    }


def check_learnt_from(people: Table) -> None:
    """Raise InputError where the people to learn from lack a side, or a label on one."""
    for (side, label), n in sizes_of(people).items():
        at_least(f"people to learn from, of the {side} with the label {label},", n, 1, "Draw more.")


def plain(sides: Sides) -> dict[str, Any]:
    """Return the sides as plain data."""
    return {
        "minority": list(sides.minority),
        "majority": list(sides.majority),
        "positive": sides.positive,
    }
