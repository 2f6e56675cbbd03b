"""A small process that outlives this one, and sees to what this must not leave behind."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator

GOODBYE = 20  # seconds to see to it at the end of a run
# Its standard input ends however this process dies; otherwise that says first what there is.
READ = """
trap "" HUP INT TERM
read -r said
"""


class Guard:
    """The small process.

    Args:
        process: it, with its standard input.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.has_jobs = False  # whether jobs may be in a queue

    def end(self) -> None:
        """Have it see to everything, and wait for that, but not without end."""
        with contextlib.suppress(subprocess.TimeoutExpired, OSError):
            said = b"some\n" if self.has_jobs else b"none\n"
            self._process.communicate(said, timeout=GOODBYE)


@contextlib.contextmanager
def guarded(script: str, *words: str) -> Iterator[Guard]:
    """Have a script run on leaving, and after ``kill -9`` too.

    Args:
        script: for a shell; ``$said`` is some or none, as there are jobs, and empty where this
            process was killed.
        words: ``$0``, ``$1`` and so on.
    """
    guard = Guard(
        subprocess.Popen(
            ["sh", "-c", READ + script, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    try:
        yield guard
    finally:
        guard.end()
