"""Studies: S(α) and critical masses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.findings.experiment import Experiment
from quorate.findings.judging import judge
from quorate.findings.kinds.kind import Kind, ReadBack, RunResult, origin_of
from quorate.findings.measures import MEASURES, CurveMeasures
from quorate.findings.stored_curves import read_curves
from quorate.findings.tuning import tuned, tuning_candidates
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Row
from quorate.studies.curves import Curves
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome
from quorate.validate import unknown


class StudyKind(Kind):
    """Population × strategy × learner × size × seed: see ``studies.study``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Everything that is of no other kind is a study."""
        return True

    def read(self, settings: Mapping[str, Any]) -> Study:
        """Return the study."""
        return make_study(**settings)

    def check(self, experiment: Experiment) -> None:
        """Raise InputError where an expectation or a tuning asks for what the study will not hold.

        What the quick form of a file leaves out, its expectations cannot name either.
        """
        study = self.read(experiment.settings)
        try:
            self._check(study, experiment)
        except InputError as error:
            if not experiment.quick:
                raise
            raise InputError(
                f"{error} This is the quick form: name under [quick] what is asked for, or write "
                "[[quick.expect]] and [quick.tune] for what it holds."
            ) from error

    def _check(self, study: Study, experiment: Experiment) -> None:
        if experiment.tuning is not None:
            tuning_candidates(study, experiment.tuning)
        measures = CurveMeasures(Curves.of(_unmeasured(study), study))
        for expected in experiment.expectations:
            for measure in (expected.measure, expected.against):
                if measure not in (None, *MEASURES):
                    raise unknown("measure of a study", str(measure), MEASURES)
            judge(expected, measures)

    def run(self, experiment: Experiment, out: Path, executor: Executor, device: str) -> RunResult:
        """Choose the step sizes where asked, then run the cells that are missing."""
        study, tried = self.read(experiment.settings), list[Row]()
        if experiment.tuning is not None:
            study, tried = tuned(study, experiment.tuning, out, executor, device)
        curves = run_study(study, out, executor, device)
        source = origin_of([vars(one) for one in curves.outcomes], len(study.seeds))
        at_edge = tuple(row["learner"] for row in tried if row["edge"])
        return RunResult(
            curves,
            CurveMeasures(curves),
            replace(
                source, tuned_at_edge=at_edge, tuned_apart=tried[0]["apart"] if tried else None
            ),
            tuple(_overview(curves)),
            step_sizes=tuple(tried),
        )

    def read_back(self, experiment: Experiment, tables: KeptTables) -> ReadBack:
        """Return the curves of the kept cells, at the step sizes that were chosen."""
        curves = read_curves(self.read(experiment.settings), tables)
        return ReadBack(CurveMeasures(curves), tuple(_overview(curves)), curves.pictures)


def _overview(curves: Curves) -> Iterator[Row]:
    """Yield one row a curve: its critical mass, and honest accuracy without a collective."""
    several = len({curves.heading(curve) for curve in curves}) > 1
    for curve, mass in curves.critical_masses().rows:
        where = f" ({curves.heading(curve)})" if several else ""
        yield {
            "name": curves.called(curve.learner) + where,
            "critical_mass": mass.estimate,
            "low": mass.low,
            "high": mass.high,
            "accuracy": float(curve.means()[1][0]),
        }


def _unmeasured(study: Study) -> list[Outcome]:
    """Return an outcome without any number for each size of each curve of a study."""
    outlined = replace(study, seeds=study.seeds[:1])
    return [Outcome.of(cell, members=0, people=0, seconds=0.0) for cell in outlined.cells()]
