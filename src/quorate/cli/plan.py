"""The command of planning: parse, call, print. No science here."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from quorate.cli import plan_options as options
from quorate.cli.options import AsJson, Device, ExecutorName, Jobs, computing, given_options
from quorate.cli.present import present


def plan(
    context: typer.Context,
    members: options.Members,
    label: options.Label,
    platform_size: options.PlatformSize,
    target: options.Target = None,
    signal: options.Signal = None,
    suggest: options.Suggest = None,
    goal: options.Goal = "plant",
    attribute: options.Attribute = None,
    success: options.Success = 0.9,
    confidence: options.Confidence = 0.95,
    eps: options.Eps = 0.0,
    reading: options.Reading = "tv",
    columns: options.Columns = None,
    ignore: options.Ignore = None,
    labels: options.Labels = None,
    bins: options.Bins = 4,
    new_values: options.NewValues = False,
    missing: options.Missing = None,
    text: options.Text = None,
    keep: options.Keep = None,
    decimal: options.Decimal = None,
    separator: options.Separator = None,
    encoding: options.Encoding = None,
    cost: options.Cost = None,
    multiplicity: options.Multiplicity = "union",
    learner: options.Learner = None,
    simulated: options.Simulated = True,
    rehearsed: options.Rehearsed = None,
    seeds: options.Seeds = 3,
    out: options.Out = Path("runs/plan"),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Plan a collective: how many members, doing what, and how sure they can be.

    What is certified rests on the members' own rows; what is rehearsed holds for one learner; what
    is simulated is a forecast.

    \b
    quorate plan members.csv --label decision --target approved --platform-size 100000 \\
                 --signal "channel=web,reference=blank" --confidence 0.95
    quorate plan members.csv --label decision --target approved --platform-size 100000 --suggest 10
    quorate plan members.csv --label decision --platform-size 100000 --goal erase --attribute gender

    Everything stays on this machine, unless --executor or your configuration names others: members'
    rows are sent to them, to simulate and to rehearse.
    """
    from quorate.planning.plan import make_plan, make_request
    from quorate.report.files import check_report_folder

    given = given_options(context, "members", "learner", "simulated", "rehearsed")
    request = make_request(**given, learner=learner or None, simulate=simulated, rehearse=rehearsed)
    check_report_folder(out)
    try:
        made = make_plan(members, request, *computing(jobs, executor, device))
    except KeyboardInterrupt:
        print("\nStopped. Nothing was written.", file=sys.stderr)
        raise SystemExit(130) from None
    present(made, out, json)
