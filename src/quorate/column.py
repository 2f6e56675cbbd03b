"""A named column of a table, and how its values are encoded as features."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.validate import find_value, given_number

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Column:
    """A named column of a table, and its place among the d features.

    Args:
        name: its name in the user's file.
        start: index of its first feature.
        values: the values of a categorical column, one-hot encoded; empty for a number.
        mean, scale: a number v is stored standardised, as (v - mean) / scale.
        decimal: how the file writes numbers: "" plainly, "." with signs between thousands, as in
            1,234.5, "," with decimal commas.
    """

    name: str
    start: int
    values: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    decimal: str = ""

    @property
    def stop(self) -> int:
        """Index after its last feature."""
        return self.start + max(1, len(self.values))

    def encode(self, value: str | float) -> Array:
        """Return the features that stand for ``value``.

        >>> Column("channel", 0, ("phone", "web")).encode("web")
        array([0., 1.], dtype=float32)
        >>> Column("age", 0, mean=40, scale=10).encode(60)
        array([2.], dtype=float32)

        Raises:
            InputError: the value is not in the alphabet, or is not a finite number.
        """
        if self.values:
            at = find_value(f"value of column {self.name!r}", value, self.values)
            found: Array = np.eye(len(self.values), dtype=np.float32)[at]
            return found
        read = given_number(self.name, value, self.decimal)
        number = math.nan if read is None else (read - self.mean) / self.scale
        if not abs(number) <= float(np.finfo(np.float32).max):
            raise InputError(
                f"Expected a finite number for column {self.name!r}, got {value!r}. "
                f"Give a value on the scale of the file, such as {self.name}={self.mean:g}."
            )
        return np.array([number], dtype=np.float32)

    def rescaled(self, shift: float, scale: float) -> Column:
        """Return the column of numbers with every feature x as (x − shift)/scale.

        >>> Column("age", 0, mean=40, scale=10).rescaled(2, 0.5).encode(60)
        array([0.], dtype=float32)
        """
        return replace(self, mean=self.mean + shift * self.scale, scale=scale * self.scale)
