"""Does the effective size of a collective predict its critical mass, where its plain size does not?

Claim (derived; the idea is that of Ben-Dov, Fawkes, Samadi, Sanyal 2024, arXiv:2405.06582): a
learner that reweights people hears a collective of size α as one of size α_eff. So its critical
mass should be the α whose α_eff is the critical mass of plain training. The rival prediction is
that α is what counts: the critical mass of plain training itself. In the first two worlds honest
people carry the signal, in the others hardly anyone does.

``python experiments/effective_size.py [--quick] [--jobs N]`` prints both errors, in factors of two,
and leaves ``results/effective-size/cells.csv``. About ten minutes on two cores; --quick one.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import quorate
from quorate.lab.curves import Curves
from quorate.lab.effective import EffectiveSizes
from quorate.lab.intervals import Floats, mean_over_seeds

ALPHAS = "0.0008:0.5:27"
HOW = "model=logistic,epochs=12,learning_rate=0.2"
PLAIN = f"sgd:{HOW}"
UPWEIGHTS = (2, 5, 20)
LEVELS = (0.5, 0.2, 0.1)
# Who, what members do, and S*: .5 where curves are steepest there; .9 where .5 is had for nothing.
WORLDS = {
    "gaussian": ("gaussian:n=3000,held_out=2000", "planting:target=1,signal=columns,x5=4", 0.9),
    "finite": (
        "finite:n=3000,held_out=2000,values=20",
        "planting:target=1,signal=columns,x=3",
        0.9,
    ),
    "digits": ("digits", "planting:target=8,size=2", 0.5),
    "digits, one pixel": ("digits", "planting:target=8,size=1", 0.5),
}


@dataclass(frozen=True)
class Prediction:
    """One learner's critical mass as measured, and as predicted from α_eff and from α."""

    world: str
    learner: str
    measured: float
    by_effective: float
    by_alpha: float

    def error(self, predicted: float) -> float:
        """Return how far off a prediction is, in factors of two; NaN where nothing was measured."""
        return abs(math.log2(predicted / self.measured))


def crossing(alphas: Floats, success: Floats, target: float) -> float:
    """Return the α from which a mean curve stays at the target, between sizes on a log scale."""
    below = np.flatnonzero(success < target)
    if not len(below):
        return float(alphas[0])
    last = int(below[-1])
    if last + 1 == len(alphas):
        return math.nan
    low, high = success[last], success[last + 1]
    part = (target - low) / (high - low)
    return float(alphas[last] * (alphas[last + 1] / alphas[last]) ** part)


def measure(world: str, seeds: int, jobs: int) -> list[Prediction]:
    """Return the predictions for every learner in one world."""
    population, strategy, target = WORLDS[world]
    learners = [PLAIN]
    learners += [f"jtt:{HOW},upweight={weight}" for weight in UPWEIGHTS]
    learners += [f"cvar-dro:{HOW},level={level}" for level in LEVELS]
    curves = quorate.curve(
        population=population, strategy=strategy, learner=learners, alphas=ALPHAS, seeds=seeds,
        target=target, jobs=jobs,
    )  # fmt: skip
    by_learner = {sizes.learner: sizes for sizes in curves.effective_sizes()}
    masses = {curve.learner: _mass(curves, curve.learner, target) for curve in curves}
    (plain,) = (mass for learner, mass in masses.items() if learner.startswith("sgd"))
    return [
        Prediction(world, learner, mass, _size_for(by_learner[learner], plain), plain)
        for learner, mass in masses.items()
        if learner in by_learner and math.isfinite(mass)
    ]


def _mass(curves: Curves, learner: str, target: float) -> float:
    (curve,) = (one for one in curves if one.learner == learner)
    acts = curve.alphas > 0
    return crossing(curve.alphas[acts], mean_over_seeds(curve.success)[acts], target)


def _size_for(sizes: EffectiveSizes, wanted: float) -> float:
    """Return the α whose α_eff, mean over epochs and seeds, is the one that is wanted."""
    acts = sizes.alphas > 0
    return crossing(sizes.alphas[acts], np.nanmean(sizes.mean(), axis=1)[acts], wanted)


def errors(found: Sequence[Prediction]) -> tuple[float, float]:
    """Return the mean errors of α_eff and of α, in factors of two."""
    both = [(p.error(p.by_effective), p.error(p.by_alpha)) for p in found]
    effective, alpha = np.nanmean(np.array(both), axis=0)
    return float(effective), float(alpha)


def main() -> None:
    """Measure, print and store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds and one world")
    parser.add_argument("--jobs", type=int, default=1)
    words = parser.parse_args()
    worlds = ["digits"] if words.quick else list(WORLDS)
    found = [p for world in worlds for p in measure(world, 2 if words.quick else 5, words.jobs)]
    for p in found:
        print(
            f"{p.world:9} {p.learner:60} measured {p.measured:.4f}  by α_eff {p.by_effective:.4f}  "
            f"by α {p.by_alpha:.4f}"
        )
    for world in worlds:
        for kind in ("jtt", "cvar-dro"):
            some = [p for p in found if p.world == world and p.learner.startswith(kind)]
            effective, alpha = errors(some)
            print(
                f"{world}, {kind}: mean error in factors of two: α_eff {effective:.2f}, "
                f"α {alpha:.2f}"
            )
    if not words.quick:
        folder = Path(__file__).parent / "results" / "effective-size"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "cells.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(vars(found[0])), lineterminator="\n")
            writer.writeheader()
            writer.writerows(vars(p) for p in found)


if __name__ == "__main__":
    main()
