"""Pretrained networks that installed packages ship, whose features are kept by picture.

Shape letters: n pictures, c h w image axes, r units before the last layer.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np

from quorate.bring_your_own.handed_in import HandedIn
from quorate.errors import InputError
from quorate.extras import VISION, require
from quorate.learners.base.pretrained import FrozenNetwork
from quorate.runtime.cache import on_disk
from quorate.runtime.progress import status
from quorate.runtime.threads import load_libraries, one_thread
from quorate.table import Array, Table

if TYPE_CHECKING:
    from torch import nn

LITE0 = "efficientnet-lite0"
Shipped = Literal["efficientnet-lite0"]
UNITS, SMALLEST, LARGEST_SIDE = 1280, 32, 1024  # r, and sides of pictures in pixels
AT_ONCE = 8  # pictures in every pass, filled up with black ones: then each gets the same bits
READER = 1  # counts changes of what is computed: what an older one has cached is not taken
MOST_KEPT = 20_000  # pictures whose features stay in memory: 100 MB
KEPT_ON_DISK = 16  # pictures from which on a set of new ones is


@dataclass(frozen=True, eq=False)
class ShippedNetwork(FrozenNetwork):
    """EfficientNet-lite0, trained on ImageNet, without its last layer.

    Features of a picture are computed once, on the CPU, whoever's cell it stands in: they are kept
    by what is in the picture, in memory and on disk.

    Args:
        side: pixels that pictures are resized to; None takes them as they are.
    """

    side: int | None
    _seen: WeakKeyDictionary[Table, Table] = field(default_factory=WeakKeyDictionary)
    _kept: dict[bytes, Array] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Number of features."""
        return UNITS

    def represent(self, x: Array) -> Array:
        """Return the features of each picture, (n, 1280)."""
        keys = [hashlib.blake2b(row, digest_size=16).digest() for row in np.ascontiguousarray(x)]
        new = {key: row for row, key in enumerate(keys) if key not in self._kept}
        known = {key: self._kept[key] for key in keys if key in self._kept}
        if new:
            rows = np.ascontiguousarray(x[list(new.values())])
            known |= dict(zip(new, _found(self.side, rows), strict=True))
            for key in new:
                self._kept[key] = known[key]
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return np.stack([known[key] for key in keys]) if keys else np.empty((0, UNITS), np.float32)

    def check(self, people: Table) -> None:
        """Raise InputError unless people are pictures that the network can take.

        Raises:
            MissingPackageError: the extra ``vision`` is not installed.
        """
        needed = ("torch", *VISION)
        require("vision", f"pretrained={LITE0}", *needed, instead="Or leave pretrained out.")
        shape = people.x.shape[1:]
        if not people.is_image or shape[0] != 3:
            raise InputError(
                f"Expected pictures in colour for pretrained={LITE0}, got people of the shape "
                f"{shape}. Pre-train a network on people like these: public=POPULATION."
            )
        if self.side is None and min(shape[1:]) < SMALLEST:
            raise InputError(
                f"Expected pictures of at least {SMALLEST}x{SMALLEST} pixels for "
                f"pretrained={LITE0}, got {shape[1]}x{shape[2]}. Resize them: side=96."
            )

    def joined(self, head: nn.Module) -> nn.Module:
        """Return the network with what was trained on its features: pictures to logits."""
        from quorate.engine.efficientnet import EfficientNetLite0, WithHead

        return WithHead(EfficientNetLite0(self.side), head)

    def trained_whole(self) -> HandedIn:
        """Return the network with a fresh last layer as the ``model`` of a learner."""
        from quorate.engine.efficientnet import whole

        made = functools.partial(whole, self.side)
        return HandedIn.of(made, LITE0)


@functools.cache
def shipped(side: int | None) -> ShippedNetwork:
    """Return the network for pictures resized to a side, one for everyone in this process."""
    return ShippedNetwork(side=side)


def _found(side: int | None, x: Array) -> Array:
    """Return the features of new pictures, (n, r), from the disk where there are many."""
    return compute_features(side, x) if len(x) < KEPT_ON_DISK else np.array(_on_disk(side, x))


@on_disk
def _on_disk(side: int | None, x: Array, reader: int = READER) -> Array:
    return compute_features(side, x)


def compute_features(side: int | None, x: Array) -> Array:
    """Return the features of pictures, (n, 1280)."""
    load_libraries()
    import torch

    from quorate.engine.efficientnet import frozen
    from quorate.engine.layers import channels_last

    found = np.empty((len(x), UNITS), np.float32)
    with status(f"Looking at pictures with {LITE0}"), one_thread(), torch.no_grad():
        body = frozen(side)
        for start in range(0, len(x), AT_ONCE):
            some = x[start : start + AT_ONCE]
            batch = np.zeros((AT_ONCE, *x.shape[1:]), np.float32)
            batch[: len(some)] = some
            out = body(channels_last(torch.from_numpy(batch))).numpy()
            found[start : start + AT_ONCE] = out[: len(some)]
    return found
