"""The content of data that were handed in: packed small, and encoded when it is asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.given import Given, GivenPixels
from quorate.populations.own.distinct_column import DistinctColumn, content_of
from quorate.populations.own.parts import Part
from quorate.populations.tables.table_files import MOST_LABELS, missing_values
from quorate.table import Column, Table
from quorate.validate import listed

CHANNELS = (1, 2, 3, 4)
MOST_GRADES = 20  # labels such as 3.5; more numbers with fractions are a quantity


@dataclass(frozen=True, eq=False)
class HandedPeople:
    """People as they were handed in.

    Args:
        columns: of a table; empty for pictures.
        pictures: (n, c, h, w) in the user's own type and on the user's own scale; None for a table.
        pixels: how pictures were given.
        labels, groups: of everyone; groups may be None.
        names: of the labels, in the order of their values.
        label: what the labels are called, if they have a name.
        form: of the rows, as in ``Given``.
        n_train: the first so many are to learn from, the others held out; None where that is drawn.
        content_digest: of all this, 64 bits in hex.
    """

    columns: tuple[DistinctColumn, ...]
    pictures: npt.NDArray[Any] | None
    pixels: GivenPixels | None
    labels: DistinctColumn
    groups: DistinctColumn | None
    names: tuple[str, ...]
    label: Any
    form: Any
    n_train: int | None
    content_digest: str

    @classmethod
    def of(cls, part: Part, held_out: Part | None) -> HandedPeople:
        """Return people whose data were read.

        Raises:
            InputError: a label is missing, there are too few or too many, a column cannot be
                encoded, or those held out have other columns.
        """
        n_train = None if held_out is None else len(part)
        both = part if held_out is None else _joined(part, held_out)
        labels = _names_of(both.y, both.label if both.label is not None else "y")
        groups = None if both.group is None else _names_of(both.group, "group")
        columns: tuple[DistinctColumn, ...] = ()
        pictures = pixels = None
        rows, form = both.rows, "array"
        if isinstance(rows, np.ndarray) and rows.ndim > 2:
            pictures, pixels = _pictures(rows)
        elif isinstance(rows, np.ndarray):
            columns = tuple(DistinctColumn.of(rows[:, j], f"x{j}") for j in range(rows.shape[1]))
        else:
            form = "pandas" if hasattr(rows, "iloc") else "polars"
            columns = tuple(DistinctColumn.of(rows[name], name) for name in rows.columns)
        parts = (*columns, pictures, labels, groups, np.array([n_train or 0]))
        return cls(
            columns,
            pictures,
            pixels,
            labels,
            groups,
            _class_names(labels, both.names),
            both.label,
            form,
            n_train,
            content_of(*parts),
        )

    def __len__(self) -> int:
        return len(self.labels.codes)

    @functools.cached_property
    def everyone(self) -> Table:
        """Everyone as features, numbers standardised over all of them."""
        how = Given(self.names, self.labels.values, (), self.form, self.pixels, self.label)
        y = self.labels.codes.astype(np.int64)
        people: dict[str, Any] = {}
        if self.groups is not None:
            people["group"] = self.groups.codes.astype(np.int64)
            people["groups"] = tuple(self.groups.spelt)
        if self.pictures is not None and self.pixels is not None:
            low, high = self.pixels.low, self.pixels.high
            x = ((self.pictures - np.float64(low)) / (high - low)).astype(np.float32)
            return Table(x, y, self.names, notes=self.notes, given=how, **people)
        blocks, given = [], []
        columns: list[Column] = []
        start = 0
        for one in self.columns:
            block, its, column = one.encode(start)
            start += block.shape[1]
            blocks.append(block)
            columns += its
            given.append(column)
        how = replace(how, columns=tuple(given))
        x = np.concatenate(blocks, axis=1)
        return Table(
            x, y, self.names, columns=tuple(columns), notes=self.notes, given=how, **people
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading the data did, in words."""
        found = []
        gaps = [f"{one.missing:,} in {str(one.name)!r}" for one in self.columns if one.missing]
        if gaps:
            found.append(
                f"Missing values: {listed(gaps)}. A model of your own gets them as they are; for "
                "others a missing number stands at the mean, beside a column that says so, and a "
                "missing name is a value of its own."
            )
        if self.pixels is not None and (self.pixels.low, self.pixels.high) not in (
            (0, 1),
            (0, 255),
        ):
            found.append(
                f"Pictures with values from {self.pixels.low:.4g} to {self.pixels.high:.4g} stand "
                "on a scale from 0 to 1. A model of your own gets them as they are."
            )
        return tuple(found)

    def __getstate__(self) -> dict[str, Any]:
        """Return what is packed: not the features, which can be made anew."""
        return {key: value for key, value in vars(self).items() if key != "everyone"}


