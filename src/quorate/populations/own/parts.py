"""Rows, labels and groups of data that were handed in: of frames, arrays and data sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.bring_your_own.data_kinds import is_data, kind_of
from quorate.errors import InputError
from quorate.given_column import is_polars
from quorate.populations.own import data_sets
from quorate.validate import listed, shown, unknown

MOST_DENSE = 2 * 10**7  # numbers of a sparse matrix that are written out
FORMS = (
    "a data frame with label=COLUMN, arrays (X, y) or (X, y, group), or a Dataset of Hugging Face "
    "or PyTorch"
)


@dataclass(frozen=True, eq=False)
class Part:
    """People as they were handed in.

    Args:
        rows: a data frame, an array of numbers (n, d), or of pictures (n, h, w[, c]) or
            (n, c, h, w).
        y: their labels, (n,), an array or a series.
        group: their groups, (n,), or None.
        label: what the labels are called; None where they have no name.
        names: of the labels 0, 1, ..., where the data set has names for them; else none.
    """

    rows: Any
    y: Any
    group: Any = None
    label: Any = None
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.y)


def read_parts(data: Any, label: Any, group: Any) -> tuple[Part, Part | None]:
    """Return the people of data that were handed in, and those held out where data say who is.

    Args:
        data: see ``quorate.people``.
        label, group: the columns of the labels and of the groups of a frame; None for arrays.

    Raises:
        InputError: they are no such data.
    """
    kind = kind_of(data)
    if kind == "hub splits" or isinstance(data, dict):
        train, held_out = data_sets.splits_of(data)
        first = read_part(train, label, group)
        return first, None if held_out is None else read_part(held_out, label, group)
    if kind == "several" and len(data) == 2 and _is_pair(data, label):
        return read_part(data[0], label, group), read_part(data[1], label, group)
    return read_part(data, label, group), None


def _is_pair(data: tuple[Any, Any], label: Any) -> bool:
    """Whether two things are people to learn from and people held out, not rows and labels."""
    kinds = [kind_of(one) for one in data]
    if kinds[0] == kinds[1] and kinds[0] in ("pandas", "polars"):
        return label is not None
    return all(kind in ("several", "hub", "torch") for kind in kinds)


def read_part(data: Any, label: Any, group: Any) -> Part:
    """Return the people of one frame, of arrays or of a data set."""
    kind = kind_of(data)
    if kind in ("pandas", "polars"):
        part = _of_frame(data, label, group)
    elif kind == "hub":
        part = Part(*data_sets.of_hub(data, label, group))
    elif kind == "torch":
        _check_no_columns(label, group, "a Dataset of PyTorch")
        part = Part(*data_sets.of_torch(data))
    elif kind == "several" and len(data) in (2, 3) and is_data(data):
        part = _of_arrays(data, label, group)
    else:
        raise InputError(f"Expected {FORMS}, got {_named(data)}.{_fix(data, kind)}")
    if not len(part):
        raise InputError("Expected people, got no rows. Hand in one row a person.")
    return part


def _fix(data: Any, kind: str | None) -> str:
    if kind in ("array", "sparse"):
        return " Hand in the labels, too: (X, y)."
    if hasattr(data, "__next__"):
        return " A generator can be read once only: make a list of it, then arrays."
    if kind == "several":
        return " Hand in arrays of equal length: (X, y)."
    return ""


def _named(data: Any) -> str:
    """Return what something is, in words that do not show its content."""
    if kind_of(data) == "several":
        return f"a tuple of {len(data)}: {listed([type(one).__name__ for one in data])}"
    if hasattr(data, "shape"):
        return f"an array of shape {tuple(data.shape)}"
    if isinstance(data, str):
        return f"the text {shown(data, 40)}"
    name = type(data).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def _of_frame(frame: Any, label: Any, group: Any) -> Part:
    columns = list(frame.columns)
    written = [str(one) for one in columns]
    twice = sorted({one for one in written if written.count(one) > 1})
    if twice:
        raise InputError(
            f"Expected every column to have a name of its own, got {listed(twice)} more than once. "
            "Rename all but one."
        )
    if label is None:
        raise InputError(
            f"Expected the column of the labels to be named, got a data frame with the columns "
            f"{listed(written)}. Write quorate.people(frame, label=COLUMN)."
        )
    y = frame[_column(columns, label)]
    rows = frame.drop(columns=[y.name]) if hasattr(frame, "iloc") else frame.drop(y.name)
    if not len(rows.columns):
        raise InputError(
            f"Expected columns to learn from beside the label {label!r}, got none. Add one."
        )
    groups = None if group is None else frame[_column(columns, group)]
    return Part(_plain(rows), _plain(y), None if groups is None else _plain(groups), y.name)


def _column(columns: list[Any], name: Any) -> Any:
    """Return a column's name as it stands in the frame, for 1 and "1" alike."""
    if isinstance(name, (str, int)) and name in columns:
        return name
    for one in columns:
        if str(one) == str(name):
            return one
    raise unknown("column of the data frame", shown(name, 60).strip("'\""), map(str, columns))


