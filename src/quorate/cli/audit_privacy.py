"""The command that audits privacy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.completion import names_of
from quorate.cli.options import AsJson, Device, ExecutorName, Jobs, Out, computing, stoppable
from quorate.cli.present import present


def audit_privacy(
    population: Annotated[
        str,
        typer.Option(
            autocompletion=names_of("populations"),
            help="Population to learn from, as name:key=value,... (`quorate list populations`); "
            "a file of yours: table:path=FILE,label=COLUMN.",
        ),
    ],
    learner: Annotated[
        str,
        typer.Option(
            autocompletion=names_of("learners"),
            help="Learner whose privacy is audited; its models give probabilities (`quorate list "
            "learners`).",
        ),
    ],
    canaries: Annotated[
        int, typer.Option(help="Number of canaries, 20 to half of the people; more can show more.")
    ] = 500,
    kind: Annotated[
        str,
        typer.Option(
            help="What canaries are: mislabelled (people with a label that is not theirs) or "
            "random-label (with any label)."
        ),
    ] = "mislabelled",
    seeds: Annotated[int, typer.Option(help="Number of trainings.")] = 1,
    delta: Annotated[
        float | None,
        typer.Option(help="δ of the claim that is tested; by default the learner's, or 1e-5."),
    ] = None,
    confidence: Annotated[
        float, typer.Option(help="Probability that the bound holds, in (0, 1).")
    ] = 0.95,
    out: Out = Path("runs/audit-privacy"),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Audit a claim of privacy: a lower bound on ε from canaries, beside the stated ε.

    Canaries are people whose label is changed, so that nobody else is like them. A coin decides
    for each whether the learner sees them. The audit guesses which were seen, from how sure the
    trained model is of their labels: the more guesses are right, the less privacy there is. A bound
    above the ε that the learner states refutes it; one of 0 shows nothing.

    \b
    quorate audit-privacy --population digits --learner dp-sgd:epsilon=1 --canaries 500 \\
                      --out runs/audit-privacy
    """
    from quorate.membership_inference.audit import make_audit, run_audit

    asked = make_audit(
        population=population,
        learner=learner,
        canaries=canaries,
        kind=kind,
        seeds=seeds,
        delta=delta,
        confidence=confidence,
    )
    with stoppable(out):
        found = run_audit(asked, out, *computing(jobs, executor, device))
        present(found, out, json)
