"""One cell: one platform, one seed, and the collectives at every pair of sizes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quorate.adapter import measure_success
from quorate.catalog import build
from quorate.errors import FitFailedError
from quorate.protocols import Classifier, Learner, StackedLearner
from quorate.scenarios.collectives import prediction
from quorate.scenarios.collectives.submission import Collective, make_collectives, submit
from quorate.studies.trial import draw_people, streams
from quorate.studies.trial_work import fit_each
from quorate.table import Split


def pair_sizes(sizes: Sequence[float], others: float, collectives: int) -> list[tuple[float, ...]]:
    """Return the sizes of all collectives, for every pair of sizes of the first two."""
    rest = (others,) * (collectives - 2)
    return [(one, two, *rest) for one, two in itertools.product(sizes, sizes)]


def measure_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came of each pair of sizes: plain lists, None where a training failed.

    ``success`` and ``predicted`` hold a list a pair, with one number a collective, and ``sure`` one
    such list for each thing that may be known of the others; ``alike`` the share of people on whom
    each signal looks like the first one's to the platform.
    """
    population = build("populations", cell["population"])
    learner: Learner = build("learners", cell["learner"])
    strategies = [build("strategies", one) for one in cell["strategies"]]
    collectives = make_collectives(strategies, cell["errors"], cell["mistake"])
    seed, pairs = cell["seed"], pair_sizes(cell["sizes"], cell["others"], len(strategies))
    draw, _, fit, _ = streams(seed)
    people = draw_people(population, draw)
    preprocess = prediction.find_preprocessing(learner, people.train)
    known = people.train, population.law()
    predicted = prediction.predict_success(*known, collectives, pairs, preprocess)
    sure = prediction.find_sure_success(*known, collectives, pairs, preprocess)
    found: list[dict[str, Any]] = []
    stack = learner.stack_size(people.train) if isinstance(learner, StackedLearner) else 1
    for start in range(0, len(pairs), stack):
        some = pairs[start : start + stack]
        data = [submit(people.train, collectives, sizes, seed) for sizes in some]
        models = fit_each(learner, data, [np.random.default_rng(fit) for _ in data])
        found += [_measure_model(collectives, model, people, seed) for model in models]
    compared = ((strategies[0], one, people.train, preprocess) for one in strategies)
    return {
        "success": [one["success"] for one in found],
        "accuracy": [one["accuracy"] for one in found],
        "predicted": None if predicted is None else predicted.tolist(),
        "sure": None if sure is None else {known: one.tolist() for known, one in sure.items()},
        "alike": [prediction.compare_signals(*each) for each in compared],
    }


def _measure_model(
    collectives: Sequence[Collective], model: Classifier | FitFailedError, people: Split, seed: int
) -> dict[str, Any]:
    """Return each collective's success by its own goal, and the accuracy on honest people."""
    nothing = {"success": [None] * len(collectives), "accuracy": None}
    if isinstance(model, FitFailedError):
        return nothing
    held_out, (*_, test) = people.held_out, streams(seed)
    goals = [one.strategy.goal for one in collectives]
    try:
        right = model.predict(held_out.x) == held_out.y  # (n,)
        rngs = [np.random.default_rng(test) for _ in goals]
        success = [
            measure_success(goal, model, held_out, rng)
            for goal, rng in zip(goals, rngs, strict=True)
        ]
        return {"success": success, "accuracy": float(right.mean())}
    except FitFailedError:
        return nothing
