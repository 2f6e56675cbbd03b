"""Image data sets through Hugging Face ``datasets``, from the hub or from local folders.

``QUORATE_DATA`` names a folder of local copies: the hub's ``owner/name`` is ``owner--name`` there.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.extras import require
from quorate.populations.local_copies import are_published
from quorate.populations.pictures.encoded_pictures import Pixels, make_alike, read_pixels
from quorate.populations.pictures.opened_images import (
    OpenedImages,
    open_data_set,
    open_pictures,
    unread_tables,
)
from quorate.populations.pictures.picture_folders import (
    BESIDE,
    PARTLESS,
    FoundFiles,
    PictureFolder,
    files_below,
    find_files,
    notes_on,
    read_folder,
)
from quorate.populations.pictures.picture_metadata import LABEL
from quorate.runtime.cache import on_disk
from quorate.runtime.digests import digest_named_files
from quorate.runtime.progress import tell_once
from quorate.table import Split, Table
from quorate.validate import listed, unknown

HELD_OUT_SPLITS = ("test", "validation")
READER = 2  # counts changes of what is read: what an older one has cached is not taken
SORTER = 3  # the same of folders of pictures, whose files are sorted here
T = TypeVar("T")


def hub_folder(hub_name: str) -> Path | None:
    """Return the local copy of a hub data set in ``QUORATE_DATA``, or None."""
    base = os.environ.get("QUORATE_DATA")
    folder = Path(base) / hub_name.replace("/", "--") if base else None
    return folder if folder is not None and folder.is_dir() else None


def hub_fingerprint(*hub_names: str) -> str | None:
    """Return a digest of local copies of hub data sets, None where all are as they were published.

    Raises:
        InputError: a folder cannot be read.
    """
    told = []
    for folder in filter(None, map(hub_folder, hub_names)):
        files = [file for _, file in files_below(folder) if file.is_file()]
        if not are_published(files):
            told.append(folder_fingerprint(str(folder)))
    return "-".join(told) or None


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
    return _official(source, _stamp(source), image, label, group, size, variant, held_out)


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
    return _kinds(source, _stamp(source), image, label, kinds)


def _source(hub_name: str, config: str | None) -> tuple[str, str | None]:
    """Return a hub data set's local copy, or its hub name, and the variant to ask for."""
    folder = hub_folder(hub_name)
    if folder is None:
        return hub_name, config
    return str(folder / config if config and (folder / config).is_dir() else folder), None


@functools.lru_cache(maxsize=1)  # a data set is large: the next one takes its place
def _official(
    source: str,
    stamp: str,
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
    source: str, stamp: str, image: str, label: str, kinds: tuple[str, ...]
) -> tuple[tuple[Pixels, ...], tuple[Pixels, ...]]:
    read = _people(source, stamp, None, image, label, None)
    people = read.people
    pixels = _decoded_alike(source, stamp, None, read, None)
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
    read = _people(source, stamp, config, image, label, group)
    for note in read.notes:
        tell_once(note)
    pixels = _decoded_alike(source, stamp, config, read, size)
    return {
        name: _table(pixels[name], *codes, notes=read.notes) for name, codes in read.people.items()
    }


def tell_left_out(folder: str, label: str) -> None:
    """Say once what is left out of a folder of pictures.

    Raises:
        InputError: the folder cannot be read.
    """
    stamp = _stamp(folder)
    if _is_pictures(_found(folder, stamp)):
        for note in _sorted(folder, stamp, label).notes(folder):
            tell_once(note)


def _stamp(source: str) -> str:
    """Return a digest of a local folder's files; empty for the hub, which is taken as it is."""
    return folder_fingerprint(source) if Path(source).is_dir() else ""


def folder_fingerprint(path: str) -> str:
    """Return a digest of the names and bytes of the files under ``path``."""
    if not Path(path).is_dir():
        raise InputError(
            f"Expected path={path} to be a folder of parquet files or of images, got nothing "
            "there. Give a folder that exists."
        )
    found = ((name, file) for name, file in files_below(Path(path)) if file.is_file())
    return digest_named_files(found)


def _table(
    pixels: Pixels,
    y: npt.NDArray[np.int64],
    classes: tuple[str, ...],
    group: npt.NDArray[np.int64] | None,
    groups: tuple[str, ...],
    *,
    notes: tuple[str, ...],
) -> Table:
    x = pixels.astype(np.float32)  # (n, c, h, w), pixel scale [0, 1]
    x /= 255
    y, group = np.array(y), None if group is None else np.array(group)
    return Table(x, y, classes, group, groups, notes=notes)


@dataclass(frozen=True)
class ReadPeople:
    """All of a data set but its pictures.

    Args:
        column: of the images.
        people: (y, classes, group, groups) by split, as ``_table`` takes it.
        notes: what was left out, in sentences.
        by_label: the column that decides who has a label in a folder of pictures; None elsewhere.
    """

    column: str
    people: dict[str, tuple[Any, ...]]
    notes: tuple[str, ...]
    by_label: str | None


def _decoded_alike(
    source: str, stamp: str, config: str | None, read: ReadPeople, size: int | None
) -> dict[str, Pixels]:
    """Return the images by split, (n, c, h, w) each, of one shape."""
    reader = READER if read.by_label is None else SORTER
    found = _decoded(source, stamp, config, read.column, size, read.by_label, reader)
    return make_alike(found)


