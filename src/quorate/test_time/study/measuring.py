"""Measures the cells of a correction: a change is found, and the platform is asked about it."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from quorate.intervals import Estimate, exact_rate
from quorate.protocols import Classifier
from quorate.runs.cell import Record
from quorate.runtime.provenance import with_reading
from quorate.runtime.seeds import stream
from quorate.table import Labels, Rng, Table
from quorate.test_time.extraction.surrogate import SurrogateEnsemble
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import to_pixels
from quorate.test_time.study.access import MeteredAccess, open_access
from quorate.test_time.study.adaptive import CLEANING, add_cleaning, add_members, fit_platform
from quorate.test_time.study.approaches import Approach, BySurrogates, FoundChange
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment, PlatformCell
from quorate.test_time.study.evaluation import AskedApart, Evaluator, evaluate, evaluate_adapted
from quorate.test_time.study.examples import choose_examples
from quorate.test_time.study.gathering import gather_surrogates, prepare_approach
from quorate.test_time.study.ledgers import with_ledgers
from quorate.test_time.study.measures import AdaptedEffect
from quorate.test_time.study.members_alone import own_accuracy
from quorate.test_time.study.on_platforms import PlatformsWork
from quorate.test_time.study.outcome import (
    EXAMPLES,
    LABEL_FREE,
    PERTURBATION,
    CorrectionOutcome,
    QueryCounts,
)
from quorate.test_time.study.parity import (
    ParityChoice,
    budgets_within,
    choose_budget,
    keep_apart,
)
from quorate.test_time.study.people import (
    JUDGING,
    PLATFORM,
    SHUFFLED,
    SUBGROUP,
    PeopleSplit,
    people_of,
)
from quorate.validate import listed


@dataclass(frozen=True)
class CorrectionWork(PlatformsWork[CorrectionCell]):
    """Measures cells; those that share a pool and a surrogate are measured together.

    The ledger of a pool is written where the work is done. On another machine it comes back with
    the first record of the pool, as a file that ``CorrectionStore`` takes over.
    """

    kind: ClassVar[str] = "correction"

    def platform_of(self, cell: CorrectionCell) -> tuple[Correction, CellGroup]:
        """Return the correction and the group of a cell."""
        return cell.correction, cell.group

    def stacks(self, cells: Sequence[CorrectionCell], workers: int) -> list[list[CorrectionCell]]:
        """Return the cells by the budgets of queries that they spend together."""
        budgets = itertools.groupby(cells, key=lambda cell: (cell.group, cell.searched))
        return [list(some) for _, some in budgets]

    def compute(self, stack: Sequence[CorrectionCell]) -> list[Record]:
        """Return the outcome of each cell of a group."""
        first = stack[0]
        with self.folder() as out:
            deployment = Deployment(first.correction, out)
            with open_access(deployment, first.group, first.photos, first.searched) as access:
                collective = PreparedGroup.gather(first, access, deployment)
                records = [collective.measure(cell).to_record() for cell in stack]
            if self.sent is not None:
                records[0] = with_ledgers(records[0], out)
        return records


@dataclass(frozen=True, eq=False)
class PreparedGroup:
    """A collective that has asked and extracted: all that the cells of its group share.

    Args:
        correction, group: the study, and the group of its cells.
        access: to the platform.
        trained: the platform as it can be trained again; None where it is not trained here.
        split: people of the seed.
        approach: how the collective finds its changes.
        ensemble: surrogates, of which there may be none.
        pooled: number of questions that surrogates learned from.
        held: which photos of the split members find their changes with, (n,).
        apart: members' pictures that are kept apart to choose a budget; None where none is chosen.
        evaluator: asks the platform about people held out.
    """

    correction: Correction
    group: CellGroup
    access: MeteredAccess
    trained: PlatformCell | None
    split: PeopleSplit
    approach: Approach
    ensemble: SurrogateEnsemble
    pooled: int
    held: Labels
    apart: Table | None
    evaluator: Evaluator

    @functools.cached_property
    def own_accuracy(self) -> Estimate:
        """Accuracy of members' own classifier, which no budget of a change alters."""
        return own_accuracy(self.correction, self.group, self.split, self.held)

    @classmethod
    def gather(
        cls, cell: CorrectionCell, access: MeteredAccess, deployment: Deployment
    ) -> PreparedGroup:
        """Ask the platform what the cells share, and extract the surrogates from its answers."""
        split = people_of(cell.correction, cell.group.seed)
        ensemble, pooled = gather_surrogates(cell, access, split)
        held = np.arange(cell.group.members * cell.photos)
        if ensemble.left_out:
            held = held[~np.isin(held // cell.photos, ensemble.suspects)]
        apart = None
        if cell.correction.aim == "parity":
            held, kept = keep_apart(held)
            apart = split.photos.take(kept)
        approach = prepare_approach(
            cell, access, split.photos.take(held), held // cell.photos, ensemble
        )
        evaluator = Evaluator(access.for_measuring, split)
        trained = deployment.trained(cell.group)
        return cls(
            correction=cell.correction,
            group=cell.group,
            access=access,
            trained=trained,
            split=split,
            approach=approach,
            ensemble=ensemble,
            pooled=pooled,
            held=held,
            apart=apart,
            evaluator=evaluator,
        )

    def measure(self, cell: CorrectionCell) -> CorrectionOutcome:
        """Find the changes of one budget, and evaluate them."""
        started = time.perf_counter()
        group, card = cell.group, self.access.by_members.card
        parity = self._choose_budget(cell)
        found = self.approach.find(cell.epsilon if parity is None else parity.epsilon)
        change = found.shown.with_about(cell=cell.id, platform=card.id)
        rng = np.random.default_rng(stream(group.seed, JUDGING))
        self.evaluator.restart()
        measures = evaluate(self.evaluator, change, found.label_free, rng)
        adaptive, of_free, asked = self._evaluate_adapted(cell, found, rng)
        shuffled = self._evaluate_shuffled(found)
        return CorrectionOutcome(
            id=cell.id,
            seed=group.seed,
            platform=group.platform,
            platform_id=card.id,
            proxy=group.proxy,
            members=group.members,
            queries_per_member=group.queries,
            epsilon=cell.epsilon,
            norm=cell.correction.norm,
            measures=replace(
                measures,
                adaptive=adaptive,
                adaptive_label_free=of_free,
                agreement=self.ensemble.agreement,
                shuffled=shuffled,
                own_classifier=self.own_accuracy,
            ),
            suspects=self.ensemble.suspect_numbers,
            left_out=self.ensemble.left_out,
            queries=QueryCounts(
                self.pooled + found.asked, group.queries, self.evaluator.asked, asked
            ),
            notes=(*self._notes(found), *self.evaluator.notes()),
            seconds=time.perf_counter() - started,
            provenance=with_reading(self.split.train.notes),
            description=cell.describe(),
            parity=parity,
            edit=None if found.edit is None else found.edit.to_plain(),
            files=self._files(cell, change, found),
        )

    def _notes(self, found: FoundChange) -> list[str]:
        """Return the problems and unknowns that were met before anything was measured."""
        of_search = () if found.edit is None else found.edit.notes
        missing = _missing_classes(found.shown)
        return [*self.ensemble.notes, *self.access.notes(), *of_search, *missing]

    def _choose_budget(self, cell: CorrectionCell) -> ParityChoice | None:
        """Return the least budget that closes the gap, where that is the aim."""
        approach = self.approach
        if self.apart is None or not isinstance(approach, BySurrogates):
            return None
        x, y = to_pixels(self.apart.x), self.apart.y
        others = self.evaluator.group != SUBGROUP
        right = self.evaluator.before == self.evaluator.y

        def accuracy_with(epsilon: float) -> Estimate:
            said = self.evaluator.ask(approach.craft(epsilon).apply(x, y))
            return exact_rate(int((said == y).sum()), len(y))

        budgets = budgets_within(cell.epsilon, cell.correction.norm)
        return choose_budget(budgets, accuracy_with, float(right[others].mean()), len(y))

    def _evaluate_shuffled(self, found: FoundChange) -> Estimate | None:
        """Return what is closed by the label-free change found with labels dealt anew."""
        apart = None if self.access.local is None else AskedApart(self.evaluator)
        change = self.approach.find_shuffled(found, apart)
        if change is None:
            return None
        rng = np.random.default_rng(stream(self.approach.seed, SHUFFLED))
        return self.evaluator.closed(self.evaluator.after(change), rng)

    def _evaluate_adapted(
        self, cell: CorrectionCell, found: FoundChange, rng: Rng
    ) -> tuple[dict[str, AdaptedEffect], dict[str, AdaptedEffect], int]:
        """Return what remains where the platform adapts, and how many rows it was asked.

        First of the change that is shown, then of the best that is label-free.
        """
        effects: dict[str, AdaptedEffect] = {}
        of_free: dict[str, AdaptedEffect] = {}
        asked = 0
        local = self.access.local
        if local is None:  # what an address would do cannot be tried
            return effects, of_free, asked
        for change, into in ((found.shown, effects), (found.best_label_free, of_free)):
            if change is None:
                break
            if into is of_free and change is found.shown:
                return effects, dict(effects), asked
            for name in cell.correction.adaptive:
                evaluator = Evaluator(self._adapted(local, name, change), self.split)
                into[name] = evaluate_adapted(evaluator, change, rng)
                asked += evaluator.asked
        return effects, of_free, asked

    def _adapted(
        self, platform: InProcessPlatform, name: str, change: Perturbation
    ) -> InProcessPlatform:
        """Return the platform once it has adapted to a change."""
        if name in CLEANING:
            return add_cleaning(platform, name)
        assert self.trained is not None  # checked when the correction was made
        if name == "retrained":
            train = self.split.train
            model = fit_platform(
                self.trained.learner.sized(len(train)),
                add_members(train, change, self.approach.photos),
                np.random.default_rng(stream(self.trained.seed, PLATFORM)),
            )
        else:
            model = _hardened(self.trained, name)
        return InProcessPlatform(model, replace(platform.card, id=name, gives="labels"))

    def _files(
        self, cell: CorrectionCell, change: Perturbation, found: FoundChange
    ) -> dict[str, bytes]:
        files = {PERTURBATION: to_bytes(change)}
        for family, one in itertools.islice(found.label_free.items(), 1):
            files[LABEL_FREE] = to_bytes(one.with_about(cell=cell.id, family=family))
        return {**files, EXAMPLES: choose_examples(self.split).to_bytes()}


def _hardened(trained: PlatformCell, name: str) -> Classifier:
    """Return the model of a platform that trains otherwise: one for all cells of a group."""
    return _trained_otherwise(trained.id, trained, name)


@functools.lru_cache(maxsize=2)
def _trained_otherwise(id_: str, trained: PlatformCell, name: str) -> Classifier:
    """Return the model; platforms are told apart by their ids: files and code may have changed."""
    return trained.fit(name)


def _missing_classes(change: Perturbation) -> list[str]:
    names, k = change.about.get("missing", []), len(change.classes)
    told = (
        f"{len(names)} of {k} classes have no picture in the pool, and no change: {listed(names)}."
    )
    return [told] if names else []
