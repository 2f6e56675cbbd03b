"""What a change does on the platform, by what members were told of the trial pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quorate.collective.publishing.apart import KeptApart
from quorate.collective.publishing.trials import (
    BEFORE,
    CHANGED,
    FREE,
    JOINED,
    RANDOM,
    WRONG,
    Trial,
    clean,
    wrong_classes,
)
from quorate.errors import InputError, PlatformError
from quorate.intervals import Estimate, exact_rate
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Rng
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform, check_questions
from quorate.test_time.study.adaptive import CLEANING
from quorate.test_time.study.evaluation import Evaluator, evaluate_adapted, label_free_effect
from quorate.test_time.study.measures import (
    UNDEFINED,
    AdaptedEffect,
    ControlEffects,
    CorrectionMeasures,
    LabelFreeEffect,
    OutsideEffect,
)
from quorate.test_time.study.people import JUDGING, PeopleSplit

FEW = 5  # people of each side without whom nothing is said


class AnsweredPlatform(Platform):
    """A platform that says again what it has said, and nothing else.

    Args:
        answers: labels by the digest of a picture.
        card: what the platform is.
        cleaning: what is done to pictures before they are looked up, by name; empty for nothing.
    """

    def __init__(self, answers: Mapping[bytes, int], card: Card, cleaning: str = "") -> None:
        self.answers, self._card, self._cleaning = answers, card, cleaning

    @property
    def card(self) -> Card:
        """What it says of itself."""
        return self._card

    def knows(self, x: Pixels) -> Mask:
        """Return which pictures, (n, c, h, w), it can answer, (n,)."""
        return np.array([one in self.answers for one in self._names(x)], dtype=bool)

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return what the platform said of each picture.

        Raises:
            PlatformError: it was never asked about one.
        """
        check_questions(x, keys, self._card)
        try:
            labels = [self.answers[one] for one in self._names(x)]
        except KeyError:
            raise PlatformError("Expected pictures that were asked about, got another.") from None
        return Answers(np.array(labels, dtype=np.int64))

    def _names(self, x: Pixels) -> list[bytes]:
        return digests(clean(self._cleaning, x) if self._cleaning else x)


@dataclass(frozen=True)
class Tried:
    """What the trials show.

    Args:
        measures: every number; what was not measured is undefined.
        inside, outside: people of the subgroup and others that the gap closed is measured on.
        people: number of people behind every other trial, by purpose.
        missing: trial pictures without an answer that counts.
    """

    measures: CorrectionMeasures
    inside: int
    outside: int
    people: Mapping[str, int]
    missing: int


def judge(
    platform: AnsweredPlatform,
    kept: KeptApart,
    trials: Mapping[str, Trial],
    change: Perturbation,
    free: tuple[str, Perturbation] | None,
    seed: int,
) -> Tried:
    """Return what the platform said of the trial pictures.

    With all of them answered, the gap closed, its interval and the measures of both groups are to
    the bit what ``evaluate`` returns with the stream of a correction.

    Args:
        platform: what was answered.
        kept: the people.
        trials: the pictures.
        change: the change of each class.
        free: family and change that is the same for everyone; None without.
        seed: of the campaign.

    Raises:
        InputError: too few of the pictures have an answer that counts.
    """
    rng = np.random.default_rng(stream(seed, JUDGING))
    known = {purpose: platform.knows(trial.x) for purpose, trial in trials.items()}
    measured = known[BEFORE].copy()  # (n,)
    measured[kept.inside] &= known[CHANGED]
    inside, outside = int(measured[kept.inside].sum()), int(measured[kept.outside].sum())
    if min(inside, outside) < FEW:
        raise InputError(
            f"Expected answers about {FEW} people of the subgroup, as they are and changed, and "
            f"about {FEW} others, got {inside} and {outside}. Wait until members have answered "
            "more trial questions."
        )
    evaluator = _evaluator(platform, kept, measured)
    after = evaluator.after(change)
    closed = evaluator.closed(after, rng)
    label_free, people = {}, {}
    if free is not None and FREE in trials:
        some = _among(measured, kept, trials[FREE].rows[known[FREE]])
        if some is not None:
            found = label_free_effect(_evaluator(platform, kept, some), free[1], rng)
            label_free[free[0]] = found
            people[FREE] = int(some[kept.inside].sum())
    controls = _controls(platform, kept, trials, known, people, seed)
    best = next(iter(label_free.values()), None)
    measures = CorrectionMeasures(
        before=evaluator.fairness(evaluator.before),
        after=evaluator.fairness(after),
        gap_closed=closed,
        controls=_with_label_free(controls, best),
        label_free=label_free,
        outside=_outside(platform, kept, trials, known, evaluator, people),
        best_label_free=best,
        adaptive=_adapted(platform, kept, change, known, people, rng),
    )
    without = {
        one for purpose, trial in trials.items() for one in digests(trial.x[~known[purpose]])
    }
    return Tried(measures, inside, outside, people, len(without))


