"""A short pipeline of photo edits, whose steps a member could do by hand."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.test_time.edits.pipeline import (
    check_arrays,
    curves_of,
    edit_names,
    pipeline_in,
    shapes_of_edits,
)
from quorate.test_time.perturbations.kinds.kind import Arrays, Kind, Labels, Pixels, Shape, Shapes


class PhotoEdit(Kind):
    """T(x) is x edited step by step, with ``{i}.{edit}.{table}`` for each step's tables."""

    name: ClassVar[str] = "edit"
    file_format: ClassVar[int] = 2
    is_smooth: ClassVar[bool] = True

    def shapes(self, shape: Shape, k: int, given: Shapes) -> list[Shapes]:
        """Return those of the edits that the names speak of.

        Raises:
            InputError: an edit is not known, there are too many, or they are not for such pictures.
        """
        return [shapes_of_edits(edit_names(list(given)), shape)]

    def problem(self, arrays: Arrays, shape: Shape) -> str | None:
        """Return None where every table is what its parameters give.

        Raises:
            InputError: a parameter is out of range, or a table is not what they give.
        """
        check_arrays(arrays, shape)
        return None

    def needs_colour(self, arrays: Arrays) -> bool:
        """Return whether one of the edits is of colours."""
        return pipeline_in(arrays).needs_colour

    def steps(self, arrays: Arrays) -> list[tuple[str, str]]:
        """Return each edit's text, and what a phone's editor calls it."""
        edits = pipeline_in(arrays).edits
        return [(spec.text(one), one.by_hand) for one in edits]

    def curves(self, arrays: Arrays, counts: npt.NDArray[np.int64]) -> Pixels | None:
        """Return the curves that edits of tone come to."""
        return curves_of(pipeline_in(arrays), counts, arrays)

    def moved(self, arrays: Arrays, x: Pixels, y: Labels) -> npt.NDArray[Any]:
        """Return what the edits change."""
        return pipeline_in(arrays).apply(x, arrays).astype(np.int16) - x
