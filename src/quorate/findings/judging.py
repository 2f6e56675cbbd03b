"""Whether a statement holds of a result, and what all statements say of their claim."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from quorate.errors import InputError
from quorate.findings.design import confidence_at, measured_spread, seeds_to_decide
from quorate.findings.expectation import Expectation
from quorate.findings.measures import Measures, Selection
from quorate.findings.samples import Sample, combined
from quorate.findings.wording import (
    compared,
    contrast,
    contrast_words,
    limits_in_words,
    of_part,
    told_apart,
    value_words,
)
from quorate.intervals import CONFIDENCE, Estimate
from quorate.validate import listed

Verdict = Literal["holds", "holds in part", "does not hold", "undecided"]


@dataclass(frozen=True)
class Statement:
    """What came of an expectation.

    Args:
        text: the statement, in words.
        verdict: whether it holds.
        estimate: the number that decides, and its interval.
        words: the numbers, in words.
        expectation: what was expected.
        refutes: whether it alone refutes its claim: it does not hold, and by an interval that is
            wide enough for all statements of the claim together.
        opposite: whether the opposite holds: greater in place of smaller, and so on.
        confidence: of the interval.
        spread: standard deviation between seeds, of a ratio that of its logarithm; None where the
            interval does not tell it.
        clear: how far the number is on the right side of the nearest limit, in widths of its
            interval on that side: above 1 it holds, below −1 it does not; None where a step of a
            trend refutes it, or where there is no interval.
        seeds_needed: how many would decide it if the numbers stay what they are, or would refute
            its claim where it does not hold taken alone; None where that is so already, or where
            more seeds do not decide it.
    """

    text: str
    verdict: Verdict
    estimate: Estimate
    words: str
    expectation: Expectation
    refutes: bool = False
    opposite: bool = False
    confidence: float = CONFIDENCE
    spread: float | None = None
    clear: float | None = None
    seeds_needed: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data; no value that JSON does not know."""
        ends = {name: getattr(self.estimate, name) for name in ("value", "low", "high")}
        finite = {name: end if math.isfinite(end) else None for name, end in ends.items()}
        return {
            "text": self.text,
            **finite,
            "verdict": self.verdict,
            "refutes": self.refutes,
            "words": self.words,
            "note": self.expectation.note,
            "aside": self.expectation.aside,
            "measure": self.expectation.measure,
            "along": list(self.expectation.along),
            "target": self.expectation.target,
            "where": self.expectation.where,
            "answers": self.expectation.answers,
            "name": self.expectation.name,
            "opposite": self.opposite,
            "confidence": self.confidence,
            "spread": self.spread,
            "clear": self.clear,
            "seeds_needed": self.seeds_needed,
        }


def judge(expectation: Expectation, result: Measures, family: int = 1, looks: int = 1) -> Statement:
    """Return whether an expectation holds of a result.

    It holds if the whole interval, at 95% over all looks together, lies within its limits, does
    not hold if the whole interval lies beyond one of them, and is undecided otherwise. Of a trend
    the number is the slope over the places, paired by seed; one step between neighbours that is
    wholly against it refutes it, at 95% over all steps together (Bonferroni). It refutes its claim
    if it still does not hold with intervals at 1 − 0.05/(m·k), where m statements could, at k
    looks.

    Args:
        expectation: the statement.
        result: what it is about.
        family: m, how many statements the claim is made of.
        looks: k, how often the design looks.

    Raises:
        InputError: there is no such measure, or no such part of the result.
    """
    alone = _judged(expectation, result, confidence_at(looks))
    if alone.verdict != "does not hold":
        return alone
    wider = _judged(expectation, result, confidence_at(looks * max(1, family)))
    return replace(alone, refutes=wider.verdict == "does not hold", seeds_needed=wider.seeds_needed)


