"""Running the experiment of a file: whatever its kind, to a result and a verdict."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.bring_your_own.import_paths import refusing, trusting
from quorate.executors.executor import Executor
from quorate.executors.opening import workers_of
from quorate.executors.serial import SERIAL
from quorate.findings.experiment import Experiment
from quorate.findings.finding import Finding, find
from quorate.findings.kinds.kind import RunResult
from quorate.findings.kinds.listing import kind_of
from quorate.findings.measures import CurveMeasures
from quorate.findings.trends import draw_trends
from quorate.runs.digests import with_digest
from quorate.runs.result import Picture
from quorate.runtime import progress

RUNS = "runs"
FILE = "finding.json"
TRUST = "If you trust whoever wrote the file and the module: quorate run FILE --trust."


@dataclass(frozen=True, eq=False)
class ExperimentResult(RunResult):
    """The result of an experiment, with its finding where the file makes a claim.

    Args:
        result, measures, source, overview, also, step_sizes: as in ``RunResult``.
        finding: the claim with its verdict, None where the file makes none.
    """

    finding: Finding | None = None

    @property
    def verdict(self) -> Mapping[str, Any] | None:
        """The finding as plain data."""
        return None if self.finding is None else self.finding.to_json()

    def brief(self) -> str:
        """Return the verdict, where something is claimed, and the main numbers in a line."""
        said = super().brief()
        return said if self.finding is None else f"{self.finding.brief()} {said}"

    def to_json(self) -> dict[str, Any]:
        """Return the results and the finding as plain data."""
        found = {} if self.finding is None else {"finding": self.finding.to_json()}
        return {**super().to_json(), **found}

    def pictures(self) -> dict[str, Picture]:
        """Return the trends that are claimed, then the pictures of the result."""
        return self._pictures

    @functools.cached_property
    def _pictures(self) -> dict[str, Picture]:
        pictures = self.result.pictures()
        if self.finding is None or not isinstance(self.measures, CurveMeasures):
            return pictures
        return {**draw_trends(self.finding.statements, self.measures), **pictures}

    def files(self) -> dict[str, bytes]:
        """Return the files of the result, and the finding as finding.json."""
        files = self.result.files()
        if self.finding is None:
            return files
        beside = [one.pictures() for one in self.also.values()]  # of what is compared: more telling
        pictures = {name: one for of in (*beside, self._pictures) for name, one in of.items()}
        drawn = [f"{name}.png" for name, one in pictures.items() if not one.photographs]
        plain = with_digest({**self.finding.to_json(), "pictures": drawn})
        text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
        return {**files, FILE: text.encode()}


def folder_of(experiment: Experiment) -> Path:
    """Return the folder that an experiment runs in where none is named."""
    return Path(RUNS) / (f"{experiment.name}-quick" if experiment.quick else experiment.name)


def run_experiment(
    experiment: Experiment,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
    trust: bool = False,
) -> ExperimentResult:
    """Run what is missing of an experiment, and judge what it expects.

    Args:
        experiment: what to run.
        out: folder of the results; by default ``runs/`` and its name.
        executor: where cells are computed; the results do not depend on it.
        device: where networks are trained: auto, cpu or cuda.
        trust: whether import paths in its file are followed, which runs code.

    Raises:
        InputError: the settings do not fit together, or what is expected is not there.
        StoreError: the folder cannot be read or written; what it holds is kept.
    """
    out = folder_of(experiment) if out is None else Path(out)
    allowed = trusting() if trust else refusing("a study file", TRUST)
    with allowed, workers_of(executor):  # once, however many studies it takes
        kind = kind_of(experiment.settings)
        for line in experiment.design():
            progress.note(line)
        for asked in _looks(experiment):
            kind.check(asked)
            run = kind.run(asked, out, executor, device)
            finding = find(asked, run) if asked.expectations else None
            if finding is not None and finding.decided:
                break
    return ExperimentResult(**vars(run), finding=finding)


def _looks(experiment: Experiment) -> list[Experiment]:
    """Return the experiment at each look that is planned; itself where none is."""
    return [experiment.at(seeds) for seeds in experiment.looks] or [experiment]
