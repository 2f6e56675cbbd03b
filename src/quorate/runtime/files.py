"""Files: written whole or not at all, every one here; and TOML, which studies are read from."""

from __future__ import annotations

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
        raise InputError(f"Expected {path} to be TOML, got: {error}. Mend that line.") from None
    except (RecursionError, ValueError):  # of a number with too many digits
        pass
    raise InputError(
        f"Expected {path} to be TOML with at most {MOST_LEVELS} lists and tables inside each other "
        "and no number of thousands of digits, got more. Write it as the examples do."
    )
