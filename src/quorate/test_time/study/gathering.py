"""A collective asks the platform: surrogates are extracted, and it is ready to find its change."""

from __future__ import annotations

import numpy as np

from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.runtime.seeds import stream
from quorate.table import Labels, Table
from quorate.test_time.extraction.pool import collect
from quorate.test_time.extraction.questions import make_questions
from quorate.test_time.extraction.surrogate import SurrogateEnsemble, extract
from quorate.test_time.platforms.platform import to_pixels
from quorate.test_time.study.access import MeteredAccess
from quorate.test_time.study.approaches import Approach, BySearch, BySurrogates
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.measures import UNDEFINED
from quorate.test_time.study.people import (
    QUESTIONS,
    SURROGATES,
    PeopleSplit,
)
from quorate.test_time.study.sources import (
    ITSELF,
)


def gather_surrogates(
    cell: CorrectionCell, access: MeteredAccess, split: PeopleSplit
) -> tuple[SurrogateEnsemble, int]:
    """Return the surrogates, and how many questions they learned from."""
    correction, group = cell.correction, cell.group
    proxy = correction.surrogates[group.proxy]
    if proxy.itself:
        return _platform_itself(access), 0
    if not proxy.learners:
        return SurrogateEnsemble((), UNDEFINED, np.empty(0, dtype=np.int64), False), 0
    seed = int(stream(group.seed, QUESTIONS).generate_state(1)[0])
    photos, queries = to_pixels(split.photos.x), group.queries - _for_search(cell)
    questions = make_questions(photos, group.members, cell.photos, queries, seed)
    pool = collect(access.by_members, questions)
    copies = correction.extraction.variants + 1
    learners = [one.sized(copies * len(pool)) for one in proxy.learners]
    rng = np.random.default_rng(stream(group.seed, SURROGATES))
    unasked = split.photos.take(pool.unasked(group.members * cell.photos))
    ensemble = extract(
        pool,
        split.train.classes,
        learners,
        correction.extraction,
        rng,
        unlabelled=to_pixels(unasked.x),
    )
    return ensemble, len(pool)


def _for_search(cell: CorrectionCell) -> int:
    """Return how many questions of each member are for a search: all, half beside a surrogate."""
    proxy, queries = cell.correction.surrogates[cell.group.proxy], cell.group.queries
    if not proxy.edits:
        return 0
    return queries // 2 if proxy.learners else queries


def _platform_itself(access: MeteredAccess) -> SurrogateEnsemble:
    """Return the platform's own model in the surrogate's place.

    Raises:
        InputError: it has no gradients.
    """
    model = None if access.local is None else access.local.model
    if not isinstance(model, NetworkClassifier):
        raise InputError(
            f"Expected a platform that is a network on this machine for proxy={ITSELF}, whose "
            "gradients are used, got another. Name a surrogate such as cnn."
        )
    return SurrogateEnsemble((model,), Estimate(1.0, 1.0, 1.0), np.empty(0, dtype=np.int64), False)


def prepare_approach(
    cell: CorrectionCell,
    access: MeteredAccess,
    photos: Table,
    member: Labels,
    ensemble: SurrogateEnsemble,
) -> Approach:
    """Return how the collective finds its changes, with the photos that it holds."""
    correction, seed, models = cell.correction, cell.group.seed, ensemble.models
    if not correction.surrogates[cell.group.proxy].edits:
        return BySurrogates(correction=correction, seed=seed, photos=photos, surrogates=models)
    return BySearch(
        correction=correction,
        seed=seed,
        photos=photos,
        surrogates=models,
        platform=access.by_members,
        member=member,
        queries=_for_search(cell),
    )
