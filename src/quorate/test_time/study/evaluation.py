"""What a perturbation does, by the platform's own word, and what would show that it is not real.

Shape letters: n people measured on, m of them in the subgroup, k labels, c h w image axes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from quorate.fairness import Estimate, gap_closed, intervals, measure, wilson
from quorate.table import Labels, Rng
from quorate.test_time.perturbations.perturbation import ROUNDING, Perturbation, levels_of
from quorate.test_time.platforms.platform import EVALUATION, Pixels, Platform
from quorate.test_time.study.people import SUBGROUP, PeopleSplit

ASKED_AT_ONCE = 4096
RESAMPLES = 1000


class Evaluator:
    """Asks a platform about people it has never seen, under the key that is metered apart.

    Args:
        platform: who is asked; what proxies think is of no account.
        split: whom it is asked about: those held out.

    ``before`` is what the platform says of everyone's own pictures, (n,); ``asked`` counts rows.
    """

    def __init__(self, platform: Platform, split: PeopleSplit) -> None:
        self.platform, self.split = platform, split
        self.asked = 0
        self.before = self.ask(split.x)

    def ask(self, x: Pixels) -> Labels:
        """Return the labels that the platform gives to images, (n,)."""
        found = []
        for start in range(0, len(x), ASKED_AT_ONCE):
            some = x[start : start + ASKED_AT_ONCE]
            found.append(self.platform.ask(some, [EVALUATION] * len(some)).labels)
            self.asked += len(some)
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    @property
    def group(self) -> Labels:
        """Everyone's group, (n,)."""
        assert self.split.held_out.group is not None  # people are split with groups
        return self.split.held_out.group

    @property
    def y(self) -> Labels:
        """Everyone's true label, (n,)."""
        return self.split.held_out.y

    def after(self, perturbation: Perturbation) -> Labels:
        """Return the predictions once everyone in the subgroup sends in changed pictures, (n,)."""
        inside = self.split.inside
        labels = self.before.copy()
        labels[inside] = self.ask(perturbation.apply(self.split.x[inside], self.y[inside]))
        return labels

    def closed(self, after: Labels, rng: Rng) -> Estimate:
        """Return how much of the accuracy gap is closed, with its interval."""
        return gap_closed(
            self.y, self.before, after, self.group, SUBGROUP, resamples=RESAMPLES, rng=rng
        )

    def fairness(self, predicted: Labels, rng: Rng) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the fairness measures as plain data, and their intervals."""
        people = self.split.held_out
        given = (self.y, predicted, self.group, people.groups, people.k)
        ends = intervals(*given, resamples=RESAMPLES, rng=rng)
        return measure(*given).to_json(), {name: _pair(*pair) for name, pair in ends.items()}

    def accuracy(self, x: Pixels, rows: Labels) -> Estimate:
        """Return how often the platform reads changed pictures of the people ``rows`` rightly."""
        right = self.ask(x) == self.y[rows]
        return wilson(int(right.sum()), len(right))


def evaluate(
    judge: Evaluator,
    perturbation: Perturbation,
    label_free: Mapping[str, Perturbation],
    rng: Rng,
) -> dict[str, Any]:
    """Return what the platform says before and after, and the controls, as plain data.

    Args:
        judge: asks the platform.
        perturbation: one change per class.
        label_free: one change for everyone, by family, best first by the proxies' word.
        rng: draws wrong classes, random signs and resamples.
    """
    after = judge.after(perturbation)
    before, before_ends = judge.fairness(judge.before, rng)
    became, became_ends = judge.fairness(after, rng)
    closed = judge.closed(after, rng)
    controls = _controls(judge, perturbation, rng)
    free = {family: _free(judge, one, rng) for family, one in label_free.items()}
    if free:
        controls["label_free"] = next(iter(free.values()))["accuracy"]
    return {
        "before": before,
        "after": became,
        "gap_closed": closed.to_json()["value"],
        "intervals": {
            "before": before_ends,
            "after": became_ends,
            "gap_closed": _pair(closed.low, closed.high),
            "controls": {name: _pair(one["low"], one["high"]) for name, one in controls.items()},
        },
        "controls": {name: one["value"] for name, one in controls.items()},
        "label_free": free,
        "outside": _outside(judge, perturbation),
    }


def _controls(judge: Evaluator, perturbation: Perturbation, rng: Rng) -> dict[str, Any]:
    """Return the force rate, and the accuracy under a wrong class's change and random signs.

    Force rate: how often the change of a class c turns a picture of another class into c. Someone
    who adds the change of a wrong class asks the same question, so both are read from one answer.
    """
    inside = judge.split.inside
    x, y = judge.split.x[inside], judge.y[inside]
    k = len(perturbation.classes)
    other = (y + rng.integers(1, k, size=len(y))) % k  # any label but the true one
    said = judge.ask(perturbation.apply(x, other))
    force = wilson(int((said == other).sum()), len(said))
    wrong = wilson(int((said == y).sum()), len(said))
    random = judge.accuracy(random_sign(perturbation, rng).apply(x, y), inside)
    found = {"force_rate": force, "wrong_class": wrong, "random_sign": random}
    return {name: one.to_json() for name, one in found.items()}


def random_sign(perturbation: Perturbation, rng: Rng) -> Perturbation:
    """Return a perturbation that fills the same budget, whose signs mean nothing, one a class.

    Under L2 as many random pixels move as whole levels allow, by as few levels as fill the budget.
    """
    k, shape = len(perturbation.classes), perturbation.shape
    size, norm = math.prod(shape), perturbation.norm
    levels, moving = levels_of(perturbation.epsilon), size
    if norm == "l2":
        length = 255 * perturbation.epsilon + ROUNDING
        levels = min(levels, max(1, math.ceil(length / math.sqrt(size) - 2 * ROUNDING)), 255)
        moving = min(size, math.floor((length / levels) ** 2))
    signs = rng.integers(0, 2, size=(k, size)) * 2 - 1  # (k, c·h·w)
    moves = np.tile(np.arange(size) < moving, (k, 1))  # (k, c·h·w)
    if moving < size:
        moves = rng.permuted(moves, axis=1)
    delta = (levels * signs * moves).astype(np.int16).reshape(k, *shape)
    return Perturbation(
        "additive", {"delta": delta}, perturbation.classes, shape, perturbation.epsilon, norm
    )


def _free(judge: Evaluator, perturbation: Perturbation, rng: Rng) -> dict[str, Any]:
    """Return what a change that cannot carry the label does."""
    after = judge.after(perturbation)
    inside = judge.split.inside
    right = after[inside] == judge.y[inside]
    return {
        "accuracy": wilson(int(right.sum()), len(right)).to_json(),
        "gap_closed": judge.closed(after, rng).to_json(),
    }


def _outside(judge: Evaluator, perturbation: Perturbation) -> dict[str, Any]:
    """Return the accuracy of people who are not of the subgroup, as they are and had they joined.

    Their own pictures are answered as before: what others send in changes nothing for them.
    """
    others = np.flatnonzero(judge.group != SUBGROUP)
    right = judge.before[others] == judge.y[others]
    joined = judge.accuracy(perturbation.apply(judge.split.x[others], judge.y[others]), others)
    return {
        "accuracy": wilson(int(right.sum()), len(right)).to_json(),
        "had_they_joined": joined.to_json(),
    }


def _pair(low: float | None, high: float | None) -> list[float | None]:
    return [None if v is None or not np.isfinite(v) else float(v) for v in (low, high)]
