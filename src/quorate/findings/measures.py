"""What can be measured on a result, by name: per seed, so that curves can be compared by seed.

Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from quorate.errors import InputError
from quorate.findings.samples import FEWEST, Sample, widened
from quorate.intervals import Estimate, Floats
from quorate.studies.curve import Curve
from quorate.studies.curves import Curves
from quorate.test_time.perturbations.budget import NO_BUDGET
from quorate.validate import listed, unknown

Selection = Sequence[str] | Mapping[str, Any]


class Measures(Protocol):
    """A result that can be asked for its measures."""

    def sample(self, measure: str, of: Selection, at: float | None, target: float | None) -> Sample:
        """Return a measure of the part of the result that ``of`` selects.

        Args:
            measure: its name.
            of: what selects one curve, or one row a seed.
            at: size of the collective, where the measure is one of a single size.
            target: S*, where the measure is read at another than the study's.

        Raises:
            InputError: there is no such measure, or not exactly one part is selected.
        """

    def words(self, measure: str, at: float | None, target: float | None) -> str:
        """Return the measure in words, as in "α*" or "success at α = 1%"."""


@dataclass(frozen=True, eq=False)
class CurveMeasures:
    """The measures of a study: of one curve each, selected by the names of its methods.

    ``critical-mass`` is α*; ``width`` is α(S = ¾) − α(S = ¼), small where S(α) is steep over α, and
    ``log-width`` their ratio, small where it is steep over log α. They are found per seed on the
    measured curve, linear in log α between the sizes around the last crossing, and stand at the
    edge of the grid where they lie beyond it.
    ``success``, ``accuracy`` and ``worst-group-accuracy`` are means over held-out people at one
    size, the measured one that is nearest; honest accuracy is at α = 0 where no size is named.
    ``gain`` is success at one size less success without a collective.
    ``effective-size`` is α_eff/α, the mean over the epochs.
    """

    curves: Curves

    def sample(self, measure: str, of: Selection, at: float | None, target: float | None) -> Sample:
        """Return a measure of one curve, per seed."""
        curve = self.curve(of)
        if measure == "critical-mass":
            return self._mass(curve, self.curves.target if target is None else target)
        if measure == "width":
            low, high = (crossings(curve, level) for level in (0.25, 0.75))
            return _width(low, high, of_ratio=False)
        if measure == "log-width":
            low, high = (crossings(curve, level) for level in (0.25, 0.75))
            return _width(low, high, of_ratio=True)
        if measure == "effective-size":
            return self._effective(curve, at)
        if measure == "gain":
            gained = self._rate(curve, "success", at) - self._rate(curve, "success", 0.0)
            return Sample(gained, seeds=curve.seeds)
        if measure not in RATES:
            raise unknown("measure of a study", measure, MEASURES)
        return Sample(self._rate(curve, measure, at), seeds=curve.seeds)

    def words(self, measure: str, at: float | None, target: float | None) -> str:
        """Return the measure in words."""
        if measure == "critical-mass":
            return "α*" if target in (None, self.curves.target) else f"α* for S* = {target:g}"
        if measure in ("width", "log-width"):
            return f"α(S = ¾) {'/' if measure == 'log-width' else '−'} α(S = ¼)"
        size = None if at is None else f"α = {100 * self._nearest(at):.3g}%"
        if measure in ("accuracy", "worst-group-accuracy"):
            name = "honest accuracy" if measure == "accuracy" else "worst-group accuracy"
            return name if at is None else f"{name} at {size}"
        name = {"effective-size": "α_eff/α", "gain": "success gained"}.get(measure, "success")
        return f"{name} at {size}"

    def _nearest(self, at: float) -> float:
        """Return the measured size nearest to ``at``: by ratio, or 0 itself.

        Raises:
            InputError: none is near.
        """
        sizes = sorted({float(alpha) for curve in self.curves for alpha in curve.alphas})
        if at == 0:
            return 0.0
        positive = [size for size in sizes if size > 0]
        if at > 0 and positive:
            nearest = min(positive, key=lambda size: abs(math.log(size / at)))
            if abs(math.log(nearest / at)) <= math.log(NEAR):
                return nearest
        raise InputError(
            f"Expected at={at:g} near a measured size, got {listed([f'{a:g}' for a in sizes])}. "
            "Name one of them, or measure there."
        )

    def curve(self, of: Selection) -> Curve:
        """Return the one curve that the names of its methods select.

        Raises:
            InputError: they select none, or several.
        """
        names = [of] if isinstance(of, str) else list(of)
        if isinstance(of, Mapping) or not all(isinstance(name, str) for name in names):
            raise InputError(
                f"Expected names of methods to select a curve, got {of!r}. Write of = 'NAME' or a "
                "list of names."
            )
        found = [c for c in self.curves if set(names) <= self._names(c)]
        if len(found) != 1:
            known = sorted(set().union(*(self._names(c) for c in self.curves)))
            raise InputError(
                f"Expected {listed(names)} to name exactly one curve, got {len(found)}. Name as "
                f"many of its methods as tell it from the others, among: {listed(known)}."
            )
        return found[0]

    def _names(self, curve: Curve) -> set[str]:
        texts = (curve.population, curve.strategy, curve.goal, curve.learner)
        return {curve.collective, *texts, *(self.curves.called(text) for text in texts)}

    def _mass(self, curve: Curve, target: float) -> Sample:
        found = crossings(curve, target)

        def known(confidence: float) -> Estimate:
            mass = curve.critical_mass(target, confidence)
            return Estimate(mass.estimate, *self._ends(curve, mass.low, mass.high))

        return Sample(
            found.values,
            logarithmic=True,
            at_least=found.at_least,
            at_most=found.at_most,
            known=known,
            seeds=curve.seeds,
            spacing=found.spacing,
        )

    @staticmethod
    def _ends(curve: Curve, low: float, high: float) -> tuple[float, float]:
        """Return the ends of an interval over seeds; NaN where too few, or not all, say much."""
        missing = int(np.isnan(curve.success).all(axis=0).sum())
        enough = not missing and len(curve.seeds) >= FEWEST
        return (low, high) if enough else (math.nan, math.nan)

    def _rate(self, curve: Curve, measure: str, at: float | None) -> Floats:
        if at is None and measure == "success":
            raise InputError("Expected at=, the size of the collective, got none. Name a size.")
        table = {"success": curve.success, "accuracy": curve.accuracy}.get(measure)
        if table is None:
            table = self._outcomes(curve, "worst_group_accuracy")
        return np.asarray(table[list(curve.alphas).index(self._nearest(at or 0.0))])

    def _outcomes(self, curve: Curve, name: str) -> Floats:
        """Return a field of the outcomes of a curve, (a, s); NaN where there is none."""
        table = np.full(curve.success.shape, np.nan)
        for outcome in self.curves.of_curve(curve):
            value = getattr(outcome, name)
            place = list(curve.alphas).index(outcome.alpha), curve.seeds.index(outcome.seed)
            table[place] = np.nan if value is None else value
        return table

    def _effective(self, curve: Curve, at: float | None) -> Sample:
        alpha = self._nearest(at or 0.0)
        values = np.full(len(curve.seeds), np.nan)
        for outcome in self.curves.of_curve(curve):
            shares = [one for one in outcome.record.get("alpha_effective") or [] if one is not None]
            if outcome.alpha == alpha and shares and alpha > 0:
                values[curve.seeds.index(outcome.seed)] = np.log(np.mean(shares) / alpha)
        return Sample(values, logarithmic=True, seeds=curve.seeds)


RATES = ("success", "accuracy", "worst-group-accuracy")
MEASURES = ("critical-mass", "width", "log-width", "effective-size", "gain", *RATES)
NEAR = 1.3  # by which factor the nearest measured size may differ from the one that is named


def crossings(curve: Curve, level: float) -> Sample:
    """Return log α* of each seed alone: where its curve rises above ``level`` for the last time.

    Linear in log α between the two measured sizes around the crossing. Below the smallest positive
    size the truth is at most that; where the level is not kept at the largest size, at least that.
    """
    positive = curve.alphas > 0
    logs, success = np.log(curve.alphas[positive]), curve.success[positive]  # (a,), (a, s)
    seeds = success.shape[1]
    values, above, below = np.full(seeds, np.nan), np.zeros(seeds, bool), np.zeros(seeds, bool)
    gaps = []
    for s in range(seeds):
        measured = ~np.isnan(success[:, s])
        if not measured.any():
            continue
        x, y = logs[measured], success[measured, s]
        short = np.flatnonzero(y < level)
        if not len(short):
            values[s], below[s] = x[0], True
        elif short[-1] == len(y) - 1:
            values[s], above[s] = x[-1], True
        else:
            i = short[-1]
            values[s] = x[i] + (level - y[i]) / (y[i + 1] - y[i]) * (x[i + 1] - x[i])
            gaps.append(x[i + 1] - x[i])
    spacing = float(max(gaps, default=0.0)) / 2
    return Sample(values, True, above, below, seeds=curve.seeds, spacing=spacing)


def _width(low: Sample, high: Sample, of_ratio: bool) -> Sample:
    """Return log α(¾)/α(¼), or log(α(¾) − α(¼)), and where it is a bound; NaN where both are."""
    none = np.zeros(len(low.values), bool)
    up_low, down_low = _flags(low, none)
    up_high, down_high = _flags(high, none)
    between = np.exp(high.values) - np.exp(low.values)  # (s,)
    apart = np.log(np.where(between > 0, between, np.nan))  # (s,)
    return Sample(
        np.where(between > 0, high.values - low.values, np.nan) if of_ratio else apart,
        logarithmic=True,
        at_least=up_high | down_low,
        at_most=down_high | up_low,
        seeds=low.seeds,
        spacing=low.spacing,
    )


def _flags(sample: Sample, none: Any) -> tuple[Any, Any]:
    return (
        none if sample.at_least is None else sample.at_least,
        none if sample.at_most is None else sample.at_most,
    )


@dataclass(frozen=True, eq=False)
class RowMeasures:
    """The measures of a result that is a table: one row a seed for each selection.

    A measure is the name of a column. Rows without a seed are one row, whose interval stands in the
    columns NAME.low and NAME.high.

    Args:
        rows: of the table.
        seeds: how many a row without a seed is the mean of; None where that is not known.
    """

    rows: Sequence[Mapping[str, Any]]
    seeds: int | None = None

    def sample(self, measure: str, of: Selection, at: float | None, target: float | None) -> Sample:
        """Return a column of the rows that ``of`` selects, one per seed."""
        if not isinstance(of, Mapping) and of:
            raise InputError(
                f"Expected columns and values to select rows, got {of!r}. Write of = "
                "{members = 200}."
            )
        wanted = dict(of) if isinstance(of, Mapping) else {}
        if not self.rows:
            raise InputError("Expected rows to measure, got none. Run it to its end.")
        for name in (measure, *wanted):
            if name not in self.rows[0]:
                raise unknown("column of the result", name, self.rows[0])
        chosen = [row for row in self.rows if all(_alike(row[k], v) for k, v in wanted.items())]
        seeds = [row.get("seed") for row in chosen]
        if not chosen or len(set(seeds)) < len(chosen):
            raise InputError(
                f"Expected {wanted} to select one row a seed, got {len(chosen)} rows of "
                f"{len(set(seeds))} seeds. Name as many columns as tell them from the others."
            )
        ordered = sorted(chosen, key=lambda row: row.get("seed") or 0)
        values = np.array([_number(row[measure]) for row in ordered])
        if "seed" not in ordered[0]:
            ends = (_number(ordered[0].get(f"{measure}.{end}")) for end in ("low", "high"))
            found = Estimate(float(values[0]), *ends)
            known = functools.partial(widened, found)
            return Sample(values, known=known, means_over=self.seeds)
        return Sample(values, seeds=tuple(int(row["seed"]) for row in ordered))

    def words(self, measure: str, at: float | None, target: float | None) -> str:
        """Return the measure in words: the column's name, what it is a part of in parentheses.

        >>> RowMeasures([]).words("label_free.best.gap_closed", None, None)
        'gap closed (label-free, best)'
        >>> RowMeasures([]).words("after.accuracy[low-light]", None, None)
        'accuracy of low-light (after)'
        """
        name, _, group = measure.partition("[")
        *parts, name = name.replace("label_free", "label-free").replace("_", " ").split(".")
        of = f" of {group.rstrip(']')}" if group else ""
        return f"{name}{of}" + (f" ({', '.join(parts)})" if parts else "")


def _alike(value: Any, wanted: Any) -> bool:
    if wanted == "none" and _is_number(value):
        wanted = NO_BUDGET
    if isinstance(wanted, str) and re.fullmatch(r"\d+/\d+", wanted):
        wanted = float(Fraction(wanted))  # a budget such as 8/255
    if _is_number(wanted):
        return bool(np.isclose(_number(value), wanted, rtol=1e-6))
    return str(value) == str(wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool)


def _number(value: Any) -> float:
    try:
        return math.nan if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"Expected a number to compare, got {value!r}. Name a column of numbers."
        ) from None
