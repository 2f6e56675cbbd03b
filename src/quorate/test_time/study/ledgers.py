"""Ledgers of platforms that were asked on another machine: they come back with a record.

Such a platform was trained for the study, and charges nobody. What its ledger says belongs to the
result: who asked how much. Only the process that runs the correction writes it to the folder of the
run, since two machines may damage a database on a disk that they share.
"""

from __future__ import annotations

import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

from quorate.runs.cell import Record
from quorate.runs.store import Store
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.study.access import LEDGERS


def with_ledgers(record: Record, out: Path) -> Record:
    """Return a record with the ledgers in a folder, packed, as further files of it."""
    ledgers = sorted((out / LEDGERS).glob("*.sqlite"))
    files = {f"{LEDGERS}/{one.name}": zlib.compress(one.read_bytes()) for one in ledgers}
    return replace(record, files={**record.files, **files})


class CorrectionStore(Store):
    """The store of a correction, beside which the ledgers are kept."""

    def add(self, kind: str, record: Record) -> None:
        """Store a record, having taken over the ledgers that came with it."""
        ledgers = {
            name: one for name, one in record.files.items() if name.startswith(f"{LEDGERS}/")
        }
        for name, content in ledgers.items():
            self._take_over(Path(name).name, content)
        files = {name: one for name, one in record.files.items() if name not in ledgers}
        super().add(kind, replace(record, files=files))

    def _take_over(self, name: str, content: bytes) -> None:
        if self.folder is None:
            return
        with tempfile.TemporaryDirectory(prefix="quorate-") as made:
            came = Path(made) / name
            came.write_bytes(zlib.decompress(content))
            with Ledger(came) as other, Ledger(self.folder / LEDGERS / name) as ours:
                ours.take_over(other)
