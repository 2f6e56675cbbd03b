"""The command line: every command group in a file of its own, and mistakes as one message."""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from quorate.cli import (
    audit,
    audit_privacy,
    collective,
    compare,
    config,
    coordinator,
    correction,
    export,
    member,
    member_asking,
    plan,
    scenario,
    studies,
    theory,
    watch,
)
from quorate.cli.commands import Commands, Quiet, add
from quorate.cli.list import list_
from quorate.cli.scenario_help import ScenarioCommand
from quorate.errors import QuorateError
from quorate.printable import one_line
from quorate.runtime.output import make_readable
from quorate.runtime.places import place
from quorate.runtime.progress import be_quiet, patience
from quorate.version import __version__

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, that is the same in every terminal, pipe and page
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people, acting together on their own data, move a learning algorithm?",
)
MEASURE, PLAN, AUDIT = "Measure a collective", "Plan a collective", "Audit a platform"
TEST_TIME, RESULTS = "Act on a deployed model", "Read results"
TOGETHER = "Act together"
SETTINGS = "Look up"

add(app, MEASURE, studies.demo)
add(app, MEASURE, studies.curve)
add(app, MEASURE, studies.critical_mass, "critical-mass")
add(app, MEASURE, scenario.scenario, cls=ScenarioCommand, context_settings=scenario.OWN_HELP)
add(app, MEASURE, studies.run)
add(app, PLAN, plan.plan)
app.add_typer(theory.bound_app, name="bound", rich_help_panel=PLAN)
add(app, PLAN, scenario.participation, cls=ScenarioCommand, context_settings=scenario.ANY_OPTION)
add(app, AUDIT, audit.audit)
add(app, AUDIT, audit_privacy.audit_privacy, "audit-privacy")
add(app, TEST_TIME, correction.correct)
add(app, TEST_TIME, correction.compare_queries, "compare-queries")
add(app, TEST_TIME, correction.apply)
add(app, TEST_TIME, correction.apply_page, "apply-page")
app.add_typer(correction.platform_app, name="platform", rich_help_panel=TEST_TIME)
coordinator.add_to(collective.app)
member_asking.add_to(member.app)
app.add_typer(collective.app, name="collective", rich_help_panel=TOGETHER)
app.add_typer(member.app, name="member", rich_help_panel=TOGETHER)
add(app, RESULTS, watch.watch)
add(app, RESULTS, studies.show)
add(app, RESULTS, compare.compare)
add(app, RESULTS, export.export)
add(app, SETTINGS, list_, "list")
add(app, SETTINGS, config.config)


def _version(asked: bool) -> None:
    """Print the version and stop, where it is asked for."""
    if asked:
        print(f"quorate {__version__}")
        raise typer.Exit


@app.callback()
def quorate(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Take what holds for every command."""
    be_quiet(quiet)


def main() -> None:
    """Run the command line: a mistake of the user's is one message and exit code 2."""
    make_readable()
    try:
        _check_names(sys.argv[1:])
        with patience("Starting: libraries are loaded, and what is asked for is read"):
            app()
    except QuorateError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except (MemoryError, RuntimeError, ValueError) as error:
        if not isinstance(error, MemoryError) and not _out_of_memory(error):
            raise
        print(
            "Error: Expected a training that fits into memory, got one that does not "
            f"({str(error).splitlines()[0] if str(error) else 'out of memory'}). Use smaller "
            "networks (hidden), fewer people (n), smaller batches (batch_size) or fewer workers.",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            what = one_line(str(error.filename or "a file"))
            print(
                f"Error: Expected to use {what}, got: {error.strerror or error}. Check its name, "
                "and who may read and write there.",
                file=sys.stderr,
            )
            raise SystemExit(2) from None
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is still to be flushed
        print(
            f"Error: Expected to print the result, got: {error.strerror}. Make room, or print it "
            "elsewhere.",
            file=sys.stderr,
        )
        raise SystemExit(2) from None


PLACES = (
    *("--out", "--preview", "--model", "--file", "--key-file", "--api", "--member", "--organiser"),
    *("--setup", "--ledger", "--by-hand", "--change"),
)


def _check_names(words: Sequence[str]) -> None:
    """Raise InputError for a name of a file or folder that is empty, or longer than any can be."""
    for before, word in itertools.pairwise(["quorate", *words]):
        option, equals, value = word.partition("=")
        if equals and option in PLACES:
            place(value)
        elif before in PLACES or not (word.startswith("-") or before.startswith("--")):
            place(word)


TOO_LARGE = {
    RuntimeError: ("allocate memory", "out of memory"),  # PyTorch, on the CPU or on a GPU
    ValueError: ("array is too big", "Maximum allowed"),  # NumPy
}


def _out_of_memory(error: Exception) -> bool:
    """Whether a library found that something does not fit into memory."""
    return any(
        isinstance(error, kind) and any(words in str(error) for words in said)
        for kind, said in TOO_LARGE.items()
    )


if __name__ == "__main__":
    main()
