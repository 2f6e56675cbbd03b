"""What a family of perturbations is: the arrays it keeps, and what they do to a picture.

Shape letters: n images, k labels, c h w image axes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Arrays = Mapping[str, npt.NDArray[Any]]
Shape = tuple[int, int, int]
Shapes = dict[str, tuple[int, ...]]
MOST_LEVELS = 1e6  # of any value of an array: far beyond what a picture could show
MOST_WORK = 10**10  # multiplications of a family on one image trained for: some seconds


class Kind(ABC):
    """One family of perturbations, T: pictures to pictures.

    Class attributes:
        name: as a file names it.
        file_format: the first format of files that knows it.
        most: largest absolute value of any of its arrays.
        is_smooth: whether a change without a budget is brought to larger pictures smoothly, rather
            than in blocks.
    """

    name: ClassVar[str]
    file_format: ClassVar[int] = 1
    most: ClassVar[float] = MOST_LEVELS
    is_smooth: ClassVar[bool] = False

    @abstractmethod
    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return what the arrays may be like; nothing where a limit is passed.

        Args:
            shape: (c, h, w) of the images.
            k: number of labels.
            given: the arrays' shapes, of which free sizes are taken, such as the side of a filter.
        """

    def problem(self, arrays: Arrays, shape: Shape) -> str | None:
        """Return what is wrong with arrays of good shapes, "Expected ..., got ...."; None if fine.

        Args:
            arrays: the parameters, which may come from a stranger's file.
            shape: (c, h, w) of the images.
        """
        return None

    def is_label_free(self, arrays: Arrays) -> bool:
        """Return whether everyone makes the same change, so that it cannot carry the label."""
        return True

    def smallest(self, arrays: Arrays) -> tuple[int, int]:
        """Return the height and width, in pixels, of the smallest picture that it can change."""
        return (1, 1)

    def needs_colour(self, arrays: Arrays) -> bool:
        """Return whether it is for pictures in colour alone, so that grey ones are refused."""
        return False

    def steps(self, arrays: Arrays) -> list[tuple[str, str]]:
        """Return each step's name and how a member could do it by hand; none where they cannot."""
        return []

    def curves(self, arrays: Arrays, counts: npt.NDArray[np.int64]) -> Pixels | None:
        """Return what each level becomes in a picture of any size, (c, 256), before the budget.

        None where a value's place, or those around it, matter as well.

        Args:
            arrays: the parameters.
            counts: how many values of the picture have each level, (c, 256).
        """
        return None

    @abstractmethod
    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return T(x) − x in levels of 255, (n, c, h, w), before the budget.

        Args:
            arrays: the parameters.
            x: images, (n, c, h, w).
            y: labels, (n,).
        """
