"""How a collective finds its change: by surrogates, by asking about edits, or by the platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.intervals import Estimate
from quorate.table import Table
from quorate.test_time.perturbations.budget import NO_BUDGET
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform, to_features
from quorate.test_time.search.settings import EditSearch
from quorate.test_time.study.access import LEDGERS
from quorate.test_time.study.approaches import EDIT, BySearch
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION, CorrectionOutcome
from quorate.test_time.study.running import run_correction
from quorate.test_time.study.settings import make_correction
from quorate.test_time.study.sources import ProxySource, read_proxy

TINY: dict[str, Any] = {
    "population": "digits",
    "subgroup": "low_light",
    "platform": "mlp:epochs=3",
    "proxy": "edits",
    "members": "10",
    "queries": "8",
    "epsilon": "none",
    "crafting": "steps=3,restarts=1",
    "extraction": "variants=0",
    "label_free": "gain",
    "adaptive": "none",
    "anyway": True,
}


def study(**more: Any) -> Correction:
    return make_correction(**{**TINY, **more})


def outcomes_of(out: Path, **more: Any) -> tuple[CorrectionOutcome, ...]:
    return run_correction(study(**more), out, device_name="cpu").outcomes


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CorrectionOutcome]:
    out = tmp_path_factory.mktemp("searched")
    (outcome,) = outcomes_of(out, adaptive="jpeg")
    return out, outcome


def test_words_in_the_surrogates_place() -> None:
    assert read_proxy("edits") == ProxySource(edits=True)
    assert read_proxy("itself") == ProxySource(itself=True)
    beside = read_proxy("mlp + edits")
    assert beside.edits
    assert [one.learner.name for one in beside.learners] == ["adam"]
    with pytest.raises(InputError, match="Expected itself to stand alone"):
        read_proxy("cnn+itself")
    with pytest.raises(InputError, match="Expected edits without settings, got 'edits:method=halv"):
        read_proxy("cnn + edits:method=halving")


def test_a_search_leaves_one_change_which_carries_no_label(
    searched: tuple[Path, CorrectionOutcome],
) -> None:
    _, outcome = searched
    assert outcome.epsilon == NO_BUDGET
    assert list(outcome.measures.label_free) == [EDIT]
    assert outcome.measures.label_free[EDIT].gap_closed == outcome.measures.gap_closed
    shown, free = outcome.perturbation(), outcome.label_free_perturbation()
    assert free is not None
    assert shown.label_free
    assert shown.arrays.keys() == free.arrays.keys()
    assert outcome.files.keys() >= {PERTURBATION, LABEL_FREE}
    assert outcome.measures.adaptive_label_free == outcome.measures.adaptive
    assert list(outcome.measures.adaptive) == ["jpeg"]
    assert outcome.measures.own_classifier is not None
    assert outcome.measures.shuffled is not None


def test_what_was_searched_is_told_and_read_again(
    searched: tuple[Path, CorrectionOutcome],
) -> None:
    _, outcome = searched
    edit = outcome.edit
    assert edit is not None
    assert edit["asked"] == outcome.queries.pooled
    assert sum(one["asked"] for one in edit["tried"]) <= edit["asked"]
    assert len(edit["by_hand"]) >= 1
    again = CorrectionOutcome.from_plain(outcome.to_plain())
    assert again.edit == edit
    assert again.measures == outcome.measures


def test_no_member_asks_more_than_their_budget(searched: tuple[Path, CorrectionOutcome]) -> None:
    out, outcome = searched
    (path,) = (out / LEDGERS).glob("*.sqlite")
    with Ledger(path) as ledger:
        spent = ledger.spent_by_key(outcome.platform_id)
    assert 0 < sum(spent.values()) == outcome.queries.pooled
    assert max(spent.values()) <= 8


def test_every_search_has_the_budgets_for_itself(tmp_path: Path) -> None:
    first, second = outcomes_of(tmp_path, epsilon="8/255,none")
    paths = sorted((tmp_path / LEDGERS).glob("*.sqlite"))
    assert len(paths) == 2
    assert first.queries.pooled > 8 * 5  # the second did not live on what the first has left
    assert second.queries.pooled > 8 * 5


def test_settings_of_the_search_are_part_of_a_searched_cell_alone() -> None:
    plain = study(proxy="mlp").describe()
    assert "search" not in plain
    assert study(search="method=halving").describe()["search"]["method"] == "halving"
    assert make_correction(**study(search="method=halving").describe()).search == EditSearch(
        method="halving"
    )


def test_a_surrogate_beside_the_search_takes_half_of_the_questions(tmp_path: Path) -> None:
    (outcome,) = outcomes_of(tmp_path, proxy="mlp+edits", queries="16")
    edit = outcome.edit
    assert edit is not None
    assert outcome.queries.pooled == 10 * 8 + edit["asked"]
    assert edit["asked"] <= 10 * 8
    assert not np.isnan(outcome.measures.agreement.value)


def test_the_platforms_own_gradients_ask_nothing(tmp_path: Path) -> None:
    (outcome,) = outcomes_of(
        tmp_path,
        platform="mlp:epochs=40",
        proxy="itself",
        epsilon="32/255",
        crafting="steps=20,restarts=1",
    )
    assert outcome.queries.pooled == 0
    assert outcome.measures.agreement == Estimate(1.0, 1.0, 1.0)
    assert outcome.measures.after.accuracy.value > outcome.measures.before.accuracy.value


def test_a_platform_without_gradients_cannot_stand_in_the_surrogates_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a platform that is a network on this machine"):
        outcomes_of(tmp_path, platform="tree", proxy="itself")


def test_a_later_platform_may_be_of_another_architecture(tmp_path: Path) -> None:
    (outcome,) = outcomes_of(tmp_path, adaptive="replaced")
    effect = outcome.measures.adaptive["replaced"]
    assert effect.before.value != outcome.measures.before.accuracy_by_group["low-light"].value


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"aim": "parity"}, "Expected aim=most where photo edits are searched for"),
        (
            {"platform": "http://127.0.0.1:1", "proxy": ["edits", "mlp"]},
            "Expected one proxy, one size, one budget of queries and one epsilon",
        ),
        (
            {"platform": "http://127.0.0.1:1", "proxy": "itself"},
            "Expected a platform on this machine for proxy=itself",
        ),
        ({"proxy": "mlp+edits", "queries": 1}, "Expected at least 2 queries of each member for"),
        ({"proxy": "edit"}, "Expected a known learner, got 'edit'"),
        ({"norm": "l2"}, "Expected norm=linf for epsilon=none"),
    ],
)
def test_what_does_not_fit_together(more: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        study(**more, key_file="keys.txt" if "http" in str(more.get("platform")) else None)


# ------------------------------------------------------------------------- labels dealt anew


@dataclass
class BrightEyed(Platform):
    """Reads a picture rightly once it is bright: the label is the half that is brighter."""

    classes: tuple[str, ...] = ("left", "right")
    asked: list[str] = field(default_factory=list)

    @property
    def card(self) -> Card:
        return Card("bright", (1, 8, 8), self.classes, "labels")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        self.asked += keys
        halves = x[..., :4].mean(axis=(1, 2, 3)), x[..., 4:].mean(axis=(1, 2, 3))
        bright = x.mean(axis=(1, 2, 3)) > 60
        return Answers(np.where(bright, halves[1] > halves[0], 0).astype(np.int64))


def dark_photos(n: int) -> Table:
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    x = rng.integers(10, 20, size=(n, 1, 8, 8))
    x[y == 0, :, :, :4] += 15
    x[y == 1, :, :, 4:] += 15
    return Table(to_features(x.astype(np.uint8)), y, ("left", "right"))


def test_the_gain_comes_from_what_pictures_show() -> None:
    photos, platform = dark_photos(240), BrightEyed()
    approach = BySearch(
        correction=study(),
        seed=0,
        photos=photos,
        platform=platform,
        member=np.repeat(np.arange(24), 10),
        queries=40,
    )
    found = approach.find(NO_BUDGET)
    assert len(platform.asked) == found.asked
    x = np.rint(photos.x * 255).astype(np.uint8)

    def accuracy(change: Any) -> float:
        answers = BrightEyed().ask(change.apply(x, photos.y), ["a"] * len(x))
        return float((answers.labels == photos.y).mean())

    assert accuracy(found.shown) > 0.95  # half of them were read rightly
    apart = BrightEyed()
    shuffled = approach.find_shuffled(found, apart)
    assert shuffled is not None
    assert len(apart.asked) > 0
    assert len(platform.asked) == found.asked  # the control is not charged to members
    edit = found.edit
    assert edit is not None
    assert edit.gain.low > 0
    assert approach.find_shuffled(found, None) is None


def test_shuffled_labels_are_those_of_the_same_people() -> None:
    photos = dark_photos(50)
    approach = BySearch(
        correction=study(),
        seed=3,
        photos=photos,
        platform=BrightEyed(),
        member=np.arange(50),
        queries=4,
    )
    dealt = approach._shuffled()
    assert sorted(dealt) == sorted(photos.y)
    assert (dealt != photos.y).any()
