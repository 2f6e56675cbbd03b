"""The one atomic writer: a file is written whole or not at all, and outlives a power cut."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file beside the old one, then put it in its place: whole or not at all.

    It is on the disk before it has its name, so that a power cut leaves the old one or this.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    with _written_beside(path, content, mode) as name:
        os.replace(name, path)


def make_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a new file, whole or not at all, and never over another one.

    Raises:
        FileExistsError: there is one already.
        OSError: it cannot be written; nothing is left of it.
    """
    with _written_beside(path, content, mode) as name:
        _move_to_new(name, path)


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes, mode: int) -> Iterator[str]:
    """Yield the name of a file beside a path, on the disk already; what is left of it is removed.

    What is done with it is on the disk, too, once this ends.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        yield name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
    _sync_folder(path.parent)


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


def _sync_folder(folder: Path) -> None:
    """Let a new name in a folder reach the disk, where folders can be synced."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
