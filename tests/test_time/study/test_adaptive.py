"""Platforms that do something about it: what reaches their model, and what they train on."""

import io
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from quorate.errors import InputError
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.adversarial_training import AdversarialTraining
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_adam import DPAdam
from quorate.learners.scikit.tree import Tree
from quorate.table import Array, Labels, Table
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import Card, to_features, to_pixels
from quorate.test_time.study.adaptive import (
    ADAPTIVE,
    CLEANING,
    add_cleaning,
    add_members,
    fit_platform,
    harden,
)

CLASSES = ("a", "b")


@dataclass(frozen=True)
class Remembers:
    """Answers 0 and remembers what it was shown."""

    record: dict[str, Any] = field(default_factory=dict)
    seen: list[Array] = field(default_factory=list)

    def predict(self, x: Array) -> Labels:
        self.seen.append(x)
        return np.zeros(len(x), np.int64)


def images(shape: tuple[int, ...] = (4, 3, 12, 10)) -> Any:
    return np.random.default_rng(0).integers(0, 256, size=shape, dtype=np.uint8)


@pytest.mark.parametrize("name", CLEANING)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_behind_a_cleaning_step_sees_clean_uploads(name: str, channels: int) -> None:
    model = Remembers()
    card = Card("it", CLASSES, (channels, 12, 10), "labels")
    platform = add_cleaning(InProcessPlatform(model, card), name)
    assert platform.card == replace(card, id=f"it-{name}")
    x = images((4, channels, 12, 10))
    before = x.copy()
    platform.ask(x, ["evaluation"] * 4)
    assert (x == before).all()
    (seen,) = model.seen
    assert seen.dtype == np.float32
    assert seen.shape == x.shape
    levels = to_pixels(seen)
    assert (to_features(levels) == seen).all()  # uploads stay of 8 bits
    changed = (levels != x).any(axis=(1, 2, 3))
    assert changed.any() if name == "resize" else changed.all()  # a factor near 1 keeps the size
    for i in range(4):  # each by itself, and the same whenever it comes
        platform.ask(x[[i]], ["evaluation"])
        assert (model.seen[-1] == seen[[i]]).all()


def test_cleaning_is_pillows() -> None:
    x = images()
    buffer = io.BytesIO()
    Image.fromarray(x[0].transpose(1, 2, 0)).save(buffer, "JPEG", quality=75)
    again = np.asarray(Image.open(buffer)).transpose(2, 0, 1)
    cleaned = to_pixels(CLEANING["jpeg"](to_features(x)))
    assert np.abs(cleaned[0].astype(int) - again).max() <= 40  # chroma may be kept in full
    flat = np.full((2, 3, 12, 10), 77, np.uint8)
    for clean in CLEANING.values():
        assert np.abs(to_pixels(clean(to_features(flat))).astype(int) - 77).max() <= 1  # JPEG's own
    edges = Image.fromarray(x[0, 0]).filter(ImageFilter.GaussianBlur(0.6))
    blurred = to_pixels(CLEANING["blur"](to_features(x)))[0, 0]
    inner = (slice(3, -3), slice(3, -3))
    # Pillow blurs by boxes: nearer to it than to the picture itself
    off = np.abs(blurred[inner].astype(int) - np.asarray(edges)[inner]).mean()
    assert off < np.abs(blurred[inner].astype(int) - x[0, 0][inner]).mean() / 2


def test_scores_stay_behind_the_cleaning_step() -> None:
    from linear_proxy import linear_proxy

    model = linear_proxy(np.ones((2, 1, 2, 2)))
    inside = InProcessPlatform(model, Card("it", CLASSES, (1, 2, 2), "scores"))
    assert add_cleaning(inside, "blur").card.gives == "labels"


@pytest.mark.parametrize(
    ("name", "kind"), [("adversarial", AdversarialTraining), ("private", DPAdam)]
)
def test_a_hardened_platform_keeps_its_network(name: str, kind: type) -> None:
    learner = Adam(model="resnet", hidden=5, epochs=7, batch_size=9)
    hard: Any = harden(learner, name)
    assert (hard.model, hard.hidden, hard.epochs, hard.batch_size) == ("resnet", 5, 7, 9)
    assert type(hard) is kind
    if name == "adversarial":  # and takes the steps that it took
        plain = Adam(model="resnet", learning_rate=0.002, schedule="cosine", momentum=0.8)
        hard = harden(plain, name)
        assert (hard.adam, hard.learning_rate, hard.schedule, hard.momentum) == (
            True,
            0.002,
            "cosine",
            0.8,
        )
        assert not harden(SGD(model="resnet"), name).adam  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=f"a network for adaptive={name}, got tree.*cnn"):
        harden(Tree(), name)


@pytest.mark.parametrize("name", ["adversarial", "private"])
def test_a_hardened_platform_can_be_trained(name: str) -> None:
    rng = np.random.default_rng(0)
    people = Table(
        rng.random((40, 1, 4, 4), dtype=np.float32),
        np.arange(40) % 2,
        CLASSES,
        np.arange(40) % 2,
        ("others", "few"),
    )
    model = fit_platform(harden(Adam(model="logistic", epochs=1), name), people, rng)
    assert set(model.predict(people.x).tolist()) <= {0, 1}


def test_a_retrained_platform_learns_from_what_members_sent() -> None:
    def people(levels: list[int], y: list[int], group: list[int]) -> Table:
        x = np.array(levels, np.uint8).reshape(-1, 1, 1, 1)
        return Table(to_features(x), np.array(y), CLASSES, np.array(group), ("others", "few"))

    train, members = people([1, 2], [0, 1], [0, 1]), people([100, 200], [1, 0], [1, 1])
    delta = np.array([-5, 7], np.int16).reshape(2, 1, 1, 1)
    perturbation = Perturbation("additive", {"delta": delta}, CLASSES, (1, 1, 1), 8 / 255)
    found = add_members(train, perturbation, members)
    assert to_pixels(found.x).reshape(-1).tolist() == [1, 2, 107, 195]
    assert found.y.tolist() == [0, 1, 1, 0]
    assert found.group is not None
    assert found.group.tolist() == [0, 1, 1, 1]
    assert len(train) == 2


def test_every_name_is_listed() -> None:
    assert ADAPTIVE == ("jpeg", "blur", "resize", "adversarial", "private", "retrained")


def test_a_learner_that_cannot_take_the_people_says_so() -> None:
    people = Table(np.zeros((4, 1, 2, 2), np.float32), np.arange(4) % 2, CLASSES)
    with pytest.raises(InputError, match="at least 8x8"):
        fit_platform(Adam(model="resnet"), people, np.random.default_rng(0))
