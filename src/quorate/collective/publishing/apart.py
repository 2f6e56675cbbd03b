"""Pictures kept apart for trials: no surrogate learns from them, no change is crafted on them.

Shape letters: n pictures of a pool, m people of the subgroup kept apart, o others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from quorate.errors import InputError
from quorate.fairness.gap_closed import gap_closed
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Table
from quorate.test_time.platforms.platform import Pixels, to_features, to_pixels
from quorate.test_time.study.adaptive import CLEANING
from quorate.test_time.study.people import SUBGROUP

# Streams of a campaign's seed beside those of a correction (people.PEOPLE and so on): who is kept
# apart, wrong classes and random signs, and stand-ins for the platform.
KEPT_APART, CONTROLS, STAND_INS = 7, 8, 9
WIDTH = 0.25  # half the interval of the gap closed that is aimed for: ½ is told from 0 and from 1
ENOUGH = 50  # people of a control: a rate of one half is known to within 0.15
FEWEST = 10  # people on whom anything is measured
MOST_APART = 2  # one photo in so many is kept apart, at most
DRAWS = 400  # of an expected interval, which is only to be known roughly


@dataclass(frozen=True)
class TrialSizes:
    """How many people each trial is made with.

    Args:
        inside, outside: people of the subgroup, and others: as they are, the former also changed.
        label_free: of the subgroup, with the change that is the same for everyone.
        controls: of the subgroup, with a wrong class's change and with random signs.
        cleaned: of the subgroup and as many others, on each platform that cleans uploads.
        joined: others, had they made the change.
        width: half the interval of the gap closed, at 95%, that is to be expected if all of the
            gap is closed and nobody is served worse; None where no gap shows in the pool.
    """

    inside: int
    outside: int
    label_free: int
    controls: int
    cleaned: int
    joined: int
    width: float | None

    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    def sentence(self) -> str:
        """Return how many people are measured on, and what that is good for."""
        said = (
            f"The change is tried on {self.inside} pictures of the subgroup and {self.outside} of "
            "others, which were drawn at random and kept apart."
        )
        if self.width is None:
            return f"{said} In the pool no gap shows, so nothing is said of its interval."
        reach = (
            "If all of the gap is closed and nobody is served worse than before, the interval is "
            f"expected to reach {self.width:.2f} to either side"
        )
        if self.width <= WIDTH:
            return f"{said} {reach}, so that half of a gap is told from none."
        return f"{said} {reach}: {WIDTH:g} was aimed for, and needs more photos or more questions."


@dataclass(frozen=True, eq=False)
class KeptApart:
    """The pictures that trials are made with.

    Args:
        rows: where they stand in the pool, those of the subgroup first.
        people: the same as people; group 1 is the subgroup.
        sizes: how many of them each trial is made with.
    """

    rows: Labels
    people: Table
    sizes: TrialSizes

    @functools.cached_property
    def x(self) -> Pixels:
        """The pictures, (m + o, c, h, w)."""
        return to_pixels(self.people.x)

    @property
    def inside(self) -> Labels:
        """Rows of the subgroup among those kept apart, (m,)."""
        return np.arange(self.sizes.inside)

    @property
    def outside(self) -> Labels:
        """Rows of the others, (o,)."""
        return np.arange(self.sizes.inside, len(self.people))


def choose_apart(
    photo: Labels, inside: Mask, right: Mask, known: Mask, most: int, seed: int
) -> tuple[Labels, TrialSizes]:
    """Return rows of the pictures that are kept apart, drawn photo by photo, and their use.

    As many as a useful interval needs, of at most half of the photos and within the budget.

    Args:
        photo: photo of each picture of the pool, (n,).
        inside: whether it is of the subgroup, (n,).
        right: whether the platform reads it rightly, where that is known, (n,).
        known: whether it is, (n,).
        most: trial questions that may be asked.
        seed: of the campaign.

    Raises:
        InputError: the photos or the questions are too few to measure anything.
    """
    rng = np.random.default_rng(stream(seed, KEPT_APART))
    sides = []
    for side in (inside, ~inside):
        rows = rng.permutation(_first_of_each(photo, side))
        sides.append(rows[: len(rows) // MOST_APART])
    rates = [_rate(right[known & side]) for side in (inside, ~inside)]
    sizes = choose_sizes(~known[sides[0]], ~known[sides[1]], rates[0], rates[1], most)
    return np.concatenate([sides[0][: sizes.inside], sides[1][: sizes.outside]]), sizes


def people_of_rows(
    x: Pixels,
    y: Labels,
    rows: Labels,
    sizes: TrialSizes,
    classes: tuple[str, ...],
    subgroup: str,
) -> KeptApart:
    """Return pictures of the pool, (n, c, h, w), as the people that trials are made with."""
    group = np.zeros(len(rows), dtype=np.int64)
    group[: sizes.inside] = SUBGROUP
    others = "others" if subgroup != "others" else "everyone else"
    people = Table(to_features(x[rows]), y[rows], classes, group, (others, subgroup))
    return KeptApart(rows, people, sizes)


def learned_from(photo: Labels, apart: Labels) -> Mask:
    """Return which pictures of the pool show no photo that is kept apart, (n,)."""
    return ~np.isin(photo, photo[apart])


def choose_sizes(
    unknown_inside: Mask, unknown_outside: Mask, inside: float, outside: float, most: int
) -> TrialSizes:
    """Return how many people each trial is made with.

    First the gap closed: the least number m of the subgroup, and as many others, with which its
    interval is expected to reach ``WIDTH`` to either side if all of the gap is closed; then what
    the budget leaves for the controls, in the order of ``TrialSizes``.

    Args:
        unknown_inside, unknown_outside: which of the people who can be kept apart have no answer
            yet as they are, in the order in which they would be kept, (m,) and (o,).
        inside, outside: accuracy of the platform in the pool; NaN where unknown.
        most: trial questions that may be asked.

    Raises:
        InputError: the photos or the questions are too few.
    """
    costs = [np.concatenate([[0], np.cumsum(part)]) for part in (unknown_inside, unknown_outside)]

    def others(m: int) -> int:
        return min(m, len(unknown_outside))

    def cost(m: int) -> int:
        return m + int(costs[0][m] + costs[1][others(m)])

    largest = max(m for m in range(len(unknown_inside) + 1) if cost(m) <= max(0, most))
    if min(largest, others(largest)) < FEWEST:
        raise InputError(
            f"Expected {MOST_APART * FEWEST} photos of the subgroup, {MOST_APART * FEWEST} of "
            f"others, and {3 * FEWEST} questions to try the change with, got at least "
            f"{MOST_APART * len(unknown_inside)} and {MOST_APART * len(unknown_outside)} photos, "
            f"and {max(0, most)} questions. Bring more photos, or wait for more members."
        )
    m = _least(FEWEST, largest, lambda size: _width(size, others(size), inside, outside) <= WIDTH)
    o, left = others(m), most - cost(m)
    free, left = _take(m, left)
    controls, left = _take(min(m, ENOUGH), left, 2)
    cleaned, left = _take(min(m, o), left, 3 * len(CLEANING))
    joined, _ = _take(min(o, ENOUGH), left)
    width = _width(m, o, inside, outside)
    return TrialSizes(m, o, free, controls, cleaned, joined, width if width < math.inf else None)


def sizes_of(plain: Mapping[str, Any]) -> TrialSizes:
    """Return the sizes that plain data hold."""
    return TrialSizes(**plain)


def _least(low: int, high: int, is_enough: Callable[[int], bool]) -> int:
    """Return the least number that is enough, by bisection; the largest where none is."""
    while low < high:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle + 1
    return high


def _take(wanted: int, left: int, each: int = 1) -> tuple[int, int]:
    """Return how many people a trial gets that costs ``each`` a person, and what is left."""
    people = min(wanted, left // each)
    people = people if people >= FEWEST else 0
    return people, left - each * people


def _width(m: int, o: int, inside: float, outside: float) -> float:
    """Return half the interval of the gap closed that is expected if all of it is closed."""
    if not inside < outside:
        return math.inf
    before, after = (np.arange(m) < round(rate * m) for rate in (inside, outside))
    others = np.arange(o) < round(outside * o)
    found = gap_closed(
        np.ones(m + o, dtype=np.int64),
        np.concatenate([before, others]).astype(np.int64),
        np.concatenate([after, others]).astype(np.int64),
        (np.arange(m + o) < m).astype(np.int64) * SUBGROUP,
        SUBGROUP,
        draws=DRAWS,
        rng=np.random.default_rng(0),
    )
    return (found.high - found.low) / 2


def _first_of_each(photo: Labels, some: Mask) -> Labels:
    """Return the first picture of each photo among some, rows in the order of photos."""
    rows = np.flatnonzero(some)
    _, first = np.unique(photo[rows], return_index=True)
    return np.asarray(rows[first])


def _rate(right: Mask) -> float:
    return float(right.mean()) if len(right) else math.nan
