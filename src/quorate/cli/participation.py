"""The command of participation: the scenario of that name, on a folder of measured curves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import AsJson

OUT = Path("runs") / "participation"


def participation(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder of measured curves: of a run or its report.")],
    out: Annotated[Path, typer.Option(help="Folder of the page and the files.")] = OUT,
    json: AsJson = False,
) -> None:
    """Tell whether joining pays: the game of participation on a measured S(α).

    Every parameter of the scenario is an option: --cost, --share, --learner, --strategy, --belief,
    --spread, --threshold, --defectors, --noise, --network and more. The same as quorate scenario
    participation --folder RUN.

    \b
    quorate participation runs/mnist --cost 0.1 --share 0.5 --json
    quorate list scenarios
    """
    from quorate.cli.scenario import run_named
    from quorate.executors.serial import SERIAL

    run_named("participation", ["--folder", str(run), *context.args], out, SERIAL, "auto", json)
