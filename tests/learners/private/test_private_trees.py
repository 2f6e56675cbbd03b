"""Private trees: what is drawn without data, what one person changes, and an audit of ε."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from quorate.catalog import build
from quorate.errors import InputError
from quorate.learners.base.private_trees import Counts, PrivateTrees, geometric_noise
from quorate.learners.base.random_trees import PublicColumns, RandomTrees, grow
from quorate.learners.private.dp_boosting import UNIT, DPBoosting
from quorate.learners.private.dp_forest import DPForest
from quorate.populations.digits import Digits
from quorate.populations.gaussian import Gaussian
from quorate.table import Column, Submission, Table

LEARNERS = ["dp-forest", "dp-boosting"]
COLUMNS = (
    Column("age", 0),
    Column("job", 1, ("cook", "driver", "nurse")),
    Column("sex", 4, tuple("fm")),
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def learn(text: str, people: Table, seed: int = 0) -> Any:
    return build("learners", text).fit(Submission.without_collective(people), rng(seed))


def workers(n: int, seed: int = 0) -> Table:
    """People with an age, a job and a sex; the label is drawn."""
    draw = rng(seed)
    x = np.zeros((n, 6), np.float32)
    x[:, 0] = 2 * draw.standard_normal(n)
    x[np.arange(n), 1 + draw.integers(3, size=n)] = 1
    x[np.arange(n), 4 + draw.integers(2, size=n)] = 1
    return Table(x, draw.integers(2, size=n), ("no", "yes"), columns=COLUMNS)


# ------------------------------------------------------------------------------------------- trees


def walk(trees: RandomTrees, t: int, row: np.ndarray) -> int:
    """The leaf of one person in one tree, node by node and feature by feature."""
    node, columns = 0, trees.columns
    for _ in range(trees.depth):
        c = trees.column[t, node]
        start, size = columns.starts[c], columns.sizes[c]
        if size:
            (value,) = (v for v in range(size) if row[start + v] == 1)
            right = trees.right[t, node, value]
        else:
            inside = min(max(float(row[start]), columns.low), columns.high)
            right = (inside - columns.low) / (columns.high - columns.low) > trees.threshold[t, node]
        node = 2 * node + (2 if right else 1)
    return int(node - (2**trees.depth - 1))


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_everyone_stands_in_the_leaf_that_a_walk_ends_in(depth: int) -> None:
    people = workers(50)
    trees = grow(PublicColumns.of(people, 3.0), 4, depth, rng())
    found = trees.leaves(people.x)
    assert found.tolist() == [[walk(trees, t, row) for row in people.x] for t in range(4)]
    assert found.max() < 2**depth


def test_pixels_and_numbers_without_columns_have_ranges_of_their_own() -> None:
    image = Table(np.zeros((1, 1, 2, 2), np.float32), np.array([0]), ("a", "b"))
    assert PublicColumns.of(image, 3.0) == PublicColumns((0, 1, 2, 3), (0,) * 4, 0.0, 1.0)
    line = Table(np.zeros((1, 2), np.float32), np.array([0]), ("a", "b"))
    assert PublicColumns.of(line, 3.0) == PublicColumns((0, 1), (0, 0), -3.0, 3.0)
    # -9 is moved to the end, -1 stands a third of the way from -3 to 3
    x = np.array([[-9, -1]], np.float32)
    assert PublicColumns.of(line, 3.0).codes(x).tolist() == [[0, 1 / 3]]


@pytest.mark.parametrize("text", LEARNERS)
def test_trees_are_drawn_without_data(text: str) -> None:
    one, other = (learn(text, workers(n, seed=n)).trees for n in (7, 90))
    assert one.column.tolist() == other.column.tolist()
    assert one.threshold.tolist() == other.threshold.tolist()
    assert one.right.tolist() == other.right.tolist()


def test_a_number_is_split_within_what_is_left_and_a_text_once_a_way() -> None:
    columns = PublicColumns.of(workers(1), 3.0)
    trees = grow(columns, 30, 6, rng())
    for t in range(30):
        for leaf in range(2**6):
            node, low, high, texts = leaf + 2**6 - 1, 0.0, 1.0, []
            way = []
            while node:
                way.append(((node - 1) // 2, node % 2 == 0))
                node = (node - 1) // 2
            for parent, right in reversed(way):
                if columns.sizes[trees.column[t, parent]]:
                    texts.append(trees.column[t, parent])
                    continue
                at = trees.threshold[t, parent]
                assert low < at < high
                low, high = (at, high) if right else (low, at)
            assert len(texts) == len(set(texts))
    halves = trees.right[trees.column == 1].sum(axis=1)
    assert set(halves.tolist()) == {1}  # one of three jobs goes right


def test_texts_alone_are_asked_for_again_when_none_is_left() -> None:
    people = Table(
        np.eye(2, dtype=np.float32),
        np.array([0, 1]),
        ("a", "b"),
        columns=(Column("s", 0, ("f", "m")),),
    )
    trees = grow(PublicColumns.of(people, 3.0), 3, 4, rng())
    assert trees.column.max() == 0
    assert trees.leaves(people.x).shape == (3, 2)


# ------------------------------------------------------------------------------------------- noise


def test_noise_has_the_law_of_a_two_sided_geometric() -> None:
    """ε = log 2, r = 1/2: P(0) = 1/3, P(1) = P(−1) = 1/6, P(2) = 1/12; variance 2r/(1 − r)² = 4."""
    n = 100_000
    noise = geometric_noise(math.log(2), (n,), rng())
    assert noise.dtype == np.int64
    for value, share in ((0, 1 / 3), (1, 1 / 6), (-1, 1 / 6), (2, 1 / 12), (-3, 1 / 24)):
        # five standard deviations of a binomial share, below 0.008
        near = 5 * math.sqrt(share * (1 - share) / n)
        assert (noise == value).mean() == pytest.approx(share, abs=near)
    # the variance of z² is E z⁴ − 16 = 300 − 16 · 1 (the sum of z⁴/3·2^−|z|·2 is 300 at most)
    assert noise.var() == pytest.approx(4, abs=5 * math.sqrt(300 / n))


def test_a_small_budget_has_the_spread_of_laplace_noise() -> None:
    noise = geometric_noise(1e-5, (50_000,), rng())
    # |z| of Laplace noise has mean and standard deviation 1/ε
    assert abs(noise).mean() == pytest.approx(1e5, rel=5 / math.sqrt(50_000))


def test_no_noise_without_a_budget() -> None:
    assert geometric_noise(math.inf, (2, 3), rng()).tolist() == [[0, 0, 0], [0, 0, 0]]


# -------------------------------------------------------------------------------- worked by hand

LEAVES = np.array([[0, 0, 0, 1, 1]])  # one tree of two leaves, five people
LABELS = np.array([1, 1, 0, 0, 0])


def test_a_forest_of_one_tree_by_hand() -> None:
    """Counts (1, 2) and (2, 0), base rates 3/5 and 2/5, λ = 1: (1.6, 2.4)/4 and (2.6, 0.4)/3."""
    scores, prior = DPForest(epsilon=math.inf, trees=1, depth=1).learn(LEAVES, LABELS, 2, rng())
    # 1e-12: float64 rounds six operations
    np.testing.assert_allclose(np.exp(prior), [0.6, 0.4], rtol=1e-12)
    shares = np.exp(scores[0] + prior)
    np.testing.assert_allclose(shares, [[0.4, 0.6], [2.6 / 3, 0.4 / 3]], rtol=1e-12)


def test_four_trees_of_a_forest_count_as_two() -> None:
    one, _ = DPForest(epsilon=math.inf, trees=1, depth=1).learn(LEAVES, LABELS, 2, rng())
    forest = DPForest(epsilon=math.inf, trees=4, depth=1)
    four, _ = forest.learn(np.repeat(LEAVES, 4, axis=0), LABELS, 2, rng())
    np.testing.assert_allclose(four.sum(axis=0), 2 * one[0], rtol=1e-12)  # as above


def test_boosting_two_rounds_by_hand() -> None:
    """At first every gradient is ±1/2. Leaf 0: (−1/2, 1/2) in sum, 3 people; leaf 1: (1, −1) and 2.

    With λ = 1 and η = 1/2 the steps are (−1/8, 1/8) and (1/3, −1/3); the next gradients are those
    at the probabilities 1/(1 + exp(±2·step)), rounded towards 0 to 1/1024.
    """
    boosting = DPBoosting(epsilon=math.inf, trees=2, depth=1)
    scores, prior = boosting.learn(np.repeat(LEAVES, 2, axis=0), LABELS, 2, rng())
    assert prior.tolist() == [0, 0]
    np.testing.assert_allclose(scores[0], [[-1 / 8, 1 / 8], [1 / 3, -1 / 3]], rtol=1e-12)
    yes = [1 / (1 + math.exp(-1 / 4)), 1 / (1 + math.exp(2 / 3))]  # in the leaves
    wanted = [(2 * (1 - yes[0]) - yes[0]) / 4, -2 * yes[1] / 3]  # of "yes"
    # five roundings of 1/1024 each, shared among 3 people at least
    np.testing.assert_allclose(scores[1][:, 1], wanted, atol=5 / 1024 / 3)
    assert scores[1][:, 0].tolist() == (-scores[1][:, 1]).tolist()


@pytest.mark.parametrize("text", LEARNERS)
def test_scores_of_leaves_are_added_up(text: str) -> None:
    people = workers(40)
    model = learn(f"{text}:epsilon=5,trees=3,depth=2", people)
    for i, row in enumerate(people.x):
        added = [model.scores[t, walk(model.trees, t, row)] for t in range(3)]
        total = model.prior + sum(added)
        assert model.predict(people.x)[i] == int(np.argmax(total))
        shares = np.exp(total) / np.exp(total).sum()
        # 1e-12: float64, scores below 10
        np.testing.assert_allclose(model.probabilities(people.x)[i], shares, rtol=1e-12)


# ----------------------------------------------------------------------------------------- privacy


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What a learner asks to release, answered with noise that does not depend on the data."""

    asked: list[tuple[Counts, int]]

    def released(self, sums: Counts, unit: int, rng: np.random.Generator) -> Counts:
        self.asked.append((sums, unit))
        return rng.integers(-20 * unit, 20 * unit, sums.shape)


