"""What the commands share: options, how results are printed, and how a run is stopped."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quorate.cli.completion import names_of
from quorate.errors import InputError
from quorate.printable import escaped
from quorate.runtime.output import is_utf8
from quorate.runtime.progress import tell

if TYPE_CHECKING:
    from quorate.executors.executor import Executor
    from quorate.executors.resources import Resources

ELSEWHERE = 120  # columns of what is printed to a file or another program
Out = Annotated[Path, typer.Option(help="Folder for the results and the report.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Number of worker processes on this machine; the results do not depend on it. By "
        "default, what your configuration says (`quorate config`), or this process alone."
    ),
]
ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        autocompletion=names_of("executors"),
        help="Executor (where the work is done), in place of --jobs: processes:workers=8, "
        "slurm:partition=cpu,workers=64, dask:scheduler_file=FILE, ray:address=auto, ... `quorate "
        "list executors` shows them all with their parameters.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="Device that trains networks: auto (a GPU if there is one), cpu or cuda; by default, "
        "what your configuration says, or auto. With auto, each machine looks for a GPU of its own."
    ),
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


def computing(
    jobs: int | None,
    executor: str | None,
    device: str | None = None,
    in_file: Resources | None = None,
    built_in: Resources | None = None,
) -> tuple[Executor, str]:
    """Return the executor that computes cells, and the device that trains networks.

    What the command line leaves open, the file that is run says; then the user's configuration.

    Args:
        jobs, executor, device: as the command line says.
        in_file: what the file says that is run, if one is.
        built_in: what holds where none of them says anything; this process alone, if left out.

    Raises:
        InputError: both jobs and an executor are given, there is no such executor, or the
            configuration cannot be used.
    """
    from quorate.executors.choose import choose_executor
    from quorate.executors.configuration import read_configuration
    from quorate.executors.resources import Resources

    said = Resources(executor, jobs, device)
    for other in (in_file, read_configuration().resources, built_in):
        said = said if other is None else said.or_else(other)
    return choose_executor(said.jobs, said.executor), said.device or "auto"


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


def check_apart(out: Path, *read: str | Path) -> None:
    """Raise InputError where a report would replace that of a run which it is made from."""
    for folder in map(Path, read):
        run = folder.parent if folder.is_file() else folder
        if out.resolve() == run.resolve():
            raise InputError(
                f"Expected a folder of its own for the results, got --out {out}, which holds a run "
                f"that they are made from: its report would be replaced. Name another: --out "
                f"{out}-again."
            )


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
    shared = ("out", "jobs", "executor", "device", "json", "log", "quiet", *left_out)
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
