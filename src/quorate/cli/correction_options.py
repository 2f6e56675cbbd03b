"""The options of ``quorate correct``, and of adding a change to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.cli.completion import names_of

Population = Annotated[
    str | None,
    typer.Option(
        autocompletion=names_of("populations"),
        help="Population with images, as name:key=value,... such as cifar10.",
    ),
]
Platform = Annotated[
    list[str] | None,
    typer.Option(
        autocompletion=names_of("learners"),
        help="Platform to query: a learner, an architecture, the folder of a saved platform (as "
        "./NAME), or an address; several make a transfer matrix.",
    ),
]
File = Annotated[
    Path | None,
    typer.Option(help="TOML file of a correction; options override what it says."),
]
Subgroup = Annotated[
    str | None,
    typer.Option(
        autocompletion=names_of("subgroups"),
        help="Subgroup that the platform serves badly: low-light, blur, jpeg, ...",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        help="Group that the platform serves badly, as COLUMN=VALUE, in place of a subgroup."
    ),
]
Task = Annotated[str | None, typer.Option(help="Task: what the platform predicts, such as gender.")]
Proxy = Annotated[
    list[str] | None,
    typer.Option(
        autocompletion=names_of("learners"),
        help="Surrogate model to extract: cnn, mlp, ...; joined by +, an ensemble. In its place, "
        "edits searches photo edits by asking about them, and itself takes the platform's own "
        "gradients, an upper line that no collective has.",
    ),
]
Members = Annotated[
    str | None,
    typer.Option(help="Number of members; a comma-separated list sweeps over it."),
]
Queries = Annotated[
    str | None,
    typer.Option(help="Number of queries of each member; a comma-separated list sweeps over it."),
]
Epsilon = Annotated[
    str | None,
    typer.Option(
        help="Budget ε of a picture's change, such as 8/255, or none; a comma-separated list "
        "sweeps over it."
    ),
]
Norm = Annotated[str | None, typer.Option(help="Norm that ε is measured in: linf or l2.")]
Answers = Annotated[str | None, typer.Option(help="Answers of the platform: labels or scores.")]
Photos = Annotated[int | None, typer.Option(help="Number of photos that each member holds.")]
Share = Annotated[
    float | None,
    typer.Option(help="Share of the subgroup among the people that the platform learns from."),
]
Measured = Annotated[
    float | None,
    typer.Option(help="Share of the subgroup among the people that results are measured on."),
]
LabelFree = Annotated[
    str | None,
    typer.Option(
        help="Families of label-free changes that surrogates craft: additive, gain, filter, "
        "combined or network; or none."
    ),
]
Adaptive = Annotated[
    str | None,
    typer.Option(
        help="Defences that the platform may adopt: jpeg, blur, resize, adversarial, private or "
        "retrained; all or none; or replaced, by a model of another architecture."
    ),
]
Crafting = Annotated[str | None, typer.Option(help="Settings of crafting, as key=value,...")]
Extraction = Annotated[
    str | None, typer.Option(help="Settings of model extraction, as key=value,...")
]
Search = Annotated[
    str | None, typer.Option(help="Settings of the search for photo edits, as key=value,...")
]
Aim = Annotated[
    str | None,
    typer.Option(
        help="Use of the budget ε: most (all of it), or parity (the smallest part that closes the "
        "gap on photos kept apart)."
    ),
]
Anyway = Annotated[
    bool | None,
    typer.Option(
        "--anyway", help="Query the platform even if a first small sample shows no gap to close."
    ),
]
KeyFile = Annotated[
    str | None,
    typer.Option(help="File of the keys for an address: a name and a secret on each line."),
]
Api = Annotated[str | None, typer.Option(help="TOML file that describes another provider's API.")]
Rate = Annotated[
    str | None, typer.Option(help="Largest rate of requests to an address, such as 5/s.")
]
Seeds = Annotated[int | None, typer.Option(help="Number of seeds.")]
Picture = Annotated[Path, typer.Argument(help="Your picture; it is not changed.")]
Changed = Annotated[Path, typer.Argument(help="File to write: .png, or lossless .webp.")]
TrueLabel = Annotated[
    str | None,
    typer.Option(
        help="True class of the picture, by the platform's name; none for a label-free change."
    ),
]
Preview = Annotated[
    Path | None, typer.Option(help="Picture to write of before, after and the change: .png.")
]
