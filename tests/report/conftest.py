"""Curves made by hand for the report's tests: nothing is trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quorate import spec
from quorate.runs.store import Store
from quorate.studies.curves import Curves
from quorate.studies.study import make_study
from quorate.studies.trial import TRIAL, Outcome, Trial
from quorate.version import __version__

Measure = Callable[[Trial], dict[str, Any]]
SUCCESS = {0.0: 0.125, 0.01: 0.5, 0.1: 1.0}


def rising(cell: Trial) -> dict[str, Any]:
    """SGD reaches the target at α = .1; DP-SGD never does; group DRO does without anyone."""
    name = type(cell.learner).name
    if name == "group-dro":
        return {"success": 1.0, "accuracy": 0.75}
    success = SUCCESS[cell.alpha] * (0.5 if name == "dp-sgd" else 1.0)
    return {"success": success, "accuracy": 0.875, "xi": 0.0, "gap": 0.0, "exact_law": False}


PRIVACY = {
    "epsilon": 1.0,
    "epsilon_rdp": 1.25,
    "delta": 1e-5,
    "accountant": "PLD",
    "sampling": "Poisson sampling",
    "noise_multiplier": 2.0,
    "steps": 40,
    "sampling_rate": 0.25,
}


PLAIN = {
    "population": "digits:n=200",
    "strategy": "planting:size=2",
    "learner": ["sgd", "dp-sgd", "group-dro"],
    "alphas": [0.01, 0.1],
    "seeds": 2,
}


def make(
    measure: Measure = rising, revision: str | None = "0123456789ab", **changes: Any
) -> Curves:
    study = make_study(**{**PLAIN, **changes})
    outcomes = []
    for cell in study.cells():
        private = type(cell.learner).name == "dp-sgd"
        measured = measure(cell)
        outcomes.append(
            Outcome(
                id=cell.id,
                population=spec.text(cell.population),
                strategy=spec.text(cell.strategy),
                goal=spec.text(cell.goal),
                learner=spec.text(cell.learner),
                alpha=cell.alpha,
                seed=cell.seed,
                members=round(200 * cell.alpha),
                people=200,
                seconds=0.5,
                version=__version__,
                epsilon=1.0 if private else None,
                record=PRIVACY if private and "error" not in measured else {"loss": 0.5},
                provenance={
                    "libraries": {"numpy": "2.0", "torch": "2.6"},
                    "git_revision": revision,
                    "processor": "A chip",
                    "system": "Linux x86_64",
                },
                description=cell.describe(),
                stored_at="2026-01-01T00:00:00Z",
                **measured,
            )
        )
    return Curves.of(outcomes, study)


@pytest.fixture(scope="session")
def make_curves() -> Callable[..., Curves]:
    """Return curves of a study made by hand: ``make_curves(measure, **study)``."""
    return make


@pytest.fixture(scope="session")
def store_curves() -> Callable[..., Curves]:
    """Store such curves in a folder: ``store_curves(folder, measure, **study)``."""

    def store(folder: Path, measure: Measure = rising, **changes: Any) -> Curves:
        curves = make(measure, **changes)
        with Store(folder, write=True) as stored:
            stored.add_study(make_study(**{**PLAIN, **changes}).describe(), __version__)
            for outcome in curves.outcomes:
                stored.add(TRIAL, outcome.to_record())
        return curves

    return store


@pytest.fixture(scope="session")
def curves() -> Curves:
    return make(title="Whose digits?")
