"""Which signal needs the fewest members: all single and paired column=value signals are tried.

What the search looks at is what ``aggregate_success`` looks at. For a pair of columns, members are
grouped once by all the others; that gives TV and the cells that can be lost, whatever the values.
For its values, one table of counts says how many members speak against the target. Numbers needed
grow with that count, so only the smallest counts of a pair are worth an evaluation.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.plan.cells import LARGEST, alphabet_sizes
from quorate.plan.members import Members
from quorate.theory.certificates.aggregate import ROUNDING
from quorate.theory.certificates.counts import Platform, failure
from quorate.theory.certificates.members_needed import members_needed
from quorate.theory.radii import distance_limit, others_limit
from quorate.validate import at_least, in_interval, unknown

Multiplicity = Literal["union", "split"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Suggestion:
    """One signal, and what it takes.

    Args:
        signal: column to value.
        n_for_target: members like these from which on S* is certified; None where not even
            everyone is enough.
        success: what is certified with the members there are; at or below 0 it says nothing.
        against: members whose own row carries the signal with another label than the target.
        carrying: members who carry the signal already.
        cost: mean cost per member, of those who must change a column.
    """

    signal: dict[str, str]
    n_for_target: int | None
    success: float
    against: int
    carrying: int
    cost: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class Suggestions:
    """The signals that need the fewest members, the best first.

    Args:
        items: the signals.
        tried: signals that were tried.
        confidence: with which all that is certified here holds, whichever signal is taken.
        multiplicity: how the search was paid for.
        notes: the same in words, and what else must be known.
    """

    items: tuple[Suggestion, ...]
    tried: int
    confidence: float
    multiplicity: Multiplicity
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "items": [s.to_dict() for s in self.items], "notes": list(self.notes)}


@dataclass(frozen=True)
class Budget:
    """What every signal is held to: the platform, the target, and the shares of δ.

    Args:
        platform: N and ε.
        members: n, whose rows were counted.
        success: S*.
        rows_delta: probability with which the others' count may be larger than reckoned with.
        distance_delta: the same of TV.
        sampled: members among whom rows against the target were counted: n, or fewer.
    """

    platform: Platform
    members: int
    success: float
    rows_delta: float
    distance_delta: float
    sampled: int

    def limit(self, against: int, n: int) -> int:
        """Return how many of the others may speak against the target, if n members are like these.

        Of the n members the same share is sampled, and of these ⌈against·n/members⌉ speak against.
        """
        sampled = max(1, self.sampled * n // self.members)
        seen = min(math.ceil(against * n / self.members * (1 - ROUNDING)), sampled)
        return others_limit(seen, sampled, self.platform.size - n, self.rows_delta)


@dataclass(frozen=True, eq=False)
class Others:
    """Members grouped by all columns but those of the signal: how large the cells are.

    Args:
        sizes: the distinct numbers of members in a cell, ascending, (c,).
        times: how many cells have so many, (c,).
        cells: |X*|.
    """

    sizes: Floats
    times: Floats
    cells: int

    def success(self, limit: int, n: int, budget: Budget) -> float:
        """Return 1 − moved(B)/n − TV: ``success_despite`` of these cells, scaled to n members."""
        rows = (limit + budget.platform.slack) * (1 + ROUNDING)
        sizes = self.sizes * (n / budget.members)
        possible = sizes <= rows
        lost = min(float((sizes * self.times)[possible].sum()), rows)
        distance = 0.0
        if possible.any() or self.cells > self.times.sum():
            log_inverse = -math.log(budget.distance_delta)
            distance = distance_limit(sizes, self.cells, log_inverse, self.times)
        return 1 - lost / n - distance

    def members_needed(self, against: int, budget: Budget) -> int | None:
        """Return the smallest n from which on S* is certified, or None."""

        def success(n: int) -> float:
            return self.success(budget.limit(against, n), n, budget)

        return members_needed(
            success, budget.success, budget.platform.size, (against, budget.members)
        )


@dataclass(frozen=True, eq=False)
class Candidates:
    """All signals on one set of columns.

    Args:
        columns: positions of its one or two columns.
        others: members grouped by the other columns.
        values: the codes that each signal sets, (s, 1 or 2).
        against: members who speak against each, (s,).
        carrying: members who carry each already, (s,).
        cost: of each, per member, (s,).
    """

    columns: tuple[int, ...]
    others: Others
    values: Ints
    against: Ints
    carrying: Ints
    cost: Floats


def suggest(
    members: Members,
    target: str,
    platform: Platform,
    count: int = 10,
    *,
    success: float = 0.9,
    confidence: float = 0.95,
    multiplicity: Multiplicity = "union",
    costs: Mapping[str, float] | None = None,
) -> Suggestions:
    """Return the signals with the smallest certified number of members, then the cheapest.

    Tried are all single and paired column=value signals, of values that members have, together or
    not, but for those that everyone carries. The search is paid for in the confidence. "union":
    each of s signals is held to δ/(2s), each of the p column sets to δ/(2p). "split": half of the
    members (every second row) choose ``count`` signals, and the other half counts who speaks
    against these, each held to δ/(2·count); column sets as before. Status: derived.

    Args:
        members: their rows as they are now.
        target: the label to plant.
        platform: N and ε; its N_test is not considered.
        count: how many to return.
        success: S*, in [0, 1].
        confidence: 1 − δ, in (0, 1).
        multiplicity: "union" or "split".
        costs: what it costs a member to change a column, by name; 1 for those not named.

    Raises:
        InputError: a name is not known, or a value is out of range.
    """
    in_interval("success", success, 0, 1, "It is a share of people.")
    at_least("count", count, 1, "Ask for one suggestion at least.")
    if multiplicity not in get_args(Multiplicity):
        raise unknown("multiplicity", multiplicity, get_args(Multiplicity))
    n, delta = len(members), failure(confidence)
    platform.others(n)
    split = multiplicity == "split"
    if split:
        at_least("members", n, 2, "Half of the members choose: there must be two.")
    label, price = members.label(target), _prices(members, costs or {})
    choosing = np.arange(n) % 2 == 0 if split else np.ones(n, dtype=bool)  # (n,)
    sets = list(candidates(members, label, price, choosing))
    tried = sum(len(group.values) for group in sets)
    if not tried:
        return Suggestions((), 0, confidence, multiplicity, ("Every signal is carried by all.",))
    held_to = delta / (2 * (min(count, tried) if split else tried))
    budget = Budget(
        platform, n, success, held_to, delta / (2 * len(sets)), int(choosing.sum())
    )  # fmt: skip
    ranked = _ranked(sets, budget, count)
    if split:
        counted = Budget(
            platform, n, success, held_to, budget.distance_delta, int((~choosing).sum())
        )
        found = [_suggestion(members, sets[s], i, label, ~choosing, counted) for s, i in ranked]
    else:
        found = [_suggestion(members, sets[s], i, label, choosing, budget) for s, i in ranked]
    found.sort(key=lambda s: _rank(s.n_for_target, s.cost, s.against))
    return Suggestions(
        tuple(found), tried, confidence, multiplicity,
        tuple(_notes(found, tried, len(sets), count, multiplicity, confidence)),
    )  # fmt: skip


def _rank(n_for_target: int | None, cost: float, against: int) -> tuple[float, float, float]:
    """Return what signals are put in order by: the members needed, then cost; else who speaks."""
    if n_for_target is None:
        return math.inf, against, cost
    return n_for_target, cost, against


def candidates(
    members: Members, label: int, price: Floats, counted: npt.NDArray[np.bool_]
) -> Iterator[Candidates]:
    """Yield the signals of each column and each pair of columns.

    Args:
        members: their rows.
        label: index of the target.
        price: what it costs to change each column, (d,).
        counted: members who are asked who speaks against a signal, (n,).
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
        cost = sum(
            price[j] * (1 - of_value[j][values[:, at]] / n) for at, j in enumerate(columns)
        )  # fmt: skip
        useful = carrying < n
        if not useful.any():
            continue
        rest = whole - digits[:, columns].sum(axis=1, dtype=np.int64)
        yield Candidates(
            columns, _others(rest, math.prod(sizes) // math.prod(shape)), values[useful],
            speaking[useful], carrying[useful], np.asarray(cost, dtype=np.float64)[useful],
        )  # fmt: skip


def _digits(codes: npt.NDArray[np.int32], sizes: list[int]) -> Ints:
    """Return what each column adds to the number of a cell, (n, d): the others' number is the rest.

    The digits of a mixed radix where 64 bits hold them. Else each value adds a random number, drawn
    with a fixed seed, and sums may wrap around: two of 100,000 cells are then taken for one with a
    probability of some 3·10⁻¹⁰, which would make TV a little smaller than it is.
    """
    if math.prod(sizes) <= LARGEST:
        radix = np.array([math.prod(sizes[j + 1 :]) for j in range(len(sizes))], dtype=np.int64)
        return codes * radix
    rng = np.random.default_rng(0)
    tables = [rng.integers(-(2**63), 2**63, size, dtype=np.int64) for size in sizes]
    return np.stack([table[codes[:, j]] for j, table in enumerate(tables)], axis=1)


def _others(keys: Ints, cells: int) -> Others:
    ordered = np.sort(keys)
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True])
    sizes, times = np.unique(np.diff(ends, prepend=-1), return_counts=True)
    return Others(sizes.astype(np.float64), times.astype(np.float64), cells)


