"""The scenario ``privacy``: its parameters, and its run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.knowledge import Knowledge
from quorate.learners.base.cleaning_learner import gives_probabilities
from quorate.learners.scikit.logistic import Logistic
from quorate.populations.correlated_columns import CorrelatedColumns
from quorate.protocols import Learner, Population
from quorate.runs.kept_tables import KeptTables, with_rows
from quorate.runs.running import opened
from quorate.runtime.seeds import check_count
from quorate.scenarios.privacy.cell import measure
from quorate.scenarios.privacy.membership import LEAST_MODELS
from quorate.scenarios.privacy.people import check_groups, set_apart
from quorate.scenarios.privacy.result import Measured, PrivacyResult
from quorate.scenarios.privacy.strategies import read_strategies
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario
from quorate.spec import make_tuples, param
from quorate.studies.alphas import parse_alphas
from quorate.studies.trial import draw_people, streams
from quorate.validate import MOST_ROUNDS, at_least, in_interval
from quorate.version import __version__

FEWEST_MEMBERS = 20  # whose rows say what the others are like


@dataclass(frozen=True)
class Privacy(Scenario):
    """Members make a sensitive attribute unreadable: for themselves, and for everyone.

    Some people state the attribute, and a platform learns from them to infer it of those who do
    not, from the other columns. A fraction α of both acts: members change columns that tell the
    attribute, and those who state it claim another value. Measured on people held out: the
    advantage of the inference on members' rows and on honest ones, what the platform's useful model
    loses, and membership inference. The smallest α at which the advantage is within the margin.

    Raises:
        InputError: a parameter is out of range, or a name is not known.
    """

    name: ClassVar[str] = "privacy"

    population: Population = param(
        CorrelatedColumns(), "Population with named columns.", kind="populations"
    )
    attribute: str = param("attribute", "Sensitive column; a number is cut at its median.")
    value: str | None = param(None, "Value to tell from all others; by default each is told apart.")
    ways: tuple[str, ...] = param(
        ("swapping", "cancelling", "swapping+cancelling", "cancelling/swapping"),
        "What members do: change columns (swapping, aggregating), claim another value "
        "(randomised, contrary, cancelling), both (CHANGE+CLAIM), or either (CLAIM/CHANGE: "
        "people who state the attribute claim, all others change columns).",
    )
    columns: tuple[str, ...] = param((), "Columns to change; by default the most telling ones.")
    how_many: int = param(3, "Number of the most telling columns that are changed, at least 1.")
    learner: Learner = param(Logistic(), "Learner of the platform.", kind="learners")
    members_learner: Learner = param(
        Logistic(), "Learner that members imitate the platform with (a surrogate).", kind="learners"
    )
    alphas: tuple[float, ...] = param(
        (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9),
        "Sizes of the collective as fractions of all people.",
    )
    seeds: int = param(5, "Number of seeds, at least 1.")
    margin: float = param(
        0.05, "Advantage up to which the attribute counts as unreadable, in (0, 1)."
    )
    models: int = param(16, "Number of models of the membership attack; 0 leaves it out.")
    probed: int = param(400, "Number of people of the membership attack, at least 20.")

    def __post_init__(self) -> None:
        make_tuples(self)
        object.__setattr__(self, "alphas", parse_alphas(self.alphas))
        check_count(self.seeds, "Run at least one seed.")
        at_least("how_many", self.how_many, 1, "Change at least one column.")
        at_least("probed", self.probed, 20, "The attack needs people on both sides; use 400.")
        fix = "Use a margin such as 0.05."
        in_interval("margin", self.margin, 0, 1, fix, open_low=True, open_high=True)
        if self.models:
            at_least(
                "models",
                self.models,
                LEAST_MODELS,
                "Use 16, or 0 to leave the attack out.",
                most=MOST_ROUNDS,
            )
        if not self.ways:
            raise InputError("Expected at least one of ways, got none. Use ways=swapping.")
        for way in self.ways:
            read_strategies(way)
        if self.attribute in self.columns:
            raise InputError(
                f"Expected columns beside the attribute, got {self.attribute} among them. It is "
                "in no row that the platform infers from: leave it out."
            )
        for learner in (self.learner, self.members_learner):
            if not gives_probabilities(learner):
                raise InputError(
                    "Expected learners whose models give probabilities, to infer an attribute "
                    f"with, got {spec.text(learner)}. Use another, such as logistic."
                )

    def run(self, out: Path | None, executor: Executor) -> PrivacyResult:
        """Run every way, size and seed.

        Raises:
            InputError: the attribute, a value or a column is not there, or groups are too small to
                measure.
            DataUnavailableError: the population's files are missing.
        """
        for seed in range(self.seeds):
            self._check(seed)
        cells = self._cells()
        with opened(out, executor) as (store, pool):
            found = run_cells(measure, cells, store, pool, "Training")
        measured = [
            Measured(cell["way"], cell["alpha"], cell["seed"], one)
            for cell, one in zip(cells, found, strict=True)
        ]
        return self._result(measured)

    def read_back(self, tables: KeptTables) -> PrivacyResult:
        """Return the result of rows that are kept."""
        rows = tables.needed()
        cells = dict.fromkeys((row["way"], row["alpha"], row["seed"]) for row in rows)
        return with_rows(self._result([Measured(*cell, {}) for cell in cells]), rows)

    def _result(self, measured: list[Measured]) -> PrivacyResult:
        what = self.attribute if self.value is None else f"{self.attribute}: {self.value}"
        learner = spec.text(self.learner)
        return PrivacyResult(tuple(measured), self.ways, self.alphas, self.margin, what, learner)

    def _check(self, seed: int) -> None:
        """Raise unless everything can be measured of the people of this seed."""
        split = draw_people(self.population, streams(seed)[0])
        people, held_out = set_apart(split, self.attribute, self.value)
        check_groups(held_out.read, self.margin, self.seeds)
        smallest = min([alpha for alpha in self.alphas if alpha > 0], default=1.0)
        if round(smallest * len(people)) < FEWEST_MEMBERS:
            raise InputError(
                f"Expected at least {FEWEST_MEMBERS} members, to know what the others are like, "
                f"got {round(smallest * len(people))} at alpha={smallest:g} of {len(people)} "
                f"people. Use alphas from {FEWEST_MEMBERS / len(people):.2g} on, or more people."
            )
        known = Knowledge(people.read)
        for way in self.ways:
            read_strategies(way, self.columns, self.how_many).changed_columns(known)
        self.learner.check(people.read)
        self.members_learner.check(people.read)

    def _cells(self) -> list[dict[str, Any]]:
        """Return every seed, way and size as plain data, those of one seed together."""
        shared = {
            "version": __version__,
            "population": spec.describe(self.population),
            "data": self.population.fingerprint(),
            "learner": spec.describe(self.learner),
            "members_learner": spec.describe(self.members_learner),
            "columns": list(self.columns),
        }
        own = ("attribute", "value", "how_many", "models", "probed")
        shared |= {key: getattr(self, key) for key in own}
        return [
            {**shared, "way": way, "alpha": float(np.float64(alpha)), "seed": seed}
            for seed, way, alpha in itertools.product(range(self.seeds), self.ways, self.alphas)
        ]
