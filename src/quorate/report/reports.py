"""The JSON files that results leave, read again: each part is what it should be, or it is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.errors import InputError, StoreError, reason
from quorate.plain import finite, read_json
from quorate.runs.digests import is_unchanged
from quorate.runs.result import Result, Row, TextRow
from quorate.runtime.progress import tell

DATA = "results.json"  # of a result that has its folder to itself
FINDING = "finding.json"
NO_REPORTS = {FINDING, "correction.json", "provenance.json", "settings.json"}
OF_A_RUN = {".html", ".json", ".sqlite"}  # files by which a run's folder may be named


@dataclass(frozen=True, eq=False)
class Report:
    """What one JSON file says of a result.

    Args:
        file: where it stands.
        plain: all that it holds.
    """

    file: Path
    plain: Mapping[str, Any]

    @property
    def stem(self) -> str:
        """The name of the result's files."""
        return Result.stem if self.file.name == DATA else self.file.stem

    @property
    def page(self) -> Path:
        """Where its page stands, or stood."""
        return self.file.parent / f"{self.stem}.html"

    @property
    def title(self) -> str:
        """What it is called; its folder where the file does not say it."""
        return str(self.plain.get("title", self.file.parent))

    @property
    def sentences(self) -> Sequence[str]:
        """What was found."""
        return self._list("sentences", str)

    @property
    def rows(self) -> Sequence[Row]:
        """The numbers; of trials, their cells."""
        return self._list("rows" if "rows" in self.plain else "cells", dict)

    @property
    def tables(self) -> Mapping[str, Sequence[TextRow]]:
        """The tables for people, by heading."""
        found = self.plain.get("tables", {})
        if not isinstance(found, Mapping):
            raise self._wrong("tables by their heading", "tables")
        for rows in found.values():
            if not _is_list_of(rows, dict) or not all(_is_text(row) for row in rows):
                raise self._wrong("tables whose rows are texts by column", "tables")
        return found

    @property
    def sections(self) -> Sequence[Mapping[str, Any]]:
        """What stands around the tables, in the order of reading."""
        if "sections" not in self.plain:
            nothing: dict[str, Any] = {"sentences": (), "after": (), "on_page_only": False}
            return [{"heading": heading, **nothing} for heading in self.tables]
        found = self._list("sections", dict)
        for one in found:
            texts = all(_is_list_of(one.get(key), str) for key in ("sentences", "after"))
            if not texts or not isinstance(one.get("heading"), str) or "on_page_only" not in one:
                raise self._wrong("headings with their sentences", "sections")
        return found

    def check(self) -> None:
        """Raise StoreError where a part is not what it should be."""
        for part in (self.sentences, self.rows, self.tables, self.sections, self.data):
            len(part)

    @property
    def data(self) -> Mapping[str, Sequence[Row]]:
        """The tables of numbers, by name; None stands for the rows."""
        found = self.plain.get("data", {"cells": None})
        if not isinstance(found, Mapping):
            raise self._wrong("tables of numbers by name", "data")
        for rows in found.values():
            if rows is not None and not _is_list_of(rows, dict):
                raise self._wrong("tables whose rows are values by column", "data")
        return {name: self.rows if rows is None else rows for name, rows in found.items()}

    @property
    def is_whole(self) -> bool:
        """Whether it says all that there is to show."""
        return {"rows", "tables"} <= set(self.plain)

    def _list(self, key: str, kind: type) -> list[Any]:
        found = self.plain.get(key, [])
        if not _is_list_of(found, kind):
            raise self._wrong(f"a list of {'texts' if kind is str else 'rows'}", key)
        return list(found)

    def _wrong(self, expected: str, key: str) -> StoreError:
        return StoreError(
            f"Expected {expected} as {key} in {self.file}, got something else. Run the same "
            "command again: it writes the file anew from what is stored."
        )


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(one, kind) for one in value)


def _is_text(row: Mapping[Any, Any]) -> bool:
    return all(isinstance(value, str) for value in row.values())


def tells_of_itself(path: Path) -> bool:
    """Whether a path is that of a file to be shown by itself, not by the run it is of."""
    if path.is_file():
        return path.suffix not in {*OF_A_RUN, ".toml"}
    return path.suffix.lower() == ".npz" and not path.is_dir()


def folder_of(path: Path) -> Path:
    """Return the folder of a run, of which a file may be named.

    Raises:
        InputError: it is a file that describes a run.
    """
    if not path.is_file():
        return path
    if path.suffix == ".toml":
        raise InputError(
            f"Expected the folder of a run, got {path}, which describes one. Run it by quorate run "
            f"{path}."
        )
    return path.parent


def read_reports(folder: Path) -> list[Report]:
    """Return what the JSON files of a folder say of results, the main one first.

    Raises:
        StoreError: the main one is there and cannot be read, and nothing else tells of it.
    """
    files = [folder / DATA, *sorted(folder.glob("*.json"))]
    found = [one for one in map(_read, dict.fromkeys(files)) if one is not None]
    main = folder / DATA
    if not found and main.is_file() and not (folder / "store.sqlite").exists():
        raise StoreError(
            f"Expected a report in {main}, got: {_why(main)}. Run the same command again: what is "
            "stored is kept."
        )
    return found


def _read(file: Path) -> Report | None:
    """Return what a JSON file of a report holds; None where it is no report."""
    try:
        plain = finite(read_json(file.read_bytes()))
    except (OSError, ValueError):
        return None
    is_report = isinstance(plain, Mapping) and "tables" in plain and file.name not in NO_REPORTS
    return Report(file, plain) if is_report and _is_whole(file, plain) else None


def _is_whole(file: Path, plain: Mapping[str, Any]) -> bool:
    """Whether a file holds what was written to it; it is told where it does not."""
    whole = is_unchanged(plain)
    if not whole:
        tell(
            f"Damaged: {file} was changed since it was written. It is left out; run the command "
            "that made it again, and it is written anew."
        )
    return whole


def _why(file: Path) -> str:
    try:
        plain = read_json(file.read_bytes())
    except (OSError, ValueError) as error:
        return reason(error)
    changed = isinstance(plain, Mapping) and not is_unchanged(plain)
    return "numbers that were changed since" if changed else "no tables"


def read_finding(folder: Path) -> Mapping[str, Any] | None:
    """Return the verdict of an experiment that was run in a folder; None where there is none."""
    try:
        plain = read_json((folder / FINDING).read_bytes())
    except (OSError, ValueError):
        return None
    if isinstance(plain, Mapping) and not _is_whole(folder / FINDING, plain):
        return None
    texts = ("verdict", "claim", "source", "ours", "expected")
    each = ("verdict", "text", "words", "note")
    if not isinstance(plain, Mapping) or not all(isinstance(plain.get(t), str) for t in texts):
        return None
    statements = plain.get("statements")
    if not isinstance(statements, list) or not _is_list_of(statements, dict):
        return None
    whole = all(isinstance(one.get(key), str) for one in statements for key in each)
    kept = all(isinstance(one.get(key), bool) for one in statements for key in ("aside", "refutes"))
    return plain if whole and kept else None
