"""A picture that is added, one per class or one for everyone."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.test_time.perturbations.kinds.kind import Arrays, Kind, Labels, Pixels, Shape, Shapes


class Additive(Kind):
    """T(x) = x + δ_y, with ``delta`` (k, c, h, w); or (1, c, h, w) where label-free."""

    name: ClassVar[str] = "additive"

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return one picture a class, or one for everyone."""
        return [{"delta": (count, *shape)} for count in (k, 1)]

    def is_label_free(self, arrays: Arrays) -> bool:
        """Return whether there is but one picture."""
        return len(arrays["delta"]) == 1

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return δ_y."""
        delta = arrays["delta"]
        return delta[np.zeros_like(y) if len(delta) == 1 else y]
