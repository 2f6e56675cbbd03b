"""Files: written whole or not at all, every one here; read as TOML, or in their own encoding."""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.errors import InputError, StoreError, reason
from quorate.plain import MOST_LEVELS, levels

MOST_BYTES = 10 * 2**20  # of a file that people write; the longest here has 4 KB


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside the old one, then put it in its place: whole or not at all.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def make_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a new file, whole or not at all, and never over another one.

    Raises:
        FileExistsError: there is one already.
        OSError: it cannot be written; nothing is left of it.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        _move_to_new(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _move_to_new(name: str, path: Path) -> None:
    """Give a file a name that no file has; os.replace would take it from another one."""
    try:
        os.link(name, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.rename(name, path)


def write_files(folder: Path, files: Mapping[str, bytes], again: str) -> None:
    """Write files to a folder, which is made if need be, each whole or not at all.

    Args:
        folder: where to.
        files: contents by file name.
        again: what to do once there is room, such as "run the same command again".

    Raises:
        StoreError: the folder cannot be written, or the disk is full; it says to do ``again``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(folder / name, content)
    except OSError as error:
        raise StoreError(
            f"Expected to write the report to {folder}, got: {error.strerror or error}. What is "
            f"stored is kept; make room, then {again}."
        ) from error


def write_plain(path: Path, plain: Any) -> None:
    """Write plain data to a JSON file, whole or not at all.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(plain, ensure_ascii=False, allow_nan=False).encode())
    except OSError as error:
        raise StoreError(
            f"Expected to write {path}, got: {error.strerror or error}. What is stored is kept; "
            "make room, mend the permissions, or choose another --out."
        ) from error


def read_toml(path: str | Path, what: str = "a study file") -> dict[str, Any]:
    """Return what a TOML file holds.

    Args:
        path: the file.
        what: is expected there, in words.

    Raises:
        InputError: the file is not there or too large, is not TOML, or is nested too deeply.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise InputError(
            f"Expected {what} at {path}, got: {reason(error)}. Give a TOML file."
        ) from None
    if len(content) > MOST_BYTES:
        raise InputError(
            f"Expected {what} of at most {MOST_BYTES // 2**20} MB at {path}, got more. Give a TOML "
            "file."
        )
    try:
        plain = tomllib.loads(content.decode("utf-8-sig"))
        if levels(plain) <= MOST_LEVELS:
            return plain
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        fix = "Save it as UTF-8" if isinstance(error, UnicodeDecodeError) else "Mend that line"
        raise InputError(f"Expected {path} to be TOML, got: {error}. {fix}.") from None
    except (RecursionError, ValueError):  # of a number with too many digits
        pass
    raise InputError(
        f"Expected {path} to be TOML with at most {MOST_LEVELS} lists and tables inside each other "
        "and no number of thousands of digits, got more. Write it as the examples do."
    )


_MARKS = {  # the longer first: that of UTF-32 begins as that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def decoded(content: bytes, encoding: str | None = None) -> str:
    """Return a file's text: in the encoding of its byte order mark, else UTF-8 or as given.

    >>> decoded(b"\\xef\\xbb\\xbfa"), decoded("é".encode("utf-16")), decoded(b"\\xe9", "cp1252")
    ('a', 'é', 'é')

    Raises:
        UnicodeDecodeError: it is not in that encoding.
    """
    for mark, named in _MARKS.items():
        if content.startswith(mark):
            return content.decode(named)
    if encoding is None and content[1:2] == b"\0":
        encoding = "utf-16-le"
    elif encoding is None and content[:1] == b"\0":
        encoding = "utf-16-be"
    return content.decode(encoding or "utf-8")
