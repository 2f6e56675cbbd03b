"""Data sets of Hugging Face and of PyTorch that were handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.populations.pictures.image_files import HELD_OUT_SPLITS
from quorate.validate import listed, unknown

LABELS = ("label", "labels")  # what the hub's data sets call them
Read = tuple[Any, Any, Any, Any, tuple[str, ...]]  # rows, labels, groups, their name, their names


def splits_of(data: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what is to be learned from and what is held out; None where nothing is.

    Raises:
        InputError: it cannot be told which part is which.
    """
    held_out = [name for name in HELD_OUT_SPLITS if name in data]
    if "train" in data and held_out:
        return data["train"], data[held_out[0]]
    if len(data) == 1:
        return next(iter(data.values())), None
    raise InputError(
        f"Expected the parts train and test (or validation), got {listed(list(data))}. Hand in one "
        "part, or a pair: quorate.people((train, test), label=COLUMN)."
    )


def of_hub(data: Any, label: Any, group: Any) -> Read:
    """Return the rows of a Dataset of Hugging Face, its labels and groups; pictures as an array.

    Raises:
        InputError: a column is missing, or pictures have several sizes.
    """
    columns = list(data.column_names)
    if label is None:
        label = next((name for name in LABELS if name in columns), None)
    for name, what in ((label, "label"), (group, "group")):
        if name is None and what == "label":
            raise InputError(
                f"Expected the column of the labels to be named, got a Dataset with the columns "
                f"{listed(columns)}. Write quorate.people(dataset, label=COLUMN)."
            )
        if name is not None and name not in columns:
            raise unknown("column of the Dataset", str(name), columns)
    kinds = {name: type(data.features[name]).__name__ for name in columns}
    images = [name for name in columns if kinds[name] == "Image"]
    plain = data.remove_columns(images) if images else data
    frame = plain.with_format(None).to_pandas()
    y = frame[label]
    groups = None if group is None else frame[group]
    names = tuple(data.features[label].names) if kinds[label] == "ClassLabel" else ()
    if groups is not None and kinds[group] == "ClassLabel":
        groups = groups.map(dict(enumerate(data.features[group].names)))
    if len(images) > 1:
        raise InputError(
            f"Expected one column of pictures, got {listed(images)}. Take the others out: "
            "dataset.remove_columns."
        )
    if images:
        pictures = data.with_format(None)[images[0]]
        return stacked(pictures), y.to_numpy(), groups, label, names
    return frame.drop(columns=[label]), y, groups, label, names


def of_torch(data: Any) -> Read:
    """Return the rows, labels and maybe groups of a Dataset of PyTorch, read once.

    Raises:
        InputError: its items are not (x, y) or (x, y, group), or differ in shape.
    """
    items = [data[i] for i in range(len(data))]
    wrong = next((one for one in items if not isinstance(one, (tuple, list))), None)
    sizes = {len(one) for one in items} if wrong is None else set()
    if wrong is not None or (items and sizes not in ({2}, {3})):
        got = type(wrong).__name__ if wrong is not None else f"tuples of {sorted(sizes)}"
        raise InputError(
            f"Expected a Dataset of PyTorch whose items are (x, y) or (x, y, group), got {got}. "
            "Hand in arrays (X, y) instead."
        )
    if not items:
        return np.zeros((0, 1)), np.zeros(0), None, None, ()
    x, y, *rest = zip(*items, strict=True)
    rows = stacked(x)
    if rows.ndim not in (2, 3, 4):
        raise InputError(
            f"Expected items of one row of numbers or one picture, got shape {rows.shape[1:]}. "
            "Flatten them: x.reshape(-1)."
        )
    labels = stacked(y)
    if labels.ndim != 1:
        raise InputError(
            f"Expected one label an item, got shape {labels.shape[1:]}. Of one-hot labels, "
            "y.argmax()."
        )
    names = tuple(map(str, getattr(data, "classes", ())))
    return rows, labels, stacked(rest[0]) if rest else None, None, names


def stacked(items: Any) -> npt.NDArray[Any]:
    """Return tensors, pictures or numbers of one shape as an array, (n, ...).

    Grey pictures among coloured ones become coloured.

    Raises:
        InputError: their shapes differ.
    """
    modes = {one.mode if hasattr(one, "convert") else None for one in items}
    if modes & {"P", "RGBA", "CMYK", "1", "LA"} or len(modes) > 1:
        items = [one.convert("RGB") for one in items]
    found = [
        one.detach().cpu().numpy() if hasattr(one, "detach") else np.asarray(one) for one in items
    ]
    shapes = sorted({one.shape for one in found})
    if len(shapes) > 1:
        raise InputError(
            f"Expected items of one shape, got {listed(list(map(str, shapes)))}. Bring them to one "
            "size first."
        )
    return np.stack(found)
