"""Success by the number of members: certified, rehearsed, simulated or measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from quorate.collective.facts.reading import items, number, text
from quorate.intervals import Floats
from quorate.scenarios.participation.monotone_curve import (
    find_crossing,
    fit_monotone,
    interpolate,
)

Surety = Literal["certified", "rehearsed", "simulated", "measured"]
MOST_MEMBERS = 10**10  # people on a platform, as certificates allow


@dataclass(frozen=True)
class SuccessCurve:
    """Success by how many members act, as one source says it.

    A mean is linear in the logarithm between two numbers of members, and below the least linear
    from nobody on. A certified bound is one at each of them alone: between two it is that of the
    smaller. Beyond the largest both are taken to stay.

    Args:
        surety: how sure it is; a certified one is a lower bound, the others are means.
        called: whose it is, such as a learner as text; empty where there is one alone.
        members: numbers of members, ascending, of which the first may be 0, (a,).
        success: at each of them, in [0, 1], (a,).

    Raises:
        ValueError: the two differ in length, nobody acts at all, or a number is out of range.
    """

    surety: Surety
    called: str
    members: tuple[float, ...]
    success: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.surety not in get_args(Surety):
            raise ValueError(f"{self.surety!r} is no kind of curve")
        if len(self.members) != len(self.success) or not any(self.members):
            raise ValueError("a curve without a success for each number of members")
        for one in self.members:
            number(one, 0, MOST_MEMBERS)
        for one in self.success:
            number(one, 0, 1)
        if any(b <= a for a, b in zip(self.members, self.members[1:], strict=False)):
            raise ValueError("a curve whose numbers of members do not ascend")

    @property
    def largest(self) -> float:
        """The largest number of members that it speaks of."""
        return self.members[-1]

    def success_of(self, members: npt.ArrayLike) -> Floats:
        """Return the success of numbers of members, in their shape.

        >>> curve = SuccessCurve("simulated", "sgd", (0, 10, 40), (0.0, 0.4, 0.8))
        >>> curve.success_of([0, 5, 20, 99]).round(3).tolist()
        [0.0, 0.2, 0.6, 0.8]
        """
        sizes, fitted = self._fitted
        wanted = np.asarray(members, dtype=np.float64)
        if self.surety == "certified":
            return np.asarray(fitted[np.searchsorted(sizes, wanted, side="right") - 1])
        return interpolate(sizes, fitted, wanted)

    def members_for(self, success: float) -> float:
        """Return the number of members from which on a success is reached; inf where it never is.

        >>> SuccessCurve("simulated", "sgd", (0, 10, 40), (0.0, 0.4, 0.8)).members_for(0.6)
        20.0
        """
        sizes, fitted = self._fitted
        if self.surety == "certified":
            reached = fitted >= success
            return float(sizes[reached.argmax()]) if reached.any() else math.inf
        return round(float(find_crossing(sizes, fitted[:, None], success)[0]), 6)

    @cached_property
    def _fitted(self) -> tuple[Floats, Floats]:
        """Sizes from nobody on, and the nearest curve that does not fall, below bounds, (a,)."""
        sizes, success = np.array(self.members), np.array(self.success)
        if sizes[0] > 0:  # a bound that is not told of nobody is 0 there
            sizes, success = np.insert(sizes, 0, 0.0), np.insert(success, 0, 0.0)
        if self.surety == "certified":
            return sizes, np.minimum.accumulate(success[::-1])[::-1]
        return sizes, fit_monotone(success[:, None])[:, 0]

    def to_plain(self) -> dict[str, Any]:
        """Return plain data."""
        points = {"members": list(self.members), "success": list(self.success)}
        return {"surety": self.surety, "called": self.called, **points}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> SuccessCurve:
        """Return the curve that plain data hold.

        Raises:
            ValueError, TypeError, LookupError: they hold none.
        """
        return cls(
            plain["surety"],
            text(plain["called"]),
            tuple(number(one) for one in items(plain["members"])),
            tuple(number(one) for one in items(plain["success"])),
        )
