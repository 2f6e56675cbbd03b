"""Which signal needs the fewest members: all single and paired column=value signals are tried.

What the search looks at is what ``aggregate_success`` looks at. The members needed grow with how
many of them speak against the target: of each column or pair only the smallest counts are tried.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.plan.candidates import CandidateSignals, ErrorBudget, Floats, candidate_signals
from quorate.plan.members import Members
from quorate.theory.certificates.counts import AssumedPlatform, failure
from quorate.validate import at_least, in_interval, unknown

Multiplicity = Literal["union", "split"]


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


def suggest(
    members: Members,
    target: str,
    platform: AssumedPlatform,
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
    sets = list(candidate_signals(members, label, price, choosing))
    tried = sum(len(group.values) for group in sets)
    if not tried:
        return Suggestions((), 0, confidence, multiplicity, ("Every signal is carried by all.",))
    held_to = delta / (2 * (min(count, tried) if split else tried))
    budget = ErrorBudget(
        platform, n, success, held_to, delta / (2 * len(sets)), int(choosing.sum())
    )  # fmt: skip
    ranked = _ranked(sets, budget, count)
    if split:
        counted = ErrorBudget(
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


def _ranked(sets: list[CandidateSignals], budget: ErrorBudget, count: int) -> list[tuple[int, int]]:
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
    members: Members, group: CandidateSignals, i: int, label: int, counted: npt.NDArray[np.bool_],
    budget: ErrorBudget,
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
        f"{tried} {'signal was' if tried == 1 else 'signals were'} tried, and {paid}: what is "
        f"certified of the signals listed holds together with confidence {confidence:g}."
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
