"""Search for the signal that needs the fewest members, among all single and paired values.

The search uses the quantities of ``aggregate_success``. The number of members needed grows with the
number who speak against the target, so only the smallest counts of each column or pair are tried.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.planning.candidates import CandidateSignals, ErrorBudget, Floats, candidate_signals
from quorate.planning.members import Members
from quorate.planning.wording import asked, counted
from quorate.theory.certificates.counts import AssumedPlatform, failure
from quorate.validate import at_least, in_interval, unknown

Multiplicity = Literal["union", "split"]


@dataclass(frozen=True)
class Suggestion:
    """A suggested signal.

    Args:
        signal: value by column.
        n_for_target: number of members like these from which on S* is certified; None if not even
            everyone suffices.
        success: success certified with the members there are; vacuous at or below 0.
        against: members whose own row carries the signal with another label than the target.
        carrying: members who already carry the signal.
        cost: mean cost per member of changing columns.
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
        tried: number of signals that were tried.
        confidence: with which all certificates here hold together.
        multiplicity: how the search was paid for.
        notes: the same in words, and caveats.
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

    All single and paired column=value signals of values that members have, jointly or not, are
    tried, except those that everyone carries. The confidence pays for the search. "union": each of
    s signals gets δ/(2s), each of the p column sets δ/(2p). "split": half of the members (every
    second row) choose ``count`` signals, and the other half counts who speaks against these, at
    δ/(2·count) each; column sets as before. Status: derived.

    Args:
        members: their rows as they are now.
        target: the label to plant.
        platform: N and ε; its N_test is not considered.
        count: number of signals to return.
        success: S*, in [0, 1].
        confidence: 1 − δ, in (0, 1).
        multiplicity: "union" or "split".
        costs: cost of changing a column, by name; 1 if not given.

    Raises:
        InputError: a name is unknown, or a value is out of range.
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
    certifying = ~choosing if split else choosing
    sets = list(candidate_signals(members, label, price, choosing))
    tried = sum(len(group.values) for group in sets)
    if not tried:
        return Suggestions((), 0, confidence, multiplicity, ("Every signal is carried by all.",))
    rows_delta = delta / (2 * (min(count, tried) if split else tried))
    shares = rows_delta, delta / (2 * len(sets))
    to_choose, to_certify = (
        ErrorBudget(platform, n, success, *shares, int(rows.sum()))
        for rows in (choosing, certifying)
    )
    found = [
        _suggestion(members, sets[s], i, label, certifying, to_certify)
        for s, i in _ranked(sets, to_choose, count)
    ]
    found.sort(key=lambda s: _rank(s.n_for_target, s.cost, s.against))
    notes = [_paid_note(tried, len(sets), count, multiplicity, confidence), *_notes(found)]
    return Suggestions(tuple(found), tried, confidence, multiplicity, tuple(notes))


def _rank(n_for_target: int | None, cost: float, against: int) -> tuple[float, float, float]:
    """Return the sort key: members needed, then cost; if never enough, members against."""
    if n_for_target is None:
        return math.inf, against, cost
    return n_for_target, cost, against


def _ranked(sets: list[CandidateSignals], budget: ErrorBudget, count: int) -> list[tuple[int, int]]:
    """Return the best signals, as the index of their set and their index in it.

    The members needed never fall as ``against`` grows, so signals within a set are taken in its
    order, and sets by the members that their best signal needs; a set is left at the first signal
    that needs more than the worst of the ``count`` found so far.
    """
    worst: list[tuple[float, ...]] = []  # the best found, as a heap of their negatives
    found: list[tuple[tuple[float, ...], int, int]] = []
    least = [int(group.against.min()) for group in sets]
    pairs = zip(sets, least, strict=True)
    first = [group.others.members_needed(against, budget) for group, against in pairs]
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
    members: Members,
    group: CandidateSignals,
    i: int,
    label: int,
    counted: npt.NDArray[np.bool_],
    budget: ErrorBudget,
) -> Suggestion:
    """Return one signal with its certificate, its rows counted among ``counted``."""
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


def _paid_note(tried: int, sets: int, count: int, how: Multiplicity, confidence: float) -> str:
    """Return what the certificates are corrected for, in words."""
    paid = tried if how == "union" else min(count, tried)
    who = "" if how == "union" else "Half of the members chose, the other half certifies. "
    return (
        f"{who}Corrected for {counted(paid, 'signal')} and {counted(sets, 'column set')}: all "
        f"results shown hold together at {asked(confidence)}."
    )


def _notes(found: list[Suggestion]) -> Iterator[str]:
    if any(s.carrying == 0 for s in found):
        yield (
            "Some signals are combinations that no member has: check that the platform takes them."
        )
    if all(s.n_for_target is None for s in found):
        yield (
            "No signal can be certified, whatever the number of members: cells of the other "
            "columns are too many. Name those that the platform learns from, or use fewer bins."
        )
