"""Folders that hold results, and what is said of those that hold none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from quorate.errors import StoreError, reason
from quorate.report.reports import DATA, FINDING, Report, read_reports
from quorate.runs.result import Result, Row, Section
from quorate.runs.store import FILE, Store
from quorate.test_time.study.settings import FILE as CORRECTION
from quorate.validate import listed

AGAIN = "Run the same command with the same --out again: what is stored is kept."
KINDS = {  # by a report's stem
    "search": "search for α*",
    "queries": "comparison of queries",
    "plan": "plan",
    "audit": "audit of privacy",
}
# By what the JSON of a report holds.
KEYS = {"runs": "comparison", "critical_mass": "study", "periods": "watch"}
OF_A_SCENARIO = "provenance.json"
DEPTH = 3  # of folders within one another that are looked into
PARTS = {"cells", "ledgers", "platform", "platforms", "tuning"}  # of a run, no runs of their own
MOST = 200  # results that are listed


@dataclass(frozen=True)
class FolderInside:
    """A folder in which something was run.

    Args:
        folder: where.
        title: what its result is called.
        found: the first sentence of it; empty where it is not written yet.
        kind: what was run, in a word or two; empty where nothing tells.
        date: the day of its report, as YYYY-MM-DD; empty where there is none.
        page: where its page stands, or stood; None where there is no report.
        problem: what is wrong with what is stored, and what to do; empty for nothing.
    """

    folder: Path
    title: str
    found: str
    kind: str = ""
    date: str = ""
    page: Path | None = None
    problem: str = ""


@dataclass(frozen=True, eq=False)
class FolderOverview(Result):
    """A folder of several runs: what each has found.

    Args:
        folder: where they stand.
        inside: the runs.
    """

    folder: Path
    inside: tuple[FolderInside, ...]

    @property
    def title(self) -> str:
        """Where they stand."""
        return f"Results in {self.folder}"

    def summary(self) -> list[str]:
        """Return how many there are, and how one is shown."""
        number = len(self.inside)
        most = " or more" if number == MOST else ""
        there = f"There are results in {number} folders{most}. To see one"
        if number == 1:
            there = "There are results in one folder. To see them"
        said = [f"{there}: quorate show {self.inside[0].folder}"]
        damaged = [str(one.folder) for one in self.inside if one.problem]
        if damaged:
            said.append(f"Damaged, or not finished: {listed(damaged)}.")
        return said

    def sections(self) -> list[Section]:
        """Return one row a folder."""
        rows = tuple(
            {
                "folder": str(one.folder),
                "what": one.title,
                "found": one.found or one.problem or "–",
                "date": one.date or "–",
            }
            for one in self.inside
        )
        return [Section("Folders", rows=rows)]

    def rows(self) -> list[Row]:
        """Return one row a folder."""
        each = ("folder", "title", "found", "kind", "date", "problem")
        return [{key: str(getattr(one, key)) for key in each} for one in self.inside]

    def to_json(self) -> dict[str, Any]:
        """Return the folders as plain data."""
        return {"folders": self.rows()}


def look_inside(folder: Path) -> list[FolderInside]:
    """Return the folders within a folder that hold results, by name."""
    found = []
    for one in _folders(folder, DEPTH):
        if (inside := _told(one)) is not None:
            found.append(inside)
        if len(found) == MOST:
            break
    return found


def _folders(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for one in inside:
        if one.name not in PARTS and not one.name.startswith("."):
            yield one
            if depth > 1:
                yield from _folders(one, depth - 1)


def _told(folder: Path) -> FolderInside | None:
    """Return what a folder's reports say; None where nothing was run there."""
    is_run = (folder / FILE).exists() or (folder / CORRECTION).exists()
    is_run = is_run or (folder / "cells").is_dir()
    try:
        reports = read_reports(folder)
        first = reports[0] if reports else None
        if first is not None:
            date = datetime.fromtimestamp(first.file.stat().st_mtime, UTC).date().isoformat()
            found = next(iter(first.sentences), "")
            return FolderInside(folder, first.title, found, _kind(first), date, first.page)
    except (StoreError, OSError) as error:
        problem = str(error) if isinstance(error, StoreError) else reason(error)
        return FolderInside(folder, "a report that cannot be read", "", problem=problem)
    if not is_run:
        return None
    damaged = (folder / DATA).exists()
    title = "a report that cannot be read" if damaged else "a run without a report"
    return FolderInside(folder, title, "", problem=AGAIN)


def _kind(report: Report) -> str:
    """Return what a report is of, in a word or two, by what stands beside it and in it."""
    folder, plain = report.file.parent, report.plain
    if (folder / FINDING).exists():
        return "experiment"
    if (folder / CORRECTION).exists():
        return "correction"
    if report.stem in KINDS:
        return KINDS[report.stem]
    if (folder / OF_A_SCENARIO).exists():
        return "scenario"
    return next((said for key, said in KEYS.items() if key in plain), "")


def why_nothing(folder: Path) -> str:
    """Return why a folder shows nothing, and what to do, which can be done."""
    if not folder.exists():
        near = [str(one.folder) for one in look_inside(folder.parent)][:5]
        others = f" In {folder.parent} there are: {', '.join(near)}." if near else ""
        return (
            f"Expected the folder of a run at {folder}, got no such folder.{others} Name one that "
            f"a command wrote with --out, or make one by quorate demo --out {folder}."
        )
    if (above := _run_around(folder)) is not None:
        return (
            f"Expected the folder of a run, got {folder}, which is a part of one. Name the whole: "
            f"{above}."
        )
    kept = _kept(folder)
    if kept:
        return (
            f"Expected a report in {folder}, got {kept}, of a run that has not come to its end. "
            "Run the same command with the same --out again: what is stored is kept."
        )
    inside = look_inside(folder)
    if inside:
        return (
            f"Expected the folder of one run, got {folder}, which holds {len(inside)}. Name one "
            f"of: {', '.join(str(one.folder) for one in inside)}."
        )
    return (
        f"Expected the folder of a run at {folder}, got one without results. Name one that a "
        f"command wrote with --out, or make one by quorate demo --out {folder / 'demo'}."
    )


def _run_around(folder: Path) -> Path | None:
    """Return the run that a folder is a part of."""
    if folder.name not in PARTS:
        return None
    above = folder.resolve().parent
    return folder.parent if _told(above) is not None else None


def _kept(folder: Path) -> str:
    """Return how much is stored there, in words; empty for nothing."""
    if not (folder / FILE).exists() and not (folder / "cells").is_dir():
        return ""
    with Store(folder) as store:
        kinds = store.kinds()
    return " and ".join(f"{number} stored cells ({kind})" for kind, number in kinds.items())
