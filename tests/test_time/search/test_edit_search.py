"""The search for a photo edit: what it asks, what it finds, and that it leaves well alone."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError, PlatformError
from quorate.table import Labels, Mask
from quorate.test_time.edits.similarity import structural_similarity
from quorate.test_time.extraction.questions import key_of
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform
from quorate.test_time.search.found import FoundEdit
from quorate.test_time.search.searching import search_edits
from quorate.test_time.search.settings import EditSearch, MethodName
from quorate.test_time.search.space import NO_EDIT

SHAPE = (3, 8, 8)
CLASSES = ("dark", "light")
Rule = Callable[[Pixels], Labels]


class Stated(Platform):
    """A platform whose answers are stated by a rule; it counts what each key asks."""

    def __init__(self, rule: Rule, gives: Any = "labels") -> None:
        self.rule, self.gives = rule, gives
        self.asked: Counter[str] = Counter()

    @property
    def card(self) -> Card:
        return Card("stated", CLASSES, SHAPE, self.gives)

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        self.asked.update(keys)
        labels = self.rule(x)
        scores = np.eye(2)[labels] * 0.6 + 0.2 if self.gives == "scores" else None
        return Answers(labels, scores)


def by_level(threshold: float) -> Rule:
    """Return the rule that calls pictures light whose mean level reaches a threshold."""
    return lambda x: (x.mean(axis=(1, 2, 3)) >= threshold).astype(np.int64)


def dark_photos(n: int, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """Return pictures that are light at 1.5 stops more or less: around 30, or around 60."""
    y = rng.integers(0, 2, n)
    level = np.where(y == 1, 55, 25)[:, None, None, None]
    noise = rng.integers(-5, 6, (n, *SHAPE)) + rng.integers(-12, 13, (n, 1, 1, 1))
    x: Pixels = (level + noise).astype(np.uint8)
    return x, y


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def search(
    platform: Platform,
    ledger: Ledger,
    x: Pixels,
    y: Labels,
    *,
    members: int = 20,
    queries: int = 20,
    seed: int = 0,
    epsilon: float = 1.0,
    budget: int | None = None,
    **settings: Any,
) -> FoundEdit:
    member = np.arange(len(x)) % members
    return search_edits(
        MeteredPlatform(platform, ledger, budget),
        x,
        y,
        member,
        CLASSES,
        EditSearch(**settings),
        np.random.default_rng(seed),
        queries=queries,
        epsilon=epsilon,
    )


def is_right(rule: Rule, found: FoundEdit, x: Pixels, y: Labels) -> Mask:
    right: Mask = rule(found.perturbation.apply(x, y)) == y
    return right


@pytest.mark.parametrize("method", ["bayesian", "halving"])
@pytest.mark.parametrize("gives", ["labels", "scores"])
def test_a_change_that_helps_is_found_and_confirmed(
    method: MethodName, gives: str, ledger: Ledger
) -> None:
    rng = np.random.default_rng(1)
    (x, y), (others, labels) = dark_photos(100, rng), dark_photos(400, rng)
    rule = by_level(118)  # a stop and a half or two are right
    platform = Stated(rule, gives)
    found = search(platform, ledger, x, y, method=method)
    assert (rule(others) == labels).mean() < 0.6
    assert is_right(rule, found, others, labels).mean() > 0.85
    assert found.gain.low > 0
    assert "exposure:stops=" in found.pipeline.text
    assert NO_EDIT in [one.pipeline for one in found.tried]
    about = found.perturbation.about
    assert about["edit"] == found.pipeline.text
    # what the file says of itself, as quorate show words it
    assert (about["similarity"], about["distance"]) == found.similarity


@pytest.mark.parametrize("method", ["bayesian", "halving"])
@pytest.mark.parametrize("queries", [2, 3, 7, 10])
def test_no_member_asks_more_than_their_queries(
    method: MethodName, queries: int, ledger: Ledger
) -> None:
    x, y = dark_photos(60, np.random.default_rng(2))
    platform = Stated(by_level(118))
    found = search(platform, ledger, x, y, queries=queries, method=method)
    asked = np.array([platform.asked[key_of(member)] for member in range(20)])
    assert asked.max() <= queries
    assert asked.sum() <= found.asked <= 20 * queries  # equal pictures are asked about once
    if queries == 10:
        assert asked.max() - asked.min() <= 4  # evenly: less than all that a photo is asked about


def test_the_same_seed_asks_and_finds_the_same(tmp_path: Path) -> None:
    x, y = dark_photos(60, np.random.default_rng(3))
    found = []
    for name in ("one", "two"):
        with Ledger(tmp_path / name) as ledger:
            found.append(search(Stated(by_level(118)), ledger, x, y))
    assert found[0].tried == found[1].tried
    assert (found[0].pipeline, found[0].gain) == (found[1].pipeline, found[1].gain)


def test_the_winner_is_confirmed_on_photos_that_the_search_never_used(ledger: Ledger) -> None:
    x, y = dark_photos(60, np.random.default_rng(4))
    originals = {picture.tobytes() for picture in x}
    seen: list[int] = []

    def rule(pictures: Pixels) -> Labels:
        seen.append(sum(one.tobytes() in originals for one in pictures))
        return by_level(118)(pictures)

    found = search(Stated(rule), ledger, x, y)
    assert len(originals) == 60
    # No edit is asked about in every round, and the ledger would know what was asked before.
    assert found.confirmed == seen[-1] == 15


@pytest.mark.parametrize("method", ["bayesian", "halving"])
def test_where_no_edit_helps_nothing_is_changed(method: MethodName, ledger: Ledger) -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(60, 180, (100, *SHAPE)).astype(np.uint8)
    originals = {picture.tobytes(): label for picture, label in zip(x, range(100), strict=True)}
    y = rng.integers(0, 2, 100)

    def rule(pictures: Pixels) -> Labels:  # right of the originals, by chance of all others
        sums = pictures.sum(axis=(1, 2, 3), dtype=np.int64)
        known = [originals.get(one.tobytes()) for one in pictures]
        by_chance = sums % 2
        return np.array([s if i is None else y[i] for i, s in zip(known, by_chance, strict=True)])

    found = search(Stated(rule), ledger, x, y, method=method)
    assert found.pipeline == NO_EDIT
    assert (found.gain.value, found.gain.low, found.gain.high) == (0, 0, 0)
    assert found.notes[-1].startswith("No edit:")
    assert (found.perturbation.apply(x, y) == x).all()
    assert found.similarity.structural == 1


def test_with_labels_shuffled_the_gain_vanishes(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    x, y = dark_photos(100, rng)
    gains = []
    for seed in range(3):
        with Ledger(tmp_path / str(seed)) as ledger:
            shuffled = rng.permutation(y)
            gains.append(search(Stated(by_level(118)), ledger, x, shuffled, seed=seed).gain)
    assert all(gain.low <= 0 for gain in gains)


class Brightness:
    """Stands for a surrogate that is the surer of every label the brighter the picture."""

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        return np.repeat(x.mean(axis=(1, 2, 3))[:, None], 2, axis=1)


def test_surrogates_start_the_search_without_a_query(tmp_path: Path) -> None:
    x, y = dark_photos(60, np.random.default_rng(12))
    means = []
    for name, surrogates in (("without", []), ("with", [Brightness()])):
        with Ledger(tmp_path / name) as ledger:
            found = search_edits(
                MeteredPlatform(Stated(lambda pictures: np.zeros(len(pictures), int)), ledger),
                x,
                y,
                np.arange(60) % 20,
                CLASSES,
                EditSearch(),
                np.random.default_rng(0),
                queries=4,
                epsilon=1.0,
                surrogates=surrogates,  # type: ignore[arg-type]
            )
        assert found.asked <= 80
        brightness = [one.pipeline.apply(x).mean() for one in found.tried]
        means.append(np.average(brightness, weights=[one.asked for one in found.tried]))
    assert means[1] > means[0]


def test_a_limit_of_similarity_is_kept(ledger: Ledger) -> None:
    rng = np.random.default_rng(7)
    x, y = dark_photos(60, rng)
    x = (x + rng.integers(0, 40, x.shape)).astype(np.uint8)
    found = search(Stated(by_level(118)), ledger, x, y, least_similarity=0.8)
    assert len(found.tried) > 1
    assert all(structural_similarity(x, one.pipeline.apply(x)) > 0.75 for one in found.tried)
    alone = search(Stated(by_level(118)), ledger, x, y, least_similarity=1.0)
    assert alone.pipeline == NO_EDIT


def test_a_budget_holds_for_every_question(ledger: Ledger) -> None:
    x, y = dark_photos(40, np.random.default_rng(8))
    x[:] = 40
    x[:, 0, 0, 0] += np.arange(40, dtype=np.uint8)
    farthest = []

    def rule(pictures: Pixels) -> Labels:
        farthest.append(int(np.abs(pictures[:, :, 1:].astype(int) - 40).max()))
        return by_level(42)(pictures)

    found = search(Stated(rule), ledger, x, y, epsilon=8 / 255)
    assert max(farthest) == 8
    assert found.perturbation.epsilon == 8 / 255


def test_a_key_without_queries_left_is_noted(ledger: Ledger) -> None:
    x, y = dark_photos(60, np.random.default_rng(9))
    platform = Stated(by_level(118))
    found = search(platform, ledger, x, y, queries=12, budget=7)
    assert any("keys have no queries left" in note for note in found.notes)
    assert max(platform.asked.values()) == 7


def test_a_winner_that_no_query_is_left_to_confirm_is_dropped(ledger: Ledger) -> None:
    x, y = dark_photos(60, np.random.default_rng(9))
    found = search(Stated(by_level(118)), ledger, x, y, queries=12, budget=6)
    assert (found.pipeline, found.confirmed, found.gain.value) == (NO_EDIT, 0, 0)
    (note,) = [one for one in found.notes if one.startswith("No edit: ")]
    assert note.endswith(" did best in the search, but no query was left to confirm it with.")


def test_a_search_without_any_answer_is_an_error(ledger: Ledger) -> None:
    x, y = dark_photos(60, np.random.default_rng(9))
    with pytest.raises(PlatformError, match="Expected answers to the search's questions, got none"):
        search(Stated(by_level(118)), ledger, x, y, queries=12, budget=0)


@pytest.mark.parametrize(("photos", "members", "queries"), [(1, 1, 50), (5, 1, 3), (9, 9, 1)])
def test_too_few_photos_or_queries_are_one_line(
    photos: int, members: int, queries: int, ledger: Ledger
) -> None:
    x, y = dark_photos(photos, np.random.default_rng(10))
    with pytest.raises(InputError, match="Expected photos and queries both to search with and"):
        search(Stated(by_level(118)), ledger, x, y, members=members, queries=queries)


def test_zero_queries_are_one_line(ledger: Ledger) -> None:
    x, y = dark_photos(9, np.random.default_rng(10))
    with pytest.raises(InputError, match="Expected queries=0 of at least 1 for each member"):
        search(Stated(by_level(118)), ledger, x, y, queries=0)


@pytest.mark.parametrize(("photos", "members", "queries"), [(2, 1, 4), (2, 2, 2), (30, 1, 200)])
def test_the_fewest_that_can_be_compared_are_enough(
    photos: int, members: int, queries: int, ledger: Ledger
) -> None:
    x, y = dark_photos(photos, np.random.default_rng(11))
    platform = Stated(by_level(118))
    found = search(platform, ledger, x, y, members=members, queries=queries)
    assert max(platform.asked.values()) <= queries
    assert found.confirmed >= (found.pipeline != NO_EDIT)
