"""The signals that a search tries, and the number of members each of them needs.

For each column or pair of columns, members are grouped once by all other columns, which gives TV
and the cells that can be lost whatever values are set. One table of counts says how many members
speak against the target with each signal.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.planning.cells import LARGEST, alphabet_sizes
from quorate.planning.members import Members
from quorate.theory.certificates.aggregate import ROUNDING
from quorate.theory.certificates.counts import ENDLESS, AssumedPlatform
from quorate.theory.certificates.members_needed import members_needed
from quorate.theory.radii import distance_limit, others_limit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ErrorBudget:
    """The target that each signal has to reach, and its shares of the error probability δ.

    Args:
        platform: N and ε.
        members: n, whose rows were counted.
        success: S*.
        rows_delta: probability that the others' count exceeds its limit.
        distance_delta: probability that TV exceeds its limit.
        sampled: number of members among whom rows against the target were counted, n or fewer.
    """

    platform: AssumedPlatform
    members: int
    success: float
    rows_delta: float
    distance_delta: float
    sampled: int

    def limit(self, against: int, n: int) -> int:
        """Return how many of the others may speak against the target, for n members like these.

        The same share of the n members is sampled, and ⌈against·n/members⌉ of them speak against.
        """
        sampled = max(1, self.sampled * n // self.members)
        seen = min(math.ceil(against * n / self.members * (1 - ROUNDING)), sampled)
        return others_limit(seen, sampled, self.platform.size - n, self.rows_delta)


@dataclass(frozen=True, eq=False)
class OtherColumns:
    """The cell sizes of members grouped by all columns outside the signal.

    Args:
        sizes: the distinct cell sizes, ascending, (c,).
        times: number of cells of each size, (c,).
        cells: |X*|: unbounded, as others may have values that no member has, or 1 if there are no
            other columns.
    """

    sizes: Floats
    times: Floats
    cells: int

    def success(self, limit: int, n: int, budget: ErrorBudget) -> float:
        """Return 1 − moved(B)/n − TV, that is ``success_despite`` for these cells at n members."""
        rows = (limit + budget.platform.slack) * (1 + ROUNDING)
        sizes = self.sizes * (n / budget.members)
        possible = sizes <= rows
        lost = min(float((sizes * self.times)[possible].sum()), rows)
        distance = 0.0
        if possible.any() or self.cells > self.times.sum():
            log_inverse = -math.log(budget.distance_delta)
            distance = distance_limit(sizes, self.cells, log_inverse, self.times)
        return 1 - lost / n - distance

    def members_needed(self, against: int, budget: ErrorBudget) -> int | None:
        """Return the smallest n from which on S* is certified, or None."""

        def success(n: int) -> float:
            return self.success(budget.limit(against, n), n, budget)

        return members_needed(
            success, budget.success, budget.platform.size, (against, budget.members)
        )


@dataclass(frozen=True, eq=False)
class CandidateSignals:
    """All signals on one set of columns.

    Args:
        columns: positions of its one or two columns.
        others: members grouped by the other columns.
        values: codes that each signal sets, (s, 1 or 2).
        against: number of members who speak against each, (s,).
        carrying: number of members who already carry each, (s,).
        cost: mean cost of each per member, (s,).
    """

    columns: tuple[int, ...]
    others: OtherColumns
    values: Ints
    against: Ints
    carrying: Ints
    cost: Floats


def candidate_signals(
    members: Members, label: int, price: Floats, counted: npt.NDArray[np.bool_]
) -> Iterator[CandidateSignals]:
    """Yield the signals of each column and each pair of columns.

    Args:
        members: their rows.
        label: index of the target.
        price: cost of changing each column, (d,).
        counted: which members are counted as speaking against a signal, (n,).
    """
    codes, sizes = members.codes, alphabet_sizes(members)
    d, n = len(sizes), len(members)
    digits = _digits(codes, sizes)
    whole = digits.sum(axis=1, dtype=np.int64)  # (n,), one number per cell
    against = counted & (members.labels != label)
    of_value = [np.bincount(codes[:, j], minlength=sizes[j]) for j in range(d)]
    for columns in (*((j,) for j in range(d)), *itertools.combinations(range(d), 2)):
        shape = tuple(sizes[j] for j in columns)
        joint = codes[:, columns[0]].astype(np.int64)
        for j in columns[1:]:
            joint = joint * sizes[j] + codes[:, j]
        spread = [np.arange(size) for size in shape]
        values = np.stack([a.ravel() for a in np.meshgrid(*spread, indexing="ij")], axis=1)
        carrying = np.bincount(joint, minlength=len(values))
        speaking = np.bincount(joint[against], minlength=len(values))
        shares = (of_value[j][values[:, at]] / n for at, j in enumerate(columns))
        cost = sum(price[j] * (1 - share) for j, share in zip(columns, shares, strict=True))
        useful = carrying < n
        if not useful.any():
            continue
        rest = whole - digits[:, columns].sum(axis=1, dtype=np.int64)
        yield CandidateSignals(
            columns,
            _others(rest, ENDLESS if len(sizes) > len(shape) else 1),
            values[useful],
            speaking[useful],
            carrying[useful],
            np.asarray(cost, dtype=np.float64)[useful],
        )


def _digits(codes: npt.NDArray[np.int32], sizes: list[int]) -> Ints:
    """Return what each column adds to a cell's number, (n, d).

    These are digits of a mixed radix if 64 bits hold them. Else each value adds a random number
    from a fixed seed, and sums may wrap around: two of 100,000 cells then coincide with a
    probability of about 3·10⁻¹⁰, which would make TV slightly too small.
    """
    if math.prod(sizes) <= LARGEST:
        radix = np.array([math.prod(sizes[j + 1 :]) for j in range(len(sizes))], dtype=np.int64)
        return codes * radix
    rng = np.random.default_rng(0)
    tables = [rng.integers(-(2**63), 2**63, size, dtype=np.int64) for size in sizes]
    return np.stack([table[codes[:, j]] for j, table in enumerate(tables)], axis=1)


def _others(keys: Ints, cells: int) -> OtherColumns:
    ordered = np.sort(keys)
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    sizes, times = np.unique(np.diff(ends, prepend=-1), return_counts=True)
    return OtherColumns(sizes.astype(np.float64), times.astype(np.float64), cells)
