"""What a correction found as plain data: the content of results.json, and of ``--json``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from quorate.plain import finite, finite_or_none
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import MEASURES, ControlEffects
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.wording import at_most

CONTROLS = tuple(ControlEffects.__dataclass_fields__)
NONE = {"value": None, "low": None, "high": None}


def summarize(
    means: Sequence[MeanOutcome], shown: MeanOutcome, correction: Correction
) -> dict[str, Any]:
    """Return what a correction found as plain data for JSON; None for what is not defined.

    The numbers at the top are of one mean, which ``headline`` names; ``cells`` holds every one. A
    number is the mean over seeds. Its interval (95%) is over seeds, or with one seed over the
    people measured on; an end that is None beside a number means that there is no bound.

    Args:
        means: mean of every collective, platform, surrogate and budget.
        shown: the one at the top.
        correction: the study that they are of.
    """
    measures, plain = shown.measures, shown.measures.to_plain()
    return {
        **plain,
        "controls": {**dict.fromkeys(CONTROLS), **plain["controls"]},
        "proxy_agreement": {
            **measures.agreement.to_json(),
            "suspects": shown.suspects,
            "left_out": shown.left_out,
        },
        "queries": {
            "pooled": shown.pooled,
            "per_member": shown.queries,
            "evaluation": shown.evaluation,
        },
        **_parity(shown),
        "notes": notes(means, shown),
        "headline": {
            "population": correction.population.name,
            "subgroup": correction.subgroup.label,
            **_who(shown),
            "norm": correction.norm,
        },
        "seeds": list(correction.seeds),
        "cells": [_compact(one) for one in means],
    }


def notes(means: Sequence[MeanOutcome], shown: MeanOutcome) -> list[str]:
    """Return what there is to know about the numbers, in whole sentences."""
    said, seeds = [], len(shown.outcomes)
    undefined = sum(finite_or_none(one.measures.gap_closed.value) is None for one in shown.outcomes)
    if undefined:
        said.append(
            f"In {undefined} of {seeds} seeds the subgroup was served no worse before: there was "
            "no gap to close, and they do not count towards the gap closed."
        )
    if seeds == 1:
        said.append("One seed: the intervals are over the people measured on, not over seeds.")
    if seeds == 2:
        said.append("Two seeds hardly tell how much seeds differ: five or more make it narrower.")
    outcomes = [outcome for one in means for outcome in one.outcomes]
    cells: dict[str, list[CorrectionOutcome]] = {}
    for one in outcomes:
        for note in dict.fromkeys(one.notes):
            cells.setdefault(note, []).append(one)
    for note, some in cells.items():
        said.append(note if len(outcomes) == 1 else f"{note} ({_which(some, outcomes)})")
    return said


def _which(some: Sequence[CorrectionOutcome], outcomes: Sequence[CorrectionOutcome]) -> str:
    """Return how many cells a note is of; a single one by its seed, and by what else differs."""
    if len(some) > 1:
        return f"{len(some)} of {len(outcomes)} cells"
    named: dict[str, Callable[[CorrectionOutcome], str]] = {
        "seed": lambda one: f"seed {one.seed}",
        "platform": lambda one: one.platform,
        "proxy": lambda one: one.proxy,
        "who": lambda one: f"{one.members:,} × {one.queries_per_member:,}",
        "epsilon": lambda one: at_most(one.epsilon, one.norm),
    }
    differ = [of for of in named.values() if len({of(one) for one in outcomes}) > 1]
    return ", ".join(of(some[0]) for of in differ)


def _parity(mean: MeanOutcome) -> dict[str, Any]:
    """Return the budgets that were chosen, by seed, where parity was the aim."""
    chosen = [
        {"seed": one.seed, **one.parity.to_plain()}
        for one in mean.outcomes
        if one.parity is not None
    ]
    return {"parity": chosen} if chosen else {}


def _who(mean: MeanOutcome) -> dict[str, Any]:
    names = ("platform", "proxy", "members", "queries", "epsilon")
    return {name: getattr(mean, name) for name in names}


def _compact(mean: MeanOutcome) -> dict[str, Any]:
    """Return the numbers that collectives are compared by."""
    measures = mean.measures
    best, controls = measures.best_label_free, finite(asdict(measures.controls))
    free = {family: one.gap_closed.to_json() for family, one in measures.label_free.items()}
    return {
        **_who(mean),
        "seeds": len(mean.outcomes),
        "pooled": mean.pooled,
        "gap_closed": measures.gap_closed.to_json(),
        "before": {name: getattr(measures.before, name).to_json() for name in MEASURES},
        "after": {name: getattr(measures.after, name).to_json() for name in MEASURES},
        "controls": {name: one or NONE for name, one in controls.items()},
        "label_free": {"best": best.gap_closed.to_json() if best else NONE, **free},
        "adaptive": {name: one.gap_closed.to_json() for name, one in measures.adaptive.items()},
        "proxy_agreement": measures.agreement.to_json(),
    }
