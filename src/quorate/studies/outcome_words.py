"""Outcomes in words: where they come from, and which trainings failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from quorate.runs.result import Section
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
    for outcome in outcomes:
        if "sampling" in outcome.record:
            facts[f"Privacy of {outcome.learner}"] = _privacy(outcome.record)
    return facts


def _privacy(record: Mapping[str, Any]) -> str:
    return (
        f"ε = {record['epsilon']:.4g} at δ = {record['delta']:g} by {record['accountant']} "
        f"(ε = {record['epsilon_rdp']:.4g} by RDP); {record['sampling']}; noise multiplier "
        f"{record['noise_multiplier']:.4g}, {record['steps']} steps at rate "
        f"{record['sampling_rate']:.4g}"
    )


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
