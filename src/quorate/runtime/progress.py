"""Progress on standard error: bars in a terminal, lines in a notebook, silence elsewhere."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from quorate.printable import printable

PATIENCE = 0.7  # seconds without a word
_silent = False
_quiet = False
_waiting: threading.Timer | None = None


def silence() -> None:
    """Show nothing more in this process: workers leave the terminal to their parent."""
    global _silent
    _silent = True


def be_quiet(quiet: bool = True) -> None:
    """Show no progress and no notes from here on, as --quiet asks; warnings are shown."""
    global _quiet
    _quiet = quiet
    if quiet:
        _end_patience()


def is_quiet() -> bool:
    """Whether the result alone is asked for."""
    return _quiet


def tell(what: str) -> None:
    """Say something that must not be missed, on standard error."""
    print(printable(what), file=sys.stderr, flush=True)


def note(what: str) -> None:
    """Say on standard error what is good to know, unless the result alone is asked for."""
    if not _quiet:
        tell(what)


@functools.lru_cache(maxsize=1024)
def tell_once(what: str) -> None:
    """Say something once in this process; workers leave it to their parent."""
    if not _silent:
        tell(what)


def _shown() -> bool:
    return (sys.stderr.isatty() or _in_notebook()) and not _silent and not _quiet


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, whose cells show what is printed."""
    ipython = sys.modules.get("IPython")
    return "ipykernel" in sys.modules and ipython is not None and ipython.get_ipython() is not None


def _is_dumb() -> bool:
    """Whether what shows the words cannot go back to a line that it has shown."""
    return _in_notebook() or os.environ.get("TERM", "").lower() in ("dumb", "unknown")


@contextlib.contextmanager
def patience(what: str) -> Iterator[None]:
    """Say what is under way in a terminal, once it has taken longer than people like to wait.

    For what comes before the first bar: libraries take seconds to load on a slow disk.
    """
    if not _shown():
        yield
        return
    global _waiting
    _waiting = threading.Timer(PATIENCE, tell, [f"{what} ..."])
    _waiting.daemon = True
    _waiting.start()
    try:
        yield
    finally:
        _end_patience()


def _end_patience() -> None:
    """Say no more that something is under way, since it shows."""
    if _waiting is not None:
        _waiting.cancel()


def _ignore(_: Any) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Bar:
    """What is told of steps as they are done.

    Args:
        advance: takes the number of steps that were just done.
        say: takes words on how it goes on, which stand beside what is under way.
    """

    advance: Callable[[int], None] = _ignore
    say: Callable[[str], None] = _ignore


@contextlib.contextmanager
def bar(total: int, what: str) -> Iterator[Bar]:
    """Show a bar over ``total`` steps; yield what is told of them."""
    if not _shown() or total == 0:
        yield Bar()
        return
    _end_patience()
    if _is_dumb():
        with _lines(total, what) as advance:
            yield Bar(advance)
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
        TextColumn("{task.description}", markup=False),  # brackets of a name are no colours
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(printable(what), total=total)
        yield Bar(
            lambda steps: progress.advance(task, steps),
            lambda words: progress.update(task, description=printable(f"{what} ({words})")),
        )


@contextlib.contextmanager
def status(what: str) -> Iterator[Callable[[str], None]]:
    """Show that a step of unknown length is running; yield a function to show other words."""
    if not _shown():
        yield lambda _: None
        return
    _end_patience()
    if _is_dumb():
        with _first(lambda: tell(f"{what} ...")):
            yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(printable(what)), spinner="line") as shown:
        yield lambda words: shown.update(Text(printable(words)))


@contextlib.contextmanager
def _lines(total: int, what: str) -> Iterator[Callable[[int], None]]:
    """Say how many steps are done, at first and after each tenth; yield what is to be called."""
    done, has_begun = 0, False

    def say() -> None:
        nonlocal has_begun
        has_begun = True
        tell(f"{what}: {done} of {total}")

    def advance(steps: int) -> None:
        nonlocal done
        before, done = done, done + steps
        if has_begun and 10 * done // total > 10 * before // total:
            say()

    with _first(say):
        yield advance


@contextlib.contextmanager
def _first(say: Callable[[], None]) -> Iterator[None]:
    """Say the first words at once; in a notebook, whose lines stay, only of what takes a while."""
    if not _in_notebook():
        say()
        yield
        return
    waiting = threading.Timer(PATIENCE, say)
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()
