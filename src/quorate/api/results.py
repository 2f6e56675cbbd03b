"""Stored results in Python: show what a folder holds, compare runs, and export numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from quorate.api.accepted import Place
    from quorate.comparison.result import Comparison
    from quorate.runs.result import Result

Format = Literal["csv", "parquet", "json", "latex"]


def show(folder: Place, target: float | None = None) -> Result:
    """Return the result that a folder holds, whatever was run there; a notebook shows it.

    Args:
        folder: of a run of any kind, or a perturbation file (.npz).
        target: S*, in [0, 1], to read critical masses at; by default the study's own.

    Raises:
        InputError: the target is out of range, or nothing is read at a target there.
        StoreError: there is no result, or it cannot be read.
    """
    from quorate.report.stored import load_result

    return load_result(folder, target)


def compare(*folders: Place, target: float | None = None) -> Comparison:
    """Put stored runs beside one another: each against the first, cell by cell.

    Cells are paired by all that both runs share, size and seed among it; what differs throughout is
    what is compared. The result holds paired differences and critical masses with intervals, and
    names what had no partner.

    Args:
        folders: two or more, of runs of any kind whose cells have seeds.
        target: S* in [0, 1] at which critical masses are read; by default the first study's.

    Raises:
        InputError: there are fewer than two folders, one is named twice, or two have no cells in
            common.
        StoreError: a folder holds no result, or it cannot be read.
    """
    from quorate.comparison.reading import compare

    return compare(*folders, target=target)


def export(
    folder: Place,
    format: Format = "csv",
    what: str | None = None,
    out: Place | None = None,
) -> bytes:
    """Return the numbers of a folder as CSV, Parquet or JSON, or its tables as LaTeX.

    Args:
        folder: of a run of any kind.
        format: ``"csv"``, ``"parquet"``, ``"json"`` or ``"latex"``.
        what: rows to export, such as ``"cells"``, ``"critical-mass"`` or ``"curves"``; for LaTeX,
            the beginning of a table's heading. By default the main rows, for LaTeX all tables.
        out: file to write as well, whole or not at all.

    Raises:
        InputError: there is no such format, no such rows, or no such table.
        StoreError: the folder holds no results, they cannot be read, or the file would replace one
            that no export has written.
    """
    from quorate.report import export as exports

    if out is not None:
        exports.check_export(out, folder)
    content = exports.export(folder, format, what)
    if out is not None:
        exports.write_export(content, out)
    return content
