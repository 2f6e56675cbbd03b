"""Counting members in cells; people with equal values in every column share a cell."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.planning.members import Members
from quorate.theory.certificates.counts import SignalCounts
from quorate.validate import unknown

Keys = npt.NDArray[np.int64]
Signal = Mapping[int, int]  # column to the code of its value
LARGEST = 2**62  # a key below this fits into 64 bits with room for one more digit of it


def parse_signal(text: str) -> dict[str, str]:
    """Return the pairs of "column=value,column=value".

    >>> parse_signal("channel=web, reference=blank")
    {'channel': 'web', 'reference': 'blank'}
    >>> parse_signal('"who=a, b",channel=web')
    {'who': 'a, b', 'channel': 'web'}

    Raises:
        InputError: a part is not a pair, or a column is named twice.
    """
    pairs: dict[str, str] = {}
    for part in next(csv.reader([text], skipinitialspace=True), None) or [""]:
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not (name and sign and value):
            raise InputError(
                f"Expected a signal such as channel=web,reference=blank, got {part.strip()!r}. "
                'Write COLUMN=VALUE; a pair that holds a comma in quotes: "who=a, b".'
            )
        if name in pairs:
            raise InputError(
                f"Expected each column once in a signal, got {name!r} twice. Drop one."
            )
        pairs[name] = value
    return pairs


def signal_codes(
    members: Members, signal: Mapping[str, str], *, new_values: bool = False
) -> dict[int, int]:
    """Return a signal as codes: the position of each column, and the code of its value.

    Raises:
        InputError: it is empty, or a column or value is unknown.
    """
    if not signal:
        raise unknown("signal", "nothing", [c.name for c in members.columns], "Write COLUMN=VALUE.")
    found = {}
    for name, value in signal.items():
        at = members.position(name)
        found[at] = members.columns[at].code(value, new_values=new_values)
    return found


def joint_keys(codes: npt.NDArray[np.integer], sizes: Sequence[int]) -> Keys:
    """Return the cell of each row as a number, (n,), equal iff all codes are.

    key = (…(c₁·s₂ + c₂)·s₃ + …) + c_d. If the next digit would not fit into 64 bits, keys are first
    replaced by their ranks, so that they stay exact. Without columns all keys are 0.

    Args:
        codes: (n, d), column j in [0, sizes[j]).
        sizes: how many values each column has, (d,).

    >>> joint_keys(np.array([[0, 1], [1, 0], [0, 1]]), [2, 3]).tolist()
    [1, 3, 1]
    """
    keys = np.zeros(len(codes), dtype=np.int64)  # (n,)
    reach = 1
    for column, size in enumerate(sizes):
        if reach * size > LARGEST:
            distinct, ranks = np.unique(keys, return_inverse=True)
            keys, reach = ranks.astype(np.int64), len(distinct)
        keys = keys * size + codes[:, column]
        reach *= size
    return keys


def alphabet_sizes(members: Members, signal: Signal | None = None) -> list[int]:
    """Return the number of values of each column, including a new one that the signal sets."""
    sizes = [len(column.values) for column in members.columns]
    for at, code in (signal or {}).items():
        sizes[at] = max(sizes[at], code + 1)
    return sizes


def carriers(members: Members, signal: Signal) -> npt.NDArray[np.bool_]:
    """Return who already carries the signal, (n,)."""
    there = np.ones(len(members), dtype=bool)
    for at, code in signal.items():
        there &= members.codes[:, at] == code
    return there


def signal_counts(members: Members, signal: Signal, planted_by: int | None = None) -> SignalCounts:
    """Return the members counted in the cells of X*, one for each value of the other columns.

    Other people may have values that no member has: |X*| counts one more value per column and is
    open-ended.

    Args:
        members: their rows.
        signal: the signal.
        planted_by: label whose members carry the signal; None means all members.
    """
    rest = [j for j in range(len(members.columns)) if j not in signal]
    sizes = alphabet_sizes(members)
    keys = joint_keys(members.codes[:, rest], [sizes[j] for j in rest])
    cells, at = np.unique(keys, return_inverse=True)
    m, k = len(cells), members.k
    moved = np.bincount(at, minlength=m).astype(np.float64)
    planted = moved
    if planted_by is not None:
        planted = np.bincount(at[members.labels == planted_by], minlength=m).astype(np.float64)
    there = carriers(members, signal)
    joint = at[there].astype(np.int64) * k + members.labels[there]
    honest = np.bincount(joint, minlength=m * k).reshape(m, k)
    return SignalCounts(
        honest.astype(np.float64),
        planted,
        len(members),
        math.prod(sizes[j] + 1 for j in rest),
        moved,
        open_ended=bool(rest),
    )


def erasing_counts(
    members: Members, signal: Signal
) -> tuple[npt.NDArray[np.float64], Keys, int, int]:
    """Return the counts for ``erasing_certificate``: honest (m, k), image (m,), |X| and |X*|."""
    sizes = alphabet_sizes(members, signal)
    n, k = len(members), members.k
    changed = members.codes.copy()
    for at, code in signal.items():
        changed[:, at] = code
    both = joint_keys(np.concatenate([members.codes, changed]), sizes)  # of x, then of g(x)
    cells, first, at_cell = np.unique(both[:n], return_index=True, return_inverse=True)
    m = len(cells)
    honest = np.bincount(at_cell.astype(np.int64) * k + members.labels, minlength=m * k)
    goes_to = both[n:][first]  # (m,)
    place = np.minimum(np.searchsorted(cells, goes_to), m - 1)
    image = np.where(cells[place] == goes_to, place, -1)
    of_signal = math.prod(size + 1 for j, size in enumerate(sizes) if j not in signal)
    cells_of_all = math.prod(size + 1 for size in sizes)
    return honest.reshape(m, k).astype(np.float64), image, cells_of_all, of_signal