@dataclass(frozen=True, kw_only=True)
class WatchedForest(Watched, DPForest):
    """A forest whose released sums are seen."""


@dataclass(frozen=True, kw_only=True)
class WatchedBoosting(Watched, DPBoosting):
    """Boosting whose released sums are seen."""


@pytest.mark.parametrize("watched", [WatchedForest, WatchedBoosting])
@given(n=st.integers(0, 20), k=st.integers(2, 12), seed=st.integers(0, 10**6))
def test_one_person_more_changes_one_leaf_by_the_sensitivity_at_most(
    watched: Any, n: int, k: int, seed: int
) -> None:
    """Whatever was released before: both see the same answers, and so the same scores."""
    draw = rng(seed)
    leaves, y = draw.integers(4, size=(3, n + 1)), draw.integers(k, size=n + 1)
    asked: list[list[tuple[Counts, int]]] = []
    for people in (n, n + 1):
        learner = watched(trees=3, depth=2, asked=[])
        learner.learn(leaves[:, :people], y[:people], k, rng(seed))
        asked.append(learner.asked)
    assert len(asked[0]) == 3
    for t, ((fewer, unit), (more, _)) in enumerate(zip(*asked, strict=True)):
        moved = abs(more - fewer)
        assert fewer.dtype == more.dtype == np.int64
        assert moved.sum() == moved[leaves[t, n]].sum()
        assert moved.sum() <= learner.sensitivity * unit


