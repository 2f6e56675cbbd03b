"""Plain data in files, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from quorate.errors import StoreError


def write_plain(path: Path, plain: Any) -> None:
    """Write plain data to a file, whole or not at all.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, json.dumps(plain, ensure_ascii=False, allow_nan=False))
    except OSError as error:
        raise StoreError(
            f"Expected to write {path}, got: {error.strerror or error}. What is stored is kept; "
            "make room, mend the permissions, or choose another --out."
        ) from error


def _replace(path: Path, text: str) -> None:
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
