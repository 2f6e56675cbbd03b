"""The command of planning: parse, call, print. No science here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import AsJson, Device, ExecutorName, Jobs, given_options
from quorate.cli.present import present


def plan(
    context: typer.Context,
    members: Annotated[Path, typer.Argument(help="File of the members' rows: .csv or .parquet.")],
    label: Annotated[str, typer.Option(help="Column of the labels.")],
    platform_size: Annotated[
        int,
        typer.Option(help="Number of people whom the platform learns from, members among them."),
    ],
    target: Annotated[
        str | None,
        typer.Option(help="Label to plant, or to keep off; none with --goal erase."),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option(
            help="Signal (backdoor trigger) that members set, as COLUMN=VALUE,COLUMN=VALUE."
        ),
    ] = None,
    suggest: Annotated[
        int | None,
        typer.Option(help="Search for signals, show this many, and plan for the best."),
    ] = None,
    goal: Annotated[
        str,
        typer.Option(help="Goal of the members: plant, plant-feature-only, unplant or erase."),
    ] = "plant",
    attribute: Annotated[
        str | None, typer.Option(help="Column that shall not matter, with --goal erase.")
    ] = None,
    success: Annotated[float, typer.Option(help="Success to certify, in [0, 1].")] = 0.9,
    confidence: Annotated[
        float, typer.Option(help="Confidence of the certificate, in (0, 1).")
    ] = 0.95,
    eps: Annotated[
        float,
        typer.Option(
            help="Suboptimality ε in [0, 1): how far the platform may be from the best classifier "
            "for its rows."
        ),
    ] = 0.0,
    reading: Annotated[
        str,
        typer.Option(
            help="How ε is measured: tv (total variation) or huber (Huber contamination)."
        ),
    ] = "tv",
    columns: Annotated[
        str | None,
        typer.Option(
            help="Columns that the platform learns from, as a comma-separated list; by default, "
            "all."
        ),
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Columns to leave out, as a comma-separated list.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Labels that the platform knows but no member has, as a comma-separated list."
        ),
    ] = None,
    bins: Annotated[int, typer.Option(help="Number of bins of a column of many numbers.")] = 4,
    new_values: Annotated[
        bool,
        typer.Option("--new-values", help="Allow the signal to set values that nobody has yet."),
    ] = False,
    cost: Annotated[
        str | None,
        typer.Option(
            help="Cost of changing a column, as COLUMN=NUMBER,...; 1 for each that is not named."
        ),
    ] = None,
    multiplicity: Annotated[
        str,
        typer.Option(
            help="How trying many signals is corrected for: union (a union bound), or split (one "
            "part of the members chooses, the other certifies)."
        ),
    ] = "union",
    learner: Annotated[
        list[str] | None,
        typer.Option(help="Learner to simulate in place of the usual panel; may be repeated."),
    ] = None,
    simulated: Annotated[
        bool,
        typer.Option(
            "--simulate/--no-simulate", help="Whether platforms are simulated on members' rows."
        ),
    ] = True,
    seeds: Annotated[
        int, typer.Option(help="Number of times that each training is simulated.")
    ] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the page and the files.")] = Path(
        "runs/plan"
    ),
    jobs: Jobs = 1,
    executor: ExecutorName = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Plan a collective: how many members, doing what, and how sure they can be.

    What is certified rests on the members' own rows; what is simulated is a forecast.

    \b
    quorate plan members.csv --label decision --target approved --platform-size 100000 \\
                 --signal "channel=web,reference=blank" --confidence 0.95
    quorate plan members.csv --label decision --target approved --platform-size 100000 --suggest 10
    quorate plan members.csv --label decision --platform-size 100000 --goal erase --attribute gender

    Everything stays on this machine.
    """
    from quorate.executors.choose import choose_executor
    from quorate.plan.plan import PlanRequest, make_plan
    from quorate.plan.simulate import PANEL

    given = given_options(context, "members", "learner", "simulated")
    given |= {"columns": _names(columns), "ignore": _names(ignore) or ()}
    given |= {"labels": _names(labels) or ()}
    request = PlanRequest(**given, learners=tuple(learner or PANEL) if simulated else ())
    try:
        made = make_plan(members, request, choose_executor(jobs, executor), device)
    except KeyboardInterrupt:
        print("\nStopped. Nothing was written.", file=sys.stderr)
        raise SystemExit(130) from None
    present(made, out, json)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
