"""The scenario ``collectives``: several collectives at once, its parameters and its cells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import spec
from quorate.adapter import find_who_can, refuse_withholding
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.learners.networks.sgd import SGD
from quorate.plain import group_by
from quorate.populations.digits import Digits
from quorate.protocols import Learner, Population, Strategy
from quorate.runs.kept_tables import KeptTables
from quorate.runs.result import Row
from quorate.runs.running import opened
from quorate.runtime.seeds import check_count
from quorate.scenarios.collectives import submission
from quorate.scenarios.collectives.cell import measure_cell
from quorate.scenarios.collectives.panel import Panel
from quorate.scenarios.collectives.prediction import KNOWN
from quorate.scenarios.collectives.result import CollectivesResult
from quorate.scenarios.collectives.submission import Case, Mistake
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario
from quorate.signals.patch import Patch
from quorate.spec import make_tuples, param
from quorate.strategies.planting import Planting
from quorate.studies.trial import draw_people, streams, submit_from
from quorate.table import Table
from quorate.validate import LARGEST, all_in_interval, at_least, in_interval
from quorate.version import __version__

Strategies = tuple[Strategy, ...]


@dataclass(frozen=True)
class Collectives(Scenario):
    """Several collectives on one platform: success of each against the sizes of two.

    P = Σ_m α_m P*_m + (1 − Σ_m α_m) P₀: data poisoning by several attackers, each with its own
    trigger and target. Nobody is in two collectives, and the first two are nested in their sizes.
    Each is judged by its own strategy's goal. A case is what the others take over from the first:
    nothing, its signal, its target, or both. After Karan et al. 2025 (arXiv:2505.00195) and
    Battiloro et al. 2025 (arXiv:2508.19149), of which we know summaries; the setting is ours.

    Raises:
        InputError: a parameter is out of range, there is one collective only, the sizes sum to more
            than 1, or a strategy, a target or a learner does not fit these people.
    """

    name: ClassVar[str] = "collectives"

    population: Population = param(
        Digits(), "Population that the platform learns from.", kind="populations"
    )
    strategies: tuple[Strategy, ...] = param(
        (Planting("8", Patch(2, "top-left")), Planting("3", Patch(2, "bottom-right"))),
        "Strategy of each collective; two or more.",
        kind="strategies",
    )
    cases: tuple[Case, ...] = param(
        ("as-given", "same-signal", "same-target"),
        "What the others take over from the first collective: as-given, same-signal, same-target "
        "or same; a list runs each.",
    )
    errors: tuple[float, ...] = param(
        (), "Probability that a member errs, in [0, 1], for each collective; by default none err."
    )
    mistake: Mistake = param(
        "forget",
        "Mistake of members who err: forget to act, claim another label, or carry the signal "
        "of the "
        "next collective.",
    )
    sizes: tuple[float, ...] = param(
        (0.0, 0.01, 0.03, 0.1, 0.2, 0.4),
        "Sizes of the first two collectives as fractions of all people, in [0, 1], growing.",
    )
    others: float = param(
        0.05, "Size of each further collective as a fraction of all people, in [0, 1]."
    )
    learners: tuple[Learner, ...] = param(
        (SGD(),), "Learners of the platform; each is run alone.", kind="learners"
    )
    seeds: int = param(2, "Number of seeds, at least 1; everything is drawn anew for each.")
    target: float = param(0.9, "S*, the success at the critical mass, in [0, 1].")
    first_seed: int = param(0, "First seed, at least 0.", later=True)

    def __post_init__(self) -> None:
        make_tuples(self)
        if len(self.strategies) < 2:
            raise InputError(
                f"Expected two strategies or more, got {len(self.strategies)}. Of one collective "
                "alone ask: quorate curve --strategy NAME."
            )
        if len(self.errors) not in (0, len(self.strategies)):
            raise InputError(
                f"Expected one error rate for each of the {len(self.strategies)} collectives, got "
                f"{len(self.errors)}. Write errors=0,0.1, or leave it out where nobody errs."
            )
        fix = "It is the probability that a member errs."
        all_in_interval("errors", self.errors, 0, 1, fix)
        self._check_sizes()
        for name, given in (("cases", self.cases), ("learners", self.learners)):
            if not given:
                raise InputError(f"Expected one of {name} or more, got none. Leave {name} out.")
        check_count(self.seeds, "Use one seed or more.")
        in_interval("target", self.target, 0, 1, "It is a success rate.")
        at_least("first_seed", self.first_seed, 0, "Begin with 0.", most=LARGEST)
        self.variants()

    def _check_sizes(self) -> None:
        fix = "A size is a fraction of all people."
        sizes = all_in_interval("sizes", self.sizes, 0, 1, fix)
        in_interval("others", self.others, 0, 1, fix)
        if not len(sizes) or (np.diff(sizes) <= 0).any():
            raise InputError(
                f"Expected sizes that grow, got {list(self.sizes)}. Write sizes=0,0.05,0.2."
            )
        further = len(self.strategies) - 2
        whole = 2 * sizes[-1] + further * self.others
        # 1e-12: what the rounding of a few sizes can add to a sum of 1.
        if whole > 1 + 1e-12:
            more = f" and {further} of {self.others:g}" if further else ""
            raise InputError(
                f"Expected collectives that fit into one platform, got twice {sizes[-1]:g}{more}, "
                f"{whole:g} of all people. Use smaller sizes."
            )

    def variants(self) -> list[tuple[Strategies, str]]:
        """Return the strategies of each case that differs from the ones before, and its name."""
        found: list[tuple[Strategies, str]] = []
        for case in self.cases:
            strategies = submission.apply_case(case, self.strategies)
            if all(strategies != other for other, _ in found):
                submission.make_collectives(strategies, self._error_of_each, self.mistake)
                found.append((strategies, case))
        return found

    @property
    def _error_of_each(self) -> tuple[float, ...]:
        return self.errors or (0.0,) * len(self.strategies)

    def run(self, out: Path | None, executor: Executor) -> CollectivesResult:
        """Train at every pair of sizes, and measure."""
        people = draw_people(self.population, streams(0)[0]).train
        self._check_people(people)
        choices = list(itertools.product(self.variants(), self.learners))
        cells = [
            self._cell(strategies, learner, seed)
            for (strategies, _), learner in choices
            for seed in range(self.first_seed, self.first_seed + self.seeds)
        ]
        with opened(out, executor) as (store, pool):
            found = run_cells(measure_cell, cells, store, pool, "Collectives")
        panels = []
        for i, ((strategies, case), learner) in enumerate(choices):
            relation, texts = describe_relation(strategies, people), map(spec.text, strategies)
            seeds = tuple(found[i * self.seeds : (i + 1) * self.seeds])
            panels.append(Panel(case, relation, tuple(texts), spec.text(learner), seeds))
        whose = spec.text(self.population), self.sizes, self._error_of_each
        how = self.mistake, self.target
        return CollectivesResult(*whose, *how, tuple(panels), self.first_seed)

    def read_back(self, tables: KeptTables) -> CollectivesResult:
        """Return the result of rows that are kept; how alike signals look stands in none."""
        by_platform = group_by(tables.needed(), "case", "learner")
        panels = []
        for (strategies, case), learner in itertools.product(self.variants(), self.learners):
            of_panel, texts = by_platform[case, spec.text(learner)], map(spec.text, strategies)
            seeds = tuple(
                _read_seed(some, len(strategies)) for some in group_by(of_panel, "seed").values()
            )
            relation = of_panel[0]["relation"] or ""
            panels.append(Panel(case, relation, tuple(texts), spec.text(learner), seeds))
        whose = spec.text(self.population), self.sizes, self._error_of_each
        return CollectivesResult(*whose, self.mistake, self.target, tuple(panels))

    def _check_people(self, people: Table) -> None:
        """Raise unless every strategy and every learner fits these people."""
        two = np.arange(len(people)) < 2
        for strategy in (one for strategies, _ in self.variants() for one in strategies):
            refuse_withholding(strategy, "several collectives")
            if find_who_can(strategy, people) is not None:
                raise InputError(
                    "Expected strategies whose members can be anyone, got "
                    f"{spec.text(strategy)}. Use planting, or quorate curve for one collective."
                )
            submit_from(people, strategy, two, np.random.default_rng(0))
        for learner in self.learners:
            learner.check(people)

    def _cell(self, strategies: Strategies, learner: Learner, seed: int) -> dict[str, Any]:
        """Return all that the outcome of one cell depends on."""
        return {
            "scenario": self.name,
            "version": __version__,
            "population": spec.describe(self.population),
            "data": self.population.fingerprint(),
            "strategies": [spec.describe(strategy) for strategy in strategies],
            "errors": list(self._error_of_each),
            "mistake": self.mistake,
            "sizes": list(self.sizes),
            "others": self.others,
            "learner": spec.describe(learner),
            "seed": seed,
        }


def describe_relation(strategies: Sequence[Strategy], people: Table) -> str:
    """Return how the collectives stand to each other, as in "same signal, other target"."""
    words = []
    for part in ("signal", "target"):
        if not all(part in spec.parameters(type(one)) for one in strategies):
            continue
        values = [submission.get_part(one, part) for one in strategies]
        if part == "target":
            values = [people.label(value) for value in values]
        words.append(f"{'same' if len(set(values)) == 1 else 'other'} {part}")
    return ", ".join(words)


def _read_seed(rows: Sequence[Row], collectives: int) -> dict[str, Any]:
    """Return what was measured with one seed, of its rows in the order of sizes."""

    def of_each(name: str) -> list[list[float | None]] | None:
        table = [[row.get(f"{name}_{m + 1}") for m in range(collectives)] for row in rows]
        return None if all(value is None for row in table for value in row) else table

    sure = {known: of_each(f"sure_by_{known}") for known in KNOWN}
    return {
        "success": of_each("success"),
        "predicted": of_each("predicted"),
        "sure": None if None in sure.values() else sure,
        "accuracy": [row["accuracy"] for row in rows],
        "alike": [None] * collectives,
        "seconds": sum(row["seconds"] for row in rows),
    }
