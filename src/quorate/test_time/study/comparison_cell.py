"""Cells of a comparison: what everyone alone could do, and what each pool does, on the same people.

Attacks are query-based black-box attacks, towards a person's own label.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate import spec
from quorate.runs.cell import Cell, Record
from quorate.runtime.seeds import mixed
from quorate.table import Labels
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.perturbations.budget import levels_of
from quorate.test_time.perturbations.perturbation import Perturbation
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Pixels, to_pixels
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.evaluation import Evaluator
from quorate.test_time.study.on_platforms import PlatformsWork
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.people import PeopleSplit, people_of
from quorate.test_time.study.query_costs import PoolEffect, SharedChange, SoloAttack

POINTS = 41  # of the curve of people corrected by queries spent
ATTACKS = 7  # the number that attacks draw by, beside the seed


@dataclass(frozen=True)
class AttackCell(Cell):
    """One attack by everyone alone, on one platform, with one seed.

    Args:
        compared: a cell of the correction that is compared: who is asked about whom, within what ε.
        attack: attack each person makes.
        budget: queries of each.
        people: largest number of people to try.
    """

    compared: CorrectionCell
    attack: Attack
    budget: int
    people: int

    def describe(self) -> dict[str, Any]:
        """Return all that decides the outcome."""
        compared = self.compared
        plain = compared.describe()
        of_platform = ("saved platform", "api")
        return {
            **compared.correction.describe_people(self.attack),
            **{key: plain[key] for key in of_platform if key in plain},
            "platform": compared.platform_id,
            "seed": compared.group.seed,
            "attack": spec.describe(self.attack),
            "epsilon": compared.epsilon,
            "norm": compared.correction.norm,
            "budget": self.budget,
            "people": self.people,
        }


@dataclass(frozen=True)
class AttackWork(PlatformsWork[AttackCell]):
    """Lets everyone alone search, and counts their queries by the platform's own meter."""

    kind: ClassVar[str] = "attack"

    def platform_of(self, cell: AttackCell) -> tuple[Correction, CellGroup]:
        """Return the correction that is compared, and the group whose platform is attacked."""
        return cell.compared.correction, cell.compared.group

    def compute(self, stack: Sequence[AttackCell]) -> list[Record]:
        """Return what each attack did for people on their own."""
        with self.folder() as out:
            return [Record(cell.id, _attack(cell, out).to_plain()) for cell in stack]


@dataclass(frozen=True)
class PoolCell(Cell):
    """What one pool's changes do for the people that attacks are tried on.

    Args:
        compared: the cell of the correction.
        people: largest number of people to try.
        outcome: result of the cell, which follows from it.
    """

    compared: CorrectionCell
    people: int
    outcome: CorrectionOutcome = field(compare=False)

    def describe(self) -> dict[str, Any]:
        """Return all that decides the outcome."""
        return {**self.compared.describe(), "people": self.people}


@dataclass(frozen=True)
class PoolWork(PlatformsWork[PoolCell]):
    """Asks the platform about people with the changes of pools; those of one seed together."""

    kind: ClassVar[str] = "pool"

    def platform_of(self, cell: PoolCell) -> tuple[Correction, CellGroup]:
        """Return the correction that is compared, and the group of the pool."""
        return cell.compared.correction, cell.compared.group

    def stacks(self, cells: Sequence[PoolCell], workers: int) -> list[list[PoolCell]]:
        """Return the cells by seed."""
        seeds = itertools.groupby(cells, key=lambda cell: cell.compared.group.seed)
        return [list(some) for _, some in seeds]

    def compute(self, stack: Sequence[PoolCell]) -> list[Record]:
        """Return what each pool does."""
        with self.folder() as out:
            evaluator = _evaluator(stack[0].compared, out)
            return [Record(cell.id, _try(cell, evaluator).to_plain()) for cell in stack]


def _evaluator(cell: CorrectionCell, out: Path) -> Evaluator:
    """Return the platform that is compared on, with who is there."""
    platform = Deployment(cell.correction, out).load(cell.group, "labels")
    return Evaluator(platform, people_of(cell.correction, cell.group.seed))


