"""Folders that the workers of a run have to see, wherever they are."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quorate.errors import WorkerError
from quorate.executors.clusters.sender import name_of_place
from quorate.executors.executor import Pool


@dataclass(frozen=True)
class Probe:
    """A small file in a folder, by which a worker knows that it sees the same folder.

    Args:
        file: the file, named in full.
        text: what is in it.
    """

    file: Path
    text: str

    def check(self) -> None:
        """Raise WorkerError unless this machine sees the folder."""
        try:
            found = self.file.read_text(encoding="utf-8")
        except OSError as error:
            found = error.strerror or str(error)
        if found != self.text:
            raise WorkerError(
                f"Expected {self.file.parent} to be a folder that all workers share, since they "
                f"read what is there, got one that does not ({name_of_place()}): {found}. Name "
                "a folder on a disk that they share: --out FOLDER."
            )


@contextlib.contextmanager
def seen_by_all(folder: Path | None, pool: Pool) -> Iterator[Probe | None]:
    """Yield what a worker is to look for before it begins; None where nothing has to be shared.

    Args:
        folder: which the work reads on the workers; None where it does not.
        pool: the workers.
    """
    if folder is None or not pool.is_elsewhere:
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    probe = Probe(folder.absolute() / f".probe-{uuid.uuid4().hex}", uuid.uuid4().hex)
    probe.file.write_text(probe.text, encoding="utf-8")
    try:
        yield probe
    finally:
        probe.file.unlink(missing_ok=True)
