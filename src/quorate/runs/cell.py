"""A cell: one piece of a study, and the record of what came of it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from quorate import spec
from quorate.runtime.threads import load_libraries


class Cell(Protocol):
    """One piece of a study, small enough to be sent anywhere."""

    def describe(self) -> dict[str, Any]:
        """Return the cell as plain data: all that its outcome depends on."""

    @functools.cached_property
    def id(self) -> str:
        """Content id of the description: equal cells have equal ids, whoever runs them."""
        return spec.content_id(self.describe())


@dataclass(frozen=True, eq=False)
class PlainCell(Cell):
    """A cell that is nothing but its description.

    Args:
        plain: all that the outcome depends on, a seed among it.
    """

    plain: Mapping[str, Any]

    def describe(self) -> dict[str, Any]:
        """Return the plain data."""
        return dict(self.plain)


@dataclass(frozen=True, eq=False)
class Record:
    """What came of one cell, as it is stored.

    Args:
        id: content id of the cell.
        plain: plain data; its floats come back to the bit.
        files: what is not plain data, such as arrays, as the bytes of files by name.
        stored_at: UTC time at which it was stored; empty until then.
    """

    id: str
    plain: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)
    stored_at: str = ""


C = TypeVar("C", bound=Cell)


class Work(Protocol[C]):
    """What one kind of study does with its cells; it is sent to workers with them.

    ``kind`` names its records in a store.
    """

    kind: ClassVar[str]

    def shared_folder(self, cells: Sequence[C]) -> Path | None:
        """Return the folder that these cells read, and all workers must see; None by default."""
        return None

    def packed(self, cells: Sequence[C]) -> Work[C]:
        """Return the work as it is sent to another machine with some cells; by default as it is."""
        return self

    def stacks(self, cells: Sequence[C], workers: int) -> Sequence[Sequence[C]]:
        """Return the cells in stacks that are computed together; by default each is alone.

        Args:
            cells: what is missing.
            workers: how many stacks are at work at once.
        """
        return [[cell] for cell in cells]

    def prepare(self, stack: Sequence[C]) -> None:
        """Load the libraries that the work uses, before it is bound to one thread."""
        load_libraries()

    def compute(self, stack: Sequence[C]) -> list[Record]:
        """Return the record of each cell of a stack; each depends on its cell alone."""
