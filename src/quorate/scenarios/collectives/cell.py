"""One cell: one platform, one seed, and the collectives at every pair of sizes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quorate.catalog import build
from quorate.errors import FitFailedError
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.scenarios.collectives.prediction import alike, margin_test, sight
from quorate.scenarios.collectives.submission import Collective, collectives_of, submit_each
from quorate.studies.trial import draw_people, streams
from quorate.studies.trial_work import fit_each
from quorate.table import Rng, Split


def pairs(sizes: Sequence[float], others: float, collectives: int) -> list[tuple[float, ...]]:
    """Return the sizes of all collectives, for every pair of sizes of the first two."""
    rest = (others,) * (collectives - 2)
    return [(one, two, *rest) for one, two in itertools.product(sizes, sizes)]


def measured(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came of each pair of sizes: plain lists, None where a training failed.

    ``success`` and ``predicted`` hold a list a pair, with one number a collective; ``alike`` the
    share of people on whom each signal looks like the first one's to the platform.
    """
    population = build("populations", cell["population"])
    learner: Learner = build("learners", cell["learner"])
    strategies = [build("strategies", one) for one in cell["strategies"]]
    collectives = collectives_of(strategies, cell["errors"], cell["mistake"])
    seed, every = cell["seed"], pairs(cell["sizes"], cell["others"], len(strategies))
    people = draw_people(population, streams(seed)[0])
    seen = sight(learner, people.train)
    test = margin_test(people.train, population.law(), collectives, every, seen)
    found: list[dict[str, Any]] = []
    stack = learner.stack_size(people.train) if isinstance(learner, StackedLearner) else 1
    for start in range(0, len(every), stack):
        some = every[start : start + stack]
        data = [submit_each(people.train, collectives, size, seed) for size in some]
        models = fit_each(learner, data, [_fit_rng(seed) for _ in data])
        found += [_measured(collectives, model, people, seed) for model in models]
    return {
        "success": [one["success"] for one in found],
        "accuracy": [one["accuracy"] for one in found],
        "predicted": None if test is None else test.tolist(),
        "alike": [alike(strategies[0], one, people.train, seen) for one in strategies],
    }


def _fit_rng(seed: int) -> Rng:
    return np.random.default_rng(streams(seed)[2])


def _measured(
    collectives: Sequence[Collective], model: Classifier | FitFailedError, people: Split, seed: int
) -> dict[str, Any]:
    """Return each collective's success by its own goal, and the accuracy on honest people."""
    nothing = {"success": [None] * len(collectives), "accuracy": None}
    if isinstance(model, FitFailedError):
        return nothing
    held_out = people.held_out
    try:
        right = model.predict(held_out.x) == held_out.y  # (n,)
        return {
            "success": [
                one.strategy.goal.success(model, held_out, np.random.default_rng(streams(seed)[3]))
                for one in collectives
            ],
            "accuracy": float(right.mean()),
        }
    except FitFailedError:
        return nothing
