"""Image data sets through Hugging Face ``datasets``: one loader for the hub and for local folders.

``QUORATE_DATA`` names a folder of local copies; the hub's ``owner/name`` is its ``owner--name``.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.cache import on_disk
from quorate.errors import DataUnavailableError, InputError
from quorate.progress import status
from quorate.table import Table
from quorate.validate import unknown

HELD_OUT_SPLITS = ("test", "validation")


def hub_folder(hub_name: str) -> Path | None:
    """Return the local copy of a hub data set in ``QUORATE_DATA``, or None."""
    base = os.environ.get("QUORATE_DATA")
    folder = Path(base) / hub_name.replace("/", "--") if base else None
    return folder if folder is not None and folder.is_dir() else None


def load_hub(hub_name: str, image: str, label: str) -> dict[str, Table]:
    """Return the splits of a hub data set by name, from its local copy where there is one.

    Raises:
        DataUnavailableError: there is no local copy and the hub cannot be reached.
    """
    folder = hub_folder(hub_name)
    return load_images(str(folder or hub_name), image, label, None, None)


def load_images(
    source: str, image: str | None, label: str, group: str | None, size: int | None
) -> dict[str, Table]:
    """Return the splits of an image data set by name.

    Args:
        source: a hub name, a folder of parquet files, or an image folder.
        image: the column of images; None finds the only one.
        label, group: the columns of labels and groups; group None means unknown.
        size: side in pixels to resize to; None keeps the images' own size.

    Raises:
        DataUnavailableError: the source can neither be found nor reached.
        InputError: a column is not there, a label is missing, or image sizes differ.
    """
    with status(f"Reading {Path(source).name}"):
        stamp = _fingerprint(Path(source)) if Path(source).is_dir() else ""
        decoded = _decoded(source, stamp, image, label, group, size)
        return {name: _table(*parts) for name, parts in decoded.items()}


def folder_fingerprint(path: str) -> str:
    """Return a digest of the names and sizes of the files under ``path``."""
    if not Path(path).is_dir():
        raise _no_folder(path)
    return _fingerprint(Path(path))


def _fingerprint(folder: Path) -> str:
    import hashlib

    files = sorted(f for f in folder.rglob("*") if f.is_file())
    listing = "\n".join(f"{f.relative_to(folder)} {f.stat().st_size}" for f in files)
    return hashlib.sha256(listing.encode()).hexdigest()[:16]


def _no_folder(path: str) -> InputError:
    return InputError(
        f"Expected path={path} to be a folder of parquet files or of images, got nothing there. "
        "Give a folder that exists."
    )


def _table(
    pixels: npt.NDArray[np.uint8],
    y: npt.NDArray[np.int64],
    classes: tuple[str, ...],
    group: npt.NDArray[np.int64] | None,
    groups: tuple[str, ...],
) -> Table:
    x = pixels.astype(np.float32)  # (n, c, h, w), pixel scale [0, 1]
    x /= 255
    y, group = np.array(y), None if group is None else np.array(group)
    return Table(x, y, classes, group, groups)


@on_disk
def _decoded(
    source: str, stamp: str, image: str | None, label: str, group: str | None, size: int | None
) -> dict[str, tuple[Any, ...]]:
    """Return (pixels, y, classes, group, groups) by split: the arguments of ``_table``."""
    import datasets

    splits = _open(source)
    decoded = {}
    for name, rows in splits.items():
        features = rows.features
        images = [c for c, f in features.items() if isinstance(f, datasets.Image)]
        if image is None and len(images) != 1:
            raise unknown("image column", "none", images or features, "Name it: image=COLUMN.")
        column = image or images[0]
        for wanted in filter(None, (column, label, group)):
            if wanted not in features:
                raise unknown(f"column of {source}", wanted, features)
        rows = rows.cast_column(column, datasets.Image(decode=False))
        pixels = _pixels(rows, column, size)
        y, classes = _codes(rows, label)
        codes, groups = _codes(rows, group) if group else (None, ())
        decoded[name] = (pixels, y, classes, codes, groups)
    return decoded


def _open(source: str) -> Any:
    """Return the data set with its splits, from a folder or from the hub."""
    import datasets

    with _quiet():
        try:
            return datasets.load_dataset(source)
        except (ConnectionError, datasets.exceptions.DatasetNotFoundError, OSError) as error:
            reason = str(error).splitlines()[0]
        except (datasets.exceptions.DatasetGenerationError, ValueError) as error:
            cause = str(error.__cause__ or error).splitlines()[0]
            raise InputError(
                f"Expected {source} to hold parquet files or images, got: {cause}. "
                "Check that the files are whole."
            ) from error
    local = source.replace("/", "--")
    raise DataUnavailableError(
        f"Expected {source} in the cache of Hugging Face datasets, on the hub, or under the folder "
        f"that QUORATE_DATA names, got: {reason} Connect to the network once, or set QUORATE_DATA "
        f"to a folder that holds {local}/ with the hub's parquet files."
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the progress bars and retry warnings of ``datasets`` to itself."""
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


def _pixels(rows: Any, column: str, size: int | None) -> npt.NDArray[np.uint8]:
    """Return the images of a column, (n, c, h, w); grey images have one channel."""
    from PIL import Image

    pixels: npt.NDArray[np.uint8] | None = None
    for i, cell in enumerate(rows[column]):
        try:
            opened = Image.open(io.BytesIO(cell["bytes"]) if cell["bytes"] else cell["path"])
            grey = opened.mode in ("1", "L", "I;16")
            picture = opened.convert(
                "L" if grey and (pixels is None or len(pixels[0]) == 1) else "RGB"
            )
        except (OSError, TypeError) as error:
            raise InputError(
                f"Expected an image in column {column!r} of row {i}, got: {error}. Drop this row."
            ) from error
        if size is not None and picture.size != (size, size):
            picture = picture.resize((size, size), Image.Resampling.BILINEAR)
        one = np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)  # (c, h, w)
        if pixels is None:
            pixels = np.empty((len(rows), *one.shape), dtype=np.uint8)  # (n, c, h, w)
        if one.shape != pixels.shape[1:]:
            raise InputError(
                f"Expected every image to have the shape of the first, {pixels.shape[1:]}, got "
                f"{one.shape} in row {i}. Resize them all: size={max(pixels.shape[2:])}."
            )
        pixels[i] = one
    if pixels is None:
        raise InputError("Expected at least one image, got none. Check the folder.")
    return pixels


def _codes(rows: Any, column: str) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return the codes of a column, (n,), and the names they stand for."""
    import datasets

    from quorate.populations.table_files import encode_names

    feature = rows.features[column]
    if isinstance(feature, datasets.ClassLabel):
        return np.asarray(rows[column], dtype=np.int64), tuple(feature.names)
    return encode_names(rows[column], column)
