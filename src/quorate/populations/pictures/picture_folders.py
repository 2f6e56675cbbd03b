"""Folders of pictures: which file is whose, by folders and by metadata, and what is left out."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from quorate.errors import InputError
from quorate.populations.pictures.picture_metadata import NAMES, Value, read_metadata
from quorate.runtime.pictures import ENDINGS, HEAD, kind_of
from quorate.validate import listed

# Folders that hold folders of labels, by name: the parts that a data set is split into.
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
}
PART_NAME = re.compile(
    r"(\w+?)[ _.-]*(?:(?:set|data|dataset|images|pictures|photos|split)[ _.-]*)?"
)
MOST_FILES = 3_000_000  # that are looked at in one folder
TABLES = (".parquet", ".arrow")  # a data set of the hub, not a folder of pictures
OTHER_KINDS = {
    *(".heic", ".heif", ".avif", ".jp2", ".jxl", ".psd", ".svg", ".ico", ".tga", ".pfm", ".exr"),
    *(".dng", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2"),
}
# Why files are left out, as it is said of them.
HIDDEN = "hidden"
OTHER = "of a kind that is not read here; save as PNG or JPEG to take them in"
STRANGE = "no pictures"
BROKEN = "links that lead nowhere, or devices"
OUTSIDE = "outside the folders of parts"
LOOSE = "in no folder of a label"
BESIDE = "pictures beside parquet files"
PARTLESS = "parquet files whose names tell no part, beside others whose names do"
NOT_THERE = "named by metadata, but not there or not read"


@dataclass(frozen=True)
class FoundFiles:
    """Files below a folder, by their paths from it, in order.

    Args:
        pictures: those that are pictures by their first bytes or their endings.
        metadata: those that say more of pictures.
        tables: files of a data set of the hub.
        left_out: paths of all others, by why.
    """

    pictures: tuple[str, ...]
    metadata: tuple[str, ...]
    tables: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class PictureFolder:
    """Pictures, whose they are, and what was left out.

    Args:
        parts: paths of the pictures by the name of their part; one part is called train.
        labels: label of each picture by its folder; empty where folders say nothing.
        columns: further values of pictures: by column, then by path.
        left_out: paths that were left out, by why.
    """

    parts: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, str]
    columns: Mapping[str, Mapping[str, Value]]
    left_out: Mapping[str, tuple[str, ...]]

    def notes(self, folder: str) -> list[str]:
        """Return what was left out, counted and named, one sentence each."""
        return notes_on(folder, self.left_out)


def notes_on(folder: str, left_out: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what was left out of a folder, by why: counted and named, one sentence each."""
    return [
        f"Left out of {folder}: {len(paths)} {'file' if len(paths) == 1 else 'files'} ({why}): "
        f"{listed(paths)}."
        for why, paths in left_out.items()
        if paths
    ]


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield all that is in a folder but folders, with its path from there; links are followed.

    A hidden folder is one item: nobody looks into it.

    Raises:
        InputError: a folder cannot be read, or there are more files than any data set has.
    """
    above: tuple[str, ...] = ()
    waiting = [("", folder, above)]
    for _ in range(MOST_FILES):
        if not waiting:
            return
        name, here, above = waiting.pop()
        try:
            inside = not name or (here.is_dir() and not _is_hidden(here.name))
            real = f"{above[-1]}/{here.name}" if above else ""  # of what is no link
            if inside and (here.is_symlink() or not above):
                real = os.path.realpath(here)
            if inside and real not in above:  # else a link that leads back
                start = f"{name}/" if name else ""
                items = sorted(here.iterdir(), key=lambda one: one.name, reverse=True)
                waiting += [(start + one.name, one, (*above, real)) for one in items]
        except OSError as error:
            raise InputError(
                f"Expected folders that can be read, got {here}: {error.strerror}. Change who may "
                f"read it, or move it out of {folder}."
            ) from None
        if not inside:
            yield name, here
    raise InputError(
        f"Expected at most {MOST_FILES:,} files and folders in {folder}, got more. Links may lead "
        "to the same folders again and again: take them out."
    )


def _is_hidden(name: str) -> bool:
    """Whether a name is hidden, or is what macOS leaves beside pictures in archives."""
    return name.startswith(".") or name == "__MACOSX"


def find_files(folder: Path) -> FoundFiles:
    """Return the files below a folder by what they are."""
    pictures, metadata, tables = [], [], []
    left_out: dict[str, list[str]] = {}
    for name, path in files_below(folder):
        ending = path.suffix.lower()
        if _is_hidden(path.name):
            left_out.setdefault(HIDDEN, []).append(name)
        elif not path.is_file():
            left_out.setdefault(BROKEN, []).append(name)
        elif path.name.lower() in NAMES:
            metadata.append(name)
        elif ending in TABLES:
            tables.append(name)
        elif ending in ENDINGS or kind_of(_head(path)) is not None:
            pictures.append(name)
        else:
            why = OTHER if ending in OTHER_KINDS else STRANGE
            left_out.setdefault(why, []).append(name)
    others = {why: tuple(names) for why, names in left_out.items()}
    return FoundFiles(tuple(sorted(pictures)), tuple(metadata), tuple(tables), others)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise InputError(
            f"Expected files that can be read, got {path}: {error.strerror}. Change who may read "
            "it, or move it out of the folder."
        ) from None


def read_folder(folder: Path, found: FoundFiles, label: str) -> PictureFolder:
    """Return the pictures of a folder, with labels by sub-folders and what metadata say.

    A label is the name of the folder that lies in ``folder``, or in the folder of a part, however
    deep its pictures lie in it. Parts are folders called train, test or validation, or as
    test_set, that hold folders of labels; or, without such folders, that hold pictures to which
    metadata give the label. One folder around everything else is passed through.

    Args:
        folder: where the pictures are.
        found: its files.
        label: column of the labels.

    Raises:
        InputError: there are no labels, or what is a part and what a label cannot be told.
    """
    metadata = read_metadata(folder, found.metadata, found.pictures)
    given = metadata.columns.get(label, {})  # labels by metadata
    tree = _Tree(_base(found.pictures, found.metadata), found.pictures)
    parts = _parts(folder, tree, bool(given))
    sorting = _Sorting()
    for path in found.pictures:
        top, inner = tree.place(path)
        if not parts:
            sorting.add("train", path, top, given)
        elif top in parts:
            sorting.add(parts[top], path, inner, given)
        else:
            sorting.left_out.setdefault(OUTSIDE, []).append(path)
    columns = dict(metadata.columns)
    _check_labels(folder, sorting, given, columns, label)
    left_out = {**found.left_out, **{why: tuple(p) for why, p in sorting.left_out.items()}}
    if metadata.not_there:
        left_out[NOT_THERE] = metadata.not_there
    kept = {name: tuple(paths) for name, paths in sorting.parts.items()}
    return PictureFolder(kept, sorting.labels, columns, left_out)


@dataclass
class _Sorting:
    """Pictures that are being sorted into parts and labels."""

    parts: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def add(self, part: str, path: str, label: str | None, given: Collection[str]) -> None:
        """Add one picture; without any label it is left out."""
        if label is not None:
            self.labels[path] = unicodedata.normalize("NFC", label)
        elif path not in given:
            self.left_out.setdefault(LOOSE, []).append(path)
            return
        self.parts.setdefault(part, []).append(path)


@dataclass(frozen=True)
class _Tree:
    """Pictures by the two folders that say whose they are.

    Args:
        base: how their paths begin that all is in.
        pictures: all paths.
    """

    base: str
    pictures: tuple[str, ...]

    def place(self, path: str) -> tuple[str | None, str | None]:
        """Return the first and the second folder that a picture lies in, from the base."""
        folders = path.removeprefix(self.base).split("/")[:-1]
        return (folders[0] if folders else None, folders[1] if len(folders) > 1 else None)

    def tops(self) -> dict[str | None, set[str | None]]:
        """Return the first folders, with the second ones; None where pictures lie in the first."""
        found: dict[str | None, set[str | None]] = {}
        for path in self.pictures:
            top, inner = self.place(path)
            found.setdefault(top, set()).add(inner)
        return found


def part_of(folder: str) -> str | None:
    """Return the part that the name of a folder stands for; None for other names.

    >>> part_of("Train"), part_of("training_set"), part_of("val-images"), part_of("train station")
    ('train', 'train', 'validation', None)
    """
    named = PART_NAME.fullmatch(folder.strip().lower())
    return PARTS.get(named[1]) if named else None


def _base(pictures: tuple[str, ...], metadata: tuple[str, ...]) -> str:
    """Return the folder in which labels or parts lie: one that all else is in is passed through."""
    base = ""
    while True:
        tops = _Tree(base, pictures).tops()
        (top, *others) = tops or {None: set()}
        if others or top is None or None in tops[top] or part_of(top):
            return base
        base += f"{top}/"


def _parts(folder: Path, tree: _Tree, labelled: bool) -> dict[str | None, str]:
    """Return the part that each folder of parts stands for; empty where there are none."""
    tops = tree.tops()
    named: dict[str | None, str] = {}
    for top in tops:
        if top and (part := part_of(top)):
            named[top] = part
    nested = {top: part for top, part in named.items() if tops[top] - {None}}
    if "train" in nested.values() and len(set(nested.values())) > 1:
        return nested
    alone = len(named) == len(tops)  # nothing beside the parts
    if nested and alone and len(nested) == len(named):
        return nested
    if labelled and alone and "train" in named.values() and len(set(named.values())) > 1:
        return named
    pure = [str(top) for top in nested if None not in tops[top]]
    if pure:
        others = [str(top) if top else "pictures" for top in tops if top not in pure]
        raise InputError(
            f"Expected {folder} to hold train beside test or validation, or a folder of pictures "
            f"per label, got {listed(pure)}, which holds folders, beside {listed(others)}. Where "
            f"{pure[0]} is a part, call the other one test and put folders of labels into it; "
            "where it is a label, put its pictures into it without folders."
        )
    return {}


def _check_labels(
    folder: Path,
    sorting: _Sorting,
    given: Mapping[str, Value],
    columns: dict[str, Mapping[str, Value]],
    label: str,
) -> None:
    """Make sure that there are labels, and that folders and metadata say the same.

    Where all pictures lie in one folder, its name is no label if metadata give labels.
    """
    if not sorting.parts:
        said = f"; metadata have {listed(list(columns))}" if columns else ""
        raise InputError(
            f"Expected a sub-folder of pictures per label in {folder}, or metadata.csv with the "
            f"columns file_name and {label}, got pictures without labels{said}. Sort them into "
            "folders, or write that file."
        )
    if label != "label" or not given:
        return
    by_folder = sorting.labels
    if len(set(by_folder.values())) <= 1:
        by_folder.clear()
        return
    by_metadata = {path: unicodedata.normalize("NFC", str(label)) for path, label in given.items()}
    differ = [path for path, name in by_folder.items() if by_metadata.get(path) != name]
    if differ:
        first = differ[0]
        other = "has none" if given.get(first) is None else f"is {by_metadata[first]!r}"
        raise InputError(
            f"Expected the label of every picture by its folder to be that of metadata.csv, got "
            f"{len(differ)} that differ: {first} is {by_folder[first]!r} by its folder and {other} "
            "by metadata. Call the column otherwise, such as kind, and "
            "choose one: label=label for the folders, or label=kind."
        )
    del columns[label]
