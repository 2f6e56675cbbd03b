"""Trials in stacks: those of one learner and one population train at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quorate import spec
from quorate.protocols import StackedLearner
from quorate.studies.trial import Trial, draw_people, streams
from quorate.table import Table

STACK_BYTES = 2**29  # of a stack's rows, which are in memory twice, as drawn and as its pool


def stack_trials(cells: Sequence[Trial], workers: int) -> list[list[Trial]]:
    """Return the cells in stacks: those of one learner and population train together.

    A stack is as large as its learner is best at, but fits in memory, and leaves work for every
    worker.
    """
    groups: dict[tuple[str, str], list[Trial]] = {}
    for cell in cells:
        groups.setdefault((spec.text(cell.population), spec.text(cell.learner)), []).append(cell)
    found: list[list[Trial]] = []
    for group in groups.values():
        first, size, memory = group[0], 1, _Memory(0, True)
        if isinstance(first.learner, StackedLearner):
            people = draw_people(first.population, streams(first.seed)[0]).train
            size = min(first.learner.stack_size(people), math.ceil(len(group) / workers))
            memory = _Memory(people.x.nbytes, _drawn_anew(people, group))
        for cell in group:
            if memory.models and memory.models < size and memory.holds(cell):
                found[-1].append(cell)
            else:
                memory.clear()
                found.append([cell])
            memory.add(cell)
    return found


class _Memory:
    """What a stack's people take: honest rows once a seed, and the members' rows of every cell.

    Args:
        people: bytes of everyone's features.
        drawn_anew: whether each seed has people of its own.
    """

    def __init__(self, people: int, drawn_anew: bool) -> None:
        self._people, self._drawn_anew = people, drawn_anew
        self.clear()

    def clear(self) -> None:
        self.models, self._bytes, self._seeds = 0, 0.0, set[int]()

    def holds(self, cell: Trial) -> bool:
        return self._bytes + self._of(cell) <= STACK_BYTES

    def add(self, cell: Trial) -> None:
        self._bytes += self._of(cell)
        self._seeds.add(self._draw(cell))
        self.models += 1

    def _of(self, cell: Trial) -> float:
        return self._people * (cell.alpha + (self._draw(cell) not in self._seeds))

    def _draw(self, cell: Trial) -> int:
        return cell.seed if self._drawn_anew else 0


def _drawn_anew(people: Table, cells: Sequence[Trial]) -> bool:
    """Whether another seed has other people: all seeds of a fixed data set share one table."""
    other = next((cell for cell in cells if cell.seed != cells[0].seed), None)
    if other is None:
        return True
    return draw_people(other.population, streams(other.seed)[0]).train is not people
