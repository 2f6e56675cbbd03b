"""What every command has: its group in --help, --quiet, and --log where it computes cells."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from quorate.cli.completion import names_of
from quorate.runtime.progress import be_quiet

WHOLE = 10_000  # characters of a summary that --help shows: all of them
SEVERAL = re.compile(r"<list\[(\w+)\]>")  # how Typer shows the type of what may be repeated

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


class Command(TyperCommand):
    """A command whose --help shows the type of one value, also of what may be repeated."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, and then the options."""
        rows: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                written = SEVERAL.sub(r"<\1>", record[0])
                rows[param.param_type_name].append((written, record[1]))
        for heading, found in (("Arguments", rows["argument"]), ("Options", rows["option"])):
            if found:
                with formatter.section(heading):
                    formatter.write_dl(found)


Log = Annotated[
    list[str],
    typer.Option(
        "--log",
        autocompletion=names_of("logs"),
        help="Experiment tracker to report to: mlflow:uri=...,experiment=... or wandb:project=...; "
        "may be repeated. `quorate list logs` shows their parameters.",
    ),
]


def add(
    app: typer.Typer, group: str, function: Callable[..., None], name: str | None = None, **how: Any
) -> None:
    """Add a command to an app, in a group of its --help, with --quiet as its last option.

    One that takes an executor, so computes cells, has --log before it.

    Args:
        app: takes the command.
        group: heading that it stands under.
        function: what it does.
        name: by default, the function's own.
        how: further settings of ``typer.Typer.command``.
    """
    app.command(name, rich_help_panel=group, **{"cls": Command, **how})(_with_shared(function))


def _with_shared(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command's function with the options of all, which it need not know of."""

    @functools.wraps(function)
    def command(*given: Any, quiet: bool, log: Sequence[str] = (), **named: Any) -> None:
        if quiet:
            be_quiet()
        with _logged(log, function.__name__, named):
            function(*given, **named)

    own = inspect.signature(function, eval_str=True)
    only = inspect.Parameter.KEYWORD_ONLY
    options = [inspect.Parameter("quiet", only, default=False, annotation=Quiet)]
    if "executor" in own.parameters:
        options.insert(0, inspect.Parameter("log", only, default=[], annotation=Log))
    parameters = (*own.parameters.values(), *options)
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def _logged(
    logs: Sequence[str], command: str, options: Mapping[str, Any]
) -> AbstractContextManager[None]:
    """Return a context that tells logs of what is computed in it."""
    if not logs:
        return nullcontext()
    from quorate import catalog
    from quorate.runs.logs.telling import described, logged

    given = dict(options)
    if isinstance(context := given.pop("context", None), typer.Context):
        given["options"] = context.args
    return logged([catalog.build("logs", one) for one in logs], described(command, given))