@pytest.mark.parametrize(("watched", "reached"), [(WatchedForest, 0.5), (WatchedBoosting, 0.15)])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_an_attacker_learns_no_more_than_epsilon(
    watched: Any, reached: float, epsilon: float
) -> None:
    """Monte Carlo: log P(E | D)/P(E | D') for the best of many events is at most ε.

    D' lacks one of three people. The model is a function of what two trees release, so that the
    attacker sees these and asks which of D and D' is likelier: no statistic tells more (Neyman,
    Pearson). The bound reaches a good part of ε, less for boosting, whose loss is spread over four
    numbers, and with the noise of 4 ε it is above ε: the audit can fail.
    """
    leaves, y = np.zeros((2, 3), np.int64), np.array([0, 1, 1])
    sums = []
    for n in (3, 2):
        learner = watched(epsilon=epsilon, trees=2, depth=1, asked=[])
        learner.learn(leaves[:, :n], y[:n], 3, rng())
        sums.append(learner.asked)
    for factor, low, high in ((1, reached, 1.0), (4, 1.0, 4.0)):
        spent = audited(watched(epsilon=factor * epsilon, trees=2, depth=1, asked=[]), sums)
        assert low * epsilon < spent <= high * epsilon


def audited(learner: Any, sums: list[list[tuple[Counts, int]]], runs: int = 20_000) -> float:
    """A lower bound on ε: the event is chosen on half of the runs and counted on the other.

    Each of the two shares is bounded at 99.99% (Clopper, Pearson 1934).
    """
    likelier = []
    for which in (0, 1):
        draw, total = rng(which), np.zeros(2 * runs)
        for (one, unit), (other, _) in zip(*sums, strict=True):
            leaf = np.tile((one, other)[which][0], (2 * runs, 1))  # all three stand in leaf 0
            seen = PrivateTrees.released(learner, leaf, unit, draw)
            total += (abs(seen - other[0]) - abs(seen - one[0])).sum(axis=1) / unit
        likelier.append(total)
    with_one, without = likelier
    events = np.quantile(with_one[:runs], np.linspace(0, 1, 50))
    counts = [((with_one[:runs] >= at).sum(), (without[:runs] >= at).sum()) for at in events]
    at = events[int(np.argmax([log_ratio(int(a), int(b), runs) for a, b in counts]))]
    return log_ratio(int((with_one[runs:] >= at).sum()), int((without[runs:] >= at).sum()), runs)


