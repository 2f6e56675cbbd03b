"""Files that are written whole or not at all: every file of the library is written here."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quorate.errors import StoreError


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
