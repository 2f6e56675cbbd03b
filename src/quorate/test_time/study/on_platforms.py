"""Work on platforms that were trained here: to another machine they are sent along, file by file.

So workers need no folder in common, unless a platform is too large for messages.
"""

from __future__ import annotations

import contextlib
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from quorate.executors.executor import Pool
from quorate.executors.serial import THIS_PROCESS
from quorate.runs.cell import C, Record, Work
from quorate.runs.running import run_missing
from quorate.runs.store import Store
from quorate.test_time.platforms.in_process import kept_bytes, kept_files
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.sources import PlatformAddress

MOST_SENT = 2**24  # bytes of a platform in a message: a scheduler holds one message for each worker


@dataclass(frozen=True)
class PlatformsWork(Work[C]):
    """Work on the platforms of a correction.

    Args:
        out: folder of the platforms.
        sent: files of platforms, by their paths in that folder, where the work is done on another
            machine; None where it is done here.
        shared: paths of platforms that the other machine finds in that folder itself.
    """

    out: Path
    sent: Mapping[str, bytes] | None = field(default=None, repr=False)
    shared: tuple[str, ...] = ()

    @abstractmethod
    def platform_of(self, cell: C) -> tuple[Correction, CellGroup]:
        """Return the correction of a cell, and the group whose platform it asks."""

    def asks_an_address(self, cell: C) -> bool:
        """Whether the platform of a cell is behind an address."""
        correction, group = self.platform_of(cell)
        return isinstance(correction.sources[group.platform], PlatformAddress)

    def shared_folder(self, cells: Sequence[C]) -> Path | None:
        """Return the folder of the platforms where one of them is too large for a message."""
        return self.out if any(map(self._is_large, self._paths(cells))) else None

    def packed(self, cells: Sequence[C]) -> Self:
        """Return the work with the files of the platforms that these cells ask.

        Raises:
            InputError: one is damaged or not trusted.
        """
        paths = self._paths(cells)
        sent = {
            f"{path}/{name}": content
            for path in paths
            if not self._is_large(path)
            for name, content in kept_files(self.out / path).items()
        }
        shared = tuple(filter(self._is_large, paths))
        return replace(self, out=self.out.absolute(), sent=sent, shared=shared)

    def _paths(self, cells: Sequence[C]) -> list[str]:
        """Return where the platforms are that were trained here: their paths in ``out``."""
        folders = dict[Path, None]()
        for correction, group in map(self.platform_of, cells):
            deployment = Deployment(correction, self.out)
            if deployment.trained(group) is not None:
                folders[deployment.folder(group)] = None
        return [folder.relative_to(self.out).as_posix() for folder in folders]

    def _is_large(self, path: str) -> bool:
        return kept_bytes(self.out / path) > MOST_SENT

    @contextlib.contextmanager
    def folder(self) -> Iterator[Path]:
        """Yield the folder of the platforms; on another machine, one of its own for this moment."""
        if self.sent is None:
            yield self.out
            return
        with tempfile.TemporaryDirectory(prefix="quorate-") as made:
            own = Path(made)
            for path, content in self.sent.items():
                (own / path).parent.mkdir(parents=True, exist_ok=True)
                (own / path).write_bytes(content)
            for path in self.shared:
                (own / path).parent.mkdir(parents=True, exist_ok=True)
                (own / path).symlink_to(self.out / path)
            yield own


def run_on_platforms(
    work: PlatformsWork[C], cells: Sequence[C], store: Store, pool: Pool, what: str
) -> list[Record]:
    """Return the record of every cell, as ``run_missing``.

    Platforms behind an address are asked from this machine alone: here are the keys, the one ledger
    of what members have paid for, and the rate that is kept to.
    """
    known = store.ids(work.kind)
    here = [cell for cell in cells if work.asks_an_address(cell) and cell.id not in known]
    if here and pool.is_elsewhere:
        run_missing(work, here, store, THIS_PROCESS, what)
    return run_missing(work, cells, store, pool, what)
