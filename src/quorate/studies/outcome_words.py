"""Outcomes in words: where they come from, and which trainings failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from quorate.runs.result import Section
from quorate.runs.wording import name_reading
from quorate.studies.trial import Outcome


def facts_of(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Return where the numbers come from, in words by label."""

    def each(of: Callable[[Outcome], str]) -> str:
        return ", ".join(dict.fromkeys(of(outcome) for outcome in outcomes))

    def libraries(outcome: Outcome) -> str:
        return ", ".join(f"{k} {v}" for k, v in outcome.provenance.get("libraries", {}).items())

    facts = {
        "Population": each(lambda o: o.population),
        "Strategy": each(lambda o: o.strategy),
        "Goal": each(lambda o: o.goal),
        "Learner": each(lambda o: o.learner),
        "Members come from": each(lambda o: o.collective),
        "People the platform learns from": each(lambda o: f"{o.people:,}"),
        "Seeds": ", ".join(map(str, sorted({o.seed for o in outcomes}))),
        "Cells": f"{len(outcomes)}",
        "Seconds of training": f"{sum(o.seconds for o in outcomes):.0f}",
        "quorate": each(
            lambda o: f"{o.version} ({o.provenance.get('git_revision') or 'installed'})"
        ),
        "Libraries": each(libraries),
        "Machine": each(lambda o: f"{o.provenance.get('processor')}, {o.provenance.get('system')}"),
        "Trained on": each(lambda o: o.provenance.get("gpu") or "the CPU"),
    }
    facts |= name_reading(outcome.provenance for outcome in outcomes)
    for outcome in outcomes:
        if outcome.epsilon is not None:
            facts[f"Privacy of {outcome.learner}"] = _privacy(outcome.epsilon, outcome.record)
    return facts


def _privacy(epsilon: float, record: Mapping[str, Any]) -> str:
    """Return the budget, and how it is kept and accounted, as far as a training says so."""

    def said(key: str, words: str) -> list[str]:
        value = record.get(key)
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        is_told = isinstance(value, int | float | str) and not isinstance(value, bool)
        return [words.format(shown)] if is_told else []

    budget = [f"ε = {epsilon:.4g}", *said("delta", "at δ = {}"), *said("accountant", "by {}")]
    budget += said("epsilon_rdp", "(ε = {} by RDP)")
    noise = [
        *said("noise_multiplier", "noise multiplier {}"),
        *said("noise_scale", "noise scale {}"),
    ]
    steps = " ".join([*said("steps", "{} steps"), *said("sampling_rate", "at rate {}")])
    trees = said("trees", "{} trees")
    how = ", ".join(filter(None, [*noise, steps, *trees]))
    parts = [" ".join(budget), *said("mechanism", "{}"), *said("sampling", "{}"), how]
    return "; ".join(filter(None, parts))


def failures(outcomes: Iterable[Outcome]) -> list[str]:
    """Return how many trainings failed, with what the first one said; nothing where none did."""
    outcomes = list(outcomes)
    failed = [_failure(outcome) for outcome in outcomes if outcome.error]
    if not failed:
        return []
    return [f"{len(failed)} of {len(outcomes)} trainings failed. The first: {failed[0]}"]


def what_failed(outcomes: Iterable[Outcome]) -> list[Section]:
    """Return the part of a page that lists every failed training; nothing where none did."""
    failed = tuple(_failure(outcome) for outcome in outcomes if outcome.error)
    return [Section("Cells that failed", failed, on_page_only=True)] if failed else []


def _failure(outcome: Outcome) -> str:
    return f"{outcome.learner} at α = {outcome.alpha:g}, seed {outcome.seed}: {outcome.error}"
