"""The results that a folder holds, for those who did not run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate.errors import DataUnavailableError, InputError, StoreError
from quorate.report.reports import (
    Report,
    folder_of,
    read_finding,
    read_reports,
    tells_of_itself,
)
from quorate.report.stored_folders import FolderOverview, look_inside, why_nothing
from quorate.runs.result import Result, Row, Section, TextRow, WrappedResult
from quorate.runs.store import FILE, Store
from quorate.runtime.files import place
from quorate.runtime.network import offline
from quorate.runtime.progress import tell
from quorate.studies import loading
from quorate.test_time.perturbations.told import ToldPerturbation, tell_perturbation
from quorate.test_time.study import running
from quorate.test_time.study.settings import FILE as CORRECTION


@dataclass(frozen=True, eq=False)
class StoredResult(Result):
    """A result as its JSON file tells it: rows and tables, without pictures.

    Args:
        report: what the file holds.
    """

    report: Report

    @property
    def title(self) -> str:
        """What the page is called; the folder where the file does not say it."""
        return self.report.title

    @property
    def page(self) -> Path | None:
        """The page that the run has left; None where it is gone."""
        return self.report.page if self.report.page.is_file() else None

    def summary(self) -> list[str]:
        """Return what was found in whole sentences; nothing where the file does not say it."""
        return list(self.report.sentences)

    def sections(self) -> list[Section]:
        """Return what was told, with its tables; the tables alone where the file holds no more."""
        tables = self.tables()
        return [
            Section(
                str(one["heading"]),
                tuple(one["sentences"]),
                tuple(tables.get(one["heading"], ())),
                tuple(one["after"]),
                on_page_only=bool(one["on_page_only"]),
            )
            for one in self.report.sections
        ]

    def tables(self) -> dict[str, list[TextRow]]:
        """Return the tables, by heading."""
        return {heading: list(rows) for heading, rows in self.report.tables.items()}

    def rows(self) -> list[Row]:
        """Return the rows; None where there is no number."""
        return list(self.report.rows)

    def data(self) -> dict[str, list[Row]]:
        """Return every table of numbers by its name, as far as the file tells them."""
        return {name: list(rows) for name, rows in self.report.data.items()}

    def to_json(self) -> dict[str, Any]:
        """Return all that the file holds."""
        return dict(self.report.plain)

    def stored(self) -> dict[str, Any]:
        """Return all that the file holds."""
        return self.to_json()


@dataclass(frozen=True, eq=False)
class JudgedResult(WrappedResult):
    """A stored result, and what its experiment claimed.

    Args:
        result: what was found.
        finding: the claim and its verdict, as plain data.
    """

    result: Result
    finding: Mapping[str, Any]

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The finding."""
        return self.finding


@offline()
def load_result(folder: str | Path, target: float | None = None) -> Result:
    """Return the result that a folder holds: as its report tells it, or made of its trials.

    Args:
        folder: of a run of any kind, or a file in it; or a perturbation file, which tells of
            itself.
        target: S* to read critical masses at, in place of the study's.

    Raises:
        InputError: the target is out of range, or nothing is read at a target there.
        StoreError: there is no result, or it cannot be read; it says what is there.
    """
    path = place(folder)
    if tells_of_itself(path):
        return tell_perturbation(path)
    run = folder_of(path)
    result = _main(run, read_reports(run), target)
    if result is None:
        raise StoreError(why_nothing(run))
    return result


@offline()
def load_results(folder: str | Path, target: float | None = None) -> list[Result]:
    """Return all results that a folder holds, the main one first.

    A comparison shares its folder with a correction, a search with its trials. Where there is none
    but in folders inside, it is a list of these.

    Args:
        folder, target: as for ``load_result``.

    Raises:
        InputError, StoreError: as ``load_result``.
    """
    path = place(folder)
    if tells_of_itself(path):
        return [tell_perturbation(path)]
    run = folder_of(path)
    reports = read_reports(run)
    main = _main(run, reports, target)
    if main is None:
        inside = look_inside(run)
        if not inside:
            raise StoreError(why_nothing(run))
        return [FolderOverview(run, tuple(inside))]
    shown = getattr(main, "report", None)
    others = [one for one in reports if one.stem != main.stem and one != shown and one.is_whole]
    return [main, *map(_as_written, others)]


def is_as_written(result: Result) -> bool:
    """Whether a result is read from what a run has written, so that its page stays as it is."""
    inner = result.result if isinstance(result, JudgedResult) else result
    return isinstance(inner, StoredResult | FolderOverview | ToldPerturbation)


def page_of(result: Result) -> Path | None:
    """Return the page that a run has left of a result; None where it is gone."""
    inner = result.result if isinstance(result, JudgedResult) else result
    return inner.page if isinstance(inner, StoredResult) else None


def _main(folder: Path, reports: list[Report], target: float | None) -> Result | None:
    """Return what was run in the folder itself; None for nothing that could be shown."""
    found = _unjudged(folder, reports, target)
    finding = read_finding(folder)
    return JudgedResult(found, finding) if found is not None and finding is not None else found


def _unjudged(folder: Path, reports: list[Report], target: float | None) -> Result | None:
    own = next((one for one in reports if one.stem == Result.stem), None)
    if target is None and (folder / CORRECTION).exists():
        return _correction(folder, own)
    if own is not None and own.is_whole and target is None:
        return _as_written(own)
    if _holds_studies(folder):
        return loading.load(folder, target)
    if target is not None and (reports or (folder / CORRECTION).exists()):
        raise InputError(
            f"Expected trials in {folder}, to read critical masses at S* = {target:g}, got a "
            "result of another kind. Leave --target out."
        )
    whole = [one for one in reports if one.is_whole or one.tables]
    return _as_written(whole[0]) if whole else None


def _correction(folder: Path, report: Report | None) -> Result:
    """Return a correction; as its report tells it where what it was made of is gone."""
    try:
        return running.stored(folder)
    except (InputError, StoreError, DataUnavailableError) as error:
        if report is None or not report.is_whole:
            raise
        tell(f"The report is shown as it was written, since it cannot be made anew: {error}")
        return _as_written(report)


def _as_written(report: Report) -> StoredResult:
    """Return the result that a report tells of, once all its parts are what they should be."""
    report.check()
    return StoredResult(report)


def _holds_studies(folder: Path) -> bool:
    """Whether trials of a study can be read there, or what is there must be said to be broken."""
    if not (folder / FILE).exists() and not (folder / "cells").is_dir():
        return False
    with Store(folder) as store:
        return bool(store.studies())
