"""How every command shows a result: files in a folder, then words or one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quorate.cli.options import console_of, print_json
from quorate.printable import printable
from quorate.runs.result import Result


def present(result: Result, folder: Path, as_json: bool) -> None:
    """Write the report of a result to its folder, and print the result."""
    from quorate.report.files import write_result

    page = write_result(result, folder)
    if as_json:
        print_json(result.to_json())
    else:
        print_words(result, page)


def print_words(result: Result, page: Path | None, also: Sequence[str] = ()) -> None:
    """Print the words and tables of a result, what is said ``also``, and where its page is."""
    from quorate.report.terminal import print_result

    console = console_of()
    print_result(result, console)
    for line in also:
        console.print(printable(line), soft_wrap=True)
    if page is not None:
        console.print(printable(f"Report: {page}"), soft_wrap=True)
