"""How every command shows a result: files in a folder, then words or one JSON object."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from quorate.cli.options import console_of, print_json
from quorate.errors import StoreError
from quorate.runs.result import Result


def present(result: Result, folder: Path, as_json: bool) -> None:
    """Write the report of a result to its folder, and print the result."""
    plain = write_and_print(result, folder, silent=as_json)
    if as_json:
        print_json(plain)


def write_and_print(
    result: Result, folder: Path, *, silent: bool = False, must_write: bool = True
) -> dict[str, Any]:
    """Write the report, print the result unless silent, and return it as plain data.

    Raises:
        StoreError: the report must be written, and cannot be.
    """
    from quorate.report.files import write_result
    from quorate.report.terminal import print_result

    page = None
    try:
        page = write_result(result, folder)
    except StoreError as error:  # what was measured is shown all the same
        if must_write:
            raise
        print(f"No report: {error}", file=sys.stderr)
    if not silent:
        console = console_of()
        print_result(result, console)
        if page is not None:
            console.print(f"Report: {page}", soft_wrap=True)
    return result.to_json()
