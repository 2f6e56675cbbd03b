"""Studies: S(α) and critical masses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from quorate.executors.executor import Executor
from quorate.figures.finding import MassPoint, masses_over_figure
from quorate.findings.expectation import judge
from quorate.findings.experiment import Experiment
from quorate.findings.kinds.kind import Kind, Source, source_of
from quorate.findings.measures import MEASURES, CurveMeasures
from quorate.findings.tuning import Tuning, tuned
from quorate.intervals import mean_over_seeds
from quorate.studies.curves import Curves
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_study
from quorate.studies.trial import Outcome
from quorate.validate import unknown


@dataclass(frozen=True, eq=False)
class StudyDone:
    """The curves of a study, in a folder; and how its step sizes were chosen."""

    pictures: ClassVar[tuple[str, ...]] = ("trend*.png", "curves.png", "alpha_effective.png")

    result: Curves
    folder: Path
    tried: list[dict[str, Any]]

    @property
    def measures(self) -> CurveMeasures:
        """What can be measured on the curves."""
        return CurveMeasures(self.result)

    @property
    def source(self) -> Source:
        """Where the numbers come from."""
        outcomes = [vars(outcome) for outcome in self.result.outcomes]
        source = source_of(outcomes, len({one["seed"] for one in outcomes}))
        return replace(source, tuned_at_edge=tuple(r["learner"] for r in self.tried if r["edge"]))

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a curve: its critical mass, and honest accuracy without a collective."""
        curves = self.result
        headings = {curves.heading(curve) for curve in curves}
        rows = []
        for curve, mass in curves.critical_masses().rows:
            where = f" ({curves.heading(curve)})" if len(headings) > 1 else ""
            rows.append(
                {
                    "name": curves.called(curve.learner) + where,
                    "critical_mass": mass.estimate,
                    "low": mass.low,
                    "high": mass.high,
                    "accuracy": float(mean_over_seeds(curve.accuracy)[0]),
                }
            )
        return rows

    def write(self, finding: Mapping[str, Any] | None) -> Path:
        """Write the report; return the page's path."""
        from quorate.report.files import write_result

        return write_result(self.result, self.folder, finding, self._files(finding))

    def _files(self, finding: Mapping[str, Any] | None) -> dict[str, bytes]:
        """Return the step sizes that were tried, and each trend of α* as a picture."""
        from quorate.figures.style import render
        from quorate.report.files import to_csv

        files = {"tuning.csv": to_csv(self.tried)} if self.tried else {}
        trends = [
            (statement["along"], statement["target"] or self.result.target)
            for statement in (finding or {}).get("statements", [])
            if statement["measure"] == "critical-mass" and statement["along"]
        ]
        for number, (along, target) in enumerate(trends):
            points = [self._point(of, target) for of in along]
            figure = masses_over_figure("", points, target)
            name = "trend" if len(trends) == 1 else f"trend_{number + 1}"
            files |= {f"{name}.{form}": render(figure, form) for form in ("svg", "png", "pdf")}
        return files

    def _point(self, of: str | Sequence[str], target: float) -> MassPoint:
        """Return the critical mass of a curve and the platform's honest accuracy, to be drawn."""
        curve = self.measures.curve(of)
        mass = curve.critical_mass(target)
        accuracy = float(mean_over_seeds(curve.accuracy)[0])
        return MassPoint(of if isinstance(of, str) else of[0], mass, accuracy)

    def show(self, console: Console) -> None:
        """Print S(α) and the critical masses."""
        from quorate.report.terminal import print_result

        print_result(self.result, console)

    def to_json(self) -> dict[str, Any]:
        """Return the cells and the critical masses."""
        return self.result.to_json()


class Studies(Kind):
    """Population × strategy × learner × size × seed: see ``studies.study``."""

    def fits(self, settings: Mapping[str, Any]) -> bool:
        """Everything that is of no other kind is a study."""
        return True

    def read(self, settings: Mapping[str, Any]) -> Study:
        """Return the study."""
        return make_study(**settings)

    def check(self, experiment: Experiment) -> None:
        """Raise InputError where an expectation asks for what the study will not hold."""
        study = self.read(experiment.settings)
        measures = CurveMeasures(Curves.of(_unmeasured(study), study))
        for expected in experiment.expectations:
            for measure in (expected.measure, expected.against):
                if measure not in (None, *MEASURES):
                    raise unknown("measure of a study", str(measure), MEASURES)
            judge(expected, measures)

    def run(
        self,
        settings: Mapping[str, Any],
        tuning: Tuning | None,
        out: Path,
        executor: Executor,
        device: str,
    ) -> StudyDone:
        """Choose the step sizes where asked, then run the cells that are missing."""
        study = self.read(settings)
        tried: list[dict[str, Any]] = []
        if tuning is not None:
            study, tried = tuned(study, tuning, out, executor, device)
        return StudyDone(run_study(study, out, executor, device), out, tried)


def _unmeasured(study: Study) -> list[Outcome]:
    """Return an outcome without any number for each size of each curve of a study."""
    outlined = replace(study, seeds=study.seeds[:1])
    return [Outcome.of(cell, members=0, people=0, seconds=0.0) for cell in outlined.cells()]
