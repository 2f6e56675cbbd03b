"""The command that lists what can be named."""

from __future__ import annotations

from typing import Annotated

import typer

from quorate.cli.options import AsJson, console_of, print_json


def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="Kind to list, such as populations, strategies, learners or scenarios; by "
            "default, every kind."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """List what can be named, with a one-line meaning, parameters and defaults.

    \b
    quorate list learners
    """
    from quorate.report.listing import listing, print_listing

    entries = listing(kind)
    if json:
        print_json(entries)
    else:
        print_listing(entries, console_of())
