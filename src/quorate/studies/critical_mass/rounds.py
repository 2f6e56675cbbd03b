"""Where to train next: rounds of cells that close in on the critical mass.

Pure: what is measured comes from a function, so that thousands of searches can be simulated.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from quorate.intervals import Floats
from quorate.studies.critical_mass.levels import (
    BAND,
    MILD,
    USUAL,
    Levels,
    fallen_back,
    levels_of,
    quantiles,
)
from quorate.studies.critical_mass.monotone_fit import (
    NOBODY,
    NOISE,
    MonotoneFit,
    fit_monotone,
    log_size,
)
from quorate.validate import at_least, in_interval

Cell = tuple[int, int]  # members, seed
Stopped = Literal["width", "plateau", "budget"]

SEEDS = 5  # whose own critical mass must be known before the interval is trusted
ROUND = 4  # cells issued together, so that they train in one stack
COARSE = 0.5  # doubt of log α* above which two seeds bisect, before more seeds come in
PROBES = 8  # of one seed at most: where these do not place it, another seed says more
GAP = 4.0  # the largest ratio between measured sizes, above the interval, left unlooked at
APART = 1.5  # a fall back below the target between sizes nearer than this is noise
WITNESSES = 3  # seeds that a fall back is measured with, at least, before it counts or does not
WIDEST = 0.03  # posterior mass of the largest spread, above which an interval is not trusted
WIDER = 2.2  # times the fit's own interval, in logs, beyond which levels are asked for more
STEEP = 2.5  # slope times spread above which a seed is bisected, and below which none is
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
        levels: what is said without it; None where few trainings are near the target.
        by_levels: whether the levels ask for more sizes than the curve.
        on_plateau: whether S stays within noise of the target, and is known to, from low to high.
    """

    low: float
    estimate: float
    high: float
    placed: int
    fit: MonotoneFit | None
    levels: Levels | None = None
    by_levels: bool = False
    on_plateau: bool = False

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
    spent: int = 0,
    start: Sequence[Cell] = (),
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
        spent: how much of the budget they took.
        start: cells to begin with, where no point is known.

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
        if known and not checks and bracket.on_plateau:
            return SearchEnd(tuple(points.values()), bracket, tuple(asked), "plateau")
        left = budget - spent - len(asked)
        if left <= 0 or hopeless:
            return SearchEnd(tuple(points.values()), bracket, tuple(asked), "budget")
        wanted = [*checks, *next_cells(points.values(), people, width, bracket)]
        wanted = wanted if points or not start else list(start)
        new = [cell for cell in dict.fromkeys(wanted) if cell not in points]
        new = (new or _fresh_seeds(points, people, bracket))[:left]
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
    """Return the bracket that the points give; their order does not matter.

    It is that of the fitted curve, widened to where the levels say that the crossing may be: to
    ``MILD`` where the two agree, else to ``CUT``.
    """
    known = sorted(point for point in points if not math.isnan(point.success))
    if not known:
        return Bracket(0, math.nan, math.inf, 0, None)
    kept = _to_stay(known, target)
    fallen = fallen_back(kept, target)
    kept = [point for point in kept if point.members >= fallen]
    members, seeds, success = zip(*kept, strict=True)
    fit, levels = fit_monotone(members, seeds, success, people, target), _levels(kept, target)
    below, above = levels.ends() if levels else (math.inf, 0.0)
    nobody = [point.success for point in known if point.members == 0]
    everyone = [point.success for point in known if point.members >= people]
    if side(nobody, target) > 0 and above == 0 and min(success) >= target - BAND:
        return Bracket(0, 0, 0, len(nobody), fit, levels)
    if side(everyone, target) < 0 and below >= people:
        return Bracket(people, math.inf, math.inf, len(everyone), fit, levels)
    placed = int((fit.own_doubt <= 1.5 * well_placed(fit, width)).sum())
    low, estimate, high = (_whole(end, people) for end in (fit.low, fit.estimate, fit.high))
    low = min(max(low - 1, 0), people - 1)
    short = max((m for m, y in zip(members, success, strict=True) if y < target), default=0)
    enough = [m for m, y in zip(members, success, strict=True) if y >= target]
    if placed < SEEDS:  # the prior would speak: no more is said than what was measured
        enough = [size for size in enough if size > short]
    low, high = min(low, short), max(high, min(enough, default=math.inf))  # past what was seen
    if side(everyone, target) > 0:
        estimate, high = min(estimate, people), min(high, people)
    found = Bracket(low, estimate, high, placed, fit, levels)
    return found if levels is None else _widened(found, levels, len(set(seeds)), people, width)


