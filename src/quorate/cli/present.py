"""How every command shows a result: words or one JSON object, and files in a folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

from quorate.cli.options import console_of, print_json
from quorate.printable import printable
from quorate.runs.result import Result
from quorate.runtime.progress import is_quiet


def present(result: Result, folder: Path, as_json: bool) -> None:
    """Print a result, and write its report to its folder.

    People read the words while the pictures are drawn; a program gets its JSON once all is kept.

    Raises:
        StoreError: a stored record that was taken up has other types than it was written with, or
            the report cannot be written.
    """
    from quorate.report.files import write_result
    from quorate.runs.logs.telling import tell_result
    from quorate.runs.reading import as_stored
    from quorate.spec import is_own

    # What goes wrong in a result of the user's own is not said to be the store's fault.
    with contextlib.nullcontext() if is_own(type(result)) else as_stored(folder):
        tell_result(result)
        if as_json:
            write_result(result, folder)
            print_json(result.to_json())
        else:
            print_words(result)
            print_page(write_result(result, folder))


def print_words(result: Result) -> None:
    """Print the words and tables of a result, and the verdict where something was claimed."""
    from quorate.report.terminal import print_result
    from quorate.report.verdict import verdict_lines

    console = console_of()
    print_result(result, console)
    verdict = getattr(result, "verdict", None)
    for line in verdict_lines(verdict) if verdict else ():
        console.print(printable(line), soft_wrap=True)


def print_page(page: Path | None) -> None:
    """Print where the page of a result is, unless the result alone is asked for."""
    if page is not None and not is_quiet():
        console_of().print(printable(f"Report: {page}"), soft_wrap=True)
