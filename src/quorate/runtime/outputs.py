"""Files that a command writes for its user: nothing is replaced that quorate did not make.

What was written is noted in the cache, by place: who wrote it, and a digest. A file that a command
names itself is replaced if the same command wrote these very bytes. In a folder of results, files
are replaced that a report has written there before; where nothing is noted of it, those beside a
page or a store of ours: the folder was made by an older version, or moved here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from quorate.errors import StoreError, reason
from quorate.plain import read_json
from quorate.runtime import cache
from quorate.runtime.writing import replace_file

REPORT = "a report"
PAGE_MARKS = (b"<!-- pages beside this one -->", b"This page stands alone: nothing in it is loaded")
BEGUN, OLDER = "", "*"  # noted in place of a name: of an empty folder, of one that was ours before
DATABASE_MARK = b"QUO"  # begins the application ids of our SQLite files, at byte 68
MOST_PAGE = 2**20  # bytes of a page that its marks are looked for in, at its ends


def check_file(
    path: Path, by: str, reads: Iterable[str | Path] = (), fix: str = "choose another --out"
) -> None:
    """Raise StoreError unless a file may be written: it is new, or the same command made it.

    Args:
        path: the file.
        by: what writes it, such as "quorate export".
        reads: files and folders that the command reads.
        fix: how to use another file.
    """
    for other in map(Path, reads):
        if _is_same(path, other):
            raise StoreError(
                f"Expected a file of its own to write to, got {path}, which would overwrite "
                f"{other}. Instead, {fix}."
            )
    if _is_free(path, fix):
        return
    noted = _noted(path.parent).get(path.name)
    if noted is None or noted[0] != by or noted[1] != _digest(path):
        changed = noted is not None and noted[0] == by
        what = "which was changed since" if changed else f"which {by} did not write"
        raise StoreError(
            f"Expected a new file, or one that {by} wrote, at {path}, got one {what}. Remove it, "
            f"or {fix}."
        )


def write_file(path: Path, content: bytes, by: str) -> None:
    """Write a file that ``check_file`` allows, whole or not at all, and note it.

    Raises:
        OSError: it cannot be written.
    """
    replace_file(path, content)
    _note(path.parent, {path.name: content}, by)


def check_folder(
    folder: Path,
    names: Iterable[str],
    by: str = REPORT,
    is_ours: Callable[[Path], bool] | None = None,
) -> None:
    """Raise StoreError unless files of these names may be written to a folder.

    Args:
        folder: where to.
        names: of the files.
        by: what writes them.
        is_ours: whether a folder in which nothing was noted is ours; by default, by its pages.
    """
    standing = next((one for one in (folder, *folder.parents) if os.path.lexists(one)), folder)
    if os.path.lexists(standing) and not standing.is_dir():
        what = "a link to nothing" if standing.is_symlink() else "a file"
        at = "" if standing == folder else f" at {standing}"
        raise StoreError(f"Expected {folder} to be a folder, got {what}{at}. Choose another --out.")
    taken = [name for name in names if not _is_free(folder / name, "choose another --out")]
    noted = _noted_by(folder, by) if taken else set()
    older = bool(taken) and _is_older(folder, noted, is_ours)
    for name in taken:
        ours = name in noted or (older and (not name.endswith(".html") or _is_page(folder / name)))
        if not ours:
            raise StoreError(
                f"Expected to write {name} to {folder}, got a file there that quorate did not make."
                " Move it away, or choose another --out."
            )


def write_files(
    folder: Path,
    files: Mapping[str, bytes],
    again: str,
    by: str = REPORT,
    is_ours: Callable[[Path], bool] | None = None,
) -> None:
    """Write files to a folder, which is made if need be, each whole or not at all.

    Args:
        folder: where to.
        files: contents by file name.
        again: what to do once there is room, such as "run the same command again".
        by, is_ours: as in ``check_folder``.

    Raises:
        StoreError: one of them would replace a file that quorate did not make, and nothing is
            written; or the folder cannot be written, or the disk is full: it says to do ``again``.
    """
    try:
        check_folder(folder, files, by, is_ours)
        older = {OLDER: b""} if _is_older(folder, _noted_by(folder, by), is_ours) else {}
        folder.mkdir(parents=True, exist_ok=True)
        _note(folder, {**older, **files}, by)  # first: they are ours even if this ends in between
        for name, content in files.items():
            replace_file(folder / name, content)
    except OSError as error:
        raise StoreError(
            f"Expected to write the report to {folder}, got: {reason(error)}. What is stored is "
            f"kept; make room, then {again}."
        ) from error


def write_plain(path: Path, plain: Any, key: str = "") -> None:
    """Write plain data to a JSON file, whole or not at all.

    Args:
        path: the file.
        plain: what it will hold.
        key: what a table in a file of ours has; without one, any table is ours.

    Raises:
        StoreError: there is another file in its place, the folder cannot be written, or the disk
            is full.
    """
    content = json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()
    again = "run the same command again"
    write_files(path.parent, {path.name: content}, again, path.name, lambda _: _has_key(path, key))


def _has_key(path: Path, key: str) -> bool:
    try:
        plain = read_json(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(plain, dict) and (not key or key in plain)


def _is_same(path: Path, other: Path) -> bool:
    """Whether two names are of one file, or one is inside what the other names."""
    try:
        return path.resolve() == other.resolve() or os.path.samefile(path, other)
    except (OSError, ValueError):  # one of them is not there
        return False


def _is_free(path: Path, fix: str) -> bool:
    """Whether nothing is at a place; raise StoreError for what is no plain file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return True  # said when the folder is made
    except (OSError, ValueError) as error:
        raise StoreError(
            f"Expected to write {str(path)[:100]}, got: {reason(error)}. Instead, {fix}."
        ) from None
    if stat.S_ISREG(mode):
        return False
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link"}
    raise StoreError(
        f"Expected to write {path}, got {kinds.get(stat.S_IFMT(mode), 'a device')} in its place. "
        f"Instead, {fix}."
    )


