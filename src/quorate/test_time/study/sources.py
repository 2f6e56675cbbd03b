"""What the words for a platform or a surrogate stand for: learners, a folder, an address, edits."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.learners.base.network_classifier import Architecture
from quorate.learners.base.network_learner import NetworkLearner
from quorate.protocols import Learner
from quorate.test_time.platforms.in_process import CARD, read_card

# Pictures that a network named by its architecture alone looks at in training, repeats counted.
PLATFORM_LOOKS = 150_000
SURROGATE_LOOKS = 50_000
MOST_EPOCHS = 60
# Words that stand in a surrogate's place: photo edits that are searched for by asking the platform
# about them; and the platform's own model, whose gradients no collective has.
EDITS, ITSELF = "edits", "itself"
# A width that trains on a CPU in minutes, and more steps, which a deep network needs.
SMALL = {"resnet": {"hidden": 8, "batch_size": 32}}


@dataclass(frozen=True)
class SizedLearner:
    """A learner, and how many pictures it sees in training; None leaves it its own epochs."""

    learner: Learner
    looks: int | None = None

    def sized(self, rows: int) -> Learner:
        """Return the learner as it trains on so many rows."""
        if self.looks is None or not isinstance(self.learner, NetworkLearner):
            return self.learner
        return replace(self.learner, epochs=min(MOST_EPOCHS, max(1, round(self.looks / rows))))


@dataclass(frozen=True)
class SavedPlatform:
    """A platform that an earlier run has left in a folder."""

    folder: Path


@dataclass(frozen=True)
class PlatformAddress:
    """A platform behind an address."""

    url: str


PlatformSource = SizedLearner | SavedPlatform | PlatformAddress


def read_source(text: str) -> PlatformSource:
    """Return the platform that a text stands for: an address, a folder, or a learner.

    A folder is named by a path, with a separator in it: a name alone is always a learner's,
    whatever the working directory holds.

    >>> read_source("http://127.0.0.1:8000")
    PlatformAddress(url='http://127.0.0.1:8000')

    Raises:
        InputError: it is none of them; the message lists the learners.
    """
    if text.startswith(("http://", "https://")):
        return PlatformAddress(text)
    folder = Path(text)
    if spec.is_path(text):
        read_card(folder)
        return SavedPlatform(folder)
    try:
        return read_learner(text, PLATFORM_LOOKS)
    except InputError as error:
        if not (folder / CARD).is_file():
            raise
        raise InputError(
            f"{error} The folder {text} of the working directory is named "
            f"{os.path.join('.', text)}."
        ) from error


@dataclass(frozen=True)
class ProxySource:
    """How a collective finds its change: by surrogates, by asking about edits, or by both.

    Args:
        learners: of the surrogates; joined by +, an ensemble.
        edits: whether photo edits are searched for by asking the platform about them; surrogates
            then say where to begin.
        itself: whether the platform's own model stands in the surrogate's place: an upper line.
    """

    learners: tuple[SizedLearner, ...] = ()
    edits: bool = False
    itself: bool = False


def read_proxy(text: str) -> ProxySource:
    """Return what a text in the surrogate's place stands for: learners, ``edits``, or ``itself``.

    >>> read_proxy("edits")
    ProxySource(learners=(), edits=True, itself=False)

    Raises:
        InputError: it is none of them, ``itself`` stands beside others, or a word has settings.
    """
    parts = [part.strip() for part in text.split("+")]
    if ITSELF in parts and len(parts) > 1:
        raise InputError(
            f"Expected {ITSELF} to stand alone, since the platform's own gradients need no other, "
            f"got {text!r}. Use proxy={ITSELF}."
        )
    for part in parts:
        if part.partition(":")[0] in (EDITS, ITSELF) and ":" in part:
            raise InputError(
                f"Expected {part.partition(':')[0]} without settings, got {part!r}. The search for "
                "photo edits takes its own: search=method=halving, say."
            )
    named = [part for part in parts if part not in (EDITS, ITSELF)]
    learners = tuple(read_learner(part, SURROGATE_LOOKS) for part in named)
    return ProxySource(learners, edits=EDITS in parts, itself=ITSELF in parts)


def read_learner(text: str, looks: int) -> SizedLearner:
    """Return the learner that a text stands for: one of the catalog, or an architecture.

    An architecture is trained by Adam with a falling step size, on as many pictures as ``looks``
    says unless its epochs are named.

    >>> read_learner("cnn:batch_size=64", 1000).learner.model
    'cnn'
    >>> read_learner("forest", 1000).looks is None
    True

    Raises:
        InputError: it is neither.
    """
    name = text.strip().partition(":")[0]
    if name not in get_args(Architecture):
        return SizedLearner(catalog.rebuild("learners", text))
    given = spec.parse(text)
    if "model" in given:
        raise InputError(
            f"Expected the architecture before the colon only, got model={given['model']} in "
            f"{text!r}. Leave it out, or write adam:model={given['model']}."
        )
    plain = {"learning_rate": "0.002", "schedule": "cosine", **SMALL.get(name, {})}
    plain |= {**given, "name": "adam", "model": name}
    learner = catalog.build("learners", plain)
    return SizedLearner(learner, None if "epochs" in given else looks)
