"""The design of an experiment: how many seeds, what they can see, and when enough is seen.

An experiment with looks runs the seeds of the first, judges, and goes on to the next only while its
claim is undecided. Each look is judged at 1 − 0.05/k, k being how many looks are planned: so all
intervals of all looks hold together at 95%, whenever it stops (Bonferroni; derived).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from quorate.errors import InputError
from quorate.findings.expectation import Expectation
from quorate.findings.samples import FEWEST
from quorate.findings.wording import named
from quorate.intervals import CONFIDENCE, Estimate
from quorate.validate import listed

POWER = 0.8  # of five effects as large as what is called visible, four are seen
MOST_NEEDED = 100_000  # seeds; beyond, nothing is said
MOST_LOGARITHM = 700.0  # beyond, exp is no number any more
LOGARITHMIC = ("critical-mass", "width", "log-width", "effective-size")


def confidence_at(looks: int) -> float:
    """Return the level of each interval where so many looks are planned.

    >>> confidence_at(1), round(confidence_at(5), 6)
    (0.95, 0.99)
    """
    return CONFIDENCE if looks <= 1 else 1 - (1 - CONFIDENCE) / looks


def half_width(spread: float, seeds: int, confidence: float) -> float:
    """Return half the width of Student's interval of a mean over seeds.

    >>> round(half_width(1.0, 4, 0.95), 3)  # 3.182 / 2
    1.591
    """
    return _quantile(seeds, (1 + confidence) / 2) * spread / math.sqrt(seeds)


def smallest_effect(spread: float, seeds: int, confidence: float) -> float:
    """Return the effect that is seen in four of five cases: (t₁₋ₐ/₂ + t₀.₈)·s/√n.

    Args:
        spread: s, standard deviation between seeds, in the unit of the effect.
        seeds: n, at least 2.
        confidence: 1 − a, of the interval that has to leave out no effect.

    Source: the usual approximation of the power of Student's test.
    """
    more = _quantile(seeds, POWER) * spread / math.sqrt(seeds)
    return half_width(spread, seeds, confidence) + more


def seeds_to_decide(distance: float, spread: float, confidence: float) -> int | None:
    """Return how many seeds make the interval narrower than a distance; None for far too many.

    Args:
        distance: from the estimate to the nearest limit, in the unit of the spread.
        spread: standard deviation between seeds.
        confidence: of the interval.

    >>> seeds_to_decide(1.0, 1.0, 0.95)  # 2.447 / √7 is below 1, 2.571 / √6 above it
    7
    """
    if not 0 < distance < math.inf or not math.isfinite(spread):
        return None
    few, many = FEWEST - 1, MOST_NEEDED  # the width falls with every seed: halve the range
    if half_width(spread, many, confidence) > distance:
        return None
    while many - few > 1:
        middle = (few + many) // 2
        enough = half_width(spread, middle, confidence) <= distance
        few, many = (few, middle) if enough else (middle, many)
    return many


def measured_spread(found: Estimate, seeds: int, confidence: float, ratio: bool) -> float | None:
    """Return the standard deviation between seeds that an interval tells of, if it does.

    Args:
        found: estimate and interval.
        seeds: how many it is the mean of.
        confidence: of the interval.
        ratio: whether it is a ratio: the deviation is then that of its logarithm.
    """
    ends = (found.low, found.value, found.high)
    if seeds < FEWEST or not all(map(math.isfinite, ends)) or (ratio and found.low <= 0):
        return None
    low, value, high = map(math.log, ends) if ratio else ends
    half = max(high - value, value - low)
    return half * math.sqrt(seeds) / _quantile(seeds, (1 + confidence) / 2)


def describe_design(
    expectations: Sequence[Expectation], seeds: int | None, looks: Sequence[int]
) -> list[str]:
    """Return how a claim is judged, and what is seen of each statement whose spread is known.

    Args:
        expectations: the statements.
        seeds: of the last look; None where it is not known before running.
        looks: numbers of seeds at which it is judged; none where that is done once.

    Raises:
        InputError: an expectation leaves less room than the design can see.
    """
    said = list(_described(expectations, seeds, max(1, len(looks))))
    if looks:
        level = 100 * confidence_at(len(looks))
        said.insert(
            0,
            f"Judged after {listed([str(one) for one in looks])} seeds, until decided: each "
            f"interval is at {level:.3g}%, so that all hold together at 95%.",
        )
    return said


def _described(expectations: Sequence[Expectation], seeds: int | None, looks: int) -> Iterator[str]:
    confidence = confidence_at(looks)
    for one in expectations:
        if one.spread is None or seeds is None or seeds < FEWEST:
            continue
        seen, room, unit = smallest_effect(one.spread, seeds, confidence), _room(one), "difference"
        if _is_ratio(one):
            unit = "ratio"
        parts = one.along or (() if one.of is None else (one.of,))
        what = one.name or f"{one.measure} of {listed([named(part) for part in parts])}"
        if room is not None and room < seen:
            raise InputError(
                f"Expected {what} to leave a {unit} of {_shown(seen, unit)} or more, which is the "
                f"smallest that {seeds} seeds see in four of five cases, got {_shown(room, unit)}. "
                f"Widen its limits{_or_plan(room, one.spread, confidence)}."
            )
        most = f"up to {seeds}" if looks > 1 else str(seeds)
        yield (
            f"{what}: with {most} seeds a {unit} of {_shown(seen, unit)} or more is seen in four "
            "of five cases."
        )


def _or_plan(room: float, spread: float, confidence: float) -> str:
    """Return how many seeds see an effect as small as the room that is left, if any number does."""
    seeds = FEWEST
    while smallest_effect(spread, seeds, confidence) > room:
        if seeds >= MOST_NEEDED:
            return ""
        seeds += max(1, seeds // 50)
    return f", or plan some {seeds} seeds"


def _is_ratio(one: Expectation) -> bool:
    compared = one.than is not None or one.against is not None or bool(one.along)
    return one.measure in LOGARITHMIC and (compared or one.measure == "critical-mass")


def _room(one: Expectation) -> float | None:
    """Return how far from the middle of its limits, or from no difference, a number may lie."""
    ratio = _is_ratio(one)
    ends = (one.at_least, one.at_most)
    low, high = (None if e is None else math.log(e) if ratio and e > 0 else e for e in ends)
    if low is not None and high is not None:
        return (high - low) / 2
    if one.than is None and one.against is None:
        return None
    if low is not None and low < 0:  # "at most so much below"
        return -low
    return high if high is not None and high > 0 else None


def _shown(effect: float, unit: str) -> str:
    if unit != "ratio":
        return f"{effect:.2g}"
    return f"{math.exp(effect):.3g}" if effect < MOST_LOGARITHM else "inf"


def _quantile(seeds: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(seeds - 1, level))
