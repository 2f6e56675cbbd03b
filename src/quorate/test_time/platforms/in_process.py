"""A platform inside this process: any fitted classifier, asked as a black box."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from quorate.errors import InputError, MissingPackageError, reason
from quorate.plain import read_json
from quorate.protocols import Classifier, ScoredClassifier
from quorate.runtime.files import write_files
from quorate.spec import content_id
from quorate.test_time.platforms.model_files import ESTIMATOR, MODEL, read_model, write_model
from quorate.test_time.platforms.older_models import PICKLE, read_pickle, refused
from quorate.test_time.platforms.platform import (
    Answers,
    Card,
    Gives,
    Pixels,
    check_questions,
    to_features,
)

CARD = "card.json"
MOST_NUMBERS = 2**26  # of a picture, channels counted
MOST_BYTES = {CARD: 2**24, MODEL: 2**32, ESTIMATOR: 2**32}  # of a file that is read


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


def has_card(folder: Path) -> bool:
    """Whether a folder holds a platform."""
    return (folder / CARD).is_file()


def save_platform(folder: str | Path, model: Classifier, card: Card, **about: Any) -> None:
    """Keep a deployed model in a folder: the model as files that hold no code, and its card.

    Raises:
        InputError: the model is not made of quorate's own models and scikit-learn's.
        StoreError: the folder cannot be written, or the disk is full.
    """
    files = platform_files(write_model(model), card, **about)
    write_files(Path(folder), files, "save it again", "a platform", has_card)


def platform_files(files: Mapping[str, bytes], card: Card, **about: Any) -> dict[str, bytes]:
    """Return the files of a platform's folder, the card last: where it is, all is there.

    Args:
        files: those of the model, by name; none where it cannot be kept.
        card: what the platform says of itself.
        about: more plain data for the card.
    """
    plain = {
        "id": card.id,
        "classes": list(card.classes),
        "shape": list(card.shape),
        "gives": card.gives,
        "files": {name: _digest(content) for name, content in files.items()},
        "about": about,
    }
    written = json.dumps(plain, indent=1, ensure_ascii=False).encode()
    return {**files, CARD: written}


def load_platform(
    folder: str | Path, gives: Gives | None = None, trust: bool = False
) -> InProcessPlatform:
    """Return the platform in a folder. Nothing in the folder can run, unless it is trusted.

    Args:
        folder: folder that ``save_platform`` has written.
        gives: labels or scores; by default as it was saved.
        trust: whether to read a model that an older version has kept as a pickle, which can run
            code, and to write it anew.

    Raises:
        InputError: there is no platform, its files are damaged, or it is not trusted.
    """
    folder = Path(folder)
    card = read_card(folder)
    if is_pickled(folder):
        if not trust:
            raise refused(folder)
        renew(folder)
    try:
        model = read_model(_read_files(folder), card)
    except MissingPackageError:
        raise
    except Exception as error:  # what is damaged raises whatever its damage leads to
        raise _no_platform(folder, error) from error
    return InProcessPlatform(model, card if gives is None else replace(card, gives=gives))


def is_pickled(folder: Path) -> bool:
    """Whether a folder holds a model of an older version alone, which can run code."""
    return not (folder / MODEL).exists() and (folder / PICKLE).exists()


def is_kept(folder: Path) -> bool:
    """Whether a folder holds a model beside its card; not where it is of a user's own class."""
    return (folder / MODEL).exists() or (folder / PICKLE).exists()


def renew(folder: Path) -> None:
    """Read a model that an older version has kept, whatever code is in it, and write it anew.

    Raises:
        InputError: it is damaged, or not made of quorate's own models and scikit-learn's.
        StoreError: the folder cannot be written, or the disk is full.
    """
    about = read_about(folder)
    save_platform(folder, read_pickle(folder), read_card(folder), **about)
    (folder / PICKLE).unlink()


def _read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a model, which are those that the card knows."""
    plain = _read_plain(folder)
    if not plain.get("files"):
        raise ValueError(
            "a card without a model, which was of a class of its maker's own. Name its learner"
        )
    found = {}
    for name in {MODEL, ESTIMATOR} & set(plain["files"]):
        found[name] = _read(folder / name)
        if _digest(found[name]) != plain["files"][name]:
            raise ValueError(f"another {name} than the card is of")
    return found


def kept_files(folder: Path) -> dict[str, bytes]:
    """Return the files of the platform in a folder by name: what ``load_platform`` reads.

    Raises:
        InputError: there is no platform, its files are damaged, or it is not trusted.
    """
    if is_pickled(folder):
        raise refused(folder)
    try:
        model = _read_files(folder) if is_kept(folder) else {}
        return {**model, CARD: _read(folder / CARD)}
    except Exception as error:  # what is damaged raises whatever its damage leads to
        raise _no_platform(folder, error) from error


def kept_bytes(folder: Path) -> int:
    """Return the size of these files; 0 where there are none."""
    files = (folder / name for name in MOST_BYTES)
    return sum(file.stat().st_size for file in files if file.is_file())


def _read_plain(folder: str | Path) -> dict[str, Any]:
    """Return what the card of a platform says, as plain data."""
    plain = read_json(_read(Path(folder) / CARD))
    if not isinstance(plain, dict):
        raise ValueError(f"{CARD}, which is no card")
    return plain


def _read(path: Path) -> bytes:
    """Return the bytes of a file; not of a device or a pipe, which may have no end."""
    if path.exists() and not path.is_file():
        raise ValueError(f"{path.name}, which is no file")
    if path.stat().st_size > MOST_BYTES[path.name]:
        raise ValueError(f"{path.name} of more than {MOST_BYTES[path.name]:,} bytes")
    return path.read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_card(folder: str | Path) -> Card:
    """Return the card of the platform in a folder; the model is not looked at.

    Raises:
        InputError: there is no platform, or its card is damaged.
    """
    try:
        plain = _read_plain(folder)
        c, h, w = plain["shape"]
        if not 0 < c * h * w <= MOST_NUMBERS or min(c, h, w) < 1:
            raise ValueError(f"images of the shape {c}, {h}, {w}")
        if not all(isinstance(one, str) for one in (plain["id"], *plain["classes"])):
            raise ValueError("an id or a class that is no text")
        if plain["gives"] not in get_args(Gives):
            raise ValueError(f"a platform that gives {plain['gives']}")
        return Card(plain["id"], tuple(plain["classes"]), (c, h, w), plain["gives"])
    except Exception as error:  # it may hold anything
        raise _no_platform(folder, error) from error


def read_about(folder: str | Path) -> dict[str, Any]:
    """Return what else a platform's card says: the people it was trained on, its learner, ...

    Raises:
        InputError: there is no platform, or its card is damaged.
    """
    try:
        return dict(_read_plain(folder).get("about", {}))
    except Exception as error:  # it may hold anything
        raise _no_platform(folder, error) from error


def _no_platform(folder: str | Path, error: Exception) -> InputError:
    return InputError(
        f"Expected a platform in {folder} ({CARD} and {MODEL}), got: {reason(error)}. quorate "
        "correct leaves one in the folder platform of its --out."
    )
