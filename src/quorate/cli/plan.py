"""The command of planning: parse, call, print. No science here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import AsJson, Device, ExecutorName, Jobs
from quorate.cli.present import present


def plan(
    members: Annotated[Path, typer.Argument(help="The members' rows: .csv or .parquet.")],
    label: Annotated[str, typer.Option(help="Column of the labels.")],
    platform_size: Annotated[
        int, typer.Option(help="Everyone whom the platform learns from, members among them.")
    ],
    target: Annotated[
        str | None, typer.Option(help="Label to plant, or to keep off; none for --goal erase.")
    ] = None,
    signal: Annotated[
        str | None, typer.Option(help="What members set: COLUMN=VALUE,COLUMN=VALUE.")
    ] = None,
    suggest: Annotated[
        int | None, typer.Option(help="Search for signals, and show so many; plan for the best.")
    ] = None,
    goal: Annotated[
        str, typer.Option(help="plant, plant-feature-only, unplant or erase.")
    ] = "plant",
    attribute: Annotated[
        str | None, typer.Option(help="With --goal erase: the column that shall not matter.")
    ] = None,
    success: Annotated[float, typer.Option(help="Success that is wanted, in [0, 1].")] = 0.9,
    confidence: Annotated[float, typer.Option(help="How sure to be, in (0, 1).")] = 0.95,
    eps: Annotated[
        float, typer.Option(help="How far from optimal the platform may be, in [0, 1).")
    ] = 0.0,
    reading: Annotated[str, typer.Option(help="Of ε-suboptimal: tv or huber.")] = "tv",
    columns: Annotated[
        str | None, typer.Option(help="What the platform learns from, a comma list; else all.")
    ] = None,
    ignore: Annotated[str | None, typer.Option(help="Columns to leave out, a comma list.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Labels that no member has but the platform knows.")
    ] = None,
    bins: Annotated[int, typer.Option(help="Of a column of many numbers.")] = 4,
    new_values: Annotated[
        bool, typer.Option("--new-values", help="The signal may set values that nobody has yet.")
    ] = False,
    cost: Annotated[
        str | None,
        typer.Option(help="Of changing a column, COLUMN=NUMBER,...; 1 where none is named."),
    ] = None,
    multiplicity: Annotated[
        str, typer.Option(help="How a search is paid for: union, or split the members.")
    ] = "union",
    learner: Annotated[
        list[str] | None, typer.Option(help="Simulate these instead of the usual panel.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulate/--no-simulate", help="Train the panel on the members' rows.")
    ] = True,
    seeds: Annotated[int, typer.Option(help="Times that each training is simulated.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder of the page and the files.")] = Path(
        "runs/plan"
    ),
    jobs: Jobs = 1,
    executor: ExecutorName = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Plan: how many members, doing what, how sure? Certified from their own rows, and simulated.

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

    request = PlanRequest(
        label=label,
        platform_size=platform_size,
        target=target,
        signal=signal,
        suggest=suggest,
        goal=goal,
        attribute=attribute,
        success=success,
        confidence=confidence,
        eps=eps,
        reading=reading,
        columns=_names(columns),
        ignore=_names(ignore) or (),
        labels=_names(labels) or (),
        bins=bins,
        new_values=new_values,
        cost=cost,
        multiplicity=multiplicity,
        learners=tuple(learner or PANEL) if simulated else (),
        seeds=seeds,
    )
    try:
        made = make_plan(members, request, choose_executor(jobs, executor), device)
    except KeyboardInterrupt:
        print("\nStopped. Nothing was written.", file=sys.stderr)
        raise SystemExit(130) from None
    present(made, out, json)


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
