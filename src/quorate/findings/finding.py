"""A finding: a claim, the statements that test it, the verdict, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quorate.findings.experiment import Experiment
from quorate.findings.judging import Statement, Verdict, by_part, judge, together
from quorate.findings.kinds.kind import Origin, RunResult
from quorate.findings.measures import Measures
from quorate.plain import finite_or_none
from quorate.report.verdict import verdict_lines
from quorate.runs.shown import Shown

NO_MASS = {"critical_mass": None, "low": None, "high": None}  # of rows that are no curves S(α)


@dataclass(frozen=True)
class Finding(Shown):
    """What an experiment found.

    Args:
        experiment: the claim, and what was expected.
        statements: each expectation, judged.
        rows: one a curve: its name, critical mass with interval, and honest accuracy.
        source: where the numbers come from.
    """

    experiment: Experiment
    statements: tuple[Statement, ...]
    rows: tuple[dict[str, Any], ...]
    source: Origin

    @property
    def verdict(self) -> Verdict:
        """Whether the claim holds: in each of its parts, in some, or in none."""
        return together(by_part(self.statements).values())

    @property
    def decided(self) -> bool:
        """Whether every part of the claim is decided, so that no more seeds are needed."""
        return "undecided" not in by_part(self.statements).values()

    def brief(self) -> str:
        """Return the verdict and the claim in a line."""
        return f"{self.verdict}: {self.experiment.claim}"

    def lines(self) -> list[str]:
        """Return the verdict and the numbers behind it, in words, one line each."""
        return verdict_lines(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return plain data; no value that JSON does not know."""
        said, source = self.experiment, self.source
        return {
            "name": said.name,
            "title": str(said.settings.get("title", said.name)),
            "claim": said.claim,
            "source": said.source,
            "ours": said.ours,
            "expected": said.expected,
            **described(said),
            "time": {"cpu": None, "gpu": None, **(said.time or {})},
            "quick": said.quick,
            "experiment_id": said.id,
            "settings_id": said.settings_id,
            "verdict": self.verdict,
            "statements": [statement.to_json() for statement in self.statements],
            "curves": plain_rows(self.rows),
            "note": said.note,
            "command": f"quorate run experiments/{said.name}.toml"
            + (" --quick" if said.quick else ""),
            "cpu_seconds": source.cpu_seconds,
            "seeds": source.seeds,
            "hardware": source.hardware,
            "version": source.version,
            "git_revision": source.git_revision,
            "tuned_at_edge": list(source.tuned_at_edge),
            "tuned_apart": source.tuned_apart,
        }


def plain_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of an overview as plain data."""
    return [
        {**NO_MASS, **{key: finite_or_none(value) for key, value in row.items()}} for row in rows
    ]


def described(experiment: Experiment) -> dict[str, Any]:
    """Return what an experiment answers, where, and by which design, as plain data."""
    return {
        "answers": experiment.answers,
        "where": experiment.where,
        "looks": list(experiment.looks),
        "design": experiment.design(),
    }


def find(experiment: Experiment, run: RunResult) -> Finding:
    """Return the finding of an experiment that was run.

    Raises:
        InputError: an expectation names what the result does not have.
    """
    statements = judge_all(experiment, run.measures)
    return Finding(experiment, statements, run.overview, run.source)


def judge_all(experiment: Experiment, measures: Measures) -> tuple[Statement, ...]:
    """Return each expectation of an experiment, judged as one of all that count.

    Raises:
        InputError: as ``find``.
    """
    family = sum(not one.aside for one in experiment.expectations)
    looks = max(1, len(experiment.looks))
    return tuple(
        judge(one, measures, 1 if one.aside else family, looks) for one in experiment.expectations
    )
