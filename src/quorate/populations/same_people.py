"""Who stands in two tables: people are compared by what is in their rows.

Shape letters: n people, d features.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from quorate.table import Array, Column, Mask, Table

Digests = npt.NDArray[np.void]  # 16 bytes a person, (n,)
Seen = npt.NDArray[Any]  # what is compared of each person, (n, d)
Way = Literal["picture", "named", "named-shifted", "plain", "standardised"]
Unit = tuple[float, float]  # what a column is counted in; the shift in units before rounding
Names = tuple[tuple[str, tuple[str, ...]], ...]
SIGNIFICANT = 6  # digits of a number without a unit
FINEST = 5  # digits of a standard deviation that float32 holds
LEVELS = 255  # of a picture, from its darkest pixel to its brightest
TIES = 0.2718  # of a unit: whole numbers are not halfway between two roundings
HALF = 0.5  # of a unit: who is near the border of one rounding is not near that of the other
SINGLE = 2.0**-22  # relative error of standardising in single precision: four roundings
CERTAIN = 0.25  # of a unit: the largest error with which two tables round to the same
AT_ONCE = 2**22  # numbers in work at once


@dataclass(frozen=True, eq=False)
class KnownRows:
    """Digests of people's rows, by which they are known again in another table.

    Args:
        digests: of everyone, (n,), by the way in which rows are compared.
        ordered: the same with each row's features sorted; left out where that confuses people.
        names: of columns and their values, in the order of their names; empty without names.
        units: in which named columns are compared, with shifts.
    """

    digests: Mapping[Way, Digests]
    ordered: Mapping[Way, Digests]
    names: Names
    units: tuple[Unit, ...]

    @classmethod
    def of(cls, people: Table) -> KnownRows:
        """Return what is kept of people: about a hundred bytes each, and no features."""
        units = tuple(_unit(people, column) for column in _by_name(people))
        ways: tuple[Way, ...] = _named(units) if people.columns else ()
        return cls(*_digests(people, (*ways, *_unnamed(people)), units), _names(people), units)

    def among(self, people: Table) -> Mask:
        """Return which of the people are known, (n,), whatever label they carry.

        Labels and groups are left out: a person with another label is the same person. Pictures are
        compared whatever their brightness and contrast; columns with the same names in the units of
        their file and whatever their order, so that neither standardising nor another split hides
        anyone. There, whole numbers and few decimals are compared without error; others are rounded
        in two ways, which hides about one row of twenty such columns in a hundred. A file in other
        units, such as cents for euros, is not found. Other features are compared as they are, and
        standardised over their own table. Pictures and features without names are also compared
        sorted, which undoes the flip of a picture and a permutation of columns, where that confuses
        nobody within either table. Columns of other names are compared as if they had none, where
        nearly every row is one person's alone. Pictures of another size are not found, nor rows
        that differ by more than rounding. Derived.

        >>> x = np.array([[1, 2], [3, 5], [6, 9]], np.float32)
        >>> one, two = (Table(each, np.zeros(len(each), int), ("a",)) for each in (x, x[1:, ::-1]))
        >>> KnownRows.of(two).among(one).tolist()
        [False, True, True]
        """
        names = _names(people)
        named = bool(self.names) and names == self.names
        renamed = bool(self.names) and bool(names) and not named
        unnamed = tuple(way for way in _unnamed(people) if way in self.digests)
        ways = _named(self.units) if named else unnamed
        digests, ordered = _digests(people, ways, self.units)
        known = np.zeros(len(people), dtype=bool)  # (n,)
        for way in ways:
            if renamed and not (_tells_apart(digests[way]) and _tells_apart(self.digests[way])):
                continue
            known |= np.isin(digests[way], self.digests[way])
            if way in ordered and way in self.ordered:
                known |= np.isin(ordered[way], self.ordered[way])
        return known


def _tells_apart(digests: Digests) -> bool:
    """Return whether at least nine in ten rows are one person's alone."""
    return len(np.unique(digests)) >= 0.9 * len(digests)


def _named(units: tuple[Unit, ...]) -> tuple[Way, ...]:
    return ("named", "named-shifted") if any(shift for _, shift in units) else ("named",)


def _unnamed(people: Table) -> tuple[Way, ...]:
    return ("picture",) if people.is_image else ("plain", "standardised")


