"""Trial questions: what members ask the platform to see what a change does.

Shape letters: t pictures of one purpose, k labels, c h w image axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np

from quorate.collective.publishing.apart import CONTROLS, KeptApart
from quorate.runtime.seeds import stream
from quorate.table import Labels
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.platform import Pixels, to_features, to_pixels
from quorate.test_time.study.adaptive import CLEANING
from quorate.test_time.study.evaluation import random_sign

BEFORE, CHANGED, FREE = "before", "changed", "label-free"
WRONG, RANDOM, JOINED = "wrong class", "random sign", "had they joined"


@dataclass(frozen=True, eq=False)
class Trial:
    """The pictures of one purpose.

    Args:
        rows: people whom they show, (t,).
        x: pictures, (t, c, h, w).
    """

    rows: Labels
    x: Pixels


def wrong_classes(kept: KeptApart, seed: int) -> Labels:
    """Return a label for the controls that is not the true one, drawn for each, (t,)."""
    y, k = kept.people.y[: kept.sizes.controls], kept.people.k
    rng = np.random.default_rng(stream(seed, CONTROLS, 0))
    return np.asarray((y + rng.integers(1, k, size=len(y))) % k)


def make_trials(
    kept: KeptApart, change: Perturbation, free: Perturbation | None, seed: int
) -> Mapping[str, Trial]:
    """Return the pictures of each purpose, the most important first.

    Args:
        kept: the pictures kept apart.
        change: one change per class.
        free: the best change that is the same for everyone; None without.
        seed: of the campaign; draws wrong classes and random signs.
    """
    y, sizes = kept.people.y, kept.sizes
    everyone = np.concatenate([kept.inside, kept.outside])
    found = {
        BEFORE: Trial(everyone, kept.x),
        CHANGED: _changed(kept, change, kept.inside, y[kept.inside]),
    }
    if free is not None and sizes.label_free:
        rows = kept.inside[: sizes.label_free]
        found[FREE] = _changed(kept, free, rows, y[rows])
    if sizes.controls:
        rows = kept.inside[: sizes.controls]
        signs = random_sign(change, np.random.default_rng(stream(seed, CONTROLS, 1)))
        found[WRONG] = _changed(kept, change, rows, wrong_classes(kept, seed))
        found[RANDOM] = _changed(kept, signs, rows, y[rows])
    if sizes.cleaned:
        inside = kept.inside[: sizes.cleaned]
        some = np.concatenate([inside, kept.outside[: sizes.cleaned]])
        changed = _changed(kept, change, inside, y[inside])
        for name in CLEANING:
            found[f"{name} before"] = Trial(some, clean(name, kept.x[some]))
            found[f"{name} changed"] = Trial(inside, clean(name, changed.x))
    if sizes.joined:
        rows = kept.outside[: sizes.joined]
        found[JOINED] = _changed(kept, change, rows, y[rows])
    return found


def _changed(kept: KeptApart, change: Perturbation, rows: Labels, y: Labels) -> Trial:
    return Trial(rows, change.apply(kept.x[rows], y))


def clean(name: str, x: Pixels) -> Pixels:
    """Return pictures, (n, c, h, w), as a platform sees them that cleans uploads, in 8 bits."""
    return to_pixels(CLEANING[name](to_features(x)))


@dataclass(frozen=True, eq=False)
class TrialQuestions:
    """What members are to be asked: each picture once, in the order of importance.

    Args:
        x: pictures, (t, c, h, w).
        person: row of the person kept apart whom each shows, (t,).
        purpose: what each measures.
    """

    x: Pixels
    person: Labels
    purpose: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.x)


def questions_of(trials: Mapping[str, Trial], answered: Set[bytes]) -> TrialQuestions:
    """Return the trial pictures that members are to ask about.

    What the pool has answered is not asked again; two trials that show the same picture share it.

    Args:
        trials: the pictures of each purpose.
        answered: digests of pictures that have an answer, as ``digests`` gives them.
    """
    x, person, purposes = [], [], []
    had = set(answered)
    for purpose, trial in trials.items():
        for row, picture, digest in zip(trial.rows, trial.x, digests(trial.x), strict=True):
            if digest not in had:
                had.add(digest)
                x.append(picture)
                person.append(int(row))
                purposes.append(purpose)
    shape = next(iter(trials.values())).x.shape[1:]
    pictures = np.stack(x) if x else np.empty((0, *shape), dtype=np.uint8)
    return TrialQuestions(pictures, np.array(person, dtype=np.int64), tuple(purposes))
