"""Cheap signals for an audit: candidates by certificates and by what they tell, on honest rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.column import Column
from quorate.errors import InputError
from quorate.given import given_of
from quorate.intervals import Floats
from quorate.planning.cells import signal_codes
from quorate.planning.certify import Objective, certifier
from quorate.planning.member_column import MemberColumn, encode_column
from quorate.planning.members import Members
from quorate.planning.suggest import Suggestion, suggest
from quorate.protocols import Signal
from quorate.signals.columns import Columns
from quorate.signals.patch import Patch
from quorate.table import Labels, Table
from quorate.theory.certificates.counts import AssumedPlatform
from quorate.theory.certificates.members_needed import members_needed

CANDIDATES = 6  # signals that trainings choose among
RANKED = 100  # of which those come first whose people do not have the wanted label already
MOST_ROWS = 4000  # of the sample that certificates are computed from
BINS = 4
COMMON = 0.01  # share of people with a value, above which erasing it is worth while
SIDES = (1, 2, 3, 4)  # pixels, of the patches tried on images


@dataclass(frozen=True, eq=False)
class Candidates:
    """Signals that an audit chooses among, by trainings.

    Args:
        signals: the most promising first.
        tried: how many signals the search on honest rows looked at.
    """

    signals: tuple[Signal, ...]
    tried: int


def plantable(people: Table, wanted: str, size: int) -> Candidates:
    """Return signals that are cheap to carry and that few honest people speak against.

    Of a table, all single and paired values that people have, ranked as ``quorate plan --suggest``
    ranks them: by the members that a certificate asks for, then by what changing to them costs.
    Of images, small patches.

    Args:
        people: honest training people.
        wanted: the label to plant.
        size: people on the platform.

    Raises:
        InputError: people have neither pictures nor named columns to set.
    """
    if people.is_image:
        least = min(people.x.shape[-2:])
        return Candidates(tuple(Patch(size=s) for s in SIDES if s <= least), len(SIDES))
    members = as_members(people, size)
    platform = AssumedPlatform(max(size, len(members)))
    label = members.label(wanted)
    found = suggest(members, members.classes[label], platform, RANKED)
    if not found.items:
        raise InputError(
            "Expected a column in which people differ, to set a signal in, got none. Give people "
            "with more columns."
        )
    usual = float((members.labels == label).mean())

    def gains_little(one: Suggestion) -> bool:
        return one.carrying > 0 and 1 - one.against / one.carrying > usual

    best = sorted(found.items, key=gains_little)[:CANDIDATES]  # stable: else ranked as they were
    signals = tuple(
        Columns({name: _written(people.column(name), members, text) for name, text in pairs})
        for pairs in (one.signal.items() for one in best)
    )
    return Candidates(signals, found.tried)


def telling(people: Table, wanted: str, size: int) -> Candidates:
    """Return the values that go along with the wanted label most: worth erasing.

    Of each column, the common value whose people have the wanted label most often; of all columns
    the three in which it is the furthest from everyone's rate.
    """
    if people.is_image:
        return plantable(people, wanted, size)
    members = as_members(people, size)
    has = members.labels == members.label(wanted)
    found: list[tuple[float, str, str]] = []
    for at, column in enumerate(members.columns):
        counts = np.bincount(members.codes[:, at], minlength=len(column.values))
        rates = np.bincount(members.codes[:, at], has, minlength=len(column.values))
        rates = np.where(counts > COMMON * len(members), rates / np.maximum(counts, 1), -1.0)
        best = int(rates.argmax())
        found.append((float(rates[best] - has.mean()), column.name, column.values[best]))
    chosen = sorted(found, reverse=True)[: CANDIDATES // 2]
    signals = tuple(
        Columns({name: _written(people.column(name), members, text)}) for _, name, text in chosen
    )
    return Candidates(signals, len(found))


def members_certified(
    people: Table, signal: Signal, wanted: str, goal: str, target: float, size: int, tried: int
) -> int | None:
    """Return how many members are certified to reach the target, whatever near-optimal platform.

    The certificate is ``quorate plan``'s, from a sample of honest rows as members see their own, at
    95% for all signals that were tried together. None where nothing is certified.
    """
    if people.is_image or not isinstance(signal, Columns):
        return None
    members = as_members(people, size)
    objective = Objective(
        {name: str(value) for name, value in signal.set.items()},
        None if goal == "erase" else members.classes[members.label(wanted)],
        max(size, len(members)),
        goal,  # type: ignore[arg-type]
        success=target,
        confidence=1 - 0.05 / tried,
    )
    bound, against = certifier(members, objective, signal_codes(members, objective.signal))
    platform = objective.platform(objective.eps)

    def success(n: int) -> float:
        return bound(n, platform, "aggregate" if goal != "erase" else "tightest").success

    counted = None if goal == "erase" else (against, len(members))
    return members_needed(success, target, platform.size, counted)


def as_members(people: Table, size: int) -> Members:
    """Return a sample of people as a collective sees its own rows: a few named values a column.

    Args:
        people: a table with columns; the first rows are taken, since seeds draw them by chance.
        size: people on the platform, of whom the sample is at most half.

    Raises:
        InputError: people have no named columns.
    """
    import pandas as pd

    if not people.columns:
        raise InputError(
            "Expected people with named columns, to set a signal in, got none. Give a table."
        )
    some = people.take(np.arange(min(len(people), MOST_ROWS, max(2, size // 2))))
    codes: list[Labels] = []
    columns: list[MemberColumn] = []
    for column in people.columns:
        if column.values:
            codes.append(some.x[:, column.start : column.stop].argmax(axis=1))
            columns.append(MemberColumn(column.name, column.values))
        else:
            coded, described = encode_column(
                pd.Series(_numbers(some, column)), column.name, BINS, []
            )
            codes.append(coded.astype(np.int64))
            columns.append(described)
    table = np.stack(codes, axis=1).astype(np.int32)
    numbers = {c.name: _numbers(some, c) for c in people.columns if not c.values}
    return Members(table, some.y.astype(np.int32), tuple(columns), people.classes, numbers=numbers)


def _numbers(people: Table, column: Column) -> Floats:
    """Return a column's numbers as the user had them, (n,)."""
    given = given_of(people).rows(people.x)
    if hasattr(given, "columns") and column.name in given.columns:
        found: Floats = given[column.name].to_numpy(dtype=np.float64, na_value=np.nan)
        return found
    return people.x[:, column.start].astype(np.float64) * column.scale + column.mean


def _written(column: Column, members: Members, text: str) -> str | float:
    """Return a value of the members' as the signal sets it: of a bin the middle of its people."""
    if column.values:
        return text
    at = members.position(column.name)
    code = members.columns[at].values.index(text)
    inside = np.sort(members.numbers[column.name][members.codes[:, at] == code])
    return float(inside[len(inside) // 2])
