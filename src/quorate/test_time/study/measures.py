"""The numbers of a correction, each with its interval, and their means over seeds.

Intervals are at 95%. A number that is not defined is NaN, and an end without bound infinite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from quorate.intervals import Estimate, mean_interval
from quorate.plain import finite, finite_or_none
from quorate.table import Mask

LATER = ("shuffled", "own_classifier")  # numbers that older versions did not measure
SHARES = ("gap_closed", "shuffled")  # of a gap: neither at least 0 nor at most 1
UNDEFINED = Estimate(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class FairnessEstimates:
    """The measures of ``fairness.Fairness``, each with its interval."""

    accuracy_by_group: Mapping[str, Estimate]
    accuracy: Estimate
    accuracy_gap: Estimate
    worst_group_accuracy: Estimate
    equal_opportunity_gap: Estimate
    disparate_impact: Estimate


MEASURES = tuple(FairnessEstimates.__dataclass_fields__)[1:]  # one number each


@dataclass(frozen=True)
class ControlEffects:
    """What would show that a gain is not real.

    Args:
        force_rate: how often the change of class c turns *another* class's picture into a c: label
            leakage.
        wrong_class: accuracy of the subgroup under a wrong class's change.
        random_sign: accuracy of the subgroup under noise of the same budget.
        label_free: accuracy under the label-free change that surrogates like best; None without.
    """

    force_rate: Estimate
    wrong_class: Estimate
    random_sign: Estimate
    label_free: Estimate | None = None


@dataclass(frozen=True)
class LabelFreeEffect:
    """What a change that is the same for everyone does.

    Args:
        accuracy: of the subgroup, with the change.
        gap_closed: share of the accuracy gap that it closes.
        outside: accuracy of people outside the subgroup, had they used it; None where not asked.
    """

    accuracy: Estimate
    gap_closed: Estimate
    outside: Estimate | None = None


@dataclass(frozen=True)
class OutsideEffect:
    """Accuracy of people outside the subgroup: as they are, and had they made the change."""

    accuracy: Estimate
    had_they_joined: Estimate


@dataclass(frozen=True)
class AdaptedEffect:
    """What remains on a platform that adapts.

    Args:
        accuracy: accuracy of everyone, before.
        before, after: accuracy of the subgroup, without an interval.
        gap_closed: fraction of that platform's own gap that is closed.
    """

    accuracy: Estimate
    before: Estimate
    after: Estimate
    gap_closed: Estimate


@dataclass(frozen=True)
class CorrectionMeasures:
    """Every number of a correction.

    Args:
        before, after: the platform's fairness, before and once the whole subgroup makes the change.
        gap_closed: share of the accuracy gap that is closed: 1 closes it, above 1 turns it around.
        controls: checks that would show that the gain is not real.
        label_free: effects by family of changes, the surrogates' favourite first.
        outside: effect on people who are not in the subgroup.
        best_label_free: the first of ``label_free``; None without.
        adaptive: effect by the name of an adaptation, as in ``adaptive.ADAPTIVE``.
        adaptive_label_free: the same for the first of ``label_free``.
        agreement: how often the surrogate answers as the platform, on held-out questions.
        shuffled: share of the gap that a label-free change closes which was found in the same way,
            but with labels dealt anew among photos: a crafted one must close none, a searched edit
            what needs no true labels; None where not tried.
        own_classifier: accuracy in the subgroup of a classifier that members trained alone, on
            their photos' true labels, without any query; None where none was trained.
    """

    before: FairnessEstimates
    after: FairnessEstimates
    gap_closed: Estimate
    controls: ControlEffects
    label_free: Mapping[str, LabelFreeEffect]
    outside: OutsideEffect
    best_label_free: LabelFreeEffect | None = None
    adaptive: Mapping[str, AdaptedEffect] = field(default_factory=dict)
    adaptive_label_free: Mapping[str, AdaptedEffect] = field(default_factory=dict)
    agreement: Estimate = UNDEFINED
    shuffled: Estimate | None = None
    own_classifier: Estimate | None = None

    def numbers(self) -> dict[str, Estimate]:
        """Return every number by its column in CSV files, such as ``after.accuracy[GROUP]``."""
        found: dict[str, Estimate] = {}
        for when, fairness in (("before", self.before), ("after", self.after)):
            found |= {f"{when}.{name}": getattr(fairness, name) for name in MEASURES}
            for group, one in fairness.accuracy_by_group.items():
                found[f"{when}.accuracy[{group}]"] = one
        found["gap_closed"] = self.gap_closed
        found |= _named("controls", self.controls)
        for place, (family, effect) in enumerate(self.label_free.items()):
            found |= _named(f"label_free.{family}", effect)
            if place == 0:
                found |= _named("label_free.best", self.best_label_free)
        found |= _named("outside", self.outside)
        for name, adapted in self.adaptive.items():
            found |= _named(f"adaptive.{name}", adapted)
        for name, adapted in self.adaptive_label_free.items():
            found |= _named(f"adaptive_label_free.{name}", adapted)
        for name in LATER:
            if (one := getattr(self, name)) is not None:
                found[name] = one
        return {**found, "proxy_agreement": self.agreement}

    def to_plain(self) -> dict[str, Any]:
        """Return everything but the agreement as plain data.

        A number that is not defined and an end without bound are both None.
        """
        controls = estimates_of(self.controls)
        of_free = {name: _adapted_values(one) for name, one in self.adaptive_label_free.items()}
        return {
            "before": _fairness_values(self.before),
            "after": _fairness_values(self.after),
            "gap_closed": finite_or_none(self.gap_closed.value),
            "intervals": {
                "before": _fairness_ends(self.before),
                "after": _fairness_ends(self.after),
                "gap_closed": _ends(self.gap_closed),
                "controls": {name: _ends(one) for name, one in controls.items()},
            },
            "controls": {name: finite_or_none(one.value) for name, one in controls.items()},
            "label_free": {name: _plain_effect(one) for name, one in self.label_free.items()},
            "outside": finite(asdict(self.outside)),
            "adaptive": {name: _adapted_values(one) for name, one in self.adaptive.items()},
            **({"adaptive_label_free": of_free} if of_free else {}),
            **{name: one.to_json() for name in LATER if (one := getattr(self, name)) is not None},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CorrectionMeasures:
        """Return what the plain data of a cell hold, the agreement among them."""
        intervals, agreement = plain["intervals"], plain["proxy_agreement"]
        controls = {
            name: read_estimate(value, *intervals["controls"][name])
            for name, value in plain["controls"].items()
        }
        label_free = {
            family: LabelFreeEffect(**_read_estimates(one))
            for family, one in plain["label_free"].items()
        }
        return cls(
            before=_read_fairness(plain["before"], intervals["before"]),
            after=_read_fairness(plain["after"], intervals["after"]),
            gap_closed=read_estimate(plain["gap_closed"], *intervals["gap_closed"]),
            controls=ControlEffects(**controls),
            label_free=label_free,
            outside=OutsideEffect(**_read_estimates(plain["outside"])),
            best_label_free=next(iter(label_free.values()), None),
            adaptive={name: _read_adapted(one) for name, one in plain["adaptive"].items()},
            adaptive_label_free={
                name: _read_adapted(one)
                for name, one in plain.get("adaptive_label_free", {}).items()
            },
            agreement=read_estimate(agreement["value"], agreement["low"], agreement["high"]),
            **{name: read_estimate(**plain[name]) for name in LATER if name in plain},
        )


def _named(start: str, effect: Any) -> dict[str, Estimate]:
    return {f"{start}.{name}": one for name, one in estimates_of(effect).items()}


def estimates_of(effect: Any) -> dict[str, Estimate]:
    """Return the numbers that a record holds, by name; what was not measured is left out."""
    found = {name: getattr(effect, name) for name in effect.__dataclass_fields__}
    return {name: one for name, one in found.items() if one is not None}


def without_interval(right: Mask) -> Estimate:
    """Return how often people are classified correctly, (n,), with no bound on either side."""
    return Estimate(float(right.mean()), -math.inf, math.inf)


def columns(numbers: Mapping[str, Estimate]) -> dict[str, float]:
    """Return each number with its ends, as three columns."""
    found: dict[str, float] = {}
    for name, one in numbers.items():
        found |= {name: one.value, f"{name}.low": one.low, f"{name}.high": one.high}
    return found


# -------------------------------------------------------------------------------- means over seeds


def mean_measures(seeds: Sequence[CorrectionMeasures]) -> CorrectionMeasures:
    """Return the mean over seeds of every number, where it is defined, with its interval.

    One seed keeps its own interval, over the people it was measured on; from two on it is the
    stretched bootstrap over seeds, kept in [0, 1] where the number is a rate.
    """
    mean: CorrectionMeasures = _mean(seeds, rate=True)
    return mean


def _mean(parts: Sequence[Any], rate: bool) -> Any:
    """Return the mean of records that are built alike: of their numbers, one by one."""
    some = [part for part in parts if part is not None]
    first = some[0] if some else None
    if isinstance(first, Estimate):
        return over_seeds(some, rate=rate)
    if isinstance(first, Mapping):
        names = dict.fromkeys(name for part in some for name in part)
        return {name: _mean([p[name] for p in some if name in p], rate) for name in names}
    if first is None:
        return None
    return type(first)(
        **{
            name: _mean([getattr(part, name) for part in some], rate=name not in SHARES)
            for name in first.__dataclass_fields__
        }
    )


def over_seeds(found: Sequence[Estimate], *, rate: bool) -> Estimate:
    """Return the mean over the seeds in which a number is defined; see ``mean_measures``."""
    defined = [one for one in found if not math.isnan(one.value)]
    if len(defined) < 2:
        return defined[0] if defined else found[0] if len(found) == 1 else UNDEFINED
    value, low, high = (
        float(end[0]) for end in mean_interval(np.array([[one.value for one in defined]]))
    )
    return Estimate(value, max(low, 0.0) if rate else low, min(high, 1.0) if rate else high)


# ------------------------------------------------------------------------------------ as plain data


def _ends(one: Estimate) -> list[float | None]:
    """Return the ends of an interval; None for one without bound."""
    return [finite_or_none(one.low), finite_or_none(one.high)]


def _fairness_values(fairness: FairnessEstimates) -> dict[str, Any]:
    """Return every measure without its interval, as ``fairness.Fairness`` gives them as JSON."""
    of_groups = fairness.accuracy_by_group.items()
    return {
        "accuracy_by_group": {name: finite_or_none(one.value) for name, one in of_groups},
        **{name: finite_or_none(getattr(fairness, name).value) for name in MEASURES},
    }


def _fairness_ends(fairness: FairnessEstimates) -> dict[str, list[float | None]]:
    """Return the ends of every interval, by the names that ``fairness.intervals`` gives them."""
    of_groups = fairness.accuracy_by_group.items()
    return {
        "accuracy": _ends(fairness.accuracy),
        **{f"accuracy[{name}]": _ends(one) for name, one in of_groups},
        **{name: _ends(getattr(fairness, name)) for name in MEASURES[1:]},
    }


def _read_fairness(values: Mapping[str, Any], intervals: Mapping[str, Any]) -> FairnessEstimates:
    def read(value: float | None, name: str) -> Estimate:
        return read_estimate(value, *intervals.get(name, (None, None)))

    groups = values["accuracy_by_group"].items()
    return FairnessEstimates(
        {group: read(value, f"accuracy[{group}]") for group, value in groups},
        **{name: read(values[name], name) for name in MEASURES},
    )


def _adapted_values(effect: AdaptedEffect) -> dict[str, Any]:
    values = {name: getattr(effect, name).value for name in ("accuracy", "before", "after")}
    return {**values, "gap_closed": effect.gap_closed.to_json()}


def _read_adapted(plain: Mapping[str, Any]) -> AdaptedEffect:
    accuracy, before, after = (
        read_estimate(plain[name]) for name in ("accuracy", "before", "after")
    )
    return AdaptedEffect(accuracy, before, after, read_estimate(**plain["gap_closed"]))


def _plain_effect(effect: LabelFreeEffect) -> dict[str, Any]:
    return {name: one.to_json() for name, one in estimates_of(effect).items()}


def _read_estimates(plain: Mapping[str, Any]) -> dict[str, Estimate]:
    return {name: read_estimate(**one) for name, one in plain.items()}


def read_estimate(
    value: float | None, low: float | None = None, high: float | None = None
) -> Estimate:
    """Return a number as it was stored: None is not defined, or as an end, without bound.

    One that is not defined may have ends all the same, between which it lies whatever it is.
    """
    if value is None or math.isnan(value):
        return UNDEFINED if low is None or high is None else Estimate(math.nan, low, high)
    return Estimate(
        float(value),
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
    )