def _widened(found: Bracket, levels: Levels, seeds: int, people: int, width: float) -> Bracket:
    """Return the bracket with the sizes at which the levels do not rule the crossing out."""
    assert found.fit is not None
    below, above = levels.ends()
    by_levels = above >= math.exp(found.fit.high) + 1 or below < math.exp(found.fit.low) - 1
    if _agree(levels, found.fit):
        below, above = levels.ends(MILD)
    found = replace(
        found,
        low=min(found.low, below),
        high=max(found.high, above),
        placed=max(found.placed, min(seeds, SEEDS)),
        by_levels=by_levels,
    )
    flat = None if found.narrow(width, people) else levels.plateau(found.low, found.high)
    return found if flat is None else replace(found, low=flat[0], high=flat[1], on_plateau=True)


def _agree(levels: Levels, fit: MonotoneFit) -> bool:
    """Whether the levels leave little more than the fit does."""
    below, above = (math.log(max(end, NOBODY)) for end in levels.ends())
    return above - below <= WIDER * (fit.high - fit.low)


def _levels(points: Sequence[Point], target: float) -> Levels | None:
    """Return what the levels say, without the seeds that are seen to jump past the target."""
    low: dict[int, int] = {}
    high: dict[int, int] = {}
    for point in points:
        if point.success < target - BAND:
            low[point.seed] = max(point.members, low.get(point.seed, 0))
        if point.success > target + BAND:
            high[point.seed] = min(point.members, high.get(point.seed, point.members))
    jump = {seed for seed in low.keys() & high.keys() if high[seed] <= 2 * max(low[seed], 0.5)}
    slack = [point for point in points if point.seed not in jump]
    return levels_of(slack, target) if slack else None


def side(success: Sequence[float], target: float) -> int:
    """Return 1 where the mean over seeds is surely at the target or above, -1 where surely below.

    Else, and for fewer than ``SEEDS`` seeds, 0. Sure is Student's one-sided 97% bound, with a
    noise that counts ``USUAL`` as three seeds more.

    >>> side([0.95] * 5, 0.9), side([0.88, 0.93, 0.9, 0.86, 0.92], 0.9), side([0.8] * 5, 0.9)
    (1, 0, -1)
    """
    from scipy.special import stdtrit

    values, count = np.asarray(success, dtype=np.float64), len(success)
    if count < SEEDS:
        return 0
    squares = float(((values - values.mean()) ** 2).sum())
    error = math.sqrt((3 * USUAL**2 + squares) / (count + 2) / count)
    away = float(values.mean()) - target
    return int(np.sign(away)) if abs(away) > stdtrit(count + 2, 0.97) * error else 0


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
    if bracket.levels is not None and bracket.by_levels and not bracket.narrow(width, people):
        first = 1 + max(point.seed for point in points)
        below, above = bracket.levels.ends()
        half = math.log(width) / 2
        aims = [_size(fit.estimate + way * half, people) for way in (-1, 1)]
        aims = [size for size in aims if below <= size <= above]
        parts = 0.1 + 0.8 * _golden_steps(first, ROUND - len(aims))
        aims += quantiles(bracket.levels, people, parts)
        return [(size, first + turn) for turn, size in enumerate(aims)]
    probes = np.array([sum(point.seed == seed for point in points) for seed in fit.seeds])
    enough = well_placed(fit, width)
    worst = np.argsort(-fit.own_doubt, kind="stable")
    steep = fit.slope * fit.spread >= STEEP
    again = [
        (_size(fit.own[at], people), int(fit.seeds[at]))
        for at in worst
        if steep and fit.own_doubt[at] > enough[at] and probes[at] < PROBES
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
    fallen = {
        point.members
        for point in known
        if point.success < target - 2 * NOISE and point.members >= APART * max(bracket.high, 1)
    }
    for size in sorted({*_dips(known, target), *fallen}):
        if _is_dip([point for point in known if point.members == size], target) is None:
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
    steps = _golden_steps(first, max(count, 0))
    places = fit.centre + fit.spread * ndtri(0.15 + 0.7 * steps)
    return [(_size(place, people), first + turn) for turn, place in enumerate(places)]


def _golden_steps(first: int, count: int) -> Floats:
    """Return numbers in [0, 1), (count,), that lie far from those of the turns before."""
    return np.asarray((0.5 + 0.618034 * (first + np.arange(count))) % 1)


def _size(place: float, people: int) -> int:
    return int(min(max(round(math.exp(place)), 0), people))


def _whole(place: float, people: int) -> float:
    """Return the members that a place on the log axis asks for, inf if more than everyone."""
    if place <= log_size(0):
        return 0
    members = math.ceil(math.exp(place) - 1e-9)
    return members if members <= people else math.inf
