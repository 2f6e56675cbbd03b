"""A platform in this process: what it counts, what it refuses, and a folder that keeps it."""

import json
import os
import pickle
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_proxy import linear_proxy

from quorate.errors import InputError
from quorate.learners.theoretical.coarsened import Coarsened, CoarsenedModel
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.table import Array, Labels
from quorate.test_time.platforms.in_process import (
    CARD,
    MODEL,
    InProcessPlatform,
    load_platform,
    make_card,
    read_about,
    read_card,
)
from quorate.test_time.platforms.in_process import save_platform as save
from quorate.test_time.platforms.platform import Card, Gives, Platform, to_features

THREE = Card("bright", ("a", "b", "c"), (1, 1, 2))
LINEAR = linear_proxy(np.array([[1, 0], [0, 3], [2, 2]]).reshape(3, 1, 1, 2))


@dataclass(frozen=True)
class Brightness:
    """Says which third the first pixel lies in; knows no scores."""

    record: dict[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return np.minimum(x[:, 0, 0, 0] * 3, 2).astype(np.int64)


def images(*levels: int) -> Any:
    return np.array([[[[level, 0]]] for level in levels], dtype=np.uint8)


@given(st.lists(st.tuples(st.integers(0, 255), st.sampled_from("abc")), max_size=30))
def test_every_row_is_answered_and_counted_under_its_key(asked: list[tuple[int, str]]) -> None:
    platform = InProcessPlatform(Brightness(), THREE)
    assert isinstance(platform, Platform)
    x = images(*(level for level, _ in asked)).reshape(-1, 1, 1, 2)
    for _ in range(2):  # the same row again counts again
        answers = platform.ask(x, [key for _, key in asked])
        assert answers.labels.tolist() == [min(3 * level // 255, 2) for level, _ in asked]
        assert answers.probabilities is None
    assert platform.asked == Counter(2 * [key for _, key in asked])


def test_scores_are_the_models_and_the_label_is_their_largest() -> None:
    model = linear_proxy(np.array([[1, 0], [0, 3], [2, 2]]).reshape(3, 1, 1, 2))
    platform = InProcessPlatform(model, replace(THREE, gives="scores"))
    x = np.random.default_rng(0).integers(0, 256, size=(50, 1, 1, 2), dtype=np.uint8)
    answers = platform.ask(x, ["a"] * 50)
    assert answers.probabilities is not None
    assert (answers.probabilities == model.probabilities(to_features(x))).all()
    assert (answers.labels == answers.probabilities.argmax(axis=1)).all()


def test_scores_of_a_model_that_knows_labels_alone_are_refused() -> None:
    with pytest.raises(InputError, match=r"knows scores, got Brightness.*Use answers=labels"):
        InProcessPlatform(Brightness(), replace(THREE, gives="scores"))


@pytest.mark.parametrize(
    "x", [images(1)[:, :, :, :1], images(1).astype(float), images(1)[0], images(1)[..., None]]
)
def test_what_cannot_be_asked_is_not_counted(x: Any) -> None:
    platform = InProcessPlatform(Brightness(), THREE)
    with pytest.raises(InputError, match=r"Expected 8-bit images of shape \(n, 1, 1, 2\)"):
        platform.ask(x, ["a"] * len(x))
    with pytest.raises(InputError, match="Expected one key per image, 2, got 1"):
        platform.ask(images(1, 2), ["a"])
    assert not platform.asked


def test_a_card_is_named_by_all_that_decides_the_answers() -> None:
    base: Any = {"describes": {"learner": "a"}, "classes": ("a", "b"), "shape": (1, 2, 3)}
    cards = [
        make_card(**{**base, **change}, gives="labels")
        for change in (
            {},
            {},
            {"describes": {"learner": "b"}},
            {"classes": ("b", "a")},
            {"shape": (3, 2, 1)},
        )
    ]
    assert cards[0] == cards[1]
    assert len({card.id for card in cards}) == 4
    assert cards[0].shape == (1, 2, 3)


# ------------------------------------------------------------------------------------ the folder


@pytest.mark.parametrize("gives", ["labels", "scores"])
def test_a_platform_comes_back_from_its_folder(tmp_path: Path, gives: Gives) -> None:
    model = linear_proxy(np.array([[1, 0], [0, 3], [2, 2]]).reshape(3, 1, 1, 2))
    card = Card("näme", ("ä", "b", "c"), (1, 1, 2), gives)
    save(tmp_path / "a" / "b", model, card, seconds=1.5)
    again = load_platform(tmp_path / "a" / "b")
    assert again.card == card
    x = np.random.default_rng(0).integers(0, 256, size=(9, 1, 1, 2), dtype=np.uint8)
    before, after = InProcessPlatform(model, card).ask(x, ["k"] * 9), again.ask(x, ["k"] * 9)
    assert (before.labels == after.labels).all()
    other: Gives = "scores" if gives == "labels" else "labels"
    assert load_platform(tmp_path / "a" / "b", other).card == replace(card, gives=other)
    assert not list((tmp_path / "a" / "b").glob(".*"))


def test_a_folder_without_a_platform_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"platform in .*card\.json and model\.safetensors"):
        load_platform(tmp_path / "nowhere")
    for missing in (MODEL, CARD):
        save(tmp_path, LINEAR, THREE)
        (tmp_path / missing).unlink()
        with pytest.raises(InputError, match="Expected a platform in"):
            load_platform(tmp_path)


@pytest.mark.parametrize(
    "card",
    [
        "",
        "{",
        "[1]",
        "7",
        "{}",
        '{"id": "a", "classes": 3, "shape": [1, 1, 2], "gives": "labels"}',
        '{"id": "a", "classes": ["a"], "shape": [1, 2], "gives": "labels"}',
        '{"id": "a", "classes": ["a"], "shape": null, "gives": "labels"}',
        '{"id": "a", "classes": ["a"], "shape": [1, 1, 2], "gives": "melodies"}',
        '{"id": "a", "classes": ["a"], "shape": [1, 99999, 99999], "gives": "labels"}',
        '{"id": "a", "classes": ["a"], "shape": [-1, -1, 2], "gives": "labels"}',
        '{"id": 7, "classes": ["a"], "shape": [1, 1, 2], "gives": "labels"}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_damaged_card_is_named(tmp_path: Path, card: str) -> None:
    save(tmp_path, LINEAR, THREE)
    (tmp_path / CARD).write_bytes(card.encode("latin-1"))
    with pytest.raises(InputError, match="Expected a platform in"):
        load_platform(tmp_path)


def change_card(folder: Path, **facts: Any) -> None:
    plain = json.loads((folder / CARD).read_text(encoding="utf-8"))
    (folder / CARD).write_text(json.dumps({**plain, **facts}), encoding="utf-8")


def test_a_model_that_is_not_the_cards_is_named(tmp_path: Path) -> None:
    save(tmp_path / "a", LINEAR, THREE)
    save(tmp_path / "b", linear_proxy(np.zeros((3, 1, 1, 2))), THREE)
    (tmp_path / "a" / MODEL).write_bytes((tmp_path / "b" / MODEL).read_bytes())
    with pytest.raises(InputError, match=r"got: another model\.safetensors than the card is of"):
        load_platform(tmp_path / "a")
    assert load_platform(tmp_path / "b").card == THREE
    change_card(tmp_path / "b", files={})
    with pytest.raises(InputError, match="a card without a model"):
        load_platform(tmp_path / "b")


def test_a_damaged_model_is_named_even_if_the_card_is_of_it(tmp_path: Path) -> None:
    save(tmp_path, LINEAR, THREE)
    whole = (tmp_path / MODEL).read_bytes()
    other = whole.replace(b'network\\"', b'netwerk\\"')
    larger = whole.replace(b'in_features\\": 2', b'in_features\\": 9')
    assert len({whole, other, larger}) == 3
    for content in (b"", b"text", other, larger, *(whole[:n] for n in (7, 9, 99, 300, -1))):
        (tmp_path / MODEL).write_bytes(content)
        change_card(tmp_path, files={MODEL: sha256(content).hexdigest()})
        with pytest.raises(InputError, match="Expected a platform in"):
            load_platform(tmp_path)


def test_what_has_no_end_is_not_read(tmp_path: Path) -> None:
    save(tmp_path, LINEAR, THREE)
    for name in (MODEL, CARD):
        (tmp_path / name).unlink()
        (tmp_path / name).symlink_to("/dev/zero")
        with pytest.raises(InputError, match=f"got: {name}, which is no file"):
            load_platform(tmp_path)
        (tmp_path / name).unlink()
        os.mkfifo(tmp_path / name)
        with pytest.raises(InputError, match=f"got: {name}, which is no file"):
            load_platform(tmp_path)
        (tmp_path / name).unlink()
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**33)  # takes no room
        with pytest.raises(InputError, match=f"got: {name} of more than"):
            load_platform(tmp_path)


def test_a_model_of_other_labels_is_named(tmp_path: Path) -> None:
    for model in (LookupClassifier({}, 3), LookupClassifier({}, -1), linear_proxy(np.ones((4, 2)))):
        save(tmp_path, model, THREE)
        with pytest.raises(InputError, match="a model of other labels"):
            load_platform(tmp_path)


@pytest.mark.parametrize(
    "model", [Brightness(), {"a": 1}, LookupClassifier({}, 0, {"a": object()})]
)
def test_what_is_not_made_of_known_models_is_not_saved(tmp_path: Path, model: Any) -> None:
    with pytest.raises(InputError, match="Expected"):
        save(tmp_path, model, THREE)
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------------------ of older versions


class Marking:
    """Whose pickle makes a folder when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.marker),)


def as_older(folder: Path, model: Any, card: Card) -> None:
    """Save a platform as an older version did."""
    save(folder, LINEAR, card, name="a", people=7)
    (folder / MODEL).unlink()
    plain = json.loads((folder / CARD).read_text(encoding="utf-8"))
    del plain["files"]
    (folder / CARD).write_text(json.dumps(plain), encoding="utf-8")
    (folder / "model.pickle").write_bytes(pickle.dumps(model))


def test_a_pickle_is_not_read_unless_it_is_trusted(tmp_path: Path) -> None:
    as_older(tmp_path / "a", Marking(tmp_path / "marker"), THREE)
    assert read_card(tmp_path / "a") == THREE
    with pytest.raises(InputError, match=r"got model\.pickle, which can.* add --trust to quorate"):
        load_platform(tmp_path / "a")
    assert not (tmp_path / "marker").exists()
    with pytest.raises(InputError, match="which is no model"):
        load_platform(tmp_path / "a", trust=True)
    assert (tmp_path / "marker").exists()  # the payload works


def test_a_trusted_pickle_is_read_once_and_written_anew(tmp_path: Path) -> None:
    as_older(tmp_path, LINEAR, THREE)
    x = np.random.default_rng(0).integers(0, 256, size=(9, 1, 1, 2), dtype=np.uint8)
    for again in (load_platform(tmp_path, "scores", trust=True), load_platform(tmp_path, "scores")):
        said = again.ask(x, ["k"] * 9)
        assert (said.probabilities == LINEAR.probabilities(to_features(x))).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == [CARD, MODEL]
    assert read_about(tmp_path) == {"name": "a", "people": 7}


@pytest.mark.parametrize(
    ("module", "name"),
    [("theoretical.coarsened", "_CoarsenedModel"), ("coarsened", "_Coarse")],
)
def test_a_trusted_pickle_may_name_its_classes_as_they_were_called(
    tmp_path: Path, module: str, name: str
) -> None:
    labels = linear_proxy(np.array([[1], [2], [0]]).reshape(3, 1, 1, 1))
    model = CoarsenedModel(Coarsened(pool=2), (), labels)
    as_older(tmp_path, model, THREE)
    text = pickle.dumps(model, protocol=0)
    now = b"cquorate.learners.theoretical.coarsened\nCoarsenedModel\n"
    then = f"cquorate.learners.{module}\n{name}\n".encode()
    assert now in text
    (tmp_path / "model.pickle").write_bytes(text.replace(now, then))
    x = images(3, 200)
    again = load_platform(tmp_path, trust=True)
    assert (again.ask(x, ["k"] * 2).labels == model.predict(to_features(x))).all()


def test_a_trusted_pickle_of_an_own_class_stays(tmp_path: Path) -> None:
    as_older(tmp_path, Brightness(), THREE)
    with pytest.raises(InputError, match=r"got test_in_process\.Brightness"):
        load_platform(tmp_path, trust=True)
    assert (tmp_path / "model.pickle").exists()
    for content in (b"", b"text", b"cnowhere\nx\n."):
        (tmp_path / "model.pickle").write_bytes(content)
        with pytest.raises(InputError, match=r"Expected a model in .* Remove the folder"):
            load_platform(tmp_path, trust=True)
