"""Image data sets through Hugging Face ``datasets``, from the hub or from local folders.

``QUORATE_DATA`` names a folder of local copies: the hub's ``owner/name`` is ``owner--name`` there.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from quorate.errors import DataUnavailableError, InputError
from quorate.runtime.cache import on_disk
from quorate.runtime.progress import bar, status
from quorate.table import Split, Table
from quorate.validate import unknown

HELD_OUT_SPLITS = ("test", "validation")
Pixels = npt.NDArray[np.uint8]
T = TypeVar("T")


def hub_folder(hub_name: str) -> Path | None:
    """Return the local copy of a hub data set in ``QUORATE_DATA``, or None."""
    base = os.environ.get("QUORATE_DATA")
    folder = Path(base) / hub_name.replace("/", "--") if base else None
    return folder if folder is not None and folder.is_dir() else None


def load_hub(
    hub_name: str,
    image: str,
    label: str,
    group: str | None = None,
    size: int | None = None,
    *,
    config: str | None = None,
    held_out: str = "test",
) -> Split:
    """Return the official split of a hub data set, from its local copy if there is one.

    Args:
        hub_name: ``owner/name``.
        image, label, group, size: as in ``load_images``.
        config: variant on the hub; a local copy may hold it as a folder of that name.
        held_out: name of the part that is held out.

    Raises:
        DataUnavailableError: there is no local copy and the hub cannot be reached.
        InputError: a part, a column or a value is missing, or image sizes differ.
    """
    source, variant = _source(hub_name, config)
    return _official(source, image, label, group, size, variant, held_out)


def load_kinds(
    hub_name: str, image: str, label: str, kinds: tuple[str, ...]
) -> tuple[tuple[Pixels, ...], tuple[Pixels, ...]]:
    """Return the training and the test images of some labels, 8-bit (n, c, h, w) for each label.

    They stay in memory, one byte a value, so that people can combine images of several data sets.

    Raises:
        DataUnavailableError: as ``load_hub``.
        InputError: as ``load_hub``, or a label is unknown or has no images.
    """
    source, _ = _source(hub_name, None)
    return _kinds(source, image, label, kinds)


def _source(hub_name: str, config: str | None) -> tuple[str, str | None]:
    """Return a hub data set's local copy, or its hub name, and the variant to ask for."""
    folder = hub_folder(hub_name)
    if folder is None:
        return hub_name, config
    return str(folder / config if config and (folder / config).is_dir() else folder), None


@functools.lru_cache(maxsize=1)  # a data set is large: the next one takes its place
def _official(
    source: str,
    image: str,
    label: str,
    group: str | None,
    size: int | None,
    config: str | None,
    held_out: str,
) -> Split:
    tables = load_images(source, image, label, group, size, config)
    return Split(*_train_and(held_out, tables, source))


@functools.lru_cache(maxsize=8)  # a few kinds of several data sets, as bytes
def _kinds(
    source: str, image: str, label: str, kinds: tuple[str, ...]
) -> tuple[tuple[Pixels, ...], tuple[Pixels, ...]]:
    stamp = _stamp(source)
    column, people = _people(source, stamp, None, image, label, None)
    pixels = _decoded(source, stamp, None, column, None)
    train, test = (
        tuple(_of_kind(kind, pixels[part], people[part], source) for kind in kinds)
        for part in _train_and("test", {name: name for name in pixels}, source)
    )
    return train, test


def _of_kind(kind: str, pixels: Pixels, people: tuple[Any, ...], source: str) -> Pixels:
    """Return the images with the label called ``kind``."""
    y, classes = people[:2]
    if kind not in classes:
        raise unknown(f"label of {source}", kind, classes)
    rows = np.flatnonzero(y == classes.index(kind))
    if not len(rows):
        raise InputError(
            f"Expected images with the label {kind!r} in {source}, got none. Copy the hub's files "
            "whole, or choose another label."
        )
    return np.array(pixels[rows])


def _train_and(held_out: str, parts: dict[str, T], source: str) -> tuple[T, T]:
    """Return the training part and the part that is held out."""
    if "train" not in parts or held_out not in parts:
        raise InputError(
            f"Expected the parts train and {held_out} of {source}, got {', '.join(parts)}. Copy "
            f"the hub's files whole, under names that begin with train and {held_out}."
        )
    return parts["train"], parts[held_out]


def load_images(
    source: str,
    image: str | None,
    label: str,
    group: str | None,
    size: int | None,
    config: str | None = None,
) -> dict[str, Table]:
    """Return the splits of an image data set by name.

    Args:
        source: a hub name, a folder of parquet files, or an image folder.
        image: column of the images; None finds the only one.
        label, group: columns of labels and groups; no groups if None.
        size: side in pixels to resize to; None keeps the images' own size.
        config: variant of the source, if it has several.

    Raises:
        DataUnavailableError: the source can neither be found nor reached.
        InputError: a column or a label is missing, or image sizes differ.
    """
    stamp = _stamp(source)
    column, people = _people(source, stamp, config, image, label, group)
    pixels = _decoded(source, stamp, config, column, size)
    return {name: _table(pixels[name], *codes) for name, codes in people.items()}


def _stamp(source: str) -> str:
    """Return a digest of a local folder's state; empty for the hub, which is taken as it is."""
    return _listing(Path(source), with_time=True) if Path(source).is_dir() else ""


def folder_fingerprint(path: str) -> str:
    """Return a digest of the names and sizes of the files under ``path``."""
    if not Path(path).is_dir():
        raise InputError(
            f"Expected path={path} to be a folder of parquet files or of images, got nothing "
            "there. Give a folder that exists."
        )
    return _listing(Path(path), with_time=False)