def _ranked(sets: list[Candidates], budget: Budget, count: int) -> list[tuple[int, int]]:
    """Return the best signals, as the index of their set and their index in it.

    The members needed never fall as ``against`` grows: within a set, signals are taken by it, and
    sets by the members that their best signal needs; a set is left at the first signal that needs
    more than the worst of the ``count`` found so far.
    """
    worst: list[tuple[float, ...]] = []  # the best found, as a heap of their negatives
    found: list[tuple[tuple[float, ...], int, int]] = []
    least = [int(group.against.min()) for group in sets]
    first = [
        group.others.members_needed(k, budget) for group, k in zip(sets, least, strict=True)
    ]  # fmt: skip
    for s in sorted(range(len(sets)), key=lambda s: _rank(first[s], 0, least[s])):
        group = sets[s]
        for against in np.unique(group.against).tolist():
            n = first[s] if against == least[s] else group.others.members_needed(against, budget)
            if len(worst) >= count and _rank(n, 0, against) > tuple(-w for w in worst[0]):
                break
            at = np.flatnonzero(group.against == against)
            at = at[np.argsort(group.cost[at], kind="stable")][:count]
            for i in at.tolist():
                key = _rank(n, float(group.cost[i]), against)
                found.append((key, s, i))
                heapq.heappush(worst, tuple(-value for value in key))
                if len(worst) > count:
                    heapq.heappop(worst)
    return [(s, i) for _, s, i in sorted(found)[:count]]


