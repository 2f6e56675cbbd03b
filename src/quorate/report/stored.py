"""The result that a folder holds, for those who did not run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.plain import finite, read_json
from quorate.runs.result import Result, Row, Section
from quorate.runtime.files import place
from quorate.runtime.network import offline
from quorate.studies import curves
from quorate.test_time.perturbations.told import tell_perturbation
from quorate.test_time.study import running
from quorate.test_time.study.settings import FILE as CORRECTION

DATA = "results.json"


@dataclass(frozen=True, eq=False)
class StoredResult(Result):
    """A result as its JSON file tells it: rows and tables, without pictures.

    Args:
        folder: where it stands.
        plain: what the file holds.
    """

    folder: Path
    plain: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What the page is called; the folder where the file does not say it."""
        return str(self.plain.get("title", self.folder))

    @property
    def page(self) -> Path | None:
        """The page that the run has left; None where it is gone."""
        return next(iter(sorted(self.folder.glob("*.html"))), None)

    def summary(self) -> list[str]:
        """Return what was found in whole sentences; nothing where the file does not say it."""
        return list(self.plain.get("sentences", []))

    def sections(self) -> list[Section]:
        """Return the tables."""
        return [Section(heading, rows=tuple(rows)) for heading, rows in self.tables().items()]

    def tables(self) -> dict[str, list[Mapping[str, str]]]:
        """Return the tables, by heading."""
        return dict(self.plain["tables"])

    def rows(self) -> list[Row]:
        """Return the rows; None where there is no number."""
        return list(self.plain["rows"])

    def to_json(self) -> dict[str, Any]:
        """Return all that the file holds."""
        return dict(self.plain)


@offline()
def load_result(folder: str | Path, target: float | None = None) -> Result:
    """Return the result that a folder holds: as its report tells it, or made of its trials.

    Args:
        folder: of a run of any kind; or a perturbation file, which tells of itself.
        target: S* to read critical masses at, in place of the study's.

    Raises:
        InputError: the target is out of range, what a correction needs is not there any more, or
            a file is no perturbation.
        StoreError: there is neither a report nor a study, or it cannot be read.
    """
    folder = place(folder)
    if folder.is_file() or (folder.suffix.lower() == ".npz" and not folder.is_dir()):
        return tell_perturbation(folder)
    if (folder / CORRECTION).exists():
        return running.stored(folder)
    for file in (folder / DATA, *sorted(folder.glob("*.json"))):
        if (plain := _read(file)) is not None:
            return StoredResult(folder, plain)
    return curves.load(folder, target)


def _read(file: Path) -> Mapping[str, Any] | None:
    """Return what a JSON file of a report holds; None where it lacks rows or tables."""
    try:
        plain = finite(read_json(file.read_bytes()))
    except (OSError, ValueError):
        return None
    return plain if isinstance(plain, dict) and _is_report(plain) else None


def _is_report(plain: Mapping[str, Any]) -> bool:
    """Whether plain data have the rows, tables and sentences of a report."""
    rows, tables, said = plain.get("rows"), plain.get("tables"), plain.get("sentences", [])
    return (
        isinstance(rows, list)
        and all(isinstance(row, dict) for row in rows)
        and isinstance(tables, dict)
        and all(isinstance(table, list) for table in tables.values())
        and all(isinstance(row, dict) for table in tables.values() for row in table)
        and all(
            isinstance(text, str) for t in tables.values() for row in t for text in row.values()
        )
        and isinstance(said, list)
        and all(isinstance(text, str) for text in said)
    )
