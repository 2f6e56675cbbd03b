"""Crafting as a piece of work: a pool goes in, changes and trial questions come out.

All is drawn from streams of one seed, so that the same pool gives the same bytes anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from quorate.collective.pool.assignment import questions_within
from quorate.collective.pool.reliability import ALARM_OF_PHASE, Reliability
from quorate.collective.publishing.answered import NO_LABEL, StoredAnswers, labels_of
from quorate.collective.publishing.apart import (
    FEWEST,
    KeptApart,
    choose_apart,
    learned_from,
    people_of_rows,
)
from quorate.collective.publishing.settings import FAMILIES, CraftingSettings
from quorate.collective.publishing.stand_ins import on_stand_ins
from quorate.collective.publishing.trials import make_trials, questions_of
from quorate.collective.publishing.yielding import YieldingWork
from quorate.errors import InputError
from quorate.runs.cell import Cell, Record
from quorate.runtime.seeds import stream
from quorate.table import Labels, Mask, Table
from quorate.test_time.extraction.pool import QueryPool
from quorate.test_time.extraction.surrogate import SurrogateEnsemble, extract
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes
from quorate.test_time.platforms.encoding import digests, to_png
from quorate.test_time.platforms.platform import Answers, Pixels, to_features
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION
from quorate.test_time.study.people import CHANGES, SUBGROUP, SURROGATES
from quorate.validate import listed
from quorate.version import __version__

PER_LABEL = 3  # answered questions of a pool for each label, at least
TRIAL = "trial-{:06d}.png"  # file of a trial question in a record


@dataclass(frozen=True, eq=False)
class CraftingCell(Cell):
    """A pool from which a change is crafted.

    Args:
        stored: what members answered.
        settings: how it is crafted.
        reserved: trial questions that each member whose answers count can be asked.
        doubled: share of these that two members answer, in [0, 1].
    """

    stored: StoredAnswers
    settings: CraftingSettings
    reserved: int
    doubled: float

    def describe(self) -> dict[str, Any]:
        """Return all that decides the change."""
        return {
            "version": __version__,
            "pool": self.stored.digest(),
            "settings": self.settings.describe(),
            "reserved": self.reserved,
            "doubled": self.doubled,
        }

    @property
    def seed(self) -> int:
        """Seed of all that is drawn: the first 63 bits of the digest of the pool.

        Nobody chooses it, and whoever has the pool can craft the same change again.
        """
        return int(self.stored.digest()[:16], 16) >> 1


@dataclass(frozen=True)
class CraftingWork(YieldingWork[CraftingCell]):
    """Crafts changes, where the executor says."""

    kind: ClassVar[str] = "collective-change"

    def compute(self, stack: Sequence[CraftingCell]) -> list[Record]:
        """Return the changes of each pool, with what is known before they are tried."""
        return [craft_change(cell) for cell in stack]


@dataclass(frozen=True, eq=False)
class PreparedPool:
    """A pool that is large enough, before anything is trained.

    Args:
        cell: what it is prepared for.
        reliability: whose answers are used, and why not those of others.
        disputed: questions left out since members gave different answers.
        agreed: what the platform said of each question, or ``NO_LABEL``, (n,).
        x: the pictures, (n, c, h, w).
        apart: the pictures that trials are made with.
        learned: which pictures the surrogate may learn from, (n,).
    """

    cell: CraftingCell
    reliability: Reliability
    disputed: int
    agreed: Labels
    x: Pixels
    apart: KeptApart
    learned: Mask

    @classmethod
    def of(cls, cell: CraftingCell) -> PreparedPool:
        """Prepare a pool.

        Raises:
            InputError: it is too small, or damaged; the message says how.
        """
        stored, settings = cell.stored, cell.settings
        stored.check(len(settings.classes))
        _check_enough(stored, stored.answered, len(settings.classes))
        x = stored.pixels()
        reliability = stored.reliability(ALARM_OF_PHASE)
        found = stored.agreed(reliability, x)
        agreed = labels_of(found, len(stored))
        known = agreed != NO_LABEL
        _check_enough(stored, int(known.sum()), len(settings.classes))
        photo, inside = stored.photo, stored.inside
        asking = len(np.unique(stored.member[reliability.kept[stored.member]]))
        most = questions_within(asking * cell.reserved, cell.doubled)
        rows, sizes = choose_apart(photo, inside, agreed == stored.y, known, most, cell.seed)
        learned = learned_from(photo, rows)
        if len(np.unique(photo[learned & known])) < 2 or not (learned & inside).any():
            raise InputError(
                "Expected answered questions about two photos or more, and one photo of "
                f"{settings.subgroup} people, beside those kept apart to try the change with, got "
                "fewer. Bring more photos."
            )
        apart = people_of_rows(x, stored.y, rows, sizes, settings.classes, settings.subgroup)
        return cls(cell, reliability, found.disputed, agreed, x, apart, learned)

    @property
    def crafted_on(self) -> Labels:
        """Rows of the pictures that changes are crafted on: the subgroup's, with true labels."""
        return np.flatnonzero(self.learned & self.cell.stored.inside)

    def query_pool(self) -> QueryPool:
        """Return the answered questions that surrogates learn from.

        Each photo stands for a member of its own: the test of ``extract`` for members who
        contradict the others is for members with photos of their own, and finds nobody so. Whose
        answers count was decided before.
        """
        rows = np.flatnonzero(self.learned & (self.agreed != NO_LABEL))
        _, photo = np.unique(self.cell.stored.photo[rows], return_inverse=True)
        return QueryPool(self.x[rows], Answers(self.agreed[rows]), photo, photo)

    def members(self) -> Table:
        """Return the pictures that changes are crafted on, as people of the subgroup."""
        rows, people = self.crafted_on, self.apart.people
        group = np.full(len(rows), SUBGROUP, dtype=np.int64)
        y = self.cell.stored.y[rows]
        return Table(to_features(self.x[rows]), y, people.classes, group, people.groups)

    def extract(self) -> SurrogateEnsemble:
        """Return surrogates of the platform.

        Raises:
            FitFailedError: a training diverged.
        """
        settings, pool = self.cell.settings, self.query_pool()
        copies = settings.extraction.variants + 1
        learners = [one.sized(copies * len(pool)) for one in settings.learners]
        rng = np.random.default_rng(stream(self.cell.seed, SURROGATES))
        return extract(pool, settings.classes, learners, settings.extraction, rng)

    def craft(self, surrogates: SurrogateEnsemble, **family: Any) -> Perturbation:
        """Return a change: that of each class, or of the family that is named."""
        settings, rows = self.cell.settings, self.crafted_on
        return craft(
            surrogates.models,
            self.x[rows],
            self.cell.stored.y[rows],
            settings.classes,
            settings.crafting,
            np.random.default_rng(stream(self.cell.seed, CHANGES)),
            epsilon=settings.epsilon,
            norm=settings.norm,
            **family,
        )