def _suggestion(
    members: Members, group: Candidates, i: int, label: int, counted: npt.NDArray[np.bool_],
    budget: Budget,
) -> Suggestion:  # fmt: skip
    """Return one signal with what is certified, its rows counted among ``counted``."""
    codes, n = group.values[i], len(members)
    there = np.ones(n, dtype=bool)
    for j, code in zip(group.columns, codes, strict=True):
        there &= members.codes[:, j] == code
    against = int((there & counted & (members.labels != label)).sum())
    columns = [members.columns[j] for j in group.columns]
    return Suggestion(
        {c.name: c.values[code] for c, code in zip(columns, codes, strict=True)},
        group.others.members_needed(against, budget),
        group.others.success(budget.limit(against, n), n, budget),
        int((there & (members.labels != label)).sum()),
        int(group.carrying[i]),
        float(group.cost[i]),
    )


def _prices(members: Members, costs: Mapping[str, float]) -> Floats:
    """Return the cost of changing each column, (d,)."""
    price = np.ones(len(members.columns))
    for name, cost in costs.items():
        at_least(f"cost of {name}", cost, 0, "A change that nobody minds costs 0.")
        price[members.position(name)] = cost
    return price


def _notes(
    found: list[Suggestion], tried: int, sets: int, count: int, how: Multiplicity,
    confidence: float,
) -> list[str]:  # fmt: skip
    paid = (
        f"each is held to 1/{2 * tried} of the error allowed, each of {sets} column sets likewise "
        f"to 1/{2 * sets}"
        if how == "union"
        else f"half of the members chose, the other half certifies {min(count, tried)} signals, "
        f"each held to 1/{2 * min(count, tried)} of the error allowed, each of {sets} column "
        f"sets to 1/{2 * sets}"
    )
    notes = [
        f"{tried} signals were tried, and {paid}: all numbers here hold together with confidence "
        f"{confidence:g}."
    ]
    if any(s.carrying == 0 for s in found):
        notes.append(
            "Some signals are combinations that no member has: check that the platform takes them."
        )
    if all(s.n_for_target is None for s in found):
        notes.append(
            "No signal can be certified, whatever the number of members: cells of the other "
            "columns are too many. Name those that the platform learns from, or use fewer bins."
        )
    return notes
