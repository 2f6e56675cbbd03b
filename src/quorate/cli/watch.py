"""The command that watches success over time: parse, call, print. No science here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import AsJson, stoppable
from quorate.cli.plan_options import Encoding, Separator
from quorate.cli.present import present


def watch(
    outcomes: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV or Parquet file with one outcome a row: 1, yes or true for success, 0, no or "
            "false for failure.",
        ),
    ],
    target: Annotated[float, typer.Option(help="Success to reach, in (0, 1].")] = 0.9,
    confidence: Annotated[
        float,
        typer.Option(
            help="Probability that the intervals are right at all times; the rest is the largest "
            "probability of a false alarm."
        ),
    ] = 0.95,
    success: Annotated[
        str | None,
        typer.Option(
            help="Column of the outcomes; by default success, or the only one beside the time."
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="Column of numbers or dates (2026-05-31) that outcomes are put in order by; by "
            "default time where there is one, else the order is that of the rows."
        ),
    ] = None,
    separator: Separator = None,
    encoding: Encoding = None,
    out: Annotated[Path, typer.Option(help="Folder for the page.")] = Path("runs") / "watch",
    json: AsJson = False,
) -> None:
    """Watch whether an action works: is the target reached or excluded, has success fallen?

    The intervals hold at all times together, so that looking every day is allowed.

    \b
    quorate watch outcomes.csv --target 0.6
    quorate watch answers.csv --success passed --time day --json
    """
    from quorate.watching.watch import watch as watch_outcomes

    with stoppable(out):
        found = watch_outcomes(outcomes, target, confidence, success, time, separator, encoding)
        present(found, out, json)
