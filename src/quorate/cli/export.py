"""The command of exports: parse, call, print. No science here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import warn_of_search
from quorate.errors import InputError


def export(
    folder: Annotated[Path, typer.Argument(help="Folder of a run.")],
    kind: Annotated[str, typer.Option("--format", help="csv, parquet or latex.")] = "csv",
    what: Annotated[
        str | None,
        typer.Option(
            help="cells, critical-mass or curves (means over seeds with their 95% intervals); else "
            "cells, and for latex the table that it is for."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; else csv and latex are printed.")
    ] = None,
) -> None:
    """Export cells, critical masses or curves of a folder, as CSV, Parquet or a LaTeX table.

    \b
    quorate export runs/first --format parquet --out cells.parquet
    quorate export runs/first --format csv --what critical-mass
    quorate export runs/first --format latex --out masses.tex
    """
    from quorate.report import export
    from quorate.runs.store import FILE

    if kind == "parquet" and out is None:
        raise InputError(
            "Expected a file for parquet, which is no text, got none. Name one: --out x.parquet."
        )
    content = export.export(folder, kind, what)
    if out is None:
        sys.stdout.write(content.decode())
    else:
        export.write_export(content, out)
        print(f"Wrote {out}")
    if (kind == "latex" or what == "critical-mass") and (folder / FILE).exists():
        warn_of_search(folder)
