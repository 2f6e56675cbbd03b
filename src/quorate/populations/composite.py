"""Digits on photos: two labels, and backgrounds that are spuriously correlated with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from quorate.errors import InputError
from quorate.populations import cifar10, mnist
from quorate.populations.pictures.encoded_pictures import Pixels
from quorate.populations.pictures.image_files import hub_fingerprint, load_kinds
from quorate.protocols import Population
from quorate.spec import param
from quorate.table import Array, Labels, Rng, Split, Table
from quorate.validate import at_least, in_interval

Kinds = tuple[Pixels, ...]  # the images of each kind


@dataclass(frozen=True)
class Composite(Population):
    """MNIST digits on CIFAR-10 photos: two labels, two spuriously correlated backgrounds.

    In training, with probability ``agreement``, the first digit stands on the first kind of photo
    and the second on the second. Among people held out the four groups are equally large, as in
    Waterbirds (Sagawa, Koh, Hashimoto, Liang 2020, arXiv:1911.08731). Pairs of digit and photo
    follow MNIST-CIFAR (Shah et al. 2020, arXiv:2006.07710); the numbers are ours. Everyone is a
    fresh pair of a digit and a photo drawn with replacement; people held out come from the official
    test sets.

    Raises:
        DataUnavailableError: there are no local copies (QUORATE_DATA) and the hub is out of reach.
        InputError: a parameter is out of range, or digits or photos are not two known classes.
    """

    name: ClassVar[str] = "composite"
    layout: Literal["on", "beside"] = param(
        "on", "Whether the white digit lies on the photo (32x32 pixels) or above it (64x32)."
    )
    n: int = param(5000, "Number of training people.")
    held_out: int = param(2000, "Number of people held out as the test set.")
    digits: str = param("4/9", "The two digits, as ONE/OTHER.")
    photos: str = param("airplane/frog", "The two classes of photo, as ONE/OTHER.")
    agreement: float = param(0.95, "Probability in [0, 1] that digit and photo match in training.")
    label: Literal["digit", "photo"] = param(
        "digit", "Which of the two is predicted; the other is background."
    )

    def __post_init__(self) -> None:
        at_least("n", self.n, 1, "Use at least one person.")
        at_least("held_out", self.held_out, 1, "Use at least one person.")
        in_interval("agreement", self.agreement, 0, 1, "Use a probability such as 0.95.")
        for key in ("digits", "photos"):
            if len(set(self._kinds(key))) != 2 or len(self._kinds(key)) != 2:
                raise InputError(
                    f"Expected {key} to be two different kinds, got {getattr(self, key)!r}. Write "
                    f"{key}=ONE/OTHER."
                )

    def _kinds(self, key: str) -> tuple[str, ...]:
        return tuple(getattr(self, key).split("/"))

    def fingerprint(self) -> str | None:
        """Return a digest of local copies, None where they are as they were published."""
        return hub_fingerprint(mnist.HUB_NAME, cifar10.HUB_NAME)

    def split(self, rng: Rng) -> Split:
        """Return pairs drawn with ``rng``."""
        digits = load_kinds(mnist.HUB_NAME, "image", "label", self._kinds("digits"))
        photos = load_kinds(cifar10.HUB_NAME, "img", "label", self._kinds("photos"))
        y = rng.integers(2, size=self.n)  # (n,)
        background = np.where(rng.random(self.n) < self.agreement, y, 1 - y)  # (n,)
        train = self._people(y, background, digits[0], photos[0], rng)
        group = np.arange(self.held_out) % 4
        held_out = self._people(group // 2, group % 2, digits[1], photos[1], rng)
        return Split(train, held_out)

    def _people(
        self, y: Labels, background: Labels, digits: Kinds, photos: Kinds, rng: Rng
    ) -> Table:
        of_digit = self.label == "digit"
        digit, photo = (y, background) if of_digit else (background, y)
        x = self._pictures(_drawn(digits, digit, rng), _drawn(photos, photo, rng))
        names = self._kinds("digits"), self._kinds("photos")
        pairs = [(d, p) for d in names[0] for p in names[1]]
        if not of_digit:
            pairs = [(d, p) for p in names[1] for d in names[0]]
        groups = tuple(f"{d} {self.layout} {p}" for d, p in pairs)
        classes = names[0] if of_digit else names[1]
        return Table(x, y, classes, 2 * y + background, groups, groups_by_label=True)

    def _pictures(self, digits: Pixels, photos: Pixels) -> Array:
        """Return the digits and the photos of n people as one picture each, (n, 3, h, w)."""
        h, w = digits.shape[2:]
        down, right = (photos.shape[2] - h) // 2, (photos.shape[3] - w) // 2
        ink = np.zeros(photos.shape, dtype=np.float32)  # (n, 3, 32, 32), black around the digit
        ink[:, :, down : down + h, right : right + w] = digits
        ink /= 255
        x = photos.astype(np.float32)
        x /= 255
        if self.layout == "beside":
            return np.concatenate([ink, x], axis=2)
        return ink + (1 - ink) * x  # white, as opaque as the digit is bright


def _drawn(kinds: Kinds, kind: Labels, rng: Rng) -> Pixels:
    """Return an image of each person's kind, drawn with replacement, (n, c, h, w)."""
    places = rng.random(len(kind))  # (n,)
    found = np.empty((len(kind), *kinds[0].shape[1:]), dtype=np.uint8)
    for which, images in enumerate(kinds):
        rows = kind == which
        found[rows] = images[(places[rows] * len(images)).astype(np.int64)]
    return found