def _names_of(values: Any, name: Any) -> DistinctColumn:
    """Return labels or groups of everyone."""
    found = DistinctColumn.of(values, name, holds_names=True)
    if found.missing:
        raise missing_values(str(name), found.missing, len(found.codes))
    return found


def _class_names(labels: DistinctColumn, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the labels, in the order of their values."""
    spelt = tuple(labels.spelt)
    if not 2 <= len(spelt) <= MOST_LABELS:
        got = f"{len(spelt)}" + (f", {spelt[0]!r}" if len(spelt) == 1 else "")
        raise InputError(
            f"Expected between 2 and {MOST_LABELS} labels in {str(labels.name)!r}, got {got}. "
            "Name the column of the labels, or bin this one first."
        )
    values = np.asarray(labels.values)
    if len(spelt) > MOST_GRADES and values.dtype.kind == "f" and (values % 1 != 0).any():
        raise InputError(
            f"Expected labels in {str(labels.name)!r}, got {len(spelt)} different numbers with "
            "fractions. Name the column of the labels, or bin this one first, as pd.cut does."
        )
    if names and all(one.isdigit() and int(one) < len(names) for one in spelt):
        return tuple(names[int(one)] for one in spelt)
    return spelt


def _joined(part: Part, held_out: Part) -> Part:
    """Return the people to learn from and, after them, those held out."""
    if (part.group is None) != (held_out.group is None):
        raise InputError(
            "Expected groups of everyone, got them for one part only. Give both, or none."
        )
    rows = _both(part.rows, held_out.rows, "rows")
    group = None if part.group is None else _both(part.group, held_out.group, "groups")
    return replace(part, rows=rows, y=_both(part.y, held_out.y, "labels"), group=group)


def _both(one: Any, two: Any, what: str) -> Any:
    if type(one) is not type(two):
        raise InputError(
            f"Expected the {what} held out in the form of the others, {type(one).__name__}, got "
            f"{type(two).__name__}. Hand in both alike."
        )
    if hasattr(one, "columns"):
        columns, others = list(map(str, one.columns)), list(map(str, two.columns))
        if set(columns) != set(others):
            differ = sorted(set(columns) ^ set(others))
            raise InputError(
                f"Expected the same columns in both parts, got {listed(differ)} in one of them. "
                "Give both the same."
            )
        two = two[list(one.columns)]
    if isinstance(one, np.ndarray):
        if one.shape[1:] != two.shape[1:]:
            raise InputError(
                f"Expected the {what} held out of shape {('n', *one.shape[1:])}, got "
                f"{('n', *two.shape[1:])}. Give both the same shape."
            )
        return np.concatenate([one, two])
    if hasattr(one, "iloc"):
        import pandas as pd

        return pd.concat([one, two], ignore_index=True)
    import polars as pl

    if hasattr(one, "columns"):
        return pl.concat([one, two], how="vertical_relaxed")
    return pl.concat([pl.DataFrame({"y": one}), pl.DataFrame({"y": two})], how="vertical_relaxed")[
        "y"
    ]


def _pictures(rows: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], GivenPixels]:
    """Return pictures (n, c, h, w) as they are, and how they were given."""
    if rows.dtype.kind not in "uifb" or rows.dtype == bool:
        raise InputError(
            f"Expected pictures of numbers, got an array of {rows.dtype} of shape {rows.shape}. "
            "Convert it, as by astype(np.uint8)."
        )
    if rows.ndim == 3:
        pictures, axes = rows[:, None], "hw"
    elif rows.shape[1] in CHANNELS:
        pictures, axes = rows, "chw"
    elif rows.shape[3] in CHANNELS:
        pictures, axes = rows.transpose(0, 3, 1, 2), "hwc"
    else:
        raise InputError(
            f"Expected pictures (n, c, h, w) or (n, h, w, c) of 1 to 4 channels, got {rows.shape}. "
            "Move the axis of the channels."
        )
    if not np.isfinite(rows).all():
        raise InputError(
            f"Expected finite pixels, got {int((~np.isfinite(rows)).sum())} that are not. Leave "
            "these pictures out."
        )
    low, high = float(rows.min()), float(rows.max())
    if rows.dtype == np.uint8 or (low >= 0 and 1 < high <= 255 and (rows == np.rint(rows)).all()):
        low, high = 0.0, 255.0
    elif low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low == high:
        high = low + 1
    how = GivenPixels(low, high, str(rows.dtype), axes)  # type: ignore[arg-type]
    return np.ascontiguousarray(pictures), how
