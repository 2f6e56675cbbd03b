"""Does the effective size of a collective predict its critical mass, where its plain size does not?

A learner that reweights people hears a collective of size α as one of size α_eff. So its critical
mass should be the α whose α_eff is the critical mass of plain training. The rival prediction is
that α is what counts: the critical mass of plain training itself. Shapes: a sizes, s seeds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.plain import finite_or_none
from quorate.protocols import Learner, Population, Strategy
from quorate.runs.result import Picture
from quorate.runs.store import Store
from quorate.scenarios.scenario import Scenario
from quorate.studies.study import Study, make_study
from quorate.studies.sweep import check_missing, measure_study
from quorate.validate import at_least

if TYPE_CHECKING:
    from quorate.intervals import Floats
    from quorate.studies.curves import Curves

HOW = "model=logistic,epochs=12,learning_rate=0.2"
POPULATIONS = (
    "digits", "gaussian:n=3000,held_out=2000", "finite:n=3000,held_out=2000,values=20",
)  # fmt: skip
STRATEGIES = (
    "planting:target=8,size=2",
    "planting:target=1,signal=columns,x5=4",
    "planting:target=1,signal=columns,x=3",
)
LEARNERS = (
    *(f"jtt:{HOW},upweight={weight}" for weight in (2, 5, 20)),
    *(f"cvar-dro:{HOW},level={level}" for level in (0.5, 0.2, 0.1)),
)
ALL = "all"  # of a family: the mean over its learners


def _all(kind: str, texts: Sequence[str]) -> tuple[Any, ...]:
    return tuple(catalog.build(kind, text) for text in texts)


@dataclass(frozen=True)
class EffectiveSize(Scenario):
    """Does α_eff predict the critical mass of learners that reweight people, where α does not?

    Source: derived; the idea is that of Ben-Dov, Fawkes, Samadi, Sanyal 2024, arXiv:2405.06582.
    """

    name: ClassVar[str] = "effective-size"

    worlds: tuple[str, ...] = spec.param(
        ("digits", "Gaussian table", "finite law"), "what the worlds are called"
    )
    populations: tuple[Population, ...] = spec.param(
        _all("populations", POPULATIONS), "who, one a world", kind="populations"
    )
    strategies: tuple[Strategy, ...] = spec.param(
        _all("strategies", STRATEGIES), "what members do, one a world", kind="strategies"
    )
    targets: tuple[float, ...] = spec.param(
        (0.5, 0.9, 0.9), "S*, the success of a critical mass, one a world"
    )
    plain: Learner = spec.param(
        catalog.build("learners", f"sgd:{HOW}"), "plain training", kind="learners"
    )
    learners: tuple[Learner, ...] = spec.param(
        _all("learners", LEARNERS), "learners that reweight people", kind="learners"
    )
    alphas: str = spec.param("0.0008:0.5:15", "sizes: lo:hi:count (log grid) or a comma list")
    seeds: int = spec.param(3, "how many seeds")

    def __post_init__(self) -> None:
        several = (self.worlds, self.populations, self.strategies, self.targets)
        counts = [len(each) for each in several]
        if len(set(counts)) > 1 or not counts[0]:
            raise InputError(
                "Expected a population, a strategy and a target for each of the worlds, got "
                f"{counts[1]}, {counts[2]} and {counts[3]} for {counts[0]}. Give as many of each."
            )
        at_least("seeds", self.seeds, 1, "Use one seed or more.")
        if not self.learners:
            raise InputError("Expected learners that reweight people, got none. Name one: jtt.")

    def run(self, out: Path | None, executor: Executor) -> Predictions:
        """Measure S(α) and α_eff in every world, and predict each critical mass from plain's."""
        studies = [
            self._make_study(*world)
            for world in zip(self.populations, self.strategies, self.targets, strict=True)
        ]
        for study in studies:
            check_missing(study, out)
        with Store(out, write=True) as store, executor.open() as pool:
            curves = [measure_study(study, store, pool) for study in studies]
        found = map(self._predict, self.worlds, curves, self.targets)
        return Predictions(tuple(itertools.chain.from_iterable(found)))

    def _make_study(self, population: Population, strategy: Strategy, target: float) -> Study:
        return make_study(
            population=population,
            strategy=strategy,
            learner=[self.plain, *self.learners],
            alphas=self.alphas,
            seeds=self.seeds,
            target=target,
        )

    def _predict(self, world: str, curves: Curves, target: float) -> list[Prediction]:
        masses = {curve.learner: _masses(curve.alphas, curve.success, target) for curve in curves}
        plain = masses[spec.text(self.plain)]  # (s,)
        effective = {sizes.learner: sizes for sizes in curves.effective_sizes()}
        rows = []
        for learner in self.learners:
            called = spec.text(learner)
            if called not in effective:
                raise InputError(
                    f"Expected learners that record α_eff, got {called}. Use one that reweights "
                    "people: jtt, lff, cvar-dro, chi2-dro, group-dro."
                )
            sizes = effective[called]
            heard = np.nanmean(sizes.values, axis=1)  # (a, s)
            rows += [
                Prediction(
                    world=world,
                    family=learner.name,
                    learner=called,
                    seed=seed,
                    measured=float(masses[called][s]),
                    by_effective=crossing(sizes.alphas, heard[:, s], float(plain[s])),
                    by_alpha=float(plain[s]),
                )
                for s, seed in enumerate(sizes.seeds)
            ]
        return rows


