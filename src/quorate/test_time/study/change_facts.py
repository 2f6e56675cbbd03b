"""What a perturbation file says of itself: whom it is for, what was measured, what undoes it."""

from __future__ import annotations

from typing import Any

from quorate import spec
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.measures import UNDEFINED, CorrectionMeasures
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.version import __version__

LIKENESS = ("similarity", "distance")  # of pictures before and after a searched edit


def facts_of(outcome: CorrectionOutcome, correction: Correction, free: bool) -> dict[str, Any]:
    """Return plain data to stand in the file of a change, as ``Perturbation.about``.

    Args:
        outcome: of the cell that crafted it.
        correction: the study.
        free: whether it is the label-free change of the cell; a searched edit always is.
    """
    free = free or outcome.edit is not None
    who = correction.subgroup.label
    return {
        "cell": outcome.id,
        "platform": outcome.platform_id,
        "platform_name": outcome.platform,
        "population": spec.text(correction.population),
        "subgroup": who,
        "surrogate": outcome.proxy,
        "members": outcome.members,
        "queries": outcome.queries.pooled,
        "seed": outcome.seed,
        "quorate": __version__,
        **{name: (outcome.edit or {})[name] for name in LIKENESS if name in (outcome.edit or {})},
        **measured_facts(outcome.measures, who, free),
    }


def measured_facts(measures: CorrectionMeasures, who: str, free: bool) -> dict[str, Any]:
    """Return what was measured of a change, and what undoes it, as plain data.

    Args:
        measures: of the change.
        who: the subgroup whom it is for.
        free: whether it is the label-free change.
    """
    best = measures.best_label_free
    after = measures.after.accuracy_by_group.get(who, UNDEFINED)
    closed, forced, adaptive = measures.gap_closed, measures.controls.force_rate, measures.adaptive
    if free:  # it carries no label
        after, closed = (best.accuracy, best.gap_closed) if best else (UNDEFINED, UNDEFINED)
        forced, adaptive = UNDEFINED, measures.adaptive_label_free
    return {
        "measured": {
            "before": measures.before.accuracy_by_group.get(who, UNDEFINED).to_json(),
            "after": after.to_json(),
            "gap_closed": closed.to_json(),
            "force_rate": forced.to_json(),
        },
        "adaptive": {
            name: {"before": one.before.to_json(), "after": one.after.to_json()}
            for name, one in adaptive.items()
        },
    }