def log_ratio(a: int, b: int, runs: int) -> float:
    """The least log(p/q) that is likely where ``a`` and ``b`` of so many runs were counted."""
    least = beta.ppf(1e-4, a, runs - a + 1) if a else 0.0
    most = beta.ppf(1 - 1e-4, b + 1, runs - b) if b < runs else 1.0
    return math.log(least / most) if least else -math.inf


@pytest.mark.parametrize(("text", "scale"), [("dp-forest", 4.0), ("dp-boosting", 12.0)])
def test_the_record_says_what_it_cost(text: str, scale: float) -> None:
    record = learn(f"{text}:epsilon=5,trees=20", workers(30)).record
    assert (record["epsilon"], record["delta"], record["trees"]) == (5.0, 0.0, 20)
    assert record["noise_scale"] == scale  # T·S/ε
    assert record["sampling"].endswith("adding or removing one person")


# ----------------------------------------------------------------------------------------- learning


@pytest.mark.parametrize("text", LEARNERS)
def test_they_learn_and_more_with_a_larger_budget(text: str) -> None:
    people = Gaussian(n=2000, held_out=1000).split(rng())
    shares = []
    for epsilon in (0.01, 8):
        model = learn(f"{text}:epsilon={epsilon}", people.train)
        shares.append((model.predict(people.held_out.x) == people.held_out.y).mean())
    most = np.bincount(people.held_out.y).max() / len(people.held_out)
    assert shares[1] > max(shares[0], most) + 0.1


@pytest.mark.parametrize("text", LEARNERS)
def test_digits_have_ten_labels(text: str) -> None:
    people = Digits().split(rng())
    model = learn(f"{text}:epsilon=8", people.train)
    assert (model.predict(people.held_out.x) == people.held_out.y).mean() > 0.5


def test_one_label_alone_is_learned() -> None:
    people = workers(20).relabelled(np.ones(20, np.int64))
    for text in LEARNERS:
        assert learn(f"{text}:epsilon=inf", people).predict(people.x).tolist() == [1] * 20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epsilon=0", r"Expected epsilon=0 in \(0, inf\]\. Use a budget such as epsilon=1, or"),
        ("trees=0", r"Expected trees=0 to be at least 1\. Grow at least one tree\."),
        ("depth=0", r"Expected depth=0 in \[1, 10\]\. Use a depth such as 5\."),
        ("depth=11", r"Expected depth=11 in \[1, 10\]"),
        ("bound=0", r"Expected bound=0 to be a positive finite number\. Standardised numbers lie"),
        ("bound=inf", r"Expected bound=inf to be a positive finite number"),
    ],
)
@pytest.mark.parametrize("name", LEARNERS)
def test_a_wrong_parameter_is_answered(name: str, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build("learners", f"{name}:{text}")


def test_a_step_is_positive() -> None:
    with pytest.raises(InputError, match=r"learning_rate=0 to be a positive finite number\. Use a"):
        build("learners", "dp-boosting:learning_rate=0")
    assert UNIT == 1024
