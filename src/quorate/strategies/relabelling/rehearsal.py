"""Copies of a platform, trained on what members know, on which they try out what they may do.

Shape letters: m members, k known people of the majority, d features.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quorate.strategies.relabelling.minority_knowledge import Floats, MinorityKnowledge, flat
from quorate.table import Labels, Mask, Rng

ENOUGH = 25  # members of a label: a rate measured on them has a standard error of at most .1


def line() -> Any:
    """Return the copy that draws one line, unfitted."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def tree() -> Any:
    """Return the copy that cuts the people into boxes, unfitted."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(min_samples_leaf=20, random_state=0)


COPIES: tuple[Callable[[], Any], ...] = (line, tree)  # members cannot know what the platform trains


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """A platform's people as far as they are known, and copies that are trained on them.

    Known people of the majority stand for all of it, and members for the whole minority: whoever
    acts for one person, and honest rows for the rest. Each half is judged by the copies that were
    trained on the other half.

    Args:
        x: features of the known majority and then of members, (k + m, d).
        y: their honest labels, (k + m,).
        k: how many are of the majority.
        weight: how many people of the platform each stands for, (k + m,).
        half: which half each is in, (k + m,).
        expected: how much of each has the favourable label, (k + m,): their labels, or where fewer
            than 25 members have one of the two, what the honest copies say.
        boundary: pᵢ of the honest copies, (k + m,): they favour from ½ on.
    """

    x: Floats
    y: Labels
    k: int
    weight: Floats
    half: Mask
    expected: Floats
    boundary: Floats

    @classmethod
    def of(cls, known: MinorityKnowledge, rng: Rng) -> Rehearsal | None:
        """Return the rehearsal; None where half of what is known has one label only."""
        people = known.majority, known.members
        x = np.concatenate([flat(side.x) for side in people]).astype(np.float64)
        y = np.concatenate([side.y for side in people])
        k, m = len(known.majority), len(known.members)
        weight = np.repeat([known.majority_size / k, known.minority_size / m], [k, m])
        half = np.concatenate([rng.permutation(n) % 2 == 0 for n in (k, m)])
        if any(len(set(y[half == which])) < 2 for which in (False, True)):
            return None
        blank = cls(x, y, k, weight, half, y.astype(np.float64), np.zeros(len(y)))
        honest = np.mean(blank.judged(y[k:]), axis=0)  # (k + m,)
        favoured = int(y[k:].sum())
        enough = min(favoured, m - favoured) >= ENOUGH
        return replace(blank, boundary=honest, expected=blank.expected if enough else honest)

    def gap(self, acting: Labels) -> float:
        """Return equalised odds where the members in ``acting`` act, the mean over copies.

        TPR = Σᵢ eᵢŷᵢ/Σᵢ eᵢ and FPR = Σᵢ (1 − eᵢ)ŷᵢ/Σᵢ (1 − eᵢ) of each side; eᵢ is ``expected``.
        """
        claimed = self.y[self.k :].copy()
        claimed[acting] = 1
        return float(np.mean([self._gap(judged > 0.5) for judged in self.judged(claimed)]))

    def _gap(self, chosen: Mask) -> float:
        gaps = []
        for of_label in (self.expected, 1 - self.expected):
            rates = [
                (of_label[side] * chosen[side]).sum() / max(of_label[side].sum(), 1e-12)
                for side in (slice(0, self.k), slice(self.k, None))
            ]
            gaps.append(abs(rates[1] - rates[0]))
        return float(np.mean(gaps))

    def judged(self, claimed: Labels) -> list[Floats]:
        """Return how probably each copy favours each, (k + m,), if members claim so, (m,)."""
        return [self._judged(claimed, copy) for copy in COPIES]

    def _judged(self, claimed: Labels, copy: Callable[[], Any]) -> Floats:
        found = np.zeros(len(self.y))
        other = np.flatnonzero(claimed != self.y[self.k :]) + self.k  # who claims another label
        for which in (False, True):
            learnt = self.half != which
            acting = other[learnt[other]]
            weight = 2 * self.weight  # half of the people stand for all of them
            weight[acting] -= 2
            rows = np.concatenate([np.flatnonzero(learnt), acting])
            labels = np.concatenate([self.y[learnt], claimed[acting - self.k]])
            weights = np.concatenate([weight[learnt], np.full(len(acting), 2.0)])
            counted = weights > 0
            if (labels[counted] == labels[counted][0]).all():  # all that there is to learn
                found[~learnt] = labels[counted][0]
                continue
            fitted = copy().fit(self.x[rows[counted]], labels[counted], weights[counted])
            found[~learnt] = fitted.predict_proba(self.x[~learnt])[:, 1]
        return found
