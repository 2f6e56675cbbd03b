"""Members try out on copies of the platform who of them should act, and how many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quorate.strategies.relabelling.minority_knowledge import MinorityKnowledge, top
from quorate.strategies.relabelling.minority_strategy import MinorityStrategy
from quorate.strategies.relabelling.rehearsal import Rehearsal
from quorate.table import Labels, Rng

HALVINGS = 6  # M is first sought among all, a half, a quarter, ... of those who can act


@dataclass(frozen=True, kw_only=True)
class Rehearsed(MinorityStrategy):
    """Members just below the boundary claim the favourable label, as many as a rehearsal asks for.

    Copies of the platform, a logistic regression and a decision tree, are trained on all that
    members know. Members whom the honest copies would almost favour act first, those whom they
    favour anyway last: their labels move no boundary. M is the number that brings equalised odds,
    the mean over copies trained again with M acting, closest to 0. Where half of what is known has
    one label only there is nothing to rehearse, and members act as in ``rb-prob``. Ours.

    Raises:
        InputError: the minority or the favourable label is not among these people's.
    """

    name: ClassVar[str] = "rehearsed"

    def chosen(self, known: MinorityKnowledge, rng: Rng) -> Labels:
        """Return as many members as is best, those just below the boundary first."""
        negatives = known.negatives
        rehearsal = Rehearsal.of(known, rng)
        if rehearsal is None:
            best = top(known.majority_view[negatives], known.flips(None), rng)
            return negatives[best]
        near = rehearsal.boundary[rehearsal.k :][negatives]  # (|negatives|,)
        ranked = negatives[top(near - (near > 0.5), len(negatives), rng)]
        return ranked[: best_count(rehearsal, ranked)]


def best_count(rehearsal: Rehearsal, ranked: Labels) -> int:
    """Return M in [0, len(ranked)] with the smallest gap: halvings, then between the best's
    neighbours, twice; of equal ones the smallest.
    """
    tried: dict[int, float] = {}

    def best() -> int:
        return min(tried, key=lambda count: (tried[count], count))

    def attempt(count: int) -> None:
        if count not in tried:
            tried[count] = rehearsal.gap(ranked[:count])

    for count in (0, *(len(ranked) >> halving for halving in range(HALVINGS + 1))):
        attempt(count)
    for _ in range(2):
        counts, now = sorted(tried), best()
        at = counts.index(now)
        for near in counts[max(0, at - 1) : at] + counts[at + 1 : at + 2]:
            attempt((now + near) // 2)
    return best()
