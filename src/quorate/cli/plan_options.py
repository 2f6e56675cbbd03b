"""The options of ``quorate plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.completion import names_of

Members = Annotated[Path, typer.Argument(help="File of the members' rows: .csv or .parquet.")]
Label = Annotated[str, typer.Option(help="Column of the labels.")]
PlatformSize = Annotated[
    int,
    typer.Option(help="Number of people that the platform learns from, members included."),
]
Target = Annotated[
    str | None,
    typer.Option(help="Label to plant, or to keep off; none with --goal erase."),
]
Signal = Annotated[
    str | None,
    typer.Option(help="Signal (backdoor trigger) that members set, as COLUMN=VALUE,COLUMN=VALUE."),
]
Suggest = Annotated[
    int | None,
    typer.Option(help="Search for signals, show this many, and plan for the best."),
]
Goal = Annotated[
    str,
    typer.Option(help="Goal of the members: plant, plant-feature-only, unplant or erase."),
]
Attribute = Annotated[
    str | None,
    typer.Option(help="Column that must not affect the platform's answers, with --goal erase."),
]
Success = Annotated[float, typer.Option(help="Success to certify, in [0, 1].")]
Confidence = Annotated[float, typer.Option(help="Confidence of the certificate, in (0, 1).")]
Eps = Annotated[
    float,
    typer.Option(
        help="Suboptimality ε in [0, 1): how far the platform may be from the best classifier "
        "for its rows."
    ),
]
Reading = Annotated[
    str,
    typer.Option(help="How ε is measured: tv (total variation) or huber (Huber contamination)."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Columns that the platform learns from, as a comma-separated list; by default, all."
    ),
]
Ignore = Annotated[
    str | None, typer.Option(help="Columns to leave out, as a comma-separated list.")
]
Labels = Annotated[
    str | None,
    typer.Option(
        help="Labels that the platform knows but no member has, as a comma-separated list."
    ),
]
Bins = Annotated[
    int, typer.Option(help="Number of bins into which a column of many different numbers is cut.")
]
Missing = Annotated[
    str | None,
    typer.Option(
        help="Texts that stand for a missing value, as a comma-separated list, such as NA,?; an "
        "empty cell always does."
    ),
]
Text = Annotated[
    str | None,
    typer.Option(
        help="Columns whose values are names even where they are numbers, as a comma-separated "
        "list."
    ),
]
Keep = Annotated[
    str | None,
    typer.Option(
        help="Columns to learn from although they only number the rows, as a comma-separated list."
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(help="Decimal sign of numbers, . or ,; by default found for each column."),
]
Separator = Annotated[
    str | None,
    typer.Option(help="Separator of a CSV file; by default detected from its first lines."),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        help="Encoding of a CSV file, such as cp1252; by default UTF-8, or by its byte order mark."
    ),
]
NewValues = Annotated[
    bool,
    typer.Option("--new-values", help="Allow the signal to set values that nobody has yet."),
]
Cost = Annotated[
    str | None,
    typer.Option(
        help="Cost of changing a column, as COLUMN=NUMBER,...; 1 for each that is not named."
    ),
]
Multiplicity = Annotated[
    str,
    typer.Option(
        help="How trying many signals is corrected for: union (a union bound), or split (one "
        "part of the members chooses, the other certifies)."
    ),
]
Learner = Annotated[
    list[str] | None,
    typer.Option(
        autocompletion=names_of("learners"),
        help="Learner to rehearse and to simulate in place of the usual ones; may be repeated.",
    ),
]
Simulated = Annotated[
    bool,
    typer.Option(
        "--simulate/--no-simulate", help="Whether platforms are simulated on members' rows."
    ),
]
Rehearsed = Annotated[
    bool | None,
    typer.Option(
        "--rehearse/--no-rehearse",
        help="Whether the plan is rehearsed: a learner trained on half of the members' rows, and "
        "measured on the others. By default as --simulate.",
    ),
]
Seeds = Annotated[int, typer.Option(help="Number of simulated trainings of each kind, one a seed.")]
Out = Annotated[Path, typer.Option(help="Folder for the page and the files.")]
