"""What came of one cell of a correction, as a typed record, and as the plain data it is stored as.

As plain data, a number that is not defined and an end without bound are both None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.plain import finite, finite_or_none
from quorate.runs.cell import Record
from quorate.test_time.perturbations.perturbation import Perturbation, from_bytes
from quorate.test_time.study.measures import (
    MEASURES,
    UNDEFINED,
    AdaptedEffect,
    ControlEffects,
    CorrectionMeasures,
    FairnessEstimates,
    LabelFreeEffect,
    OutsideEffect,
    columns,
    estimates_of,
)

Plain = Mapping[str, Any]
# The files of a record: the change that is shown, the best that is the same for everyone, pictures.
PERTURBATION, LABEL_FREE = "perturbation.npz", "perturbation-label-free.npz"
EXAMPLES = "examples.npz"


@dataclass(frozen=True)
class QueryCounts:
    """Answered rows.

    Args:
        pooled: of the collective in all.
        per_member: the budget of each member.
        evaluation: to measure before, after and the controls.
        adaptive: of platforms that adapt.
    """

    pooled: int
    per_member: int
    evaluation: int
    adaptive: int = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrectionOutcome:
    """What came of one cell.

    Args:
        id, seed: of the cell.
        platform, proxy: what the cell calls them; ``platform_id`` names the deployed model.
        members, queries_per_member: of the collective.
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        measures: every number.
        suspects: members whose answers contradict everyone else's, counted from 1; ``left_out``
            says whether the surrogate was made without them.
        queries: what was asked.
        notes: what went wrong or is not known, in whole sentences.
        seconds: of crafting and measuring.
        provenance: of the machine and the library.
        description: all that the outcome depends on.
        files: the perturbations and the pictures that show them, by file name.
    """

    id: str
    seed: int
    platform: str
    platform_id: str
    proxy: str
    members: int
    queries_per_member: int
    epsilon: float
    norm: str
    measures: CorrectionMeasures
    suspects: tuple[int, ...]
    left_out: bool
    queries: QueryCounts
    notes: tuple[str, ...]
    seconds: float
    provenance: Plain
    description: Plain
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def perturbation(self) -> Perturbation:
        """Return the change, one a class.

        Raises:
            InputError: it is not there any more, or damaged.
        """
        return self._perturbation(PERTURBATION)

    def label_free_perturbation(self) -> Perturbation | None:
        """Return the change for everyone that surrogates like best; None where none was crafted.

        Raises:
            InputError: it is not there any more, or damaged.
        """
        return self._perturbation(LABEL_FREE) if self.measures.label_free else None

    def _perturbation(self, name: str) -> Perturbation:
        if name not in self.files:
            raise InputError(
                f"Expected a perturbation file, {name}, with the cell {self.id}, got none. Remove "
                "the cell, to have it measured again."
            )
        return from_bytes(self.files[name], f"{name} of the cell {self.id}")

    def row(self) -> dict[str, Any]:
        """Return one flat row: who and what, then each number with its ends."""
        plain = {name: getattr(self, name) for name in IDENTITY}
        row = {
            **plain,
            "pooled": self.queries.pooled,
            "evaluation": self.queries.evaluation,
            "label_free.best": next(iter(self.measures.label_free), ""),
        }
        row |= columns(self.measures.numbers())
        return {**row, "seconds": self.seconds, "notes": " ".join(self.notes)}

    def to_record(self) -> Record:
        """Return the outcome as it is stored."""
        return Record(self.id, self.to_plain(), self.files)

    @classmethod
    def from_record(cls, record: Record) -> CorrectionOutcome:
        """Return the outcome that a record holds."""
        return cls.from_plain(record.plain, record.files)

    def to_plain(self) -> dict[str, Any]:
        """Return everything but the files as plain data."""
        measures, controls = self.measures, estimates_of(self.measures.controls)
        return {
            **{name: getattr(self, name) for name in IDENTITY},
            "before": fairness_values(measures.before),
            "after": fairness_values(measures.after),
            "gap_closed": finite_or_none(measures.gap_closed.value),
            "intervals": {
                "before": fairness_ends(measures.before),
                "after": fairness_ends(measures.after),
                "gap_closed": ends(measures.gap_closed),
                "controls": {name: ends(one) for name, one in controls.items()},
            },
            "controls": {name: one.value for name, one in controls.items()},
            "label_free": {name: finite(asdict(one)) for name, one in measures.label_free.items()},
            "outside": finite(asdict(measures.outside)),
            "adaptive": {
                name: {
                    "accuracy": one.accuracy.value,
                    "before": one.before.value,
                    "after": one.after.value,
                    "gap_closed": one.gap_closed.to_json(),
                }
                for name, one in measures.adaptive.items()
            },
            "proxy_agreement": {
                **measures.agreement.to_json(),
                "suspects": list(self.suspects),
                "left_out": self.left_out,
            },
            "queries": asdict(self.queries),
            "notes": list(self.notes),
            "seconds": self.seconds,
            "provenance": dict(self.provenance),
            "description": dict(self.description),
        }

    @classmethod
    def from_plain(
        cls, plain: Plain, files: Mapping[str, bytes] | None = None
    ) -> CorrectionOutcome:
        """Return the outcome that plain data hold, as ``to_plain`` returned them."""
        agreement = plain["proxy_agreement"]
        return cls(
            **{name: plain[name] for name in IDENTITY},
            measures=_read_measures(plain),
            suspects=tuple(agreement["suspects"]),
            left_out=agreement["left_out"],
            queries=QueryCounts(**plain["queries"]),
            notes=tuple(plain["notes"]),
            seconds=plain["seconds"],
            provenance=plain["provenance"],
            description=plain["description"],
            files=files or {},
        )


IDENTITY = (
    "id",
    "seed",
    "platform",
    "platform_id",
    "proxy",
    "members",
    "queries_per_member",
    "epsilon",
    "norm",
)


def ends(one: Estimate) -> list[float | None]:
    """Return the ends of an interval; None for one without bound."""
    return [finite_or_none(one.low), finite_or_none(one.high)]


def fairness_values(fairness: FairnessEstimates) -> dict[str, Any]:
    """Return every measure without its interval, as ``fairness.Fairness`` gives them as JSON."""
    of_groups = fairness.accuracy_by_group.items()
    return {
        "accuracy_by_group": {name: finite_or_none(one.value) for name, one in of_groups},
        **{name: finite_or_none(getattr(fairness, name).value) for name in MEASURES},
    }


def fairness_ends(fairness: FairnessEstimates) -> dict[str, list[float | None]]:
    """Return the ends of every interval, by the names that ``fairness.intervals`` gives them."""
    of_groups = fairness.accuracy_by_group.items()
    return {
        "accuracy": ends(fairness.accuracy),
        **{f"accuracy[{name}]": ends(one) for name, one in of_groups},
        **{name: ends(getattr(fairness, name)) for name in MEASURES[1:]},
    }


# ------------------------------------------------------------------------------------- reading back


def _read_measures(plain: Plain) -> CorrectionMeasures:
    intervals, agreement = plain["intervals"], plain["proxy_agreement"]
    controls = {
        name: _estimate(value, *intervals["controls"][name])
        for name, value in plain["controls"].items()
    }
    label_free = {
        family: LabelFreeEffect(**_read_estimates(one))
        for family, one in plain["label_free"].items()
    }
    return CorrectionMeasures(
        before=_read_fairness(plain["before"], intervals["before"]),
        after=_read_fairness(plain["after"], intervals["after"]),
        gap_closed=_estimate(plain["gap_closed"], *intervals["gap_closed"]),
        controls=ControlEffects(**controls),
        label_free=label_free,
        outside=OutsideEffect(**_read_estimates(plain["outside"])),
        best_label_free=next(iter(label_free.values()), None),
        adaptive={name: _read_adapted(one) for name, one in plain["adaptive"].items()},
        agreement=_estimate(agreement["value"], agreement["low"], agreement["high"]),
    )


def _read_fairness(values: Plain, intervals: Plain) -> FairnessEstimates:
    def read(value: float | None, name: str) -> Estimate:
        return _estimate(value, *intervals.get(name, (None, None)))

    groups = values["accuracy_by_group"].items()
    return FairnessEstimates(
        {group: read(value, f"accuracy[{group}]") for group, value in groups},
        **{name: read(values[name], name) for name in MEASURES},
    )


def _read_adapted(plain: Plain) -> AdaptedEffect:
    accuracy, before, after = (_estimate(plain[name]) for name in ("accuracy", "before", "after"))
    return AdaptedEffect(accuracy, before, after, _estimate(**plain["gap_closed"]))


def _read_estimates(plain: Plain) -> dict[str, Estimate]:
    return {name: _estimate(**one) for name, one in plain.items()}


def _estimate(value: float | None, low: float | None = None, high: float | None = None) -> Estimate:
    """Return a number as it was stored: None is not defined, or as an end, without bound."""
    if value is None or math.isnan(value):
        return UNDEFINED
    return Estimate(
        float(value),
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
    )
