"""From which columns could a platform learn, so that the target is certified?

A cell is a combination of the values of all columns that the platform learns from. With fewer
columns, or fewer bins of numbers, cells hold more members. What a platform learns from is a fact
about it and no choice of the members; the search says which assumption about it would be enough.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from quorate.errors import InputError
from quorate.planning.cells import signal_codes
from quorate.planning.certify import Objective, certifier
from quorate.planning.member_column import encode_column
from quorate.planning.members import Members
from quorate.theory.certificates.counts import failure
from quorate.theory.certificates.members_needed import members_needed

BINS = (3, 2)  # fewer than were asked for, that are tried
LARGER = 3  # sets beyond the largest that today's members certify
LEAST_ERROR = 1e-12  # of one certificate: a confidence nearer to 1 has no digits left
DIGITS = 3  # of the probability of error that each certificate is held to


@dataclass(frozen=True)
class Coarsening:
    """The columns and bins that a platform is assumed to learn from, and what is certified then.

    Args:
        columns: that the platform learns from, in the order of the file.
        left_out: those that it does not learn from.
        bins: of columns with many numbers; None where no column that is kept has any.
        success: certified with the members of today; vacuous at or below 0.
        n_for_target: number of members from which on the target is certified; None if out of reach.
        confidence: of this certificate by itself, which pays for the search.
    """

    columns: tuple[str, ...]
    left_out: tuple[str, ...]
    bins: int | None
    success: float
    n_for_target: int | None
    confidence: float

    @property
    def options(self) -> str:
        """The options of ``quorate plan`` that certify it, to be pasted.

        >>> Coarsening(("web", "my age"), ("pay",), 2, 0.9, 300, 0.9995).options
        "--columns 'web,my age' --bins 2 --confidence 0.9995"
        """
        given = ["--columns", ",".join(self.columns)]
        if self.bins is not None:
            given += ["--bins", str(self.bins)]
        return shlex.join([*given, "--confidence", f"{self.confidence:.15g}"])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with None for a bound of -inf."""
        success = self.success if math.isfinite(self.success) else None
        lists = {"columns": list(self.columns), "left_out": list(self.left_out)}
        return {**vars(self), **lists, "success": success, "options": self.options}


@dataclass(frozen=True)
class Coarsenings:
    """What a search over columns and bins has found.

    Args:
        items: one for each number of columns, the most first; none if the target is out of reach
            even with the signal's columns alone.
        tried: number of sets that the search can try; all of them are paid for.
        confidence: with which all certificates hold together.
    """

    items: tuple[Coarsening, ...] = ()
    tried: int = 0
    confidence: float = 0.95


def coarsen(members: Members, objective: Objective, bins: int) -> Coarsenings:
    """Return the largest sets of columns with which the target is certified.

    The signal's columns are kept. To them the search adds, one by one, the column that leaves the
    largest success certified for the members of today, as long as that is the target or more. Then
    it adds up to 3 columns more, by success with twice the members that are needed so far, and says
    how many each takes; all of it again with fewer bins. Which sets are tried depends on the rows,
    so that all that could be tried share δ and hold together: every set of at most K of the p other
    columns, for each number of bins. K is p, or with dozens of columns as many as leave each
    certificate an error of at least 10⁻¹². Status: derived.

    Args:
        members: their rows as they are now.
        objective: what they want to achieve.
        bins: that the members' numbers are in.

    Raises:
        InputError: as ``certify``.
    """
    binned = {column.name for column in members.columns if column.edges}
    numbers = [bins, *(fewer for fewer in BINS if fewer < bins and binned)]
    delta = failure(objective.confidence)
    others = len(members.columns) - len(objective.signal)
    most, sets = countable_sets(others, delta / LEAST_ERROR / len(numbers))
    tried = len(numbers) * sets
    paid = replace(objective, confidence=1 - _rounded_down(delta / tried))
    found: list[Coarsening] = []
    for number in numbers:
        try:
            coarser = members if number == bins else rebinned(members, number)
            signal_codes(coarser, objective.signal, new_values=objective.new_values)
        except InputError:  # the signal names a bin that there is no more
            continue
        found += _search(coarser, paid, number, binned, most)
    return Coarsenings(tuple(_best(found, objective.success)), tried, objective.confidence)


def rebinned(members: Members, bins: int) -> Members:
    """Return the members with their binned columns in so many bins."""
    import pandas as pd

    codes, columns = members.codes.copy(), list(members.columns)
    for at, column in enumerate(columns):
        if not column.edges or column.name not in members.numbers:
            continue
        series = pd.Series(members.numbers[column.name])
        words = dict.fromkeys(column.as_missing, 0)
        codes[:, at], again = encode_column(series, column.name, bins, [], words)
        columns[at] = replace(again, decimal=column.decimal)
    return replace(members, codes=codes, columns=tuple(columns))


