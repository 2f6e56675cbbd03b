"""What a platform that trains otherwise would do, tried on stand-ins: nobody can retrain another's.

A stand-in is a network trained on the answers of the pool, as the surrogate is. What it says is
marked "on the surrogate" wherever it is shown.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from quorate.collective.publishing.apart import STAND_INS, KeptApart
from quorate.collective.publishing.settings import CraftingSettings
from quorate.errors import FitFailedError
from quorate.plain import finite
from quorate.protocols import Classifier
from quorate.runtime.seeds import stream
from quorate.table import Table
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import Card, to_features
from quorate.test_time.study.adaptive import add_members, fit_platform, harden
from quorate.test_time.study.evaluation import Evaluator, evaluate_adapted
from quorate.test_time.study.people import PeopleSplit

AS_IT_IS, ADVERSARIAL, RETRAINED = "as it is", "adversarial", "retrained"
NOT_PRIVATE = (
    "A platform that trains with differential privacy was not measured: on as few pictures as a "
    "pool holds, a stand-in that trains so says nothing about it."
)


def on_stand_ins(
    settings: CraftingSettings,
    pool: QueryPool,
    kept: KeptApart,
    members: Table,
    surrogate: Classifier,
    change: Perturbation,
    seed: int,
) -> tuple[dict[str, Any], list[str]]:
    """Return what a change does on stand-ins, by name, as plain data, and what was not measured.

    Args:
        settings: how surrogates are made; the first learner makes the stand-ins.
        pool: what they learn from.
        kept: people that it is measured on.
        members: pictures of the subgroup that members would send in, with their true labels.
        surrogate: the first one, which stands for the platform as it is.
        change: the change of each class.
        seed: of the campaign.
    """
    split = PeopleSplit(*(kept.people.take(np.arange(0)),) * 2, kept.people)
    models: dict[str, Classifier] = {AS_IT_IS: surrogate}
    said = [NOT_PRIVATE]
    for place, name in enumerate((ADVERSARIAL, RETRAINED)):
        rng = np.random.default_rng(stream(seed, STAND_INS, place))
        try:
            models[name] = _fit(name, settings, pool, kept, members, change, rng)
        except FitFailedError:
            said.append(f"No stand-in for a platform that is {name}: its training diverged.")
    found = {}
    for place, (name, model) in enumerate(models.items()):
        card = Card(name, settings.classes, change.shape)
        evaluator = Evaluator(InProcessPlatform(model, card), split)
        rng = np.random.default_rng(stream(seed, STAND_INS, len(models) + place))
        found[name] = finite(asdict(evaluate_adapted(evaluator, change, rng)))
    return found, said


def _fit(
    name: str,
    settings: CraftingSettings,
    pool: QueryPool,
    kept: KeptApart,
    members: Table,
    change: Perturbation,
    rng: np.random.Generator,
) -> Classifier:
    groups = kept.people.groups
    nobody = np.zeros(len(pool), dtype=np.int64)
    people = Table(to_features(pool.x), pool.answers.labels, settings.classes, nobody, groups)
    if name == RETRAINED:
        people = add_members(people, change, members)
    learner = settings.learners[0].sized(len(people))
    if name == ADVERSARIAL:
        learner = harden(learner, ADVERSARIAL)
    return fit_platform(learner, people, rng)
