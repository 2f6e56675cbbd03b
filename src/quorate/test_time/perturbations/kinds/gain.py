"""A gain and a bias of each channel."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate.test_time.perturbations.kinds.kind import Arrays, Kind, Labels, Pixels, Shape, Shapes


class Gain(Kind):
    """T(x)_j = g_j·x_j + b_j of channel j, with ``gain`` and ``bias`` (c,)."""

    name: ClassVar[str] = "gain"

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return one of each a channel."""
        return [{"gain": shape[:1], "bias": shape[:1]}]

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return (g − 1)x + b."""
        gain = arrays["gain"].astype(np.float32)[:, None, None]  # (c, 1, 1)
        bias = arrays["bias"].astype(np.float32)[:, None, None]
        return (gain - 1) * x.astype(np.float32) + bias
