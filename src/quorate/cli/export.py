"""The command of exports: parse, call, print. No science here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from quorate.bring_your_own.import_paths import refusing
from quorate.cli.options import warn_of_search
from quorate.errors import InputError
from quorate.printable import printable
from quorate.runtime.progress import is_quiet


@refusing("a stored result")
def export(
    folder: Annotated[Path, typer.Argument(help="Folder of a run of any kind.")],
    kind: Annotated[
        str,
        typer.Option("--format", help="Format: csv, parquet, json or latex."),
    ] = "csv",
    what: Annotated[
        str | None,
        typer.Option(
            help="Rows to export, such as cells, critical-mass or curves (means over seeds with "
            "95% intervals); for latex, the beginning of a table's heading. By default, all cells, "
            "and for latex all tables."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; by default, the text is printed.")
    ] = None,
) -> None:
    """Export the numbers of a folder as CSV, Parquet or JSON, or its tables as LaTeX.

    \b
    quorate export runs/first --format parquet --out cells.parquet
    quorate export runs/first --format csv --what critical-mass
    quorate export runs/first --format latex --what critical-mass --out masses.tex
    """
    from quorate.report import export

    if kind == "parquet" and out is None:
        raise InputError(
            "Expected a file for parquet, which is no text, got none. Name one: --out x.parquet."
        )
    if out is not None:
        export.check_export(out, folder)
    content = export.export(folder, kind, what)
    if out is None:
        print_content(content)
    else:
        export.write_export(content, out)
        if not is_quiet():
            print(f"Wrote {out}")
    if kind == "latex" or what == "critical-mass":
        warn_of_search(folder)


def print_content(content: bytes) -> None:
    """Print the content of a file: to another file or program its own bytes, which are UTF-8."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None or sys.stdout.isatty():
        sys.stdout.write(printable(content.decode()))
    else:
        sys.stdout.flush()
        stream.write(content)
        stream.flush()
