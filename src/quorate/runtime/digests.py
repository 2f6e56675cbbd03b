"""Digests of files that people may change: part of the id of every cell that reads them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

AT_ONCE = 2**20  # bytes that are read in one go


def digest_file(path: str | Path) -> str:
    """Return a digest of a file's bytes, 64 bits in hex.

    A file whose place, size and times are as they were is not read again.

    Raises:
        OSError: it cannot be read.
    """
    stat = Path(path).stat()
    state = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
    return _digest(str(path), state)


def digest_files(folder: str | Path, files: Iterable[Path]) -> str:
    """Return a digest of the names, within a folder, and the bytes of some of its files.

    Raises:
        OSError: one cannot be read.
    """
    return digest_named_files((str(file.relative_to(folder)), file) for file in files)


def digest_named_files(files: Iterable[tuple[str, Path]]) -> str:
    """Return a digest of files' names and bytes, whatever their order.

    Raises:
        OSError: one cannot be read.
    """
    lines = sorted(f"{name} {digest_file(file)}" for name, file in files)
    return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()[:16]


@functools.lru_cache(maxsize=2**17)
def _digest(path: str, state: tuple[int, ...]) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(AT_ONCE):
            found.update(part)
    return found.hexdigest()[:16]