# Pictures are slow to decode and do not depend on labels and groups: cached apart from them.
@on_disk
def _decoded(
    source: str,
    stamp: str,
    config: str | None,
    column: str,
    size: int | None,
    by_label: str | None,
    reader: int = READER,
) -> dict[str, npt.NDArray[np.uint8]]:
    """Return the images of a column by split, (n, c, h, w) each."""
    opened = _opened(source, stamp, config, by_label)
    folder = source if opened.is_folder else None
    return {name: _pixels(rows, column, size, folder) for name, rows in opened.splits.items()}


def _people(*given: Any) -> ReadPeople:
    """Return the image column, and labels and groups by split."""
    return ReadPeople(*_people_parts(*given))


@on_disk  # which keeps plain data
def _people_parts(
    source: str,
    stamp: str,
    config: str | None,
    image: str | None,
    label: str,
    group: str | None,
    reader: int = READER,
) -> tuple[Any, ...]:
    """Return what ``ReadPeople`` is made of."""
    opened = _opened(source, stamp, config, label)
    import datasets

    splits = opened.splits
    features = next(iter(splits.values())).features  # every split has the same
    images = [c for c, f in features.items() if isinstance(f, datasets.Image)]
    if image is None and len(images) != 1:
        raise unknown("image column", "none", images or features, "Name it: image=COLUMN.")
    column = image or images[0]
    for wanted in filter(None, (column, label, group)):
        if wanted not in features:
            raise unknown(f"column of {source}", wanted, features)
    for used in filter(None, (label, group) if opened.is_folder else ()):
        _check_filled(splits, column, used, source)
    y, classes = _codes(splits, label)
    codes, groups = _codes(splits, group) if group else ({}, ())
    people = {name: (y[name], classes, codes.get(name), groups) for name in splits}
    return column, people, opened.notes, label if opened.is_folder else None


def _opened(source: str, stamp: str, config: str | None, label: str | None) -> OpenedImages:
    """Return a data set with its splits: a folder of pictures, or as ``datasets`` reads it.

    ``label`` decides, in a folder of pictures, who has one.
    """
    require("data", "pictures and data sets of the hub")
    found = _found(source, stamp)
    if _is_pictures(found):
        return open_pictures(Path(source), _sorted(source, stamp, label or LABEL))
    splits = _open(source, stamp, config)
    if found is None:
        return OpenedImages(splits)
    unread = unread_tables(Path(source), found.tables, splits)
    left_out = {BESIDE: found.pictures, PARTLESS: unread}
    return OpenedImages(splits, notes=tuple(notes_on(source, left_out)))


def _is_pictures(found: FoundFiles | None) -> bool:
    """Whether a folder holds pictures, each a file of its own, and no data set of the hub."""
    return found is not None and bool(found.pictures) and not found.tables


@functools.lru_cache(maxsize=1)
def _found(source: str, stamp: str) -> FoundFiles | None:
    """Return the files of a local folder; None for the hub."""
    return find_files(Path(source)) if Path(source).is_dir() else None


@functools.lru_cache(maxsize=1)
def _sorted(source: str, stamp: str, label: str) -> PictureFolder:
    """Return whose the pictures of a folder are."""
    found = _found(source, stamp)
    assert found is not None
    return read_folder(Path(source), found, label)


@functools.lru_cache(maxsize=1)  # its labels and its images are read one after the other
def _open(source: str, stamp: str, config: str | None) -> Mapping[str, Any]:
    """Return a data set of the hub or of a folder of parquet files, with its splits."""
    return open_data_set(source, config)


def _pixels(rows: Any, column: str, size: int | None, folder: str | None = None) -> Pixels:
    """Return the images of a column, (n, c, h, w); grey images have one channel.

    ``folder`` is what files are named from, where each picture is a file of its own.
    """
    import datasets

    try:
        rows = rows.cast_column(column, datasets.Image(decode=False))
    except (ValueError, TypeError, NotImplementedError):
        raise InputError(
            f"Expected images in column {column!r}, got {rows.features[column]}. Name the column "
            "of the images: image=COLUMN."
        ) from None
    return read_pixels(rows[column], f"column {column!r} of row", size, folder)


def _check_filled(splits: Any, image: str, column: str, folder: str) -> None:
    """Raise InputError where pictures of a folder have no value in a column."""
    rows = [row for part in splits.values() for row in zip(part[image], part[column], strict=True)]
    without = [os.path.relpath(picture["path"], folder) for picture, value in rows if value is None]
    if without:
        raise InputError(
            f"Expected a value of {column!r} for every picture of {folder}, got none for "
            f"{len(without)} of {len(rows)}: {listed(without)}. Fill it in in metadata.csv, whose "
            "names must be spelled as those of the files, or move these pictures out of the folder."
        )


def _codes(splits: Any, column: str) -> tuple[dict[str, npt.NDArray[np.int64]], tuple[str, ...]]:
    """Return a column's codes by split, (n,) each, and the names they stand for."""
    import datasets

    from quorate.populations.tables.table_files import encode_names, missing_values

    feature = next(iter(splits.values())).features[column]
    if isinstance(feature, datasets.Image):  # which would be decoded
        raise InputError(
            f"Expected text or numbers in column {column!r}, got images. Name another column."
        )
    values = {name: list(rows[column]) for name, rows in splits.items()}
    everyone = [value for part in values.values() for value in part]
    if isinstance(feature, datasets.ClassLabel):
        missing = sum(code is None or code < 0 for code in everyone)  # -1 on the hub
        if missing:
            raise missing_values(column, missing, len(everyone))
        codes, names = np.array(everyone, dtype=np.int64), tuple(feature.names)
    else:
        codes, names = encode_names(everyone, column)
    ends = np.cumsum([len(part) for part in values.values()])[:-1]
    return dict(zip(values, np.split(codes, ends), strict=True)), names
