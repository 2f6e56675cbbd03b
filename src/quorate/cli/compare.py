"""The command that puts runs beside one another: parse, call, print. No science here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import AsJson, check_apart, stoppable
from quorate.cli.present import present


def compare(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN",
            help="Folders of runs, two or more; each is compared with the first.",
        ),
    ],
    target: Annotated[
        float | None,
        typer.Option(
            help="Success S* at which critical masses are read; by default, the first study's."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the comparison and its page.")] = (
        Path("runs") / "compare"
    ),
    json: AsJson = False,
) -> None:
    """Compare runs: paired differences with intervals, and their curves in one picture.

    Cells are paired by all that both runs share: population, strategy, learner, size, seed. What
    differs throughout is what is compared. Cells without a partner are counted and named.

    \b
    quorate compare runs/sgd runs/dp-sgd
    quorate compare runs/plain runs/jpeg runs/blur --out runs/defences
    """
    from quorate.comparison.reading import compare as compare_runs
    from quorate.runtime.progress import status

    check_apart(out, *folders)
    with stoppable(out):
        with status("Reading the runs"):
            found = compare_runs(*folders, target=target)
        present(found, out, json)
