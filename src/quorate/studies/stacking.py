"""Trials in stacks: those of one learner and one population train at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quorate import spec
from quorate.protocols import StackedLearner
from quorate.runs.portions import Portions
from quorate.studies.trial import Trial, draw_people, streams
from quorate.table import Table

STACK_BYTES = 2**29  # of a stack's rows, which are in memory twice, as drawn and as its pool


def stack_trials(cells: Sequence[Trial], workers: int) -> list[list[Trial]]:
    """Return the cells in stacks: those of one learner and population train together.

    A stack is at most as large as its learner is best at, and fits in memory. All workers have work
    at first, and stacks become smaller towards the end (see ``Portions``). What takes longest comes
    first, as far as one can tell before: learners of small stacks, and many features.
    """
    by_methods: dict[tuple[str, str], list[Trial]] = {}
    for cell in cells:
        methods = spec.text(cell.population), spec.text(cell.learner)
        by_methods.setdefault(methods, []).append(cell)
    groups = [_Group.of(some) for some in by_methods.values()]
    portions, found = Portions(len(cells), workers), list[list[Trial]]()
    for group in sorted(groups, key=lambda one: (one.best, -one.people)):
        begun = 0
        while begun < len(group.cells):
            size = portions.size(len(group.cells) - begun, group.best)
            found.append(group.stack_from(begun, size))
            portions.take(len(found[-1]))
            begun += len(found[-1])
    return found


@dataclass(frozen=True)
class _Group:
    """Trials of one learner and one population.

    Args:
        cells: the trials.
        best: how many are trained fastest at once.
        people: bytes of everyone's features; 0 where stacks hold one cell.
        drawn_anew: whether each seed has people of its own.
    """

    cells: list[Trial]
    best: int = 1
    people: int = 0
    drawn_anew: bool = True

    @classmethod
    def of(cls, cells: list[Trial]) -> _Group:
        """Draw people, to know how large they are."""
        learner = cells[0].learner
        if not isinstance(learner, StackedLearner):
            return cls(cells)
        people = draw_people(cells[0].population, streams(cells[0].seed)[0]).train
        return cls(cells, learner.stack_size(people), people.x.nbytes, _drawn_anew(people, cells))

    def stack_from(self, begun: int, size: int) -> list[Trial]:
        """Return the next trials after those begun: so many, or those that fit in memory."""
        memory, stack = _Memory(self.people, self.drawn_anew), list[Trial]()
        for cell in self.cells[begun : begun + size]:
            if stack and not memory.holds(cell):
                break
            memory.add(cell)
            stack.append(cell)
        return stack


class _Memory:
    """What a stack's people take: honest rows once a seed, and the members' rows of every cell.

    Args:
        people: bytes of everyone's features.
        drawn_anew: whether each seed has people of its own.
    """

    def __init__(self, people: int, drawn_anew: bool) -> None:
        self._people, self._drawn_anew = people, drawn_anew
        self._bytes, self._seeds = 0.0, set[int]()

    def holds(self, cell: Trial) -> bool:
        """Whether there is room for the cell as well."""
        return self._bytes + self._of(cell) <= STACK_BYTES

    def add(self, cell: Trial) -> None:
        """Take in the cell."""
        self._bytes += self._of(cell)
        self._seeds.add(self._draw(cell))

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
