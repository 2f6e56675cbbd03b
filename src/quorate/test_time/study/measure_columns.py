"""The numbers of a correction, read again from the columns of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quorate.intervals import Estimate
from quorate.test_time.study.measures import (
    LATER,
    MEASURES,
    AdaptedEffect,
    ControlEffects,
    CorrectionMeasures,
    FairnessEstimates,
    LabelFreeEffect,
    OutsideEffect,
    read_estimate,
)

OPTIONAL = ("label_free", "outside")  # None where they were not measured
BEST = "best"  # repeats the first of the label-free changes

Row = Mapping[str, Any]


def read_columns(row: Row) -> CorrectionMeasures:
    """Return the measures whose ``numbers`` stand in the columns of a row; None is no number."""
    free = _effects(row, LabelFreeEffect, "label_free")
    best = row.get("label_free.best")
    return CorrectionMeasures(
        before=_fairness(row, "before"),
        after=_fairness(row, "after"),
        gap_closed=_read(row, "gap_closed"),
        controls=_effect(row, ControlEffects, "controls"),
        label_free=dict(sorted(free.items(), key=lambda one: one[0] != best)),
        outside=_effect(row, OutsideEffect, "outside"),
        best_label_free=_effect(row, LabelFreeEffect, f"label_free.{BEST}") if free else None,
        adaptive=_effects(row, AdaptedEffect, "adaptive"),
        adaptive_label_free=_effects(row, AdaptedEffect, "adaptive_label_free"),
        agreement=_read(row, "proxy_agreement"),
        **{name: _read(row, name) for name in LATER if row.get(name) is not None},
    )


def _read(row: Row, name: str) -> Estimate:
    return read_estimate(*(row.get(f"{name}{end}") for end in ("", ".low", ".high")))


def _fairness(row: Row, when: str) -> FairnessEstimates:
    start = f"{when}.accuracy["
    groups = [key[len(start) : -1] for key in row if key.startswith(start) and key.endswith("]")]
    return FairnessEstimates(
        {group: _read(row, f"{start}{group}]") for group in groups},
        **{name: _read(row, f"{when}.{name}") for name in MEASURES},
    )


def _effect(row: Row, kind: type[Any], start: str) -> Any:
    names = [
        name
        for name in kind.__dataclass_fields__
        if name not in OPTIONAL or row.get(f"{start}.{name}") is not None
    ]
    return kind(**{name: _read(row, f"{start}.{name}") for name in names})


def _effects(row: Row, kind: type[Any], start: str) -> dict[str, Any]:
    """Return the effects of all families or adaptations that were measured, in their order."""
    names = dict.fromkeys(
        key[len(start) + 1 :].split(".")[0] for key in row if key.startswith(f"{start}.")
    )
    there = [n for n in names if n != BEST and row.get(f"{start}.{n}.accuracy") is not None]
    return {name: _effect(row, kind, f"{start}.{name}") for name in there}
