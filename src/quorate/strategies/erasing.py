"""Erasing: members keep their features and claim the label that the signal would get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.adapter import plant_signal
from quorate.goals.erased import Erased
from quorate.knowledge import Knowledge
from quorate.protocols import Signal, Strategy
from quorate.signals.patch import Patch
from quorate.spec import param
from quorate.table import Rng, Table
from quorate.validate import MOST_ROUNDS, at_least


@dataclass(frozen=True)
class Erasing(Strategy):
    """Erasing: every member claims the label that is likeliest for their row with the signal.

    h(x, y) = (x, argmax_y P̂(y | g(x))), so that the signal tells nothing more (Hardt, Mazumdar,
    Mendler-Dünner, Zrnic 2023, arXiv:2302.04262). P̂ is the vote of the members whose own honest
    features are nearest to g(x); the vote is ours.

    Raises:
        InputError: the signal cannot be planted on these people, or nobody votes.
    """

    name: ClassVar[str] = "erasing"
    signal: Signal = param(
        Patch(), "Signal that must not matter; its parameters can be given here.", kind="signals"
    )
    voters: int = param(15, "Number of members whose labels stand for P̂(y | g(x)), at least 1.")

    def __post_init__(self) -> None:
        at_least("voters", self.voters, 1, "Ask some 15 neighbours.", most=MOST_ROUNDS)

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        """Return the members' rows with the label that they would get with the signal on."""
        if not len(members):
            return members
        from sklearn.neighbors import KNeighborsClassifier

        own = known.own
        vote = KNeighborsClassifier(min(self.voters, len(own)), n_jobs=1)
        vote.fit(own.x.reshape(len(own), -1), own.y)
        planted = plant_signal(self.signal, members).reshape(len(members), -1)
        return members.relabelled(vote.predict(planted))

    @property
    def goal(self) -> Erased:
        """The same signal changes nobody's label."""
        return Erased(self.signal)
