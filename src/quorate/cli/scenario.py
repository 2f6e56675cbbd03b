"""The commands of scenarios: parse, call, print. No science here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quorate.cli.completion import names_of
from quorate.cli.options import (
    AsJson,
    Device,
    ExecutorName,
    Jobs,
    check_apart,
    computing,
    stoppable,
)
from quorate.cli.present import present
from quorate.errors import InputError

if TYPE_CHECKING:
    from quorate.executors.executor import Executor

# Its parameters are options of the command, so that what is not an option of this is one of those.
ANY_OPTION: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}
# --help tells of a scenario's own parameters where one is named, and is therefore read here.
HELP = ("--help", "-h")
OWN_HELP = {**ANY_OPTION, "help_option_names": []}


def scenario(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="Name of the scenario; quorate list scenarios shows them all.",
            autocompletion=names_of("scenarios"),
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results and the report; by default, runs/NAME."),
    ] = None,
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Run a scenario, a setting in which a collective acts.

    The parameters of a scenario are options: quorate scenario NAME --help lists them.

    \b
    quorate scenario navigation --network siouxfalls --reports 200 --share 0.6
    quorate list scenarios
    """
    if name is None or name in HELP or any(word in HELP for word in context.args):
        words = [word for word in (name, *context.args) if word and not word.startswith("-")]
        context.params["name"] = next(iter(words), None)  # which the help is to tell of
        print(context.get_help())
        return

    folder = Path("runs") / name if out is None else out
    run_named(name, context.args, folder, *computing(jobs, executor, device), json)


def participation(
    context: typer.Context,
    run: Annotated[
        Path, typer.Argument(help="Folder of measured curves: of a run, or of its report.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results and the report.")] = (
        Path("runs") / "participation"
    ),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    json: AsJson = False,
) -> None:
    """Tell whether joining pays: the game of participation on a measured S(α).

    It is the scenario of that name, played on the curves of a folder.

    \b
    quorate participation runs/mnist --cost 0.1 --share 0.5 --json
    """
    check_apart(out, run)
    words = ["--folder", str(run), *context.args]
    run_named("participation", words, out, *computing(jobs, executor), json)


def run_named(
    name: str, options: list[str], folder: Path, executor: Executor, device: str, json: bool
) -> None:
    """Run a scenario with its parameters as options, write its page, and print what came of it."""
    from quorate.scenarios.scenario import make_scenario, run_scenario

    made = make_scenario({"name": name, **read_options(options)})
    with stoppable(folder):
        ran = run_scenario(made, folder, executor, device)
        present(ran, folder, json)


def read_options(words: list[str]) -> dict[str, Any]:
    """Return ``--key value`` and ``--key=value`` as plain data; one that is repeated is a list.

    >>> read_options(["--reports", "200", "--neighbourhood=10,15"])
    {'reports': '200', 'neighbourhood': '10,15'}

    Raises:
        InputError: a word that is no option, or an option without a value.
    """
    given: dict[str, list[str]] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--") or word == "--":
            raise InputError(f"Expected --parameter value, got {word!r}. Name the parameter.")
        key, equals, value = word[2:].partition("=")
        if not equals:
            if not waiting:
                raise InputError(f"Expected a value after {word}, got none. Write {word} VALUE.")
            value = waiting.pop(0)
        given.setdefault(key.replace("-", "_"), []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in given.items()}
