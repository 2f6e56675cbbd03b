"""Platforms that adapt: what they do to uploads before they look, and how they train."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from quorate.adapter import fit_model
from quorate.errors import InputError
from quorate.learners.base.network_learner import NetworkLearner
from quorate.learners.networks.adam import Adam
from quorate.learners.networks.adversarial_training import AdversarialTraining
from quorate.learners.private.dp_adam import DPAdam
from quorate.protocols import Classifier, Learner
from quorate.runtime.seeds import stream
from quorate.subgroups.blur import Blur
from quorate.subgroups.jpeg import JPEG
from quorate.table import Array, Labels, Rng, Submission, Table
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.perturbations.perturbed import add_perturbation
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import to_features, to_pixels
from quorate.test_time.study.sources import PLATFORM_LOOKS, SizedLearner, read_learner

Cleaning = Callable[[Array], Array]
RADIUS = 8 / 255  # of adversarial training: the budget that perturbations usually have
PRIVACY = 8.0  # ε of the private platform


def _resized(x: Array) -> Array:
    """Return images made smaller by up to a fifth and back, each by a factor its pixels draw."""
    from PIL import Image

    levels = to_pixels(x)
    out = np.empty_like(levels)
    for image, into in zip(levels, out, strict=True):
        rng = np.random.default_rng(stream(zlib.crc32(image.tobytes())))
        factor = 1 - 0.2 * rng.random()
        for channel, here in zip(image, into, strict=True):
            whole = Image.fromarray(channel)
            size = (max(1, round(whole.width * factor)), max(1, round(whole.height * factor)))
            small = whole.resize(size, Image.Resampling.BILINEAR)
            here[:] = np.asarray(small.resize(whole.size, Image.Resampling.BILINEAR))
    return to_features(out)


CLEANING: Mapping[str, Cleaning] = {
    "jpeg": JPEG(quality=75).shift,
    "blur": Blur(sigma=0.6).shift,
    "resize": _resized,
}
HARDENED = ("adversarial", "private")
TRAINS = (*HARDENED, "retrained")
ADAPTIVE = (*CLEANING, *TRAINS)  # what "all" stands for
REPLACED = "replaced"  # by a model of another architecture: what a change outlives, or does not
KNOWN = (*ADAPTIVE, REPLACED)


@dataclass(frozen=True, eq=False)
class PreprocessedClassifier:
    """A model that is shown uploads only after they were cleaned."""

    model: Classifier
    clean: Cleaning
    record: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        """Return the index of the predicted label of each row, (n,)."""
        return self.model.predict(self.clean(x))


def add_cleaning(platform: InProcessPlatform, name: str) -> InProcessPlatform:
    """Return the same platform behind a step that cleans uploads: jpeg, blur or resize."""
    model = PreprocessedClassifier(platform.model, CLEANING[name])
    return InProcessPlatform(
        model, replace(platform.card, id=f"{platform.card.id}-{name}", gives="labels")
    )


def harden(learner: Learner, name: str) -> Learner:
    """Return the learner of a platform that trains adversarially or privately.

    The network and its settings stay as they were, and so do the steps of one trained by Adam.

    Raises:
        InputError: the platform is not a network.
    """
    if not isinstance(learner, NetworkLearner):
        raise InputError(
            f"Expected a platform that is a network for adaptive={name}, got {learner.name}. Leave "
            f"{name} out, or name a network such as cnn."
        )
    same = {key: getattr(learner, key) for key in ("model", "hidden", "epochs", "batch_size")}
    if name == "private":
        return DPAdam(**same, epsilon=PRIVACY)
    if isinstance(learner, Adam):  # at SGD's own rate a small convolutional network learns nothing
        steps = ("learning_rate", "schedule", "momentum", "weight_decay")
        same |= {"adam": True} | {key: getattr(learner, key) for key in steps}
    return AdversarialTraining(**same, radius=RADIUS, steps=3)


def replace_architecture(learner: Learner) -> SizedLearner:
    """Return the learner of a later platform: a residual network, or a small one in its place."""
    small = isinstance(learner, NetworkLearner) and learner.model == "cnn"
    return read_learner("resnet" if small else "cnn", PLATFORM_LOOKS)


def add_members(train: Table, perturbation: Perturbation, members: Table) -> Table:
    """Return what a platform retrains on: its people, and what members sent in, rightly labelled.

    Args:
        train: people it learned from.
        perturbation: change that members add.
        members: the members' own photos.
    """
    sent_in = add_perturbation(members, perturbation)
    assert train.group is not None  # people are split with groups
    assert sent_in.group is not None
    return replace(
        train,
        x=np.concatenate([train.x, sent_in.x]),
        y=np.concatenate([train.y, sent_in.y]),
        group=np.concatenate([train.group, sent_in.group]),
    )


def fit_platform(learner: Learner, people: Table, rng: Rng) -> Classifier:
    """Return the model a platform deploys."""
    learner.check(people)
    return fit_model(learner, Submission.without_collective(people), rng)