def _listing(folder: Path, with_time: bool) -> str:
    """Return a digest of the files' names and sizes and, if asked, modification times."""
    import hashlib

    lines = []
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        stat = file.stat()
        written = f" {stat.st_mtime_ns}" if with_time else ""
        lines.append(f"{file.relative_to(folder)} {stat.st_size}{written}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _table(
    pixels: Pixels,
    y: npt.NDArray[np.int64],
    classes: tuple[str, ...],
    group: npt.NDArray[np.int64] | None,
    groups: tuple[str, ...],
) -> Table:
    x = pixels.astype(np.float32)  # (n, c, h, w), pixel scale [0, 1]
    x /= 255
    y, group = np.array(y), None if group is None else np.array(group)
    return Table(x, y, classes, group, groups)


# Pictures are slow to decode and do not depend on labels and groups: cached apart from them.
@on_disk
def _decoded(
    source: str, stamp: str, config: str | None, column: str, size: int | None
) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the images of a column by split, (n, c, h, w) each."""
    splits = _open(source, stamp, config)
    return {name: _pixels(rows, column, size) for name, rows in splits.items()}


@on_disk
def _people(
    source: str, stamp: str, config: str | None, image: str | None, label: str, group: str | None
) -> tuple[str, dict[str, tuple[Any, ...]]]:
    """Return the image column, and (y, classes, group, groups) by split, as ``_table`` takes it."""
    import datasets

    splits = _open(source, stamp, config)
    features = next(iter(splits.values())).features  # every split has the same
    images = [c for c, f in features.items() if isinstance(f, datasets.Image)]
    if image is None and len(images) != 1:
        raise unknown("image column", "none", images or features, "Name it: image=COLUMN.")
    column = image or images[0]
    for wanted in filter(None, (column, label, group)):
        if wanted not in features:
            raise unknown(f"column of {source}", wanted, features)
    y, classes = _codes(splits, label)
    codes, groups = _codes(splits, group) if group else ({}, ())
    return column, {name: (y[name], classes, codes.get(name), groups) for name in splits}


@functools.lru_cache(maxsize=1)  # its labels and its images are read one after the other
def _open(source: str, stamp: str, config: str | None) -> Any:
    """Return the data set with its splits, from a folder or from the hub."""
    import datasets

    with _quiet(), status(f"Opening {source}"):
        try:
            return datasets.load_dataset(source, config)
        except (
            datasets.exceptions.DatasetGenerationError,
            datasets.exceptions.DatasetNotFoundError,
            OSError,  # a ConnectionError or a missing file
            ValueError,
        ) as error:
            reason = _reason(error)
    if Path(source).is_dir():
        raise InputError(
            f"Expected {source} to hold parquet files or images, got: {reason}. "
            "Check that the files are there and whole."
        )
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


def _pixels(rows: Any, column: str, size: int | None) -> Pixels:
    """Return the images of a column, (n, c, h, w); grey images have one channel."""
    import datasets

    try:
        rows = rows.cast_column(column, datasets.Image(decode=False))
    except (ValueError, TypeError, NotImplementedError):
        raise InputError(
            f"Expected images in column {column!r}, got {rows.features[column]}. Name the column "
            "of the images: image=COLUMN."
        ) from None
    pixels: Pixels | None = None
    with bar(len(rows), "Decoding images") as advance:
        for i, cell in enumerate(rows[column]):
            colour = pixels is not None and len(pixels[0]) == 3
            one = _picture(cell, f"column {column!r} of row {i}", size, colour)
            if pixels is None:
                pixels = np.empty((len(rows), *one.shape), dtype=np.uint8)  # (n, c, h, w)
            if one.shape != pixels.shape[1:]:
                resize = f"Resize them all: size={max(pixels.shape[2:])}."
                convert = "Convert them all to grey, or all to colour."
                raise InputError(
                    f"Expected every image to have the shape of the first, {pixels.shape[1:]}, got "
                    f"{one.shape} in row {i}. {resize if len(one) == pixels.shape[1] else convert}"
                )
            pixels[i] = one
            if i % 500 == 499:
                advance(500)
    if pixels is None:
        raise InputError("Expected at least one image, got none. Check the folder.")
    return pixels


def _picture(cell: dict[str, Any], where: str, size: int | None, colour: bool) -> Pixels:
    """Return one image, (c, h, w); a grey one has one channel unless colour is asked for."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(cell["bytes"]) if cell["bytes"] else cell["path"]) as opened:
            if opened.mode[0] in "IF":
                raise ValueError(f"more than 8 bits a pixel (mode {opened.mode})")
            picture = opened.convert("L" if opened.mode in ("1", "L") and not colour else "RGB")
    except (OSError, TypeError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"Expected an 8-bit image in {where}, got: {error}. Convert it, or drop this row."
        ) from error
    if size is not None and picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)


def _codes(splits: Any, column: str) -> tuple[dict[str, npt.NDArray[np.int64]], tuple[str, ...]]:
    """Return a column's codes by split, (n,) each, and the names they stand for."""
    import datasets

    from quorate.populations.table_files import encode_names, missing_values

    values = {name: list(rows[column]) for name, rows in splits.items()}
    everyone = [value for part in values.values() for value in part]
    feature = next(iter(splits.values())).features[column]
    if isinstance(feature, datasets.ClassLabel):
        missing = sum(code is None or code < 0 for code in everyone)  # -1 on the hub
        if missing:
            raise missing_values(column, missing, len(everyone))
        codes, names = np.array(everyone, dtype=np.int64), tuple(feature.names)
    else:
        codes, names = encode_names(everyone, column)
    ends = np.cumsum([len(part) for part in values.values()])[:-1]
    return dict(zip(values, np.split(codes, ends), strict=True)), names
