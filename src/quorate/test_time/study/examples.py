"""A few people's pictures, kept with a cell: its report shows by them what a change looks like."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from quorate.runtime.archives import read_arrays
from quorate.table import Labels
from quorate.test_time.platforms.platform import Pixels
from quorate.test_time.study.people import PeopleSplit

MOST_PEOPLE = 6  # a page is no gallery of people's faces


@dataclass(frozen=True, eq=False)
class ExamplePictures:
    """Pictures of a few people of the subgroup, and the average of all who are measured.

    Args:
        person: their rows among those measured on, (p,).
        y: their labels, (p,).
        x: their pictures, (p, c, h, w).
        average: average picture of the subgroup, (c, h, w), on which gains and filters are shown.
    """

    person: Labels
    y: Labels
    x: Pixels
    average: Pixels

    def to_bytes(self) -> bytes:
        """Return the content of the file that they are kept in."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, person=self.person, y=self.y, x=self.x, average=self.average)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> ExamplePictures:
        """Return what a file holds.

        Raises:
            InputError: it is damaged.
        """
        return cls(*read_arrays(content, ("person", "y", "x", "average"), "examples.npz"))


def choose_examples(split: PeopleSplit) -> ExamplePictures:
    """Return the pictures of up to six people of the subgroup, of different labels."""
    chosen = _of_different_labels(split.inside, split.held_out.y)
    average = np.rint(split.x[split.inside].mean(0)).astype(np.uint8)
    return ExamplePictures(chosen, split.held_out.y[chosen], split.x[chosen], average)


def _of_different_labels(inside: Labels, y: Labels) -> Labels:
    """Return up to six of the subgroup, (p,): the first of each label, then the second, and so on.

    >>> _of_different_labels(np.array([1, 2, 4, 5]), np.array([9, 0, 0, 9, 1, 0])).tolist()
    [1, 4, 2, 5]
    """
    seen: dict[int, int] = {}
    turns = []
    for row in inside.tolist():
        label = int(y[row])
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], label, row))
    return np.array([row for *_, row in sorted(turns)[:MOST_PEOPLE]], dtype=np.int64)
