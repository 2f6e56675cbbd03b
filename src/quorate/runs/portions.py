"""How much one worker gets at once: how many cells make a stack, and how many stacks a message."""

from __future__ import annotations

import math

from quorate.executors.executor import Pool, Workers

PARTS = 4  # of a whole stack: in a quarter of it a cell costs 1.7 times as much at most
MOST_STACKS = 64  # in one message
TENTH = 10  # of a turn: what a message carries where there is so much
ROUNDING = 1e-9
FIRST_MINUTE = 60.0  # seconds


class Portions:
    """The sizes of stacks, one after another, larger first.

    They come in rounds of one stack a worker. A round takes half of the cells that are left, so
    that what is slow in it can be made up for; the last round takes all, once half would make
    stacks of less than a quarter of a whole one. Where there are as many cells as workers, there
    are at least as many stacks. One worker gets whole stacks.

    Args:
        cells: how many there are.
        workers: how many stacks are at work at once.
    """

    def __init__(self, cells: int, workers: int) -> None:
        self._left, self._workers = cells, workers
        self._even = self._share = cells / workers
        self._begun = 0  # stacks of this round
        self._owed = 0.0  # what was rounded off the stacks before, less than a cell

    def size(self, left: int, best: int) -> int:
        """Return how many cells the next stack is to have, one of several in about equal parts.

        Args:
            left: cells that may stand in one stack, at least 1.
            best: cells of a whole stack, at least 1.
        """
        most = self._most(best)
        exactly = (left - self._owed) / max(1, math.ceil((left - self._owed) / most - ROUNDING))
        size = max(1, math.floor(exactly + self._owed + ROUNDING))
        self._owed = max(0.0, exactly + self._owed - size)
        return size

    def take(self, cells: int) -> None:
        """Note that the next stack has so many cells."""
        self._left -= cells
        self._begun += 1
        if self._begun == self._workers:
            self._begun, self._share = 0, self._left / self._workers

    def _most(self, best: int) -> float:
        if self._workers == 1:
            return best
        least = max(1.0, min(best / PARTS, self._even))
        share = self._share if self._share <= 2 * least else self._share / 2
        return min(best, max(least, share))


class Load:
    """How many stacks a message carries: as many as a turn is enough for, so far as is known.

    What it carries beyond that waits for the stack before it, while other workers have nothing.
    So the first messages carry one, later ones at most twice as many as those before, as long as
    they are done in a turn, and at most half of a worker's share of what is left.

    Args:
        pool: the workers.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._most = 1

    def stacks(self, waiting: int, workers: int) -> int:
        """Return how many stacks the next message carries.

        Args:
            waiting: stacks that are not sent yet.
            workers: how many there will be, as far as is known.
        """
        least = min(self._most // TENTH, math.ceil(waiting / workers))
        return min(self._most, max(1, least, waiting // (2 * workers)))

    def learn(self, done: int, seconds: float) -> None:
        """Take in that so many stacks of a message were done in so many seconds."""
        if self._pool.is_remote:
            in_turn = MOST_STACKS * seconds <= done * self._pool.turn
            fitting = MOST_STACKS if in_turn else int(done * self._pool.turn / seconds)
            self._most = max(1, min(2 * self._most, fitting))


def expected(pool: Pool, there: Workers | None, seconds: float) -> int:
    """Return how many workers to reckon with.

    For a minute those that were asked for: they come at about the same time. After that those that
    are there, since the others may wait in a queue for hours.

    Args:
        pool: the workers.
        there: how they are; None where all are there at once.
        seconds: since the run began.
    """
    if there is None or seconds < FIRST_MINUTE:
        return pool.workers
    return max(1, there.ready)
