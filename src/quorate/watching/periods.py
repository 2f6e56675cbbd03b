"""Outcomes in periods of steady success, each with its confidence sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from quorate.theory.confidence_sequence import confidence_sequence
from quorate.theory.mean_change import Change, first_change
from quorate.theory.suboptimality import Floats

Status = Literal["reached", "excluded", "open", "unsteady"]


@dataclass(frozen=True, eq=False)
class Period:
    """Outcomes of steady success, as far as can be told.

    It begins with the first outcome, or with the one after that at which a change was seen, and
    ends with the last one before a change, or the last of all.

    Args:
        start: number of outcomes before it.
        successes: number of successes in it after each of its outcomes, (n,).
        low, high: limits of the confidence sequence after each of its outcomes, (n,) each.
        target: success to reach, in [0, 1].
        change: what ends it, counted from its own first outcome; None where nothing does.
    """

    start: int
    successes: npt.NDArray[np.int64]
    low: Floats
    high: Floats
    target: float
    change: Change | None

    def __len__(self) -> int:
        return len(self.successes)

    @property
    def stop(self) -> int:
        """The number of its last outcome, from 1."""
        return self.start + len(self)

    @property
    def seen(self) -> int:
        """The number of the outcome, from 1, at which its end is seen."""
        return self.start + (self.change.seen if self.change else len(self))

    @property
    def is_steady(self) -> bool:
        """Whether there is a probability of success that fits all of it."""
        return bool(self.low[-1] <= self.high[-1])

    @property
    def rate(self) -> float:
        """The share of successes in it."""
        return float(self.successes[-1] / len(self))

    @property
    def reached(self) -> int | None:
        """The number of the outcome, from 1, with which the lower limit comes to the target."""
        return self._first(self.low >= self.target)

    @property
    def excluded(self) -> int | None:
        """The number of the outcome, from 1, with which the upper limit falls below the target."""
        return self._first(self.high < self.target)

    @property
    def status(self) -> Status:
        """What is known of the target at its end; unsteady where no one success fits it all."""
        if not self.is_steady:
            return "unsteady"
        if self.reached is not None:
            return "reached"
        return "open" if self.excluded is None else "excluded"

    def _first(self, holds: npt.NDArray[np.bool_]) -> int | None:
        found = np.flatnonzero(holds & (self.low <= self.high))
        return self.start + int(found[0]) + 1 if len(found) else None


def periods_of(
    successes: npt.NDArray[np.bool_],
    target: float,
    confidence: float,
    known: Sequence[Period] = (),
) -> tuple[Period, ...]:
    """Return the periods of steady success, at least one.

    Args:
        successes: of each outcome, in order, (n,), n at least 1.
        target: success to reach, in [0, 1].
        confidence: probability, for each period, that its sequence always holds its success, and
            that no change is seen in it where there is none; in (0, 1).
        known: the periods of the first of these outcomes, at the same confidence: what follows
            from them is not computed again.
    """
    found = [replace(one, target=target) for one in known if one.change is not None]
    begun = next((one for one in known if one.change is None), None)  # it may go on
    start = found[-1].seen if found else 0
    while start < len(successes):
        rest = successes[start:]
        change = first_change(rest, 1 - confidence, 0 if begun is None else len(begun))
        own = rest if change is None else rest[: change.before]
        limits = None if begun is None else (begun.low[: len(own)], begun.high[: len(own)])
        low, high = confidence_sequence(own, 1 - confidence, limits)
        found.append(Period(start, np.cumsum(own), low, high, target, change))
        start, begun = found[-1].seen, None
    return tuple(found)
