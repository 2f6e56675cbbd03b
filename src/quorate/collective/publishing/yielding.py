"""Work that a server has done beside it, and that must not keep its visitors waiting."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from quorate.runs.cell import Cell, Work

NICE = 10  # that a worker yields to the server by, on the same machine

C = TypeVar("C", bound=Cell)


@dataclass(frozen=True)
class YieldingWork(Work[C]):
    """Work of a server.

    Args:
        server: process that must go on answering: a worker beside it yields to it.
    """

    server: int = field(default_factory=os.getpid)

    def prepare(self, stack: Sequence[C]) -> None:
        """Load libraries, and yield to the server."""
        yield_to(self.server)
        super().prepare(stack)


def yield_to(server: int) -> None:
    """Let the server's process go first, where this one is another."""
    if os.getpid() != server and sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
