"""The options of ``quorate curve``."""

from __future__ import annotations

from typing import Annotated

import typer

from quorate.cli.completion import names_of

Population = Annotated[
    list[str],
    typer.Option(
        autocompletion=names_of("populations"),
        help="Population to learn from, as name:key=value,...; may be repeated.",
    ),
]
Strategy = Annotated[
    list[str],
    typer.Option(
        autocompletion=names_of("strategies"), help="Strategy that members follow; may be repeated."
    ),
]
Learner = Annotated[
    list[str],
    typer.Option(
        autocompletion=names_of("learners"),
        help="Learner that the platform trains; may be repeated.",
    ),
]
Name = Annotated[
    list[str] | None,
    typer.Option(
        help="Name for a learner in tables, figures and exports, in the order of --learner; may be "
        "repeated. With one learner, the names of several strategies. By default, their texts."
    ),
]
Goal = Annotated[
    list[str] | None,
    typer.Option(
        autocompletion=names_of("goals"),
        help="Goal that counts as success; may be repeated. By default, the strategy's own.",
    ),
]
Collective = Annotated[
    list[str] | None,
    typer.Option(
        help="Group that members come from; may be repeated. By default, they may be anyone."
    ),
]
Alphas = Annotated[
    str,
    typer.Option(
        help="Sizes of the collective (poisoning rates): lo:hi:count for a log grid, or a "
        "comma-separated list. 0 is always added."
    ),
]
Seeds = Annotated[int, typer.Option(help="Number of seeds.")]
Target = Annotated[float, typer.Option(help="Success S* at which the critical mass α* is read.")]
Eps = Annotated[
    float,
    typer.Option(
        help="Suboptimality ε in [0, 1) of the platform that the theory line is drawn for."
    ),
]
Reading = Annotated[
    str,
    typer.Option(help="How ε is measured: tv (total variation) or huber (Huber contamination)."),
]
