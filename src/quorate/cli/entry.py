"""The command line: every command group in a file of its own, and mistakes as one message."""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Sequence

import typer

from quorate.cli import audit_privacy, config, correction, export, plan, scenario, studies, theory
from quorate.cli.list import list_
from quorate.errors import QuorateError
from quorate.printable import one_line
from quorate.runtime.output import make_readable
from quorate.runtime.places import place
from quorate.runtime.progress import patience

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people, acting together on their own data, move a learning algorithm?",
)
app.command()(studies.curve)
app.command()(studies.run)
app.command("critical-mass")(studies.critical_mass)
app.command()(studies.show)
app.command()(studies.demo)
app.command("audit-privacy")(audit_privacy.audit_privacy)
app.add_typer(theory.bound_app, name="bound")
app.command()(plan.plan)
app.command(context_settings=scenario.OWN_HELP)(scenario.scenario)
app.command(context_settings=scenario.ANY_OPTION)(scenario.participation)
app.command()(correction.correct)
app.add_typer(correction.platform_app, name="platform")
app.command("compare-queries")(correction.compare_queries)
app.command()(correction.apply)
app.command()(export.export)
app.command("list")(list_)
app.command()(config.config)


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


PLACES = ("--out", "--preview", "--model", "--file", "--key-file", "--api")


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
