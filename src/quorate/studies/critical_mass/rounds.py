"""Where to train next: rounds of cells that close in on the critical mass.

Pure: what is measured comes from a function, so that thousands of searches can be simulated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.monotone_fit import NOISE, MonotoneFit, fit_monotone, log_size
from quorate.validate import at_least, in_interval

Cell = tuple[int, int]  # members, seed
Stopped = Literal["width", "budget"]

SEEDS = 5  # whose own critical mass must be known before the interval is trusted
ROUND = 4  # cells issued together, so that they train in one stack
COARSE = 0.5  # doubt of log α* above which two seeds bisect, before more seeds come in
PROBES = 8  # of one seed at most: where these do not place it, another seed says more
GAP = 4.0  # the largest ratio between measured sizes, above the interval, left unlooked at
APART = 1.5  # a fall back below the target between sizes nearer than this is noise
WITNESSES = 3  # seeds that a fall back is measured with, at least, before it counts or does not
WIDEST = 0.03  # posterior mass of the largest spread, above which an interval is not trusted
HOPELESS = 8  # failed trainings, with none that succeeded, after which the search gives up


class Point(NamedTuple):
    """One measured cell. ``success`` is NaN where the training failed."""

    members: int
    seed: int
    success: float


@dataclass(frozen=True)
class Bracket:
    """What the points say of the critical mass, in members. inf where it is never reached.

    Args:
        low, estimate, high: α*·n lies above ``low`` (or is 0) and at or below ``high``.
        placed: seeds whose own critical mass is known well enough to count.
        fit: the curve behind it; None where no training succeeded.
    """

    low: float
    estimate: float
    high: float
    placed: int
    fit: MonotoneFit | None

    @property
    def too_spread(self) -> bool:
        """Whether seeds may differ by more than the fit can say: its interval may be too narrow.

        Not where nobody is enough or everyone too few, which is counted and not fitted.
        """
        counted = self.high == 0 or not math.isfinite(self.estimate)
        return self.fit is not None and not counted and self.fit.widest > WIDEST

    def narrow(self, width: float, people: int) -> bool:
        """Whether high/low ≤ width, or no whole member lies between, or nobody is left to ask."""
        return self.low >= people or self.high <= max(self.low * width, self.low + 1)


@dataclass(frozen=True)
class SearchEnd:
    """The end of a search: every point, the bracket, the cells it asked for, and why it ended."""

    points: tuple[Point, ...]
    bracket: Bracket
    asked: tuple[Cell, ...]
    stopped: Stopped


def close_in(
    measure: Callable[[Sequence[Cell], Bracket | None], Iterable[float]],
    people: int,
    target: float,
    width: float,
    budget: int,
    given: Iterable[Point] = (),
) -> SearchEnd:
    """Return where the rounds end: the interval is narrow enough, or the budget is spent.

    The first round is one seed at four sizes, a quarter of log n apart. Two seeds then bisect;
    once the place is roughly known, further seeds are tried around it, each once where curves are
    shallow and again where they are steep. What is asked next depends on the points alone. Large
    sizes are looked at before the end: everyone, between neighbours further apart than ``GAP``,
    and with ``WITNESSES`` seeds wherever a seed falls back below the target. Source: derived.

    Args:
        measure: called with the cells of a round, and the bracket so far; returns S in order, NaN
            where a training failed.
        people: n.
        target: S*, in [0, 1].
        width: of the interval, high/low, above 1.
        budget: cells that may be asked for, at least 1.
        given: points known before.

    >>> def half(cells, bracket):
    ...     return [float(members >= 50) for members, seed in cells]
    >>> found = close_in(half, people=1000, target=0.9, width=1.3, budget=60)
    >>> found.stopped, found.bracket.low < 50 <= found.bracket.high
    ('width', True)

    Raises:
        InputError: an argument is out of range.
    """
    validate_search(target, width, budget)
    points = {(point.members, point.seed): point for point in given}
    asked: list[Cell] = []
    while True:
        bracket = bracket_of(points.values(), people, target, width)
        failed = sum(math.isnan(point.success) for point in points.values())
        hopeless = bracket.fit is None and failed >= HOPELESS
        checks = [] if hopeless else unchecked(points.values(), people, target, bracket)
        known = bracket.placed >= SEEDS and not bracket.too_spread
        if known and not checks and bracket.narrow(width, people):
            return SearchEnd(tuple(points.values()), bracket, tuple(asked), "width")
        if len(asked) >= budget or hopeless:
            return SearchEnd(tuple(points.values()), bracket, tuple(asked), "budget")
        wanted = [*checks, *next_cells(points.values(), people, width, bracket)]
        new = [cell for cell in dict.fromkeys(wanted) if cell not in points]
        new = (new or _fresh_seeds(points, people, bracket))[: budget - len(asked)]
        for cell, success in zip(new, measure(new, bracket if points else None), strict=True):
            points[cell] = Point(*cell, success)
        asked += new


def validate_search(target: float, width: float, budget: int) -> None:
    """Raise InputError unless the target, the width and the budget make sense."""
    in_interval("target", target, 0, 1, "It is a success rate.")
    fix = "It is the ratio high/low of the interval, such as 1.15."
    in_interval("width", width, 1, math.inf, fix, open_low=True, open_high=True)
    at_least("budget", budget, 1, "Allow at least one training.")


def bracket_of(points: Iterable[Point], people: int, target: float, width: float) -> Bracket:
    """Return the bracket that the points give; their order does not matter."""
    known = sorted(point for point in points if not math.isnan(point.success))
    if not known:
        return Bracket(0, math.nan, math.inf, 0, None)
    members, seeds, success = zip(*_to_stay(known, target), strict=True)
    fit = fit_monotone(members, seeds, success, people, target)
    nobody = [point.success for point in known if point.members == 0]
    everyone = [point.success for point in known if point.members >= people]
    if len(nobody) >= SEEDS and min(success) >= target:
        return Bracket(0, 0, 0, len(nobody), fit)
    if len(everyone) >= SEEDS and max(everyone) < target:
        return Bracket(people, math.inf, math.inf, len(everyone), fit)
    placed = int((fit.own_doubt <= 1.5 * well_placed(fit, width)).sum())
    low, estimate, high = (_whole(end, people) for end in (fit.low, fit.estimate, fit.high))
    low = min(max(low - 1, 0), people - 1)
    short = max((m for m, y in zip(members, success, strict=True) if y < target), default=0)
    enough = [m for m, y in zip(members, success, strict=True) if y >= target]
    if placed < SEEDS:  # the prior would speak: no more is said than what was measured
        enough = [size for size in enough if size > short]
    low, high = min(low, short), max(high, min(enough, default=math.inf))  # past what was seen
    if len(everyone) >= SEEDS and min(everyone) >= target:
        estimate, high = min(estimate, people), min(high, people)
    return Bracket(low, estimate, high, placed, fit)


def well_placed(fit: MonotoneFit, width: float) -> Floats:
    """Return the doubt of each seed's own log critical mass at which another seed says more, (s,).

    Below it are the noise of one training, the spread of the seeds, the width that is wanted, or
    no whole member.
    """
    least = max(1.5 * fit.noise, fit.spread / 2, math.log(width) / 4)
    above = np.maximum(np.ceil(np.exp(fit.own) - 1e-9), 1)  # members
    return np.maximum(least, (log_size(above) - log_size(above - 1)) / 2)


def next_cells(points: Iterable[Point], people: int, width: float, bracket: Bracket) -> list[Cell]:
    """Return the cells of the next round; some may have been measured before."""
    fit, points = bracket.fit, list(points)
    if fit is None:
        seed = 1 + max((point.seed for point in points), default=-1)
        return [(max(1, round(people ** (part / 4))), seed) for part in (2, 3, 1, 4)]
    if fit.doubt > COARSE:
        thirds = np.searchsorted(np.cumsum(fit.centre_mass), (1 / 3, 2 / 3))
        failed = {point.seed for point in points} - set(fit.seeds.tolist())
        two = [seed for seed in range(len(failed) + 2) if seed not in failed][:2]
        return [
            (_size(fit.places[place], people), two[(len(points) + turn) % 2])
            for turn, place in enumerate(thirds)
        ]
    probes = np.array([sum(point.seed == seed for point in points) for seed in fit.seeds])
    enough = well_placed(fit, width)
    worst = np.argsort(-fit.own_doubt, kind="stable")
    again = [
        (_size(fit.own[at], people), int(fit.seeds[at]))
        for at in worst
        if fit.own_doubt[at] > enough[at] and probes[at] < PROBES
    ][:ROUND]
    fresh = ROUND - len(again)
    return again + _around(points, people, fit, fresh - (bracket.placed >= SEEDS and not again))


def unchecked(points: Iterable[Point], people: int, target: float, bracket: Bracket) -> list[Cell]:
    """Return cells that look for dips above the interval: none once all has been looked at."""
    known = [point for point in points if not math.isnan(point.success)]
    if bracket.fit is None:
        return []
    asked = {(point.members, point.seed) for point in points}
    seeds = sorted({point.seed for point in known})
    cells = []
    for size, there in _dips(known, target).items():
        if _is_dip(there, target) is None:
            others = [*seeds, *range(seeds[-1] + 1, seeds[-1] + 1 + WITNESSES)]
            free = [seed for seed in others if (size, seed) not in asked]
            cells += [(size, seed) for seed in free[: WITNESSES - 1]]
    if bracket.fit.doubt > COARSE or bracket.high >= people:
        return cells
    tried = {members for members, _ in asked}
    sizes = sorted({max(bracket.high, 1), people} | {size for size in tried if size > bracket.high})
    between = [
        round(math.sqrt(below * above))
        for below, above in itertools.pairwise(sizes)
        if above > GAP * below
    ]
    large = [*between, *({people} - tried)]
    return cells + [(size, seeds[turn % len(seeds)]) for turn, size in enumerate(large, start=1)]


def _dips(points: Iterable[Point], target: float) -> dict[int, list[Point]]:
    """Return the points at each size at which some seed falls back clearly below the target.

    That seed had reached it with ``APART`` times fewer members, or fewer still.
    """
    points = list(points)
    least: dict[int, int] = {}  # the fewest members with which each seed reached it
    for point in points:
        if point.success >= target:
            least[point.seed] = min(point.members, least.get(point.seed, point.members))
    sizes = {
        point.members
        for point in points
        if point.success < target - 2 * NOISE
        and point.members >= APART * least.get(point.seed, math.inf)
    }
    return {size: [one for one in points if one.members == size] for size in sorted(sizes)}


def _is_dip(there: Sequence[Point], target: float) -> bool | None:
    """Whether the mean over seeds falls short at a size, or None: more seeds have to tell.

    With ``WITNESSES`` seeds the mean tells if it is a standard error off the target, and with
    three times as many it tells anyhow.
    """
    success = np.array([point.success for point in there])
    if len(success) < WITNESSES:
        return None
    error = success.std(ddof=1) / math.sqrt(len(success))
    clear = abs(success.mean() - target) > error or len(success) >= 3 * WITNESSES
    return bool(success.mean() < target) if clear else None


def _to_stay(points: Sequence[Point], target: float) -> list[Point]:
    """Return the points that tell where the mean curve reaches the target to stay.

    Below a size where it falls short, nothing does; where it was one seed alone that fell short
    and the mean did not, that training is left out.
    """
    kept = list(points)
    for size, there in _dips(points, target).items():
        verdict = _is_dip(there, target)
        if verdict:
            kept = [point for point in kept if point.members >= size]
        elif verdict is False:
            kept = [p for p in kept if p.members != size or p.success >= target - 2 * NOISE]
    return kept


def _fresh_seeds(points: Iterable[Cell], people: int, bracket: Bracket) -> list[Cell]:
    """Return cells of seeds not tried before, where the critical mass is thought to be."""
    first = 1 + max(seed for _, seed in points)
    centre = bracket.fit.centre if bracket.fit else math.log(people) / 2
    return [(_size(centre, people), first + turn) for turn in range(ROUND - 1)]


def _around(points: Iterable[Point], people: int, fit: MonotoneFit, count: int) -> list[Cell]:
    """Return cells of new seeds, spread over where a seed's own critical mass may be.

    Quantiles between 15% and 85%, by golden steps: different sizes for different seeds, so that
    what is left unknown between sizes differs from seed to seed and averages out.
    """
    from scipy.special import ndtri

    first = 1 + max(point.seed for point in points)
    steps = (0.5 + 0.618034 * (first + np.arange(max(count, 0)))) % 1
    places = fit.centre + fit.spread * ndtri(0.15 + 0.7 * steps)
    return [(_size(place, people), first + turn) for turn, place in enumerate(places)]


def _size(place: float, people: int) -> int:
    return int(min(max(round(math.exp(place)), 0), people))


def _whole(place: float, people: int) -> float:
    """Return the members that a place on the log axis asks for, inf if more than everyone."""
    if place <= log_size(0):
        return 0
    members = math.ceil(math.exp(place) - 1e-9)
    return members if members <= people else math.inf