@dataclass(frozen=True)
class Prediction:
    """One learner's critical mass with one seed: measured, by α_eff, and by α. NaN: not reached."""

    world: str
    family: str
    learner: str
    seed: int
    measured: float
    by_effective: float
    by_alpha: float

    @property
    def errors(self) -> tuple[float, float]:
        """How far off α_eff and α are: |log₂ predicted/measured|, a factor of two is 1."""
        effective, alpha = (
            abs(math.log2(predicted / self.measured))
            for predicted in (self.by_effective, self.by_alpha)
        )
        return effective, alpha


@dataclass(frozen=True)
class Predictions:
    """What was measured and predicted."""

    found: tuple[Prediction, ...]
    title: str = "Effective size and critical mass"

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a learner and seed, and one a family, which says ``all`` for learner."""
        rows = [
            {
                **vars(one),
                "error_by_effective": one.errors[0],
                "error_by_alpha": one.errors[1],
            }
            for one in self.found
        ]
        return rows + self._families(rows)

    def _families(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return mean errors over the learners of a family whose critical mass was reached."""
        groups: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
        for row in rows:
            groups.setdefault((row["world"], row["family"], row["seed"]), []).append(row)
        errors = ("error_by_effective", "error_by_alpha")
        return [
            {"world": world, "family": family, "learner": ALL, "seed": seed}
            | {name: _mean([row[name] for row in some if _reached(row)]) for name in errors}
            for (world, family, seed), some in groups.items()
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the mean errors of each world and family, in factors of two."""
        return {"families": self._over_seeds()}

    def _over_seeds(self) -> list[dict[str, Any]]:
        groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in self.rows():
            if row["learner"] == ALL:
                groups.setdefault((row["world"], row["family"]), []).append(row)
        return [
            {
                "world": world,
                "family": family,
                "error_by_effective": finite_or_none(
                    _mean([r["error_by_effective"] for r in rows])
                ),
                "error_by_alpha": finite_or_none(_mean([r["error_by_alpha"] for r in rows])),
            }
            for (world, family), rows in groups.items()
        ]

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return the mean errors as text."""
        return {
            "How far off a prediction is, in factors of two": [
                {
                    "world": row["world"],
                    "learners": row["family"],
                    "by α_eff": _shown(row["error_by_effective"]),
                    "by α": _shown(row["error_by_alpha"]),
                }
                for row in self._over_seeds()
            ]
        }

    def pictures(self) -> dict[str, Picture]:
        """Return predicted against measured critical masses."""
        from quorate.figures.predictions import PredictedMass, predictions_figure

        worlds: dict[str, list[PredictedMass]] = {}
        for one in self.found:
            if not math.isnan(one.measured):
                point = PredictedMass(one.family, one.measured, one.by_effective, one.by_alpha)
                worlds.setdefault(one.world, []).append(point)
        return {
            "predictions": Picture(
                predictions_figure(worlds),
                "Critical masses of learners that reweight people, predicted from that of plain "
                "training: filled by the effective size, hollow by the plain size. One mark a "
                "learner and seed; on the line a prediction is right.",
            )
        }


def _masses(alphas: Floats, success: Floats, target: float) -> Floats:
    """Return the critical mass of each seed's own curve, (s,); NaN where it is not reached."""
    return np.array([crossing(alphas, success[:, s], target) for s in range(success.shape[1])])


def crossing(alphas: Floats, values: Floats, level: float) -> float:
    """Return the positive α from which values, (a,), stay at the level; NaN where they never do.

    Linear between two sizes on a log scale; the smallest size where they are never below.
    """
    acts = alphas > 0
    alphas, values = alphas[acts], values[acts]
    below = np.flatnonzero(~(values >= level))
    if not len(below):
        return float(alphas[0])
    last = int(below[-1])
    if last + 1 == len(alphas):
        return math.nan
    part = (level - values[last]) / (values[last + 1] - values[last])
    return float(alphas[last] * (alphas[last + 1] / alphas[last]) ** part)


def _reached(row: Mapping[str, Any]) -> bool:
    return not math.isnan(row["error_by_effective"]) and not math.isnan(row["error_by_alpha"])


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
