"""The command that lists what can be named."""

from __future__ import annotations

from typing import Annotated

import typer

from quorate.cli.completion import kinds, names_of_kind
from quorate.cli.options import AsJson, console_of, print_json


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="Kind to list, such as populations, strategies, learners or scenarios; by "
            "default, every kind.",
            autocompletion=kinds,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Name of one method, to show in full; by default, all of the kind.",
            autocompletion=names_of_kind,
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """List everything that can be named, or one method in full.

    Each is listed with its meaning, parameters and defaults; a method in full also has its sources
    and an example.

    \b
    quorate list
    quorate list learners
    quorate list learners dp-sgd
    """
    from quorate.report.listing import listing, method_listing, print_listing, print_method

    if kind is not None and name is not None:
        found = method_listing(kind, name)
        if json:
            print_json(found)
        else:
            print_method(found, console_of())
        return
    entries = listing(kind)
    if json:
        print_json(entries)
    else:
        print_listing(entries, console_of())