def _plain(data: Any) -> Any:
    """Return a frame or a series of pandas with rows numbered from 0."""
    return data.reset_index(drop=True) if hasattr(data, "iloc") else data


def _of_arrays(data: tuple[Any, ...], label: Any, group: Any) -> Part:
    _check_no_columns(label, group, "arrays")
    rows, y, *rest = data
    groups = rest[0] if rest else None
    _check_index(rows, y, "y")
    _check_index(rows, groups, "group")
    rows = _plain(rows) if kind_of(rows) in ("pandas", "polars") else _array(rows, "X")
    y = _vector(y, "y", len(rows))
    groups = None if groups is None else _vector(groups, "group", len(rows))
    if isinstance(rows, np.ndarray):
        if rows.ndim not in (2, 3, 4):
            raise InputError(
                f"Expected X of shape (n, d), or pictures (n, h, w), (n, c, h, w) or (n, h, w, c), "
                f"got {rows.shape}. One column is X[:, None]."
            )
    elif len(set(map(str, rows.columns))) < len(rows.columns):
        raise InputError(
            "Expected every column to have a name of its own, got one more than once. Rename it."
        )
    return Part(rows, y, groups, getattr(y, "name", None))


def _check_no_columns(label: Any, group: Any, what: str) -> None:
    if label is not None or group is not None:
        raise InputError(
            f"Expected label= and group= beside a data frame, got them beside {what}, whose labels "
            "are y. Leave them out, or hand in (X, y, group)."
        )


def _check_index(rows: Any, values: Any, name: str) -> None:
    """Raise InputError where frame and series number their rows differently."""
    both = hasattr(rows, "iloc") and hasattr(values, "iloc")
    if both and len(rows) == len(values) and not rows.index.equals(values.index):
        raise InputError(
            f"Expected {name} to have the index of X, got another one. Write {name}.loc[X.index], "
            f"or {name}.to_numpy() where the rows stand in one order."
        )


def _array(value: Any, name: str) -> Any:
    """Return rows as an array; a tensor and a small sparse matrix, too."""
    if kind_of(value) == "sparse":
        if int(np.prod(value.shape)) > MOST_DENSE:
            raise InputError(
                f"Expected a dense array, got a sparse matrix of shape {value.shape}, too large to "
                "write out. Reduce its columns first, as TruncatedSVD does."
            )
        return np.asarray(value.todense())
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        return np.asarray(value)
    except ValueError:  # rows of different lengths
        raise InputError(
            f"Expected {name} as an array, got rows of different lengths. Give every row as many "
            "values."
        ) from None


def _vector(value: Any, name: str, n: int) -> Any:
    """Return one value a person, (n,), as an array or a series."""
    kind = kind_of(value)
    if kind in ("pandas", "polars") and len(value.columns) == 1:
        value = value[value.columns[0]]
    if not (hasattr(value, "iloc") or is_polars(value)):
        value = _array(value, name)
        if value.ndim == 2 and value.shape[1] == 1:
            value = value[:, 0]
    if len(getattr(value, "shape", ())) != 1:
        fix = " Of one-hot labels, y.argmax(axis=1)." if name == "y" else ""
        shape = getattr(value, "shape", "no array")
        raise InputError(f"Expected {name} with one value a person, got shape {shape}.{fix}")
    if len(value) != n:
        raise InputError(
            f"Expected one {name} a row of X, got {len(value)} for {n} rows. Give as many."
        )
    return _plain(value)
