"""A platform inside this process: any fitted classifier, asked as a black box."""

from __future__ import annotations

import io
import json
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from quorate.errors import InputError, reason
from quorate.protocols import Classifier, ScoredClassifier
from quorate.runtime.files import write_files
from quorate.spec import content_id
from quorate.test_time.platforms.platform import (
    Answers,
    Card,
    Gives,
    Pixels,
    check_questions,
    to_features,
)

MODEL, CARD = "model.pickle", "card.json"
ROOMS = {  # of quorate.learners, and the modules that stood beside them when older models were kept
    "base": "pretrained private_trees random_trees recorded scikit_learner",
    "networks": "adam adversarial_training fine_tuned label_smoothing sgd",
    "reweighting": "chi2_dro cvar_dro group_dro importance_weighted jtt lff lisa",
    "private": "dp_adam dp_boosting dp_forest dp_sgd",
    "scikit": "boosting forest knn logistic naive_bayes scikit_learn svm tree",
    "defences": "early_stopping knn_cleaning loss_trimming robust_aggregation spectral_signatures",
    "theoretical": "coarsened worst_case",
}
MOVED = {stem: f"{room}.{stem}" for room, stems in ROOMS.items() for stem in stems.split()}
MOVED |= {"networks": "base.network_classifier"}
RENAMED = {
    "_Coarse": "_CoarsenedModel",
    "_CoarseScores": "_CoarsenedScores",
    "Lookup": "LookupClassifier",
}


class InProcessPlatform:
    """A classifier that is asked as a black box, with the platform's own meter.

    Args:
        model: the deployed model.
        card: the platform's own description.

    Raises:
        InputError: the card promises scores and the model knows labels alone.
    """

    def __init__(self, model: Classifier, card: Card) -> None:
        if card.gives == "scores" and not isinstance(model, ScoredClassifier):
            raise InputError(
                f"Expected a platform that knows scores, got {type(model).__name__}, which knows "
                "labels alone. Use answers=labels, or another platform."
            )
        self.model = model
        self._card = card
        self.asked: Counter[str] = Counter()  # rows answered, by key

    @property
    def card(self) -> Card:
        """What the platform says of itself."""
        return self._card

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return what the model says of each image; every row counts.

        Raises:
            InputError: the images are not of the platform's shape, or not of 8 bits.
        """
        check_questions(x, keys, self.card)
        self.asked.update(keys)
        if self.card.gives == "labels":
            return Answers(self.model.predict(to_features(x)))
        assert isinstance(self.model, ScoredClassifier)  # checked when it was made
        scores = self.model.probabilities(to_features(x))
        return Answers(scores.argmax(axis=1), scores)


def make_card(
    describes: dict[str, Any], classes: tuple[str, ...], shape: Sequence[int], gives: Gives
) -> Card:
    """Return a card whose id is the content of ``describes``: all that decides the answers."""
    c, h, w = shape
    plain = {**describes, "classes": list(classes), "shape": [c, h, w]}
    return Card(content_id(plain)[:16], classes, (c, h, w), gives)


def save_platform(folder: str | Path, model: Classifier, card: Card, **about: Any) -> None:
    """Keep a deployed model in a folder: the model as a pickle, and its card.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    write_files(Path(folder), platform_files(model, card, **about), "save it again")


def platform_files(model: Classifier, card: Card, **about: Any) -> dict[str, bytes]:
    """Return the files of a platform's folder, the card last: where it is, all is there."""
    plain = {
        "id": card.id,
        "classes": list(card.classes),
        "shape": list(card.shape),
        "gives": card.gives,
        "about": about,
    }
    written = json.dumps(plain, indent=1, ensure_ascii=False).encode()
    return {MODEL: pickle.dumps(model), CARD: written}


class _Unpickler(pickle.Unpickler):
    """Reads a model, also one that names its classes by the modules they stood in before."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the class of a name, from where it is now."""
        package, _, stem = module.rpartition(".")
        if package == "quorate.learners":
            module = f"{package}.{MOVED.get(stem, stem)}"
            name = RENAMED.get(name, name)
        return super().find_class(module, name)


def load_platform(folder: str | Path, gives: Gives | None = None) -> InProcessPlatform:
    """Return the platform in a folder. A pickle can run code: load your own folders only.

    Args:
        folder: folder that ``save_platform`` has written.
        gives: labels or scores; by default as it was saved.

    Raises:
        InputError: there is no platform, or its files are damaged.
    """
    folder = Path(folder)
    card = read_card(folder)
    try:
        model = _Unpickler(io.BytesIO((folder / MODEL).read_bytes())).load()
        if not callable(getattr(model, "predict", None)):
            raise ValueError(f"{type(model).__name__}, which is no model")
    except Exception as error:  # a damaged pickle raises whatever its damage leads to
        raise _no_platform(folder, error) from error
    return InProcessPlatform(model, card if gives is None else replace(card, gives=gives))


def read_card(folder: str | Path) -> Card:
    """Return the card of the platform in a folder; the model is not looked at.

    Raises:
        InputError: there is no platform, or its card is damaged.
    """
    try:
        plain = json.loads((Path(folder) / CARD).read_text(encoding="utf-8"))
        c, h, w = plain["shape"]
        if plain["gives"] not in get_args(Gives):
            raise ValueError(f"a platform that gives {plain['gives']}")
        return Card(plain["id"], tuple(plain["classes"]), (c, h, w), plain["gives"])
    except Exception as error:  # it may hold anything
        raise _no_platform(folder, error) from error


def _no_platform(folder: str | Path, error: Exception) -> InputError:
    return InputError(
        f"Expected a platform in {folder} ({CARD} and {MODEL}), got: {reason(error)}. quorate "
        "correct leaves one in the folder platform of its --out."
    )
