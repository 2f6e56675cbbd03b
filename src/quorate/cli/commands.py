"""What every command has: its group in --help, and --quiet before or after its name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from quorate.runtime.progress import be_quiet

WHOLE = 10_000  # characters of a summary that --help shows: all of them

Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", help="Print the result alone: no progress, no notes; warnings and errors remain."
    ),
]


class Commands(TyperGroup):
    """Commands under the headings of their groups, each with its whole first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one list of commands for each group, in the order of their registration."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            heading = command.rich_help_panel  # type: ignore[attr-defined]
            heading = heading if isinstance(heading, str) else "Commands"
            groups.setdefault(heading, []).append((name, command.get_short_help_str(WHOLE)))
        width = max((len(name) for rows in groups.values() for name, _ in rows), default=0)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in rows])


def add(
    app: typer.Typer, group: str, function: Callable[..., None], name: str | None = None, **how: Any
) -> None:
    """Add a command to an app, in a group of its --help, with --quiet as its last option.

    Args:
        app: takes the command.
        group: heading that it stands under.
        function: what it does.
        name: by default, the function's own.
        how: further settings of ``typer.Typer.command``.
    """
    app.command(name, rich_help_panel=group, **how)(_with_quiet(function))


def _with_quiet(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command's function with one option more, which it need not know of."""

    @functools.wraps(function)
    def command(*given: Any, quiet: bool, **named: Any) -> None:
        if quiet:
            be_quiet()
        function(*given, **named)

    own = inspect.signature(function, eval_str=True)
    option = inspect.Parameter(
        "quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Quiet
    )
    parameters = (*own.parameters.values(), option)
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command
