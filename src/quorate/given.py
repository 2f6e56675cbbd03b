"""How people's data were given: a way back from features to rows and labels as the user had them.

Features are how *our* networks see people: numbers standardised, names one-hot encoded. A user's
own pipeline, and every learner that knows categories, is to see what the user had.

>>> from quorate.table import Column, Table
>>> columns = Column("age", 0, mean=40, scale=10), Column("job", 1, ("nurse", "smith"))
>>> people = Table(np.float32([[2, 1, 0], [0.5, 0, 1]]), np.array([1, 0]), ("no", "yes"),
...                columns=columns)
>>> print(given_of(people).rows(people.x))
    age    job
0  60.0  nurse
1  45.0  smith
>>> given_of(people).labels(people.y).tolist(), given_of(people).read_labels(["no", "yes"]).tolist()
(['yes', 'no'], [0, 1])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from quorate.column import Array, Column
from quorate.errors import InputError
from quorate.given_column import GivenColumn, take
from quorate.validate import listed, match_value, shown

Form = Literal["pandas", "polars", "array"]


class People(Protocol):
    """What is asked of a table of people."""

    @property
    def x(self) -> Array: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def given(self) -> Given | None: ...


@dataclass(frozen=True)
class GivenPixels:
    """How pictures were given.

    Args:
        low, high: the values that are 0 and 1 on the pixel scale.
        dtype: of the array.
        axes: of one picture: "chw", "hwc" or, of grey ones without channels, "hw".
    """

    low: float = 0.0
    high: float = 1.0
    dtype: str = "float32"
    axes: Literal["chw", "hwc", "hw"] = "chw"

    def read(self, x: Array) -> npt.NDArray[Any]:
        """Return pictures (n, c, h, w) on the pixel scale as they were given."""
        found: npt.NDArray[Any] = x
        if (self.low, self.high) != (0.0, 1.0):
            found = x * np.float64(self.high - self.low) + self.low
        if np.dtype(self.dtype).kind in "iu":
            found = np.rint(found)
        found = found.astype(self.dtype, copy=False)
        if self.axes == "hw":
            return found[:, 0]
        return found if self.axes == "chw" else found.transpose(0, 2, 3, 1)


@dataclass(frozen=True, eq=False)
class Given:
    """How people's data were given.

    Args:
        names: of the labels, as the table has them; k.
        label_values: the labels themselves, (k,), an array or a series in the user's own type.
        columns: of a table, in the user's order; empty for pictures.
        form: what the rows of a table are: a data frame of pandas or polars, or an array.
        pixels: of pictures; None for a table.
        label: the name of the labels' column, if it has one.
    """

    names: tuple[str, ...]
    label_values: Any
    columns: tuple[GivenColumn, ...] = ()
    form: Form = "pandas"
    pixels: GivenPixels | None = None
    label: Any = None

    def rows(self, x: Array) -> Any:
        """Return what features stand for, as the user had it.

        Every value that stood in the user's data comes back as it was, its type included, as long
        as its feature tells it apart from the others. A value that a collective planted comes back
        as the simplest one that is encoded so.

        Args:
            x: features (n, d), or images (n, c, h, w) on the pixel scale [0, 1].

        Returns:
            A data frame with n rows, or an array of n rows; pictures as an array.
        """
        if self.pixels is not None:
            return self.pixels.read(x)
        if not self.columns:
            return x
        read = {one.name: one.read(x) for one in self.columns}
        if self.form == "array":
            return np.stack(list(read.values()), axis=1)
        if self.form == "polars":
            import polars as pl

            return pl.DataFrame(read)
        import pandas as pd

        frame = pd.concat(read.values(), axis=1)
        frame.columns = pd.Index(list(read))
        return frame

    def labels(self, y: npt.NDArray[np.int64]) -> Any:
        """Return labels, (n,), as the user had them: a series beside a frame, else an array."""
        found = take(self.label_values, y)
        if self.form != "pandas" or not self.columns:
            return found
        import pandas as pd

        return pd.Series(found, name=self.label)

    def read_labels(self, answers: Any, who: str = "the model") -> npt.NDArray[np.int64]:
        """Return the index of each label that something of the user's own answered, (n,).

        1, 1.0, True and "1" are one label, unless the user's data tell them apart.

        Args:
            answers: labels, (n,).
            who: has answered, in words.

        Raises:
            InputError: the answers are no labels, or not one a row.
        """
        found = np.asarray(answers)
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        if found.ndim != 1:
            raise InputError(
                f"Expected one label a row from {who}, got shape {found.shape}. Return labels, "
                "such as those of predict, not probabilities."
            )
        at = {value: i for i, value in enumerate(_as_list(self.label_values))}
        return np.array([self._index(one, at, who) for one in found.tolist()], dtype=np.int64)

    def _index(self, answer: Any, at: dict[Any, int], who: str) -> int:
        try:
            if answer in at:
                return at[answer]
        except TypeError:  # not hashable
            pass
        found = match_value("label", answer, self.names)
        if found is None:
            raise InputError(
                f"Expected labels among {listed(self.names)} from {who}, got "
                f"{shown(answer, 40)}. Return labels as they stand in the data."
            )
        at[answer] = found
        return found

    def rescaled(self, by: Mapping[str, tuple[float, float]]) -> Given:
        """Return the same data with features x of a column as (x − shift)/scale.

        Args:
            by: shift and scale, by the names of columns of numbers.
        """
        columns = tuple(
            one.rescaled(*by[one.column.name]) if one.column.name in by else one
            for one in self.columns
        )
        return replace(self, columns=columns)

    def fits(self, people: People) -> Given:
        """Return the same data as these people are encoded, who may have been changed since."""
        given, names = self, people.classes
        if names != self.names:
            given = replace(self, names=names, label_values=_named(names), label=None)
        if people.x.ndim == 4:
            return replace(given, columns=(), pixels=self.pixels or GivenPixels())
        encoded = tuple(one for each in self.columns for one in (each.column, each.gaps) if one)
        if people.columns == encoded:
            return given
        now = {one.name: one for one in people.columns}
        known = {one.column.name: one for one in self.columns}
        gaps = {one.gaps.name: one for one in self.columns if one.gaps is not None}
        columns = []
        for column in people.columns:
            if column.name in known:
                of = known[column.name]
                columns.append(of.on(column, now.get(of.gaps.name) if of.gaps else None))
            elif column.name not in gaps or gaps[column.name].column.name not in now:
                columns.append(GivenColumn.of(column))
        return replace(given, columns=tuple(columns), pixels=None)


def given_of(people: People) -> Given:
    """Return how people's data were given.

    Where nothing is kept of that, as of the populations that come along, a table is a data frame
    with the names of the columns, text as text and numbers on the scale of the file; images are
    an array (n, c, h, w) on [0, 1], and labels their names.
    """
    given = people.given
    if given is None:
        given = Given(people.classes, _named(people.classes))
    return given.fits(people)


def _named(names: tuple[str, ...]) -> npt.NDArray[np.object_]:
    return np.array(names, dtype=object)


def _as_list(values: Any) -> list[Any]:
    found: list[Any] = values.to_list() if hasattr(values, "to_list") else values.tolist()
    return found