def _judged(expectation: Expectation, result: Measures, confidence: float) -> Statement:
    """Return the statement that intervals at a confidence make."""
    if expectation.along:
        return _trend(expectation, result, confidence)
    wanted, limits = expectation, _limits(expectation, result)
    name = result.words(wanted.measure, wanted.at, wanted.target)
    sample = _sample(wanted, result, wanted.of)
    if wanted.than is None and wanted.against is None:
        estimate = combined([sample], [1], confidence)
        text = f"{name}{of_part(wanted.of)} is {limits_in_words(wanted, wanted.measure)}"
        words = value_words(estimate, wanted.measure)
        return _statement(wanted, text, estimate, limits, words, sample, confidence)
    part, shared = of_part(wanted.of), ""
    if wanted.against is None:
        other = _sample(wanted, result, wanted.than)
        (own, what), shared = told_apart([wanted.of, wanted.than])
        part = f" {'at' if isinstance(wanted.of, Mapping) else 'of'} {own}"
    else:
        other = result.sample(wanted.against, wanted.of or (), wanted.at, wanted.target)
        what = result.words(wanted.against, wanted.at, wanted.target)
    limited = wanted.at_least is not None or wanted.at_most is not None
    if sample.logarithmic != other.logarithmic:
        raise InputError(
            f"Expected two measures of one kind, got {wanted.measure} and {wanted.against}: one is "
            "compared as a ratio, the other as a difference. Compare like with like."
        )
    estimate = combined([sample, other], [1, -1], confidence, magnitude=limited)
    text = f"{name}{part} {contrast(wanted, sample.logarithmic)} {what}{shared}"
    words = contrast_words(estimate, sample)
    return _statement(wanted, text, estimate, limits, words, sample, confidence)


def _sample(wanted: Expectation, result: Measures, of: Selection | None) -> Sample:
    return result.sample(wanted.measure, of or (), wanted.at, wanted.target)


def _limits(wanted: Expectation, result: Measures) -> tuple[float, float]:
    """Return within which limits the number of a value or a contrast has to lie."""
    low = -math.inf if wanted.at_least is None else float(wanted.at_least)
    high = math.inf if wanted.at_most is None else float(wanted.at_most)
    if wanted.is_ is None:
        return low, high
    above, below = _apart(_sample(wanted, result, wanted.of).logarithmic)
    return (max(low, above), high) if wanted.is_ == "greater" else (low, min(high, below))


def _apart(logarithmic: bool) -> tuple[float, float]:
    """Return the smallest number above no difference, and the largest below it."""
    same = 1.0 if logarithmic else 0.0
    return math.nextafter(same, math.inf), math.nextafter(same, -math.inf)


def _trend(wanted: Expectation, result: Measures, confidence: float) -> Statement:
    samples = [_sample(wanted, result, of) for of in wanted.along]
    places = [i - (len(samples) - 1) / 2 for i in range(len(samples))]
    spread = sum(place**2 for place in places)
    sign = 1 if wanted.is_ == "growing" else -1
    slope = combined(samples, [place / spread for place in places], confidence)
    ends = combined([samples[-1], samples[0]], [1, -1], confidence)
    logarithmic = samples[0].logarithmic
    above, below = _apart(logarithmic)
    limits = (above, math.inf) if sign > 0 else (-math.inf, below)
    of_steps = 1 - (1 - confidence) / (len(samples) - 1)
    steps = [combined([b, a], [1, -1], of_steps) for a, b in itertools.pairwise(samples)]
    names, shared = told_apart(wanted.along)
    against = [
        f"from {a} to {b}"
        for (a, b), step in zip(itertools.pairwise(names), steps, strict=True)
        if (step.high < below if sign > 0 else step.low > above)
    ]
    name = result.words(wanted.measure, wanted.at, wanted.target)
    text = f"{name} is {wanted.is_} along {listed(names)}{shared}"
    words = f"a step: {compared(slope, logarithmic, '')}; first to last: "
    words += compared(ends, logarithmic, "times as large")
    words += f"; against it: {listed(against)}" if against else ""
    statement = _statement(wanted, text, slope, limits, words, samples[0], confidence)
    if not against:
        return statement
    return replace(statement, verdict="does not hold", seeds_needed=None, clear=None)


def _statement(
    wanted: Expectation,
    text: str,
    found: Estimate,
    limits: tuple[float, float],
    words: str,
    sample: Sample,
    confidence: float,
) -> Statement:
    verdict, ratio = verdict_of(found, limits), sample.logarithmic
    spread = measured_spread(found, sample.behind, confidence, ratio)
    needed = None
    if verdict == "undecided" and spread is not None:
        needed = seeds_to_decide(_distance(found.value, limits, ratio), spread, confidence)
    return Statement(
        text,
        verdict,
        found,
        words,
        wanted,
        opposite=_opposite(wanted, found, ratio),
        confidence=confidence,
        spread=spread,
        clear=_clear(found, limits, ratio),
        seeds_needed=needed,
    )


