"""A small filter and a picture that is added, the same for everyone."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from quorate.test_time.perturbations.kinds.filter import Filter
from quorate.test_time.perturbations.kinds.kind import Arrays, Labels, Pixels, Shape, Shapes


class Combined(Filter):
    """T(x) = x + w∗x + b + δ: as a filter, with ``delta`` (1, c, h, w)."""

    name: ClassVar[str] = "combined"

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return those of a filter, and one picture."""
        return [{**one, "delta": (1, *shape)} for one in super().shapes(shape, k, given)]

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return w∗x + b + δ."""
        return super().moved(arrays, x, y) + arrays["delta"]