def _check_enough(stored: StoredAnswers, got: int, k: int) -> None:
    """Raise InputError unless as many questions are answered as a surrogate needs."""
    wanted = max(PER_LABEL * k, 2 * FEWEST)
    if got < wanted:
        raise InputError(
            f"Expected {wanted} answered questions or more to learn {k} labels from, got {got} "
            f"whose answers count, of {stored.answered} that were answered. Wait until members "
            "have answered more."
        )


def craft_change(cell: CraftingCell) -> Record:
    """Return the changes as files, the trial questions, and what is known before the trial.

    Raises:
        InputError: the pool is too small.
        FitFailedError: a surrogate's training diverged.
    """
    pool = PreparedPool.of(cell)
    surrogates = pool.extract()
    per_class = pool.craft(surrogates)
    free = {name: pool.craft(surrogates, family=name, label_free=True) for name in FAMILIES}
    losses = {name: float(one.about["proxy_loss"]) for name, one in free.items()}
    family = min(losses, key=lambda name: losses[name])
    stand_ins, said = on_stand_ins(
        cell.settings,
        pool.query_pool(),
        pool.apart,
        pool.members(),
        surrogates.models[0],
        per_class,
        cell.seed,
    )
    files = {PERTURBATION: to_bytes(per_class), LABEL_FREE: to_bytes(free[family])}
    trial = _questions(pool, per_class, free[family], files)
    stored, reliability = cell.stored, pool.reliability
    plain = {
        "seed": cell.seed,
        "pool": stored.digest(),
        "rows": pool.apart.rows.tolist(),
        "sizes": pool.apart.sizes.to_plain(),
        "trial": trial,
        "family": family,
        "losses": losses,
        "agreement": surrogates.agreement.to_json(),
        "members": len(np.unique(stored.member)),
        "left_out": {str(one.member): one.sentence() for one in reliability.left_out},
        "disagreement": reliability.disagreement,
        "answers": len(stored.label),
        "twice": stored.twice,
        "disputed": pool.disputed,
        "agreed": int((pool.agreed != NO_LABEL).sum()),
        "learned_from": len(pool.query_pool()),
        "crafted_on": len(pool.crafted_on),
        "on_surrogate": stand_ins,
        "notes": [*surrogates.notes, *_missing(per_class), *said],
    }
    return Record(cell.id, plain, files)


def _questions(
    pool: PreparedPool, change: Perturbation, free: Perturbation, files: dict[str, bytes]
) -> list[dict[str, Any]]:
    """Return the trial questions as plain data, and put their pictures among the files."""
    known = pool.agreed != NO_LABEL
    answered = set(digests(pool.x[known]))
    questions = questions_of(make_trials(pool.apart, change, free, pool.cell.seed), answered)
    people, rows, found = pool.apart.people, pool.apart.rows, []
    for place, person in enumerate(questions.person.tolist()):
        files[TRIAL.format(place)] = to_png(questions.x[place])
        found.append(
            {
                "purpose": questions.purpose[place],
                "label": int(people.y[person]),
                "in_subgroup": person < pool.apart.sizes.inside,
                "photo": int(pool.cell.stored.photo[rows[person]]),
            }
        )
    return found


def _missing(change: Perturbation) -> list[str]:
    names, k = [str(name) for name in change.about["missing"]], len(change.classes)
    told = f"{len(names)} of {k} labels have no picture of the subgroup to craft on, and no change"
    return [f"{told}: {listed(names)}."] if names else []
