"""The budget of a change: whole levels, under a norm. NumPy alone.

Shape letters: n images, c h w image axes.
"""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.validate import unknown

Norm = Literal["linf", "l2"]
NO_BUDGET = 1.0  # ε under L∞ within which any picture may become any other
ROUNDING = 1e-6  # of a level: 255·(33/255) falls short of 33


def check_budget(epsilon: float, norm: str) -> None:
    """Raise InputError unless the budget lets at least one level move.

    >>> check_budget(0, "linf")
    Traceback (most recent call last):
    ...
    quorate.errors.InputError: Expected epsilon=0 of at least 1/255, one level of a picture and at \
most 1. Use 8/255, say.
    """
    if norm not in get_args(Norm):
        raise unknown("norm", str(norm), get_args(Norm))
    if not (levels_of(epsilon) >= 1 and (epsilon <= 1 or norm == "l2")):
        top = "" if norm == "l2" else " and at most 1"
        raise InputError(
            f"Expected epsilon={epsilon:g} of at least 1/255, one level of a picture{top}. Use "
            "8/255, say."
        )


def is_none(epsilon: float, norm: str) -> bool:
    """Whether a budget is none: any level may become any other.

    >>> is_none(1, "linf"), is_none(8 / 255, "linf"), is_none(1, "l2")
    (True, False, False)
    """
    return norm == "linf" and epsilon >= NO_BUDGET


def levels_of(epsilon: float) -> int:
    """Return how many whole levels a budget on the pixel scale comes to; -1 where it is none.

    >>> levels_of(8 / 255), levels_of(0.02)
    (8, 5)
    """
    if not math.isfinite(epsilon):
        return -1
    return math.floor(epsilon * 255 + ROUNDING)


def within(
    moved: npt.NDArray[Any], epsilon: float, norm: Norm, counts: npt.NDArray[Any] | int = 1
) -> npt.NDArray[np.int16]:
    """Return changes in levels, (n, c, h, w), brought to whole levels within the budget.

    Changes that are whole and within it stay as they are.

    Args:
        moved: changes, (n, c, h, w).
        epsilon, norm: the budget, on the pixel scale.
        counts: how many values each one stands for in a length, (h, w).
    """
    if norm == "linf":
        most: float = levels_of(epsilon)
        whole = np.clip(np.rint(moved), -most, most)
    else:
        squares = np.square(moved, dtype=np.float64) * counts
        flat = squares.reshape(len(squares), math.prod(squares.shape[1:]))
        # One by one, in the order of the values: a browser that sums them gets the same bits.
        length = np.sqrt(np.cumsum(flat, axis=1)[:, -1])[:, None, None, None]
        most = 255 * epsilon
        shrunk = moved * (most / np.maximum(length, most))
        whole = np.trunc(np.where(length <= most + ROUNDING, moved, shrunk))
        whole = np.clip(whole, -255, 255)  # no picture can change by more
    levels: npt.NDArray[np.int16] = whole.astype(np.int16)
    return levels
