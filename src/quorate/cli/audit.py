"""The command that audits a model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.options import (
    AsJson,
    Device,
    ExecutorName,
    Jobs,
    Out,
    computing,
    given_options,
    stoppable,
)
from quorate.cli.present import present


def audit(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(
            help="Model to audit: an import path such as mypackage.train:fit, or a learner such as "
            "boosting (`quorate list learners`)."
        ),
    ],
    data: Annotated[
        str,
        typer.Argument(
            help="People like the platform's: a .csv or .parquet file, an import path such as "
            "mypackage.data:load, or a population (`quorate list populations`)."
        ),
    ],
    label: Annotated[str | None, typer.Option(help="Column of the labels, of a file.")] = None,
    group: Annotated[str | None, typer.Option(help="Column of the groups, of a file.")] = None,
    size: Annotated[
        int | None,
        typer.Option(help="Number of people on the platform; by default those in the data."),
    ] = None,
    wanted: Annotated[
        str | None, typer.Option(help="Label that collectives want; by default the rarest.")
    ] = None,
    target: Annotated[
        float,
        typer.Option(
            help="Share, in (0, 1], of what a collective can gain over nobody acting, at which the "
            "model counts as moved."
        ),
    ] = 0.5,
    people: Annotated[
        int | None,
        typer.Option(help="Number of people each model is trained on; by default at most 4,000."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="Number of seeds on which gains and costs are measured.")
    ] = 5,
    budget: Annotated[int, typer.Option(help="Largest number of trainings.")] = 400,
    minutes: Annotated[
        float | None, typer.Option(help="Longest time for trainings, in minutes.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            help="Folder of an earlier audit, whose attacks are repeated; exit code 1 if fewer "
            "people are enough now, beyond noise."
        ),
    ] = None,
    out: Out = Path("runs/audit"),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Audit a model: how few people, acting together on their own data, can move it?

    The audit tries a battery of attacks, each with cheap signals found by search, and looks for the
    smallest collective that moves the model; then it shows what defences change. Running it again
    computes only what is missing.

    \b
    quorate audit boosting people.csv --label income --group sex --size 50000
    quorate audit mypackage.train:fit people.csv --label income --out runs/audit
    quorate audit mypackage.train:fit people.csv --label income --against runs/audit \\
                  --out runs/audit-now

    What an audit of a privacy budget shows: quorate audit-privacy.
    """
    from quorate.auditing.audit import make_audit
    from quorate.auditing.running import run_audit

    asked = make_audit(**given_options(context, "against"))
    with stoppable(out):
        found = run_audit(asked, out, *computing(jobs, executor, device), against)
        present(found, out, json)
    if found.regression:
        print(found.regression, file=sys.stderr)
        raise SystemExit(1)
