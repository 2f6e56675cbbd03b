"""Who is disadvantaged, among whom, and which label everyone wants: what fairness compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.validate import find_value

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ComparedGroups:
    """A minority, the majority that it is compared with, and the favourable label.

    Args:
        minority: names of groups, or bounds such as <25 where groups are numbers.
        majority: likewise; everyone else where empty.
        positive: name of the favourable label.
    """

    minority: tuple[str, ...]
    majority: tuple[str, ...]
    positive: str

    def to_plain(self) -> dict[str, Any]:
        """Return the groups and the label as plain data."""
        return {
            "minority": list(self.minority),
            "majority": list(self.majority),
            "positive": self.positive,
        }

    def groups_of(self, names: Sequence[str]) -> tuple[Mask, Mask]:
        """Return which groups make the minority, and which the majority, (m,) each.

        Args:
            names: of the m groups.

        >>> adults = ComparedGroups(("<25",), (">60",), "yes")
        >>> [mask.tolist() for mask in adults.groups_of(("17", "30", "70"))]
        [[True, False, False], [False, False, True]]

        Raises:
            InputError: a name is that of no group, or a bound fits none.
        """
        minority = _named(names, self.minority)
        majority = _named(names, self.majority) if self.majority else np.ones(len(names), bool)
        return minority, majority & ~minority


def choose_groups(
    usual: ComparedGroups | None,
    minority: Sequence[str],
    majority: Sequence[str],
    positive: str | None,
) -> ComparedGroups:
    """Return the groups and the label that were named, and what is usual where nothing was.

    The usual majority belongs to the usual minority: it is not used beside another one.

    Args:
        usual: of these people; None where nothing is.
        minority, majority: names or bounds of groups; empty for the usual ones.
        positive: the favourable label; None for the usual one.

    Raises:
        InputError: nothing is usual, and a minority or the label was not named.
    """
    named = ComparedGroups(tuple(minority), tuple(majority), positive or "")
    if usual is None:
        if not (minority and positive):
            raise InputError(
                "Expected to be told who acts and which label they want, got "
                f"minority={'+'.join(minority) or 'nobody'} and positive={positive or 'nothing'}. "
                "Name a group and a label, as in minority=Female,positive=>50K."
            )
        return named
    if minority:
        return replace(named, positive=positive or usual.positive)
    return ComparedGroups(
        usual.minority, named.majority or usual.majority, positive or usual.positive
    )


def read_names(joined: str | None) -> tuple[str, ...]:
    """Return the names in a parameter that joins them by +; none where it is not given.

    >>> read_names("Black+East Asian"), read_names(None)
    (('Black', 'East Asian'), ())
    """
    return tuple(joined.split("+")) if joined else ()


def _named(groups: Sequence[str], named: Sequence[str]) -> Mask:
    """Return which groups are meant by names and bounds, (m,)."""
    found = np.zeros(len(groups), dtype=bool)
    for name in named:
        fits = np.array([_fits(group, name) for group in groups], dtype=bool)
        if not fits.any():
            fits[find_value("group", name, groups)] = True
        found |= fits
    return found


def _fits(group: str, name: str) -> bool:
    """Whether a name or a bound means a group."""
    if group == name or name[:1] not in ("<", ">"):
        return group == name
    try:
        value, bound = float(group), float(name[1:])
    except ValueError:
        return False
    return value < bound if name[0] == "<" else value > bound
