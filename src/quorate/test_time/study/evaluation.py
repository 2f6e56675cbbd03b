"""What a perturbation does, as judged by the platform, with controls for label leakage.

Shape letters: n people measured on, m of them in the subgroup, k labels, c h w image axes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from quorate.fairness.gap_closed import gap_closed
from quorate.fairness.intervals import measure_intervals
from quorate.fairness.measures import measure
from quorate.intervals import Estimate, exact_rate
from quorate.table import Labels, Rng
from quorate.test_time.perturbations.budget import ROUNDING, levels_of
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.platform import EVALUATION, Answers, Card, Pixels, Platform
from quorate.test_time.study.measures import (
    MEASURES,
    AdaptedEffect,
    ControlEffects,
    CorrectionMeasures,
    FairnessEstimates,
    LabelFreeEffect,
    OutsideEffect,
    without_interval,
)
from quorate.test_time.study.people import SUBGROUP, PeopleSplit

ASKED_AT_ONCE = 4096
DRAWS = 1000


class Evaluator:
    """Asks a platform about people it has never seen, under the key that is metered apart.

    Args:
        platform: platform that judges; surrogates have no say.
        split: people whose held-out part it is asked about.

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

    def restart(self) -> None:
        """Count again from the questions about unchanged pictures, which cells share."""
        self.asked = len(self.before)

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
        return gap_closed(self.y, self.before, after, self.group, SUBGROUP, draws=DRAWS, rng=rng)

    def fairness(self, predicted: Labels) -> FairnessEstimates:
        """Return the fairness measures of predictions, (n,), with their intervals."""
        people = self.split.held_out
        given = (self.y, predicted, self.group, people.groups, people.k)
        ends = measure_intervals(*given)
        found = measure(*given)
        return FairnessEstimates(
            {
                name: Estimate(value, *ends[f"accuracy[{name}]"][:2])
                for name, value in found.accuracy_by_group.items()
            },
            **{name: Estimate(getattr(found, name), *ends[name][:2]) for name in MEASURES},
        )

    def notes(self) -> tuple[str, ...]:
        """Return what the measures of the platform's answers, before, cannot say."""
        people = self.split.held_out
        ends = measure_intervals(self.y, self.before, self.group, people.groups, people.k)
        return tuple(
            f"{name.replace('_', ' ').capitalize()}: {one.note[:1].lower()}{one.note[1:]}"
            for name, one in ends.items()
            if one.note
        )

    def accuracy(self, x: Pixels, rows: Labels) -> Estimate:
        """Return how often the platform reads changed pictures of the people ``rows`` rightly."""
        right = self.ask(x) == self.y[rows]
        return exact_rate(int(right.sum()), len(right))


class AskedApart(Platform):
    """The platform as an evaluator asks it, whatever keys are given: for controls that ask anew.

    Args:
        evaluator: asks the platform, and counts what it is asked.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator

    @property
    def card(self) -> Card:
        """What the platform says of itself."""
        return self.evaluator.platform.card

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the answer to each image, counted for the evaluation."""
        self.evaluator.asked += len(x)
        return self.evaluator.platform.ask(x, [EVALUATION] * len(x))


def evaluate(
    evaluator: Evaluator,
    perturbation: Perturbation,
    label_free: Mapping[str, Perturbation],
    rng: Rng,
) -> CorrectionMeasures:
    """Return what the platform says before and after, and the controls.

    Args:
        evaluator: asks the platform.
        perturbation: one change per class.
        label_free: one change for everyone, by family, best first by the surrogates' word.
        rng: draws the gap's interval, wrong classes and random signs.
    """
    after = evaluator.after(perturbation)
    before = evaluator.fairness(evaluator.before)
    became = evaluator.fairness(after)
    closed = evaluator.closed(after, rng)
    controls = _controls(evaluator, perturbation, rng)
    free = {family: label_free_effect(evaluator, one, rng) for family, one in label_free.items()}
    for family, one in itertools.islice(label_free.items(), 1):  # the best
        others = np.flatnonzero(evaluator.group != SUBGROUP)
        changed = one.apply(evaluator.split.x[others], evaluator.y[others])
        free[family] = replace(free[family], outside=evaluator.accuracy(changed, others))
    best = next(iter(free.values()), None)
    return CorrectionMeasures(
        before=before,
        after=became,
        gap_closed=closed,
        controls=replace(controls, label_free=None if best is None else best.accuracy),
        label_free=free,
        outside=_outside(evaluator, perturbation),
        best_label_free=best,
    )


def evaluate_adapted(evaluator: Evaluator, perturbation: Perturbation, rng: Rng) -> AdaptedEffect:
    """Return what remains of a change on a platform that adapts, which the evaluator asks."""
    after, inside = evaluator.after(perturbation), evaluator.split.inside
    before, y = evaluator.before, evaluator.y
    return AdaptedEffect(
        accuracy=without_interval(before == y),
        before=without_interval(before[inside] == y[inside]),
        after=without_interval(after[inside] == y[inside]),
        gap_closed=evaluator.closed(after, rng),
    )


def _controls(evaluator: Evaluator, perturbation: Perturbation, rng: Rng) -> ControlEffects:
    """Return the force rate, and the accuracy under a wrong class's change and random signs.

    Someone who adds the change of a wrong class asks the question that the force rate is about
    too, so both are read from one answer.
    """
    inside = evaluator.split.inside
    x, y = evaluator.split.x[inside], evaluator.y[inside]
    k = len(perturbation.classes)
    other = (y + rng.integers(1, k, size=len(y))) % k  # any label but the true one
    said = evaluator.ask(perturbation.apply(x, other))
    return ControlEffects(
        force_rate=exact_rate(int((said == other).sum()), len(said)),
        wrong_class=exact_rate(int((said == y).sum()), len(said)),
        random_sign=evaluator.accuracy(random_sign(perturbation, rng).apply(x, y), inside),
    )


def random_sign(perturbation: Perturbation, rng: Rng) -> Perturbation:
    """Return a perturbation of random signs that fills the same budget, one for each class.

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


def label_free_effect(
    evaluator: Evaluator, perturbation: Perturbation, rng: Rng
) -> LabelFreeEffect:
    """Return what a change that cannot carry the label does."""
    after = evaluator.after(perturbation)
    inside = evaluator.split.inside
    right = after[inside] == evaluator.y[inside]
    return LabelFreeEffect(exact_rate(int(right.sum()), len(right)), evaluator.closed(after, rng))


def _outside(evaluator: Evaluator, perturbation: Perturbation) -> OutsideEffect:
    """Return the accuracy of people who are not of the subgroup, as they are and had they joined.

    Their own pictures are answered as before: what others send in changes nothing for them.
    """
    others = np.flatnonzero(evaluator.group != SUBGROUP)
    x, y = evaluator.split.x[others], evaluator.y[others]
    right = evaluator.before[others] == y
    return OutsideEffect(
        accuracy=exact_rate(int(right.sum()), len(right)),
        had_they_joined=evaluator.accuracy(perturbation.apply(x, y), others),
    )
