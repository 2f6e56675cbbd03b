"""Preventing biased learning: only the disadvantaged group acts, and everyone is judged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import catalog, spec
from quorate.compared_groups import ComparedGroups, choose_groups
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.extras import command, is_installed
from quorate.protocols import Learner
from quorate.runs.kept_tables import KeptTables, with_rows
from quorate.runs.running import opened
from quorate.runtime.seeds import check_count, mixed
from quorate.scenarios.bias import platform_alone
from quorate.scenarios.bias.cell import (
    NOBODY,
    TwoGroups,
    draw_all,
    measure_cell,
    minority_strategy,
    stamp_of,
)
from quorate.scenarios.bias.groups import check_learnt_from, check_sizes, sizes_of
from quorate.scenarios.bias.result import BiasResult
from quorate.scenarios.bias.swept import HALVES, halve, measure_swept
from quorate.scenarios.bias.swept_numbers import with_flips
from quorate.scenarios.bias.swept_result import SweptResult
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario
from quorate.strategies.relabelling.minority_strategy import ALL, MinorityStrategy, TopFlips
from quorate.table import Split
from quorate.validate import LARGEST, at_least, in_interval, unknown

AS_ASKED = ("strategies", "alphas", "knowledge", "at", "seeds")
LEARNERS = ("logistic", "forest:n_estimators=20", "boosting:max_iter=20", "dp-sgd:model=mlp")


@dataclass(frozen=True)
class Bias(Scenario):
    """The disadvantaged group changes its own rows, so that a platform treats all alike.

    α is a fraction of the minority. Everyone is judged by honest labels on people held out:
    equalised odds, equal opportunity, demographic parity, worst-group accuracy, and the error that
    acting adds. Beside the collective stands what the platform could do itself (fairlearn). After
    Ben-Dov, Samadi, Sanyal, Țifrea 2025 (arXiv:2508.15374).

    Raises:
        InputError: a parameter is out of range, a name is not known, or a group is too small.
    """

    name: ClassVar[str] = "bias"
    population: Any = spec.param(
        catalog.build("populations", "unequal:n=1000"),
        "Population with groups and two labels.",
        kind="populations",
    )
    minority: tuple[str, ...] = spec.param(
        (), "Groups that act; by default the usual ones of these data."
    )
    majority: tuple[str, ...] = spec.param(
        (), "Groups they are compared with; by default the rest."
    )
    positive: str | None = spec.param(
        None, "Favourable label; by default the usual one of these data."
    )
    strategies: tuple[str, ...] = spec.param(
        ("rb-prob", "rb-label", "rb-dist", "random", "borrowed-features", "rehearsed"),
        "Strategies of the minority, each alone; quorate list strategies shows them.",
    )
    learners: tuple[Any, ...] = spec.param(
        tuple(catalog.build("learners", text) for text in LEARNERS),
        "Learners of the platform; each is run alone.",
        kind="learners",
    )
    alone: tuple[str, ...] = spec.param(
        ("threshold-optimizer", "exponentiated-gradient"),
        "Fairness methods of the platform itself, beside the collective; also grid-search, or "
        "none.",
    )
    alphas: tuple[float, ...] = spec.param(
        (0.0, 0.1, 0.3, 0.6, 1.0),
        "Sizes of the collective as fractions of the minority, in [0, 1].",
    )
    knowledge: tuple[str, ...] = spec.param(
        ("10", ALL),
        "Numbers of people of the majority whose rows are known, or all; every α uses the last.",
    )
    at: float = spec.param(
        0.3, "Size of the collective at which knowledge is varied, a fraction of the minority."
    )
    seeds: int = spec.param(5, "Number of seeds, at least 1.")
    first_seed: int = spec.param(0, "First seed, at least 0.")
    standard_error: float = spec.param(
        0.05, "Largest standard error of a rate; smaller groups are refused."
    )

    flips: tuple[int, ...] = spec.param(
        (),
        "Numbers of members who relabel themselves, each run alone; the best is chosen on half of "
        "the people held out. By default a strategy decides.",
        later=True,
    )

    def __post_init__(self) -> None:
        spec.make_tuples(self)
        for count in self.flips:
            at_least("flips", count, 0, "It is a number of people.", most=LARGEST)
        for alpha in (*self.alphas, self.at):
            in_interval("alpha", alpha, 0, 1, "It is a fraction of the minority.")
        check_count(self.seeds, "Five or more give intervals.")
        at_least("first_seed", self.first_seed, 0, "Begin with 0.", most=LARGEST)
        fix = "Use 0.05, say."
        in_interval("standard_error", self.standard_error, 1e-6, 0.5, fix)
        for name in self._named_alone():
            if name not in platform_alone.ALONE:
                raise unknown("method of the platform alone", name, platform_alone.ALONE)
        for key in ("alphas", "strategies", "learners", "knowledge", "flips"):
            given = getattr(self, key)
            if not given and key != "flips":
                raise InputError(f"Expected one or more of {key}, got none. Name one.")
            if len(set(map(spec.text_of, given))) < len(given):
                raise InputError(f"Expected each of {key} once, got one twice. Name it once.")
        for strategy, known in itertools.product(self.strategies, self.knowledge):
            self._check_flips(strategy, minority_strategy(strategy, known))

    def _check_flips(self, text: str, strategy: MinorityStrategy) -> None:
        if self.flips and getattr(strategy, "flips", None) is not None:
            raise InputError(
                f"Expected flips as a parameter of the scenario, got it in {text} too. Leave it "
                "out there."
            )

    def run(self, out: Path | None, executor: Executor) -> BiasResult | SweptResult:
        """Run it: all alphas with the last knowledge, and all knowledge at one alpha."""
        population = spec.text(self.population)
        stamp = stamp_of(population)
        usual = draw_all(population, self.first_seed, stamp).train.compared
        compared = choose_groups(usual, self.minority, self.majority, self.positive)
        sizes = self._checked(TwoGroups(population, compared, self.first_seed, stamp).split())
        cells = self._cells(compared)
        with opened(out, executor) as (store, pool):
            measure = measure_swept if self.flips else measure_cell
            found = run_cells(measure, cells, store, pool, "Acting")
        told: dict[str, Any] = {
            "population": population,
            "compared": compared,
            **{key: getattr(self, key) for key in AS_ASKED},
            "learners": tuple(map(spec.text, self.learners)),
            "sizes": sizes,
            "notes": tuple(self._notes()),
            "found": tuple(zip(cells, found, strict=True)),
        }
        return (
            SweptResult(**told, flips=tuple(sorted(self.flips)))
            if self.flips
            else BiasResult(**told)
        )

    def read_back(self, tables: KeptTables) -> BiasResult | SweptResult:
        """Return the result of rows that are kept; who is compared is as the settings say it."""
        told: dict[str, Any] = {
            "population": spec.text(self.population),
            "compared": ComparedGroups(self.minority, self.majority, self.positive or ""),
            **{key: getattr(self, key) for key in AS_ASKED},
            "learners": tuple(map(spec.text, self.learners)),
            "sizes": {},
            "notes": (),
            "found": (),
        }
        rows = [{**row, "known": str(row["known"])} for row in tables.needed()]
        if not self.flips:
            return with_rows(BiasResult(**told), rows)
        result = with_rows(SweptResult(**told, flips=tuple(sorted(self.flips))), rows)
        return with_flips(result, tables.needed("flips"))

    def _named_alone(self) -> tuple[str, ...]:
        return tuple(name for name in self.alone if name != "none")

    def _checked(self, split: Split) -> dict[str, int]:
        """Return how many people there are, and raise where they cannot be measured on."""
        train, held_out = split.train, split.held_out
        check_learnt_from(train)
        check_sizes(held_out, self.standard_error)
        if self.flips:  # each half is measured on
            second = halve(held_out, mixed(self.first_seed, HALVES))
            check_sizes(held_out.take(second), self.standard_error)
        assert train.group is not None  # in two groups
        for known in self.knowledge:
            strategy = minority_strategy(self.strategies[0], known)
            strategy.learn(train, train.group == 1, np.random.default_rng(0))
        for learner in self.learners:
            learner.check(train)
        minority = int(train.group.sum())
        measured = {f"held out, {' '.join(key)}": n for key, n in sizes_of(held_out).items()}
        return {"minority": minority, "majority": len(train) - minority, **measured}

    def _cells(self, compared: ComparedGroups) -> list[dict[str, Any]]:
        """Return the cells: those of one collective side by side, since its members act once."""
        most = self.knowledge[-1]
        places = [(alpha, most) for alpha in self.alphas if alpha > 0]
        places += [(self.at, known) for known in self.knowledge if (self.at, known) not in places]
        acting = [(s, a, known) for s in self.strategies for a, known in places if a > 0]
        shared = {"population": spec.text(self.population), "sides": compared.to_plain()}
        cells: list[dict[str, Any]] = []
        for seed in range(self.first_seed, self.first_seed + self.seeds):
            for strategy, alpha, known in [(self.strategies[0], 0.0, ALL), *acting]:
                who = {"strategy": strategy if alpha else NOBODY, "alpha": alpha, "known": known}
                who |= self._swept(strategy if alpha else None)
                cells += [
                    {**shared, "learner": spec.text(learner), "seed": seed, **who}
                    for learner in self.learners
                ]
            cells += [
                {**shared, "learner": spec.text(learner), "seed": seed, "alone": name}
                | self._swept(None)
                for learner, name in self._platforms_alone()
            ]
        return cells

    def _swept(self, strategy: str | None) -> dict[str, Any]:
        """Return the numbers of flips as they stand in a cell: none where a strategy decides.

        Zero is left out: that is the cell in which nobody acts.
        """
        if not self.flips:
            return {}
        sweeps = strategy and isinstance(minority_strategy(strategy, ALL), TopFlips)
        return {"flips": sorted(filter(None, self.flips)) if sweeps else []}

    def _platforms_alone(self) -> Sequence[tuple[Learner, str]]:
        if not is_installed("fairlearn"):
            return ()
        return [
            (learner, name)
            for name in self._named_alone()
            for learner in self.learners
            if platform_alone.fits(name, learner)
        ]

    def _notes(self) -> list[str]:
        if self._named_alone() and not is_installed("fairlearn"):
            return [
                "What a platform could do itself is left out: fairlearn is not installed. "
                f"{command('fairness')}"
            ]
        return []
