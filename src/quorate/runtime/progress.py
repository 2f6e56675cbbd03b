"""Progress on standard error: bars with the time left in a terminal, silence elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

_silent = False


def silence() -> None:
    """Show nothing more in this process: workers leave the terminal to their parent."""
    global _silent
    _silent = True


def tell(what: str) -> None:
    """Say something that must not be missed, on standard error."""
    print(what, file=sys.stderr, flush=True)


def _shown() -> bool:
    return sys.stderr.isatty() and not _silent


@contextlib.contextmanager
def bar(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Show a bar over ``total`` steps; yield a function to call with the steps just done."""
    if not _shown() or total == 0:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(what, total=total)
        yield lambda steps: progress.advance(task, steps)


@contextlib.contextmanager
def status(what: str) -> Iterator[None]:
    """Show that a step of unknown length is running."""
    if not _shown():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
