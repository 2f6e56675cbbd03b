"""Image data sets as Hugging Face ``datasets`` holds them: opened by it, or made of a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.errors import DataUnavailableError, InputError
from quorate.populations.pictures.picture_folders import PictureFolder
from quorate.populations.pictures.picture_metadata import IMAGE, LABEL
from quorate.runtime.network import check_online
from quorate.runtime.progress import status
from quorate.validate import listed


@dataclass(frozen=True, eq=False)
class OpenedImages:
    """A data set by its splits.

    Args:
        splits: rows by the name of the split.
        is_folder: whether it is a folder of pictures, each a file of its own.
        notes: what was left out, in sentences.
    """

    splits: Mapping[str, Any]
    is_folder: bool = False
    notes: tuple[str, ...] = ()


def open_pictures(folder: Path, read: PictureFolder) -> OpenedImages:
    """Return a folder of pictures as a data set with images, labels and further columns."""
    import datasets

    features: dict[str, Any] = {IMAGE: datasets.Image(decode=False)}
    if read.labels:
        names = sorted(set(read.labels.values()))
        features[LABEL] = datasets.ClassLabel(names=names)
    for column, values in read.columns.items():
        features[column] = datasets.Value(_type_of(values.values()))
    splits = {}
    for part, paths in read.parts.items():
        columns: dict[str, list[Any]] = {IMAGE: [str(folder / path) for path in paths]}
        if read.labels:
            columns[LABEL] = [read.labels.get(path) for path in paths]
        for column, values in read.columns.items():
            columns[column] = [values.get(path) for path in paths]
        splits[part] = datasets.Dataset.from_dict(columns, datasets.Features(features))
    return OpenedImages(splits, True, tuple(read.notes(str(folder))))


def _type_of(values: Any) -> str:
    """Return the type of a column's values, for ``datasets``."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "int64"
    return "float64" if kinds and kinds <= {int, float} else "string"


def open_data_set(source: str, config: str | None) -> Mapping[str, Any]:
    """Return a data set with its splits, from a folder or from the hub.

    Raises:
        DataUnavailableError: the hub cannot be reached, and there is no copy of it.
        InputError: the folder holds no data set.
    """
    import datasets

    if not Path(source).is_dir():
        check_online(source)
    with _quiet(), status(f"Opening {source}"):
        try:
            opened: Mapping[str, Any] = datasets.load_dataset(source, config)
            return opened
        except (
            datasets.exceptions.DatasetGenerationError,
            datasets.exceptions.DatasetNotFoundError,
            OSError,  # a ConnectionError or a missing file
            ValueError,
        ) as error:
            reason = _reason(error)
    if Path(source).is_dir():
        fix = "Check that the files are there and whole."
        if set("*?[]") & set(source):
            fix = "Give the folder a name without * ? [ ], which stand for other names here."
        raise InputError(f"Expected {source} to hold parquet files or images, got: {reason}. {fix}")
    local = source.replace("/", "--")
    raise DataUnavailableError(
        f"Expected {source} in the cache of Hugging Face datasets, on the hub, or under the folder "
        f"that QUORATE_DATA names, got: {reason}. Connect to the network once, or set QUORATE_DATA "
        f"to a folder that holds {local}/ with the hub's parquet files."
    )


def _reason(error: Exception) -> str:
    """Return the first line of what went wrong, without a full stop."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return lines[0].rstrip(".")


def unread_tables(
    folder: Path, tables: Sequence[str], splits: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the parquet files of a folder that are in none of its splits.

    Where the names of some files tell a part, such as test, ``datasets`` reads no others.

    Raises:
        InputError: none of those that it reads is a part to learn from.
    """
    import datasets
    import pyarrow.parquet as pq

    ours = [name for name in tables if name.lower().endswith(".parquet")]
    rows = sum(pq.ParquetFile(folder / name).metadata.num_rows for name in ours)
    if len(ours) < len(tables) or rows == sum(len(part) for part in splits.values()):
        return ()
    with _quiet():
        files = datasets.load_dataset_builder(str(folder)).config.data_files or {}
    read = {os.path.realpath(str(file)) for part in files.values() for file in part}
    unread = tuple(name for name in ours if os.path.realpath(folder / name) not in read)
    if unread and "train" not in splits:
        raise InputError(
            f"Expected the names of all parquet files in {folder} to tell their part, or of none, "
            f"got {', '.join(map(str, splits))} and {listed(unread)}. Call those to learn from "
            "train-..., as in train-1.parquet."
        )
    return unread


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the progress bars and retry warnings of ``datasets``."""
    import logging

    import datasets

    loggers = [logging.getLogger(name) for name in ("huggingface_hub", "datasets")]
    levels = [logger.level for logger in loggers]
    bars = datasets.utils.logging.is_progress_bar_enabled()
    datasets.utils.logging.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            datasets.utils.logging.enable_progress_bar()