def begin_folder(folder: Path, names: Iterable[str]) -> None:
    """Raise as ``check_folder``; from then on, only what a report writes there is a report's.

    So that a folder of someone else's is not taken for ours once a run has a store in it.
    """
    check_folder(folder, names)
    if not _noted_by(folder, REPORT):
        _note(folder, {OLDER if _is_ours(folder) else BEGUN: b""}, REPORT)


def _is_older(folder: Path, noted: set[str], is_ours: Callable[[Path], bool] | None) -> bool:
    """Whether a folder was ours before anything was noted of it."""
    return OLDER in noted or (not noted and (is_ours or _is_ours)(folder))


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds a page or a database of ours."""
    for file in folder.glob("*.sqlite"):
        with contextlib.suppress(OSError), file.open("rb") as opened:
            if opened.read(100)[68:71] == DATABASE_MARK:
                return True
    return any(map(_is_page, folder.glob("*.html")))


def _is_page(file: Path) -> bool:
    """Whether a file is a page of ours."""
    with contextlib.suppress(OSError), file.open("rb") as opened:
        head = opened.read(MOST_PAGE)
        opened.seek(max(0, file.stat().st_size - MOST_PAGE))
        ends = head + opened.read(MOST_PAGE)
        return any(mark in ends for mark in PAGE_MARKS)
    return False


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _notes(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:32]
    return cache.folder() / "written" / f"{name}.json"


def _noted(folder: Path) -> dict[str, list[str]]:
    """Return who wrote the files of a folder and their digests, by name."""
    try:
        plain = read_json(_notes(folder).read_bytes())
    except (OSError, ValueError):
        return {}
    return {
        name: one
        for name, one in (plain.items() if isinstance(plain, dict) else ())
        if isinstance(one, list) and len(one) == 2
    }


def _noted_by(folder: Path, by: str) -> set[str]:
    """Return the names of what one writer has noted of a folder."""
    return {name for name, one in _noted(folder).items() if one[0] == by}


def _note(folder: Path, files: Mapping[str, bytes], by: str) -> None:
    """Note what is written to a folder; where the cache cannot be written, nothing is noted."""
    new = {name: [by, hashlib.sha256(content).hexdigest()] for name, content in files.items()}
    with contextlib.suppress(OSError):
        notes, before = _notes(folder), _noted(folder)
        if {**before, **new} != before:
            notes.parent.mkdir(parents=True, exist_ok=True)
            notes.write_bytes(json.dumps({**before, **new}).encode())  # half of it is none
