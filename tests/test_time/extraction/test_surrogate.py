"""Surrogates: trained on a pool, judged on photos apart, and members whose answers do not fit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from linear_platform import LinearPlatform
from linear_proxy import linear_proxy

from quorate.errors import InputError
from quorate.intervals import exact_rate
from quorate.learners.networks.adam import Adam
from quorate.learners.scikit.tree import Tree
from quorate.test_time.extraction.pool import QueryPool, collect
from quorate.test_time.extraction.questions import make_questions
from quorate.test_time.extraction.surrogate import (
    Extraction,
    _drawn,
    average,
    extract,
    find_contradicting,
)
from quorate.test_time.platforms.platform import Answers, Gives, to_features

CLASSES = ("no", "yes")
SHAPE = (1, 6, 6)
WEIGHTS = np.ones(SHAPE, np.int64)  # says whether a picture is bright
COPIES = Adam(model="logistic", epochs=30, batch_size=32, learning_rate=0.02)
FEW = Extraction(variants=0)


def pool_of(
    members: int = 12, queries: int = 12, each: int = 6, gives: Gives = "labels", seed: int = 0
) -> QueryPool:
    rng = np.random.default_rng(seed)
    light = rng.integers(0, 200, size=(members * each, 1, 1, 1))
    photos = (light + rng.integers(0, 56, size=(members * each, *SHAPE))).astype(np.uint8)
    platform = LinearPlatform(WEIGHTS, int(127.5 * WEIGHTS.sum()), gives)
    return collect(platform, make_questions(photos, members, each, queries, seed))


def lied(pool: QueryPool, *members: int) -> QueryPool:
    """The pool with the answers of some members turned around."""
    labels = np.where(np.isin(pool.member, members), 1 - pool.answers.labels, pool.answers.labels)
    return replace(pool, answers=Answers(labels, pool.answers.probabilities))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# ------------------------------------------------------------------------------------ extraction


@pytest.mark.parametrize("gives", ["labels", "scores"])
@pytest.mark.parametrize("distillation", ["soft", "hard"])
def test_a_linear_platform_is_copied(gives: Gives, distillation: Any) -> None:
    pool = pool_of(20, 12, gives=gives)
    extraction = Extraction(variants=0, distillation=distillation, validation=0.3)
    proxies = extract(pool, CLASSES, [COPIES], extraction, rng())
    fresh = pool_of(10, 6, seed=9)
    right = proxies.models[0].predict(to_features(fresh.x)) == fresh.answers.labels
    # 60 photos; scores of a linear platform all lie near a half: labels drawn from them say little
    if not (gives == "scores" and distillation == "soft"):
        assert right.mean() > 0.8
    assert proxies.suspects.tolist() == []
    assert not proxies.left_out
    assert proxies.notes == ()


def test_agreement_is_exact_on_photos_that_were_not_learned_from() -> None:
    pool, extraction = pool_of(), Extraction(variants=0, validation=0.25)
    proxies = extract(pool, CLASSES, [COPIES], extraction, rng(5))
    apart = pool.held_out(0.25, rng(5))  # what is drawn first
    right = proxies.models[0].predict(to_features(pool.x[apart])) == pool.answers.labels[apart]
    photos = len(np.unique(pool.photo[apart]))
    expected = exact_rate(round(right.mean() * photos), photos)  # as many draws as there are photos
    assert proxies.agreement.value == right.mean()
    assert proxies.agreement.low == min(expected.low, right.mean())
    assert proxies.agreement.high == max(expected.high, right.mean())
    assert (proxies.suspect_numbers, proxies.left_out) == ((), False)
    # the learner never saw them: whatever they are, the proxy is the same
    other = replace(pool, x=np.where(apart[:, None, None, None], 255 - pool.x, pool.x))
    same = extract(other, CLASSES, [COPIES], extraction, rng(5))
    probe = to_features(pool.x)
    assert (same.models[0].probabilities(probe) == proxies.models[0].probabilities(probe)).all()


def test_the_seed_decides_and_an_ensemble_is_of_each_learner() -> None:
    pool, probe = pool_of(6, 6), to_features(pool_of(2, 2, seed=4).x)
    learners = [Adam(model="mlp", hidden=4, epochs=2), COPIES]
    extraction = Extraction(variants=1, ensemble=2)
    one, again = (extract(pool, CLASSES, learners, extraction, rng(1)) for _ in range(2))
    other = extract(pool, CLASSES, learners, extraction, rng(2))
    said = [[m.probabilities(probe).tolist() for m in p.models] for p in (one, again, other)]
    assert len(one.models) == 4
    assert said[0] == said[1] != said[2]
    assert said[0][0] != said[0][1]  # fresh weights and variants each


def test_several_proxies_are_judged_by_the_mean_of_their_logits() -> None:
    # logits on the two pixels: (3a, b) and (0, 2b); their mean (1.5a, 1.5b) says which is brighter
    first = linear_proxy([[[[3.0, 0.0]]], [[[0.0, 1.0]]]])
    second = linear_proxy([[[[0.0, 0.0]]], [[[0.0, 2.0]]]])
    x = np.array([[0.2, 0.4], [0.2, 0.7], [0.4, 0.3]], np.float32).reshape(3, 1, 1, 2)
    both = average([first, second])
    assert first.predict(x).tolist() == [0, 1, 0]
    assert second.predict(x).tolist() == [1, 1, 1]
    assert both.predict(x).tolist() == [1, 1, 0]
    assert average([first]) is first
    # and that label has the least mean cross-entropy, which is what crafting follows
    losses = -np.log([one.probabilities(x) for one in (first, second)]).mean(axis=0)
    assert losses.argmin(axis=1).tolist() == both.predict(x).tolist()


def test_the_agreement_of_several_is_not_that_of_the_first() -> None:
    pool = pool_of()
    coarse = Adam(model="logistic", epochs=1, learning_rate=1e-6)  # says what its weights say
    extraction = Extraction(variants=0, validation=0.5)
    found = extract(pool, CLASSES, [coarse, COPIES], extraction, rng(3))
    apart = pool.held_out(0.5, rng(3))
    x, said = to_features(pool.x[apart]), pool.answers.labels[apart]
    agreed = [(one.predict(x) == said).mean() for one in (*found.models, average(found.models))]
    assert found.agreement.value == agreed[2] != agreed[0]


def test_a_proxy_without_gradients_is_refused() -> None:
    with pytest.raises(InputError, match=r"a surrogate that is a network.*got tree\. Use cnn"):
        extract(pool_of(4, 6), CLASSES, [Tree()], FEW, rng())


def test_one_photo_is_too_few() -> None:
    with pytest.raises(
        InputError, match="two photos or more, to learn from and to judge by, got 1"
    ):
        extract(pool_of(1, 9, each=1), CLASSES, [COPIES], FEW, rng())
    proxies = extract(pool_of(1, 9, each=2), CLASSES, [COPIES], FEW, rng())
    assert 0 <= proxies.agreement.low <= proxies.agreement.value <= proxies.agreement.high <= 1


def test_notes_of_the_pool_are_kept() -> None:
    pool = replace(pool_of(4, 6), notes=("keys ran out",))
    assert extract(pool, CLASSES, [COPIES], FEW, rng()).notes == ("keys ran out",)


# ------------------------------------------------------------------------- who contradicts


@pytest.mark.parametrize("robust", [False, True])
def test_who_contradicts_everyone_is_named_and_left_out_if_so_wished(robust: bool) -> None:
    honest = pool_of()
    pool = lied(honest, 3)
    extraction = Extraction(variants=0, robust=robust)
    proxies = extract(pool, CLASSES, [COPIES], extraction, rng())
    assert proxies.suspects.tolist() == [3]
    assert proxies.left_out == robust
    assert proxies.suspect_numbers == (4,)  # members are counted from 1
    (note,) = proxies.notes
    assert note.startswith("1 members' answers contradict everyone else's: 4.")
    assert ("robust=true" in note) != robust
    mine = honest.take(honest.member == 3)
    right = proxies.models[0].predict(to_features(mine.x)) == mine.answers.labels
    assert right.mean() > 0.8  # 12 liars' answers of 144 do not turn it


@pytest.mark.parametrize("robust", [False, True])
def test_leaving_members_out_leaves_photos_to_judge_by(robust: bool) -> None:
    # nearly everything kept apart is the liars': the rest is divided anew
    pool = lied(pool_of(12, 12), 0, 1)
    for seed in range(3):
        extraction = Extraction(variants=0, robust=robust, validation=0.02)
        proxies = extract(pool, CLASSES, [COPIES], extraction, rng(seed))
        assert set(proxies.suspects.tolist()) <= {0, 1}
        assert proxies.agreement.low < proxies.agreement.high


def test_honest_collectives_are_seldom_flagged() -> None:
    """Photos differ in how hard they are, and a hard one is contradicted whoever holds it."""
    proxy = linear_proxy([[[[1.0]]], [[[0.0]]]])  # always says 0
    draws, flagged = np.random.default_rng(0), 0
    member, photo = np.repeat(np.arange(15), 20), np.repeat(np.arange(75), 4)
    for _ in range(300):
        hard = draws.random(75) < 0.15
        wrong = draws.random(300) < np.where(hard, 0.9, 0.05)[photo]
        pool = QueryPool(
            np.ones((300, 1, 1, 1), np.uint8), Answers(wrong.astype(np.int64)), member, photo
        )
        flagged += len(find_contradicting(pool, proxy)) > 0
    assert flagged <= 12  # of 300 at 1 in 100 at most 3 on average; more than 12: once in 50,000


def test_a_single_contradiction_is_no_suspicion() -> None:
    proxy = linear_proxy([[[[1.0]]], [[[0.0]]]])
    member, photo = np.repeat(np.arange(20), 10), np.repeat(np.arange(100), 2)
    labels = np.zeros(200, np.int64)
    labels[57] = 1  # where everyone else agrees always
    pool = QueryPool(np.ones((200, 1, 1, 1), np.uint8), Answers(labels), member, photo)
    assert find_contradicting(pool, proxy).tolist() == []
    labels[50:60] = 1
    assert find_contradicting(pool, proxy).tolist() == [5]


def test_suspicion_by_hand() -> None:
    # Members 0, 1, 2 hold photos 0–3, 4–7, 8–11, two questions each; member 1 agrees in none.
    # Dealt at random, P = 1/C(12, 4) = 1/495 < 0.01/3. With one agreement: the photos of 0, 0, 0
    # and 1, or of fewer: the same four of twelve, as all others are of 2. Still 1/495.
    proxy = linear_proxy([[[[1.0]]], [[[0.0]]]])
    member, photo = np.repeat(np.arange(3), 8), np.repeat(np.arange(12), 2)
    x = np.ones((24, 1, 1, 1), np.uint8)
    for wrong, suspects in ((range(8, 16), [1]), (range(8, 15), [1]), (range(8, 14), [])):
        labels = np.isin(np.arange(24), wrong).astype(np.int64)
        # with photos 4, 5, 6 wrong: 9 ways to hold them and any other, 9/495 > 0.01/3
        assert find_contradicting(QueryPool(x, Answers(labels), member, photo), proxy).tolist() == (
            suspects
        )


def test_keys_that_ran_out_do_not_make_a_suspect() -> None:
    # Member 2 asked half as often as the others: photos asked about once are dealt apart.
    pool = pool_of(6, 12, each=6)
    kept = np.flatnonzero((pool.member != 2) | (np.arange(len(pool)) % 12 < 6))
    proxies = extract(pool.take(kept), CLASSES, [COPIES], FEW, rng())
    assert proxies.suspects.tolist() == []


# ------------------------------------------------------------------------------------ lessons


def test_soft_labels_are_drawn_at_the_rates_of_the_scores() -> None:
    scores = np.array([[0.5, 0.2, 0.3], [0.0, 1.0, 0.0], [0.1, 0.0, 0.9], [0.05, 0.05, 0.0]])
    n = 20_000
    pool = QueryPool(
        np.zeros((4 * n, 1, 1, 1), np.uint8),
        Answers(np.zeros(4 * n, np.int64), np.repeat(scores, n, axis=0)),
        np.zeros(4 * n, np.int64),
        np.zeros(4 * n, np.int64),
    )
    drawn = _drawn(pool, rng(3)).reshape(4, n)
    rates = np.stack([(drawn == label).mean(axis=1) for label in range(3)], axis=1)
    expected = scores / scores.sum(axis=1, keepdims=True)  # scores rounded by an API may fall short
    # five standard deviations of a rate: 12 of them all within, but once in 10⁵
    assert (np.abs(rates - expected) <= 5 * np.sqrt(expected * (1 - expected) / n)).all()
    assert (rates[expected == 0] == 0).all()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"variants": -1}, "variants=-1"),
        ({"ensemble": 0}, "ensemble=0"),
        ({"validation": 0.0}, r"validation=0 in \(0, 1\)"),
        ({"validation": 1.0}, r"validation=1 in \(0, 1\)"),
        ({"self_training": -1}, "self_training=-1"),
        ({"sure": 1.5}, r"sure=1\.5 in \[0, 1\]"),
    ],
)
def test_parameters_out_of_range_are_named(given: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Extraction(**given)
