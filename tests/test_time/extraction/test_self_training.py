"""Self-training: what a surrogate is sure of counts as an answer, round by round."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from linear_platform import LinearPlatform
from linear_proxy import linear_proxy

from quorate import spec
from quorate.learners.networks.adam import Adam
from quorate.test_time.extraction import surrogate
from quorate.test_time.extraction.pool import QueryPool, collect
from quorate.test_time.extraction.questions import make_questions
from quorate.test_time.extraction.self_training import NOBODY, add_own_labels
from quorate.test_time.extraction.surrogate import Extraction, extract
from quorate.test_time.platforms.platform import Answers, to_features

CLASSES = ("no", "yes")
LEARNER = Adam(model="logistic", epochs=2, batch_size=32)
ONE_ROUND = Extraction(variants=0, self_training=1, validation=0.25)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(levels: list[int]) -> np.ndarray:
    """Grey pictures of one level each: whatever is moved stays as it is."""
    return np.array(levels, np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 2), np.uint8)


def pool_of_two(scores: list[list[float]] | None = None) -> QueryPool:
    answers = Answers(np.array([1, 0]), None if scores is None else np.array(scores))
    return QueryPool(flat([10, 255]), answers, np.array([0, 1]), np.array([0, 1]))


PROXY = linear_proxy([np.full((1, 2, 2), 2.0), np.zeros((1, 2, 2))])  # logit of "no" is 8·x


@pytest.mark.parametrize("scores", [None, [[0.3, 0.7], [0.9, 0.1]]])
def test_what_the_proxy_is_sure_of_joins_the_answers(scores: Any) -> None:
    pool = pool_of_two(scores)
    unlabelled = flat([0, 51, 102, 204])  # x = 0, .2, .4, .8
    # p(no) = 1/(1 + e^(-8x)): .5, .832, .961, .998; of the questions' variants .578 and .9997
    found = add_own_labels(pool, PROXY, unlabelled, 0.9, rng())
    assert found.x[:, 0, 0, 0].tolist() == [10, 255, 102, 204, 255]
    assert found.answers.labels.tolist() == [1, 0, 0, 0, 0]
    assert found.member.tolist() == found.photo.tolist() == [0, 1, NOBODY, NOBODY, NOBODY]
    if scores is None:
        assert found.answers.probabilities is None
    else:
        given = found.answers.probabilities
        expected = [0.7, 0.1, *(1 / (1 + np.exp(8 * np.array([0.4, 0.8, 1.0]))))]
        # networks compute in float32
        np.testing.assert_allclose(given[:, 1], expected, atol=1e-6)


def test_all_count_where_none_has_to_be_sure_and_none_where_all_must() -> None:
    pool = pool_of_two()
    assert len(add_own_labels(pool, PROXY, flat([0, 51]), 0.0, rng())) == 6
    alone = add_own_labels(pool, PROXY, pool.x[:0], 1.0, rng())
    assert alone.x.tolist() == pool.x.tolist()
    assert alone.answers.labels.tolist() == [1, 0]


def asked_pool(queries: int = 3) -> tuple[QueryPool, np.ndarray]:
    """Eight members with six photos each, who ask about some: the pool, and all other photos."""
    draws = rng(1)
    light = draws.integers(0, 200, size=(48, 1, 1, 1))
    photos = (light + draws.integers(0, 56, size=(48, 1, 6, 6))).astype(np.uint8)
    platform = LinearPlatform(np.ones((1, 6, 6)), int(127.5 * 36), "labels")
    pool = collect(platform, make_questions(photos, 8, 6, queries, 0))
    return pool, photos[pool.unasked(48)]


def test_photos_that_nobody_asked_about() -> None:
    pool, others = asked_pool(2)
    # member i holds photos 6i to 6i + 5, and asks about the first two
    assert pool.unasked(12).tolist() == [2, 3, 4, 5, 8, 9, 10, 11]
    assert len(others) == 32
    assert asked_pool(6)[0].unasked(48).tolist() == []


def test_each_round_learns_from_what_the_round_before_was_sure_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool, unlabelled = asked_pool()
    calls: list[tuple[Any, ...]] = []

    def watched(*given: Any) -> QueryPool:
        calls.append(given)
        return add_own_labels(*given)

    monkeypatch.setattr(surrogate, "add_own_labels", watched)
    extraction = replace(ONE_ROUND, self_training=2, ensemble=2, sure=0.6)
    found = extract(pool, CLASSES, [LEARNER], extraction, rng(5), unlabelled=unlabelled)
    learned = pool.take(~pool.held_out(0.25, rng(5)))
    assert len(calls) == 2
    for asked, _, others, sure, _ in calls:  # answers of the platform in each, and no more
        assert asked.x.tolist() == learned.x.tolist()
        assert others.tolist() == unlabelled.tolist()
        assert sure == 0.6
    first, second = (call[1] for call in calls)
    probe = to_features(unlabelled)
    assert (first.probabilities(probe) != second.probabilities(probe)).any()
    assert len(found.models) == 2


def test_photos_kept_apart_to_judge_are_not_learned_from_either() -> None:
    pool, unlabelled = asked_pool()
    apart = pool.held_out(0.25, rng(5))
    other = replace(pool, x=np.where(apart[:, None, None, None], 255 - pool.x, pool.x))
    said = [
        extract(one, CLASSES, [LEARNER], ONE_ROUND, rng(5), unlabelled=unlabelled)
        .models[0]
        .probabilities(to_features(unlabelled))
        for one in (pool, other)
    ]
    assert (said[0] == said[1]).all()


def test_unlabelled_photos_count_in_self_training_alone() -> None:
    pool, unlabelled = asked_pool()

    def said(extraction: Extraction, photos: Any) -> np.ndarray:
        found = extract(pool, CLASSES, [LEARNER], extraction, rng(2), unlabelled=photos)
        return found.models[0].probabilities(to_features(unlabelled))

    plain, trained = Extraction(variants=0), replace(ONE_ROUND, sure=0.0)
    assert (said(plain, unlabelled) == said(plain, None)).all()
    assert (said(trained, unlabelled) != said(trained, None)).any()


def test_ids_of_what_is_stored_stay() -> None:
    plain = spec.describe(Extraction())
    assert not {"self_training", "sure"} & set(plain)
    assert spec.describe(ONE_ROUND)["self_training"] == 1