def with_columns(members: Members, kept: Sequence[int]) -> Members:
    """Return the members with some of their columns alone."""
    columns = tuple(members.columns[at] for at in kept)
    return replace(members, codes=members.codes[:, list(kept)], columns=columns)


@dataclass(frozen=True)
class _Certified:
    """The certificates of one set of columns as a function of the number of members."""

    success: Callable[[int], float]
    needed: Callable[[], int | None]


def _certified(members: Members, objective: Objective, kept: Sequence[int]) -> _Certified:
    some = with_columns(members, sorted(kept))
    signal = signal_codes(some, objective.signal, new_values=objective.new_values)
    bound, against = certifier(some, objective, signal)
    platform = objective.platform(objective.eps)

    def success(n: int) -> float:
        return bound(n, platform, "tightest").success

    def needed() -> int | None:
        counted = (against, len(members))
        return members_needed(success, objective.success, platform.size, counted)

    return _Certified(success, needed)


def countable_sets(others: int, limit: float) -> tuple[int, int]:
    """Return K and the number of sets of at most K of p columns, the most that are within a limit.

    >>> countable_sets(16, 1e9), countable_sets(100, 200_000), countable_sets(3, 0)
    ((16, 65536), (3, 166751), (0, 1))
    """
    sets = 1
    for most in range(others):
        more = math.comb(others, most + 1)
        if sets + more > limit:
            return most, sets
        sets += more
    return others, sets


def _search(
    members: Members, paid: Objective, bins: int, binned: set[str], most: int
) -> list[Coarsening]:
    """Return the largest set that today's members certify with so many bins, and larger ones.

    No set has more than ``most`` columns beside the signal's.
    """
    kept = [members.position(name) for name in paid.signal]
    now, target = len(members), paid.success
    found = [_item(members, paid, kept, bins, binned)]
    rest = [at for at in range(len(members.columns)) if at not in kept]

    def best_of(n: int) -> tuple[int, dict[int, float]]:
        success = {at: _certified(members, paid, [*kept, at]).success(n) for at in rest}
        return max(rest, key=lambda at: success[at]), success

    largest = len(kept) + most
    while rest and len(kept) < largest and found[-1].success >= target:
        best, success = best_of(now)
        if success[best] < target:
            break
        kept.append(best)
        found[-1] = _item(members, paid, kept, bins, binned)
        # A column that is too much beside few is too much beside more.
        rest = [at for at in rest if at != best and success[at] >= target]
    rest = [at for at in range(len(members.columns)) if at not in kept]
    while rest and len(kept) < largest and len(found) <= LARGER:
        if found[-1].n_for_target is None:
            break
        best, _ = best_of(min(2 * max(now, found[-1].n_for_target), paid.platform_size))
        kept.append(best)
        rest.remove(best)
        found.append(_item(members, paid, kept, bins, binned))
    return [one for one in found if one.n_for_target is not None]


def _item(
    members: Members, paid: Objective, kept: Sequence[int], bins: int, binned: set[str]
) -> Coarsening:
    found = _certified(members, paid, kept)
    names = [column.name for column in members.columns]
    columns = tuple(names[at] for at in sorted(kept))
    return Coarsening(
        columns,
        tuple(name for name in names if name not in columns),
        bins if binned & set(columns) else None,
        found.success(len(members)),
        found.needed(),
        paid.confidence,
    )


def _best(found: Sequence[Coarsening], target: float) -> list[Coarsening]:
    """Return one set for each number of columns, the most columns first.

    Of those that today's members certify the one with the most bins, else the one that takes the
    fewest members.
    """

    def rank(one: Coarsening) -> tuple[float, float, float]:
        finest = -(one.bins or math.inf)
        if one.success >= target:
            return 0, finest, -one.success
        return 1, one.n_for_target or math.inf, finest

    kept: dict[int, Coarsening] = {}
    for one in sorted(found, key=rank):
        kept.setdefault(len(one.columns), one)
    return [kept[count] for count in sorted(kept, reverse=True)]


def _rounded_down(value: float) -> float:
    """Return a number above 0 rounded down to a few digits.

    >>> _rounded_down(0.00012999), _rounded_down(0.05)
    (0.000129, 0.05)
    """
    step = 10.0 ** (math.floor(math.log10(value)) - DIGITS + 1)
    return float(f"{math.floor(value / step * (1 + 1e-12)) * step:.{DIGITS}g}")