def _digests(
    people: Table, ways: tuple[Way, ...], units: tuple[Unit, ...]
) -> tuple[dict[Way, Digests], dict[Way, Digests]]:
    """Return digests of everyone's features, by the way; and of the sorted ones where they tell."""
    plain: dict[Way, Digests] = {}
    ordered: dict[Way, Digests] = {}
    flat = people.x.reshape(len(people), -1)  # (n, d)
    at_once = max(1, AT_ONCE // max(1, flat.shape[1]))
    for way in ways:
        as_seen, as_sorted = list[bytes](), list[bytes]()
        sort = way not in ("named", "named-shifted")
        moments = _moments(flat) if way == "standardised" else None
        for start in range(0, len(flat), at_once):
            seen = _seen(people, flat[start : start + at_once], way, units, moments)
            as_seen += map(_digest, seen)
            as_sorted += map(_digest, np.sort(seen, axis=1)) if sort else ()
        plain[way] = np.array(as_seen, dtype="V16")  # bytes of type S would end at a zero
        if sort and len(set(as_sorted)) == len(set(as_seen)):
            ordered[way] = np.array(as_sorted, dtype="V16")
    return plain, ordered


def _digest(row: Seen) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()


def _seen(
    people: Table, x: Array, way: Way, units: tuple[Unit, ...], moments: tuple[Seen, Seen] | None
) -> Seen:
    """Return what a way of comparing sees of some of the people, whose features are (n, d)."""
    if way == "picture":
        low, high = x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)
        spread = np.where(high > low, high - low, 1)
        return np.asarray(np.rint((x - low) * np.float32(LEVELS) / spread).astype(np.uint8))
    if way == "named":
        return _in_units(people, x, units)
    if way == "named-shifted":
        moved = tuple((unit, shift + HALF if shift else 0.0) for unit, shift in units)
        return _in_units(people, x, moved)
    if moments is not None:
        return np.asarray(np.rint(1000 * (x - moments[0]) / moments[1] + TIES).astype(np.int64))
    size = np.where(x == 0, 1, np.abs(x.astype(np.float64)))
    unit = 10.0 ** (np.floor(np.log10(size)) - SIGNIFICANT + 1)
    return np.asarray(np.rint(x / unit) * unit + 0.0)  # there is no -0


def _moments(flat: Array) -> tuple[Seen, Seen]:
    """Return the mean and the standard deviation of each feature, (d,); 1 where it is 0."""
    shift, scale = flat.mean(axis=0, dtype=np.float64), flat.std(axis=0, dtype=np.float64)
    return shift, np.where(scale > 0, scale, 1)


def _in_units(people: Table, x: Array, units: tuple[Unit, ...]) -> Seen:
    """Return features as whole numbers of a unit, the columns in the order of their names."""
    parts = []
    for column, (unit, shift) in zip(_by_name(people), units, strict=True):
        block = x[:, column.start : column.stop].astype(np.float64)
        if not column.values:
            block = (block * column.scale + column.mean) / unit + shift
        parts.append(np.rint(block))
    return np.concatenate(parts, axis=1).astype(np.int64)


def _unit(people: Table, column: Column) -> Unit:
    """Return the unit of the column's file, or the power of ten nearest to 1e-5 deviations.

    The first is 1, 0.1, 0.01, ... where all numbers are multiples of it, as far as single precision
    tells; no rounding can go wrong then, and nothing is shifted.
    """
    if column.values or column.scale <= 0:
        return 1.0, 0.0
    finest = round(math.log10(column.scale)) - FINEST
    x = people.x.reshape(len(people), -1)[:, column.start].astype(np.float64)  # (n,)
    numbers = x * column.scale + column.mean
    error = SINGLE * (np.abs(x) * column.scale + abs(column.mean))  # (n,)
    for power in range(0, finest - 1, -1):
        off = np.abs(numbers - np.rint(numbers * 10.0**-power) * 10.0**power)
        if error.max(initial=0) < CERTAIN * 10.0**power and (off <= error).all():
            return 10.0**power, 0.0
    return 10.0**finest, TIES


def _by_name(people: Table) -> list[Column]:
    return sorted(people.columns, key=lambda one: one.name)


def _names(people: Table) -> Names:
    return tuple((one.name, one.values) for one in _by_name(people))