def _with_label_free(controls: ControlEffects, best: LabelFreeEffect | None) -> ControlEffects:
    return controls if best is None else dataclasses.replace(controls, label_free=best.accuracy)


def _evaluator(platform: Platform, kept: KeptApart, some: Mask) -> Evaluator:
    """Return what measures on some of the people kept apart."""
    nobody = kept.people.take(np.arange(0))
    return Evaluator(platform, PeopleSplit(nobody, nobody, kept.people.take(some)))


def _among(measured: Mask, kept: KeptApart, rows: Labels) -> Mask | None:
    """Return these people of the subgroup and all others, (n,); None where they are too few."""
    some = measured.copy()
    some[kept.inside] &= np.isin(kept.inside, rows)
    return some if some[kept.inside].sum() >= FEW else None


def _controls(
    platform: AnsweredPlatform,
    kept: KeptApart,
    trials: Mapping[str, Trial],
    known: Mapping[str, Mask],
    people: dict[str, int],
    seed: int,
) -> ControlEffects:
    found = {"force_rate": UNDEFINED, "wrong_class": UNDEFINED, "random_sign": UNDEFINED}
    for purpose in (WRONG, RANDOM):
        if purpose not in trials or known[purpose].sum() < FEW:
            continue
        some, trial = known[purpose], trials[purpose]
        said = _ask(platform, trial.x[some])
        y = kept.people.y[trial.rows[some]]
        people[purpose] = len(said)
        if purpose == WRONG:
            found["force_rate"] = _rate(said == wrong_classes(kept, seed)[some])
            found["wrong_class"] = _rate(said == y)
        else:
            found["random_sign"] = _rate(said == y)
    return ControlEffects(**found)


def _outside(
    platform: AnsweredPlatform,
    kept: KeptApart,
    trials: Mapping[str, Trial],
    known: Mapping[str, Mask],
    evaluator: Evaluator,
    people: dict[str, int],
) -> OutsideEffect:
    others = evaluator.group != evaluator.group[evaluator.split.inside[0]]
    as_they_are = _rate((evaluator.before == evaluator.y)[others])
    joined = UNDEFINED
    if JOINED in trials and known[JOINED].sum() >= FEW:
        some, trial = known[JOINED], trials[JOINED]
        said = _ask(platform, trial.x[some])
        joined = _rate(said == kept.people.y[trial.rows[some]])
        people[JOINED] = len(said)
    return OutsideEffect(as_they_are, joined)


def _adapted(
    platform: AnsweredPlatform,
    kept: KeptApart,
    change: Perturbation,
    known: Mapping[str, Mask],
    people: dict[str, int],
    rng: Rng,
) -> dict[str, AdaptedEffect]:
    """Return what remains where the platform would clean uploads: they were cleaned for it."""
    found = {}
    size = kept.sizes.cleaned
    for name in CLEANING:
        if f"{name} before" not in known:
            continue
        some = np.zeros(len(kept.people), dtype=bool)
        rows = np.concatenate([kept.inside[:size], kept.outside[:size]])
        some[rows] = known[f"{name} before"]
        some[kept.inside[:size]] &= known[f"{name} changed"]
        sides = some[kept.inside].sum(), some[kept.outside].sum()
        if min(sides) < FEW:
            continue
        cleaning = AnsweredPlatform(platform.answers, platform.card, name)
        found[name] = evaluate_adapted(_evaluator(cleaning, kept, some), change, rng)
        people[name] = int(sides[0])
    return found


def _ask(platform: AnsweredPlatform, x: Pixels) -> Labels:
    return platform.ask(x, [""] * len(x)).labels


def _rate(right: Mask) -> Estimate:
    return exact_rate(int(right.sum()), len(right))
