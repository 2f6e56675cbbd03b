"""What the commands share: options, how results are printed, and how a run is stopped."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from quorate.printable import escaped
from quorate.runtime.output import is_utf8
from quorate.runtime.progress import tell

ELSEWHERE = 120  # columns of what is printed to a file or another program
Out = Annotated[Path, typer.Option(help="Folder for the results and the report.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Number of worker processes on this machine; the results do not depend on it. By "
        "default none beside this one."
    ),
]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        help="Executor that computes cells, in place of --jobs, as NAME:KEY=VALUE,...; "
        "`quorate list executors` shows them all.",
    ),
]
Device = Annotated[
    str,
    typer.Option(help="Device that trains networks: auto (a GPU if there is one), cpu or cuda."),
]
Trust = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Read platforms that an older version has kept as pickles, and write them anew. A "
        "pickle can run code: trust folders of your own only.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]


@contextlib.contextmanager
def stoppable(out: Path) -> Iterator[None]:
    """Turn Ctrl-C into a message that says how to go on, and exit code 130.

    Raises:
        StoreError: before anything is computed, where a report would replace others' files.
    """
    from quorate.report.files import check_report_folder

    check_report_folder(out)
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"\nStopped. What was finished is stored in {out}; run the same command to go on.",
            file=sys.stderr,
        )
        raise SystemExit(130) from None


def warn_of_search(folder: Path) -> None:
    """Say so where a store was last searched: a grid's interval is not the search's own."""
    from quorate.runs.store import FILE
    from quorate.studies.critical_mass.search import last_search

    if not (folder / FILE).exists():
        return
    if (again := last_search(folder)) is not None:
        tell(
            "Warning: a search was run here, and its own interval is another than that of the "
            f"curve, which is made for grids. It is printed by: {again}"
        )


def given_options(context: typer.Context, *left_out: str) -> dict[str, Any]:
    """Return what is set by the options of a command that are its own, by name."""
    shared = ("out", "jobs", "executor", "device", "json", *left_out)
    given = {key: value for key, value in context.params.items() if key not in shared}
    return {key: value for key, value in given.items() if value not in (None, [], ())}


def print_json(data: Any) -> None:
    """Print plain data as JSON: in UTF-8, or in plain letters and escapes, which are UTF-8 too."""
    import json

    plain = not is_utf8(sys.stdout)
    text = json.dumps(data, ensure_ascii=plain, allow_nan=False)
    print(escaped(text), flush=True)


def console_of() -> Any:
    """Return what tables are printed to, as wide as the terminal, or as COLUMNS says."""
    from rich.console import Console

    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if known else ELSEWHERE, highlight=False, markup=False)