def _clear(found: Estimate, limits: tuple[float, float], ratio: bool) -> float | None:
    """Return how far a number is within its limits, in widths of its interval; see Statement."""
    if any(math.isnan(end) for end in (found.value, found.low, found.high)):
        return None

    def scaled(number: float) -> float:
        if not ratio:
            return number
        return math.log(number) if number > 0 else -math.inf

    value, low, high = map(scaled, (found.value, found.low, found.high))
    found_apart = []
    for end, sign in zip(limits, (1, -1), strict=True):
        if math.isfinite(end) and not (ratio and end <= 0):
            apart = sign * (value - scaled(end))
            towards_low = (apart >= 0) == (sign > 0)
            width = value - low if towards_low else high - value
            found_apart.append(_in_widths(apart, width))
    return min(found_apart, default=None)


def _in_widths(apart: float, width: float) -> float:
    """Return a distance in widths, at most 99 either way."""
    if not math.isfinite(apart):
        return math.copysign(99.0, apart) if math.isfinite(width) else 0.0
    if width == 0:
        return math.copysign(99.0, apart) if apart else 0.0
    return max(-99.0, min(99.0, apart / width))


def _distance(value: float, limits: tuple[float, float], ratio: bool) -> float:
    """Return how far a number is from the nearest limit, of ratios by their logarithms."""
    ends = [end for end in limits if math.isfinite(end) and not (ratio and end <= 0)]
    apart = [math.log(value / end) if ratio else value - end for end in ends]
    return min(map(abs, apart), default=math.inf)


def _opposite(wanted: Expectation, found: Estimate, ratio: bool) -> bool:
    """Return whether the opposite direction holds; without a direction there is none."""
    above, below = _apart(ratio)
    if wanted.is_ in ("greater", "growing"):
        return found.high <= below
    return wanted.is_ is not None and found.low >= above


def verdict_of(found: Estimate, limits: tuple[float, float]) -> Verdict:
    """Return whether a number with its interval lies within limits.

    >>> verdict_of(Estimate(2, 1.5, 3), (1, math.inf)), verdict_of(Estimate(2, 0.5, 3), (1, 9))
    ('holds', 'undecided')
    """
    low, high = limits
    if any(math.isnan(end) for end in (found.value, found.low, found.high)):
        return "undecided"
    if found.low >= low and found.high <= high:
        return "holds"
    return "does not hold" if found.high < low or found.low > high else "undecided"


def overall(statements: Sequence[Statement]) -> Verdict:
    """Return the verdict on a claim: one statement refutes it, or all of them hold.

    A true claim is refuted in 5% of the cases at most, however many statements it is made of
    (Bonferroni); a false one holds in 5% at most, since the statement that is false has to hold by
    mistake (Berger 1982, an intersection-union test).
    """
    if any(one.refutes for one in statements):
        return "does not hold"
    verdicts = {one.verdict for one in statements}
    return "holds" if verdicts == {"holds"} else "undecided"


def by_part(statements: Sequence[Statement]) -> dict[tuple[str, str], Verdict]:
    """Return the verdict on each part of a claim: by the claim and the condition of statements.

    Statements that do not count are left out.
    """
    parts: dict[tuple[str, str], list[Statement]] = {}
    for one in statements:
        if not one.expectation.aside:
            part = one.expectation.answers, one.expectation.where
            parts.setdefault(part, []).append(one)
    return {part: overall(alike) for part, alike in parts.items()}


def together(verdicts: Collection[str]) -> Verdict:
    """Return one verdict for several parts: what holds in some of them only holds in part.

    >>> together(["holds", "does not hold"]), together(["does not hold", "undecided"])
    ('holds in part', 'does not hold')
    """
    found = set(verdicts)
    if found == {"holds"}:
        return "holds"
    if found & {"holds", "holds in part"}:
        return "holds in part"
    return "does not hold" if "does not hold" in found else "undecided"