def find_misread(evaluator: Evaluator) -> Labels:
    """Return where those of the subgroup stand whom the platform reads wrongly, (m,)."""
    inside = evaluator.split.inside
    misread: Labels = inside[evaluator.before[inside] != evaluator.y[inside]]
    return misread


def _attack(cell: AttackCell, out: Path) -> SoloAttack:
    compared = cell.compared
    evaluator = _evaluator(compared, out)
    misread = find_misread(evaluator)
    tried = misread[: cell.people]
    asked = Deployment(compared.correction, out).load(compared.group, cell.attack.needs)
    keys = [f"person-{i}" for i in tried]
    found = _search(cell, Meter(asked, cell.budget, keys), evaluator, tried)
    queries = np.array([asked.asked[key] for key in keys], dtype=np.int64)  # (n,)
    at = np.unique(np.rint(np.geomspace(1, cell.budget, POINTS)).astype(np.int64))
    curve = zip(at.tolist(), found.curve(at).tolist(), strict=True)
    return SoloAttack(
        attack=spec.text(cell.attack),
        seed=compared.group.seed,
        subgroup=len(evaluator.split.inside),
        misread=len(misread),
        people=len(tried),
        corrected=int(found.corrected.sum()),
        queries=int(queries.sum()),
        spread=float(queries.std(ddof=1)) if len(tried) > 1 else math.nan,
        curve=list(curve) if len(tried) else [],
    )


def _search(cell: AttackCell, meter: Meter, evaluator: Evaluator, tried: Labels) -> AttackOutcome:
    x, y = evaluator.split.x[tried], evaluator.y[tried]
    starts = None
    if cell.attack.needs_start:
        assert isinstance(evaluator.platform, InProcessPlatform)
        starts = _starts(evaluator.platform, evaluator.split, y)
    rng = mixed(cell.compared.group.seed, ATTACKS)
    return cell.attack.run(meter, x, y, levels_of(cell.compared.epsilon), rng, starts)


def _starts(platform: InProcessPlatform, split: PeopleSplit, y: Labels) -> Pixels:
    """Return a photo of each person's class that the platform reads rightly, where there is one.

    To find it costs the attack nothing here, which is generous to it.
    """
    photos = to_pixels(split.photos.x)
    said = platform.model.predict(split.photos.x)
    right = said == split.photos.y
    rows = []
    for label in y:
        same = np.flatnonzero(split.photos.y == label)
        good = same[right[same]]
        rows.append(good[0] if len(good) else same[0] if len(same) else 0)
    return photos[np.array(rows, dtype=np.int64)]


def _try(cell: PoolCell, evaluator: Evaluator) -> PoolEffect:
    split, misread = evaluator.split, find_misread(evaluator)
    tried, fine = misread[: cell.people], np.setdiff1d(split.inside, misread)

    def right(change: Perturbation, who: Labels) -> int:
        """Return how many of them are classified correctly once they make the change."""
        y = evaluator.y[who]
        return int((evaluator.ask(change.apply(split.x[who], y)) == y).sum())

    change = cell.outcome.perturbation()
    free = None if change.label_free else cell.outcome.label_free_perturbation()
    return PoolEffect(
        seed=cell.compared.group.seed,
        members=cell.compared.group.members,
        queries_per_member=cell.compared.group.queries,
        queries=cell.outcome.queries.pooled,
        subgroup=len(split.inside),
        misread=len(misread),
        people=len(tried),
        corrected=right(change, tried),
        broken=len(fine) - right(change, fine),
        corrected_label_free=right(free, tried) if free else None,
        broken_label_free=len(fine) - right(free, fine) if free else None,
        shared=_shared(cell, evaluator, change) if change.label_free else None,
    )


def _shared(cell: PoolCell, evaluator: Evaluator, change: Perturbation) -> SharedChange:
    """Return what a change that is the same for everyone does for members' own pictures.

    A change per class would be judged by labels that it was chosen by.
    """
    photos = evaluator.split.photos
    held = photos.take(np.arange(cell.compared.group.members * cell.compared.photos))
    x, y = to_pixels(held.x), held.y
    before, after = (
        int((evaluator.ask(pictures) == y).sum()) for pictures in (x, change.apply(x, y))
    )
    return SharedChange(cell.outcome.measures.gap_closed, len(y), before, after)
