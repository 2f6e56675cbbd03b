"""The scenario ``effective-size``: does α_eff predict critical masses, where α does not?

A learner that reweights people counts a collective of size α as one of size α_eff. So its critical
mass should be the α whose α_eff is the critical mass of plain training. The rival prediction is
that α is what counts: the critical mass of plain training itself. Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.protocols import Learner, Population, Strategy
from quorate.runs.kept_tables import KeptTables
from quorate.runtime import device
from quorate.runtime.seeds import check_count
from quorate.scenarios.effective_size.prediction import MassPrediction, find_crossing
from quorate.scenarios.effective_size.result import ALL, EffectiveSizeResult
from quorate.scenarios.scenario import Scenario
from quorate.studies.curves import Curves
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import run_studies

HOW = "model=logistic,epochs=12,learning_rate=0.2"
POPULATIONS = ("digits", "gaussian:n=3000,held_out=2000", "finite:n=3000,held_out=2000,values=20")
STRATEGIES = (
    "planting:target=8,size=2",
    "planting:target=1,signal=columns,x5=4",
    "planting:target=1,signal=columns,x=3",
)
LEARNERS = (
    f"jtt:{HOW},upweight=2",
    f"jtt:{HOW},upweight=5",
    f"jtt:{HOW},upweight=20",
    f"cvar-dro:{HOW},level=0.5",
    f"cvar-dro:{HOW},level=0.2",
    f"cvar-dro:{HOW},level=0.1",
)


def _build_all(kind: str, texts: Sequence[str]) -> tuple[Any, ...]:
    return tuple(catalog.build(kind, text) for text in texts)


@dataclass(frozen=True)
class EffectiveSize(Scenario):
    """Does α_eff predict the critical mass of learners that reweight people, where α does not?

    Source: derived; the idea is that of Ben-Dov, Fawkes, Samadi, Sanyal 2024, arXiv:2405.06582.

    Raises:
        InputError: a parameter is out of range, or there is not one of each for every world.
    """

    name: ClassVar[str] = "effective-size"

    worlds: tuple[str, ...] = spec.param(
        ("digits", "Gaussian table", "finite law"),
        "Names of the settings; a population, a strategy and a target belong to each.",
    )
    populations: tuple[Population, ...] = spec.param(
        _build_all("populations", POPULATIONS), "Population of each setting.", kind="populations"
    )
    strategies: tuple[Strategy, ...] = spec.param(
        _build_all("strategies", STRATEGIES),
        "Strategy of the members in each setting.",
        kind="strategies",
    )
    targets: tuple[float, ...] = spec.param(
        (0.5, 0.9, 0.9), "S*, success at the critical mass, of each setting, in [0, 1]."
    )
    plain: Learner = spec.param(
        catalog.build("learners", f"sgd:{HOW}"), "Learner of plain training.", kind="learners"
    )
    learners: tuple[Learner, ...] = spec.param(
        _build_all("learners", LEARNERS),
        "Learners that reweight people; each is predicted.",
        kind="learners",
    )
    alphas: str = spec.param(
        "0.0008:0.5:15",
        "Sizes as fractions of all people: lo:hi:count for a log grid, or a comma-separated list.",
    )
    seeds: int = spec.param(3, "Number of seeds.")

    def __post_init__(self) -> None:
        spec.make_tuples(self)
        several = (self.worlds, self.populations, self.strategies, self.targets)
        counts = [len(each) for each in several]
        if len(set(counts)) > 1 or not counts[0]:
            raise InputError(
                "Expected a population, a strategy and a target for each of the worlds, got "
                f"{counts[1]}, {counts[2]} and {counts[3]} for {counts[0]}. Give as many of each."
            )
        check_count(self.seeds, "Use one seed or more.")
        if not self.learners:
            raise InputError("Expected learners that reweight people, got none. Name one: jtt.")

    def run(self, out: Path | None, executor: Executor) -> EffectiveSizeResult:
        """Measure S(α) and α_eff in every world, and predict each critical mass from plain's."""
        each = zip(self.populations, self.strategies, self.targets, strict=True)
        studies = [self._make_study(*world) for world in each]
        curves = run_studies(studies, out, executor, device.asked())
        found: list[MassPrediction] = []
        for world, measured, target in zip(self.worlds, curves, self.targets, strict=True):
            found += self._predict(world, measured, target)
        return EffectiveSizeResult(tuple(found))

    def read_back(self, tables: KeptTables) -> EffectiveSizeResult:
        """Return the result of rows that are kept; those of a family are made from the others."""
        who, masses = (
            ("world", "family", "learner", "seed"),
            ("measured", "by_effective", "by_alpha"),
        )
        found = [
            MassPrediction(
                *(row[name] for name in who),
                *(math.nan if row[name] is None else float(row[name]) for name in masses),
            )
            for row in tables.needed()
            if row["learner"] != ALL
        ]
        return EffectiveSizeResult(tuple(found))

    def _make_study(self, population: Population, strategy: Strategy, target: float) -> Study:
        learners = [self.plain, *self.learners]
        whose: dict[str, Any] = {"population": population, "strategy": strategy, "target": target}
        return make_study(learner=learners, alphas=self.alphas, seeds=self.seeds, **whose)

    def _predict(self, world: str, curves: Curves, target: float) -> list[MassPrediction]:
        """Return the prediction of each learner and seed.

        Raises:
            InputError: a learner records no α_eff.
        """
        masses = {
            curve.learner: [find_crossing(curve.alphas, one, target) for one in curve.success.T]
            for curve in curves
        }
        plain = masses[spec.text(self.plain)]  # of each seed
        effective = {sizes.learner: sizes for sizes in curves.effective_sizes()}
        found = []
        for learner in self.learners:
            text = spec.text(learner)
            if text not in effective:
                raise InputError(
                    f"Expected learners that record α_eff, got {text}. Use one that reweights "
                    "people: jtt, lff, cvar-dro, chi2-dro, group-dro."
                )
            sizes = effective[text]
            counted = np.nanmean(sizes.values, axis=1)  # (a, s)
            for s, seed in enumerate(sizes.seeds):
                by_effective = find_crossing(sizes.alphas, counted[:, s], plain[s])
                numbers = masses[text][s], by_effective, plain[s]
                found.append(MassPrediction(world, learner.name, text, seed, *numbers))
        return found
