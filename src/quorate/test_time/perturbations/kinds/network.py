"""A small convolutional network, the same for everyone.

Shape letters: n images, c o i channels, h w image axes, s side of a filter, T + 1 of the table.
"""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.test_time.perturbations.kinds.kind import (
    MOST_WORK,
    Arrays,
    Kind,
    Labels,
    Pixels,
    Shape,
    Shapes,
)
from quorate.test_time.perturbations.whole_network import (
    LAST,
    MOST_SHIFT,
    MOST_SUM,
    TOP,
    WHITE,
    WholeNetwork,
    tanh_table,
)

MOST_WEIGHTS = 50_000  # of all layers, biases included
MOST_LAYERS = 8
MOST_SIDE = 15  # of a filter, in pixels
TYPES = {"weight": np.int8, "bias": np.int32, "shift": np.int8, "tanh": np.int16}


class Network(Kind):
    """T(x) = x + top·tanh(h(x)), h convolutional, in whole numbers (``whole_network``).

    ``{i}.weight`` int8 (o, i, s, s), ``{i}.bias`` int32 (o,) and ``{i}.shift`` int8 (o,) of layer
    i = 0, 1, ...; ``tanh`` int16 (1025,).
    """

    name: ClassVar[str] = "network"
    file_format: ClassVar[int] = 2
    most: ClassVar[float] = MOST_SUM
    is_smooth: ClassVar[bool] = True

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return the layers that are given, where each takes what the one before it gives.

        Raises:
            InputError: it has too many weights, sees further than such images, or takes too long.
        """
        c, h, w = shape
        depth = sum(name.endswith(".weight") for name in given)
        weights = [given.get(f"{at}.weight", ()) for at in range(depth)]
        if not 1 <= depth <= MOST_LAYERS or any(len(one) != 4 for one in weights):
            return []
        channels = [c, *(one[0] for one in weights)]
        sides = [one[-1] for one in weights]
        wanted: Shapes = {"tanh": (LAST + 1,)}
        count = 0
        for at, (before, after) in enumerate(itertools.pairwise(channels)):
            wanted[f"{at}.weight"] = (after, before, sides[at], sides[at])
            wanted[f"{at}.bias"] = wanted[f"{at}.shift"] = (after,)
            count += after * (before * sides[at] ** 2 + 1)
        odd = all(side % 2 and 1 <= side <= MOST_SIDE for side in sides)
        if not odd or channels[-1] != c or wanted != given:
            return []
        seen = 1 + sum(side - 1 for side in sides)
        if count > MOST_WEIGHTS:
            raise InputError(
                f"Expected a network of at most {MOST_WEIGHTS:,} weights, got {count:,}. Use fewer "
                "channels or layers."
            )
        if min(h, w) < seen:
            raise InputError(
                f"Expected a network that sees no further than its images of {w} x {h}, got one "
                f"that sees {seen} x {seen}. Use smaller filters or larger images."
            )
        if count * h * w > MOST_WORK:
            raise InputError(
                f"Expected at most {MOST_WORK:,} products of a network for one image, got "
                f"{count * h * w:,}. Use a smaller one, or smaller images."
            )
        return [wanted]

    def problem(self, arrays: Arrays, shape: Shape) -> str | None:
        """Return what is wrong: other types, sums that a float would round, or another table."""
        for name, array in arrays.items():
            wanted = np.dtype(TYPES[name.rpartition(".")[2]])
            if array.dtype != wanted:
                return f"Expected {name} of a network as {wanted}, got {array.dtype}."
        network, top = WholeNetwork.of(arrays), WHITE
        for at, layer in enumerate(network.layers):
            if (largest := layer.largest_sum(top)) >= MOST_SUM:
                return (
                    f"Expected sums below {MOST_SUM:,} in layer {at} of a network, which every "
                    f"machine adds alike, got up to {largest:,}."
                )
            if np.abs(layer.shift.astype(np.int64)).max() > MOST_SHIFT:
                return f"Expected shifts of up to {MOST_SHIFT} in layer {at} of a network."
            top = TOP
        table = network.tanh.astype(np.int64)
        top = int(table[-1])
        near = 0 <= top <= WHITE and np.abs(table - tanh_table(top)).max() <= 1
        if not near or table[0] != 0 or np.diff(table).min() < 0:
            return "Expected the table of tanh in a network, of 0 to 255 levels, got another."
        return None

    def needs_colour(self, arrays: Arrays) -> bool:
        """Return whether it was made for colours: it has never seen a grey picture then."""
        return len(arrays["0.weight"][0]) > 1

    def smallest(self, arrays: Arrays) -> tuple[int, int]:
        """Return the side of the field of view."""
        side = 2 * WholeNetwork.of(arrays).margin + 1
        return side, side

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return top·tanh(h(x)), whatever the labels are."""
        return WholeNetwork.of(arrays).change(x)
