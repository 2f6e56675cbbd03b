"""The role of a log: a tracker of experiments that is told of a run as it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Protocol, runtime_checkable

Ending = Literal["finished", "failed", "stopped"]


class OpenLog(Protocol):
    """One run in a tracker. Whatever it raises is told once, and the run goes on without it."""

    def add(self, first: int, records: Sequence[Mapping[str, float]]) -> None:
        """Take the numbers of records that were stored, by name.

        Args:
            first: how many records of this run came before.
            records: numbers by name, such as ``success``, in the order in which they were stored.
        """

    def result(self, words: str) -> None:
        """Take what was found, in sentences."""

    def end(self, how: Ending) -> None:
        """Close the run: it was finished, it failed, or somebody stopped it."""


@runtime_checkable
class RunLog(Protocol):
    """A tracker of experiments, named in ``--log`` as an executor is in ``--executor``.

    Secrets are no parameters: a tracker finds its keys where it always does, such as in the
    environment.
    """

    name: ClassVar[str]

    def check(self) -> None:
        """Raise InputError where its package is not installed."""
        return

    def open(self, description: Mapping[str, str]) -> OpenLog:
        """Begin a run in the tracker.

        Args:
            description: the command and its options, in text, without secrets.
        """
        ...
