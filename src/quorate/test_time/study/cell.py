"""Cells of a correction: a pool is asked, a surrogate extracted, a change crafted and evaluated."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from quorate import spec
from quorate.errors import InputError, reason
from quorate.intervals import Estimate, exact_rate
from quorate.protocols import Classifier, Learner
from quorate.runs.cell import Cell, Record
from quorate.runtime.digests import digest_file, digest_files
from quorate.runtime.provenance import with_reading
from quorate.runtime.seeds import stream
from quorate.table import Rng, Table
from quorate.test_time.extraction.pool import QueryPool, collect
from quorate.test_time.extraction.questions import make_questions
from quorate.test_time.extraction.surrogate import SurrogateEnsemble, extract
from quorate.test_time.perturbations.crafting import craft
from quorate.test_time.perturbations.perturbation import Perturbation, to_bytes
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import to_pixels
from quorate.test_time.study.access import MeteredAccess, open_access
from quorate.test_time.study.adaptive import CLEANING, add_cleaning, add_members, fit_platform
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment, PlatformCell
from quorate.test_time.study.evaluation import Evaluator, evaluate, evaluate_adapted
from quorate.test_time.study.examples import choose_examples
from quorate.test_time.study.ledgers import with_ledgers
from quorate.test_time.study.measures import AdaptedEffect
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
    CHANGES,
    JUDGING,
    PLATFORM,
    QUESTIONS,
    SUBGROUP,
    SURROGATES,
    PeopleSplit,
    people_of,
    photos_held,
)
from quorate.test_time.study.sources import (
    PlatformAddress,
    PlatformSource,
    SavedPlatform,
    SizedLearner,
)
from quorate.validate import listed


@dataclass(frozen=True)
class CorrectionCell(Cell):
    """One collective, one platform, one surrogate, one budget and one seed.

    Args:
        correction: the study.
        group: collective, the platform it asks, and the seed.
        epsilon: the budget of a picture's change.
        platform_id: id of the deployed model.
        photos: number of photos each member holds.
    """

    correction: Correction
    group: CellGroup
    epsilon: float
    platform_id: str
    photos: int

    def describe(self) -> dict[str, Any]:
        """Return all that decides the outcome."""
        correction, group = self.correction, self.group
        surrogates = [one.learner for one in correction.surrogates.get(group.proxy, ())]
        platform = correction.sources.get(group.platform)
        return {
            **correction.describe_people(*surrogates, *_learners_of(platform)),
            **_files_of(platform, correction.api),
            "platform": self.platform_id,
            "answers": correction.answers,
            "photos": self.photos,
            "seed": group.seed,
            "proxy": group.proxy,
            "members": group.members,
            "queries": group.queries,
            "epsilon": self.epsilon,
            "norm": correction.norm,
            "crafting": spec.describe(correction.crafting),
            "extraction": spec.describe(correction.extraction),
            "label_free": list(correction.label_free),
            "adaptive": list(correction.adaptive),
            **({} if correction.aim == "most" else {"aim": correction.aim}),
        }


def _learners_of(platform: PlatformSource | None) -> list[Learner]:
    return [platform.learner] if isinstance(platform, SizedLearner) else []


def _files_of(platform: PlatformSource | None, api: str | None) -> dict[str, str]:
    """Return the digests of files that say how a platform answers; none where it is trained here.

    Raises:
        InputError: one cannot be read.
    """
    try:
        if isinstance(platform, SavedPlatform):
            files = [path for path in platform.folder.iterdir() if path.is_file()]
            return {"saved platform": digest_files(platform.folder, files)}
        if isinstance(platform, PlatformAddress) and api is not None:
            return {"api": digest_file(api)}
    except OSError as error:
        raise InputError(
            f"Expected to read the platform's files, got: {reason(error)}. Give files that exist."
        ) from error
    return {}


def cells_of(deployment: Deployment, platform: str | None = None) -> list[CorrectionCell]:
    """Return the cells of a correction in its order; people are drawn, to know which they are.

    Args:
        deployment: the platforms.
        platform: the only platform whose cells are wanted; None for all.

    Raises:
        InputError: the people cannot be drawn, a saved platform is damaged, or an address was
            never asked.
    """
    correction = deployment.correction
    return [
        CorrectionCell(correction, group, epsilon, platform_id, photos)
        for group in correction.groups()
        if platform in (None, group.platform)
        for platform_id in [deployment.platform_id(group)]
        for photos in [photos_held(correction, group.seed)]
        for epsilon in correction.epsilons
    ]


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
        """Return the cells by group."""
        return [list(some) for _, some in itertools.groupby(cells, key=lambda cell: cell.group)]

    def compute(self, stack: Sequence[CorrectionCell]) -> list[Record]:
        """Return the outcome of each cell of a group."""
        first = stack[0]
        with self.folder() as out:
            deployment = Deployment(first.correction, out)
            with open_access(deployment, first.group, first.photos) as access:
                collective = PreparedGroup.gather(first, access, deployment)
                records = [collective.measure(cell).to_record() for cell in stack]
            if self.sent is not None:
                records[0] = with_ledgers(records[0], out)
        return records


@dataclass(frozen=True, eq=False)
class PreparedGroup:
    """A collective that has asked and extracted: all that the cells of its group share.

    Args:
        access: to the platform.
        trained: the platform as it can be trained again; None where it is not trained here.
        split: people of the seed.
        pool: the answered questions.
        surrogates: extracted from them.
        photos: members' pictures, which changes are crafted on.
        apart: members' pictures that are kept apart to choose a budget; None where none is chosen.
        evaluator: asks the platform about people held out.
        notes: facts known before anything is crafted, in words.
    """

    access: MeteredAccess
    trained: PlatformCell | None
    split: PeopleSplit
    pool: QueryPool
    surrogates: SurrogateEnsemble
    photos: Table
    apart: Table | None
    evaluator: Evaluator
    notes: tuple[str, ...]

    @classmethod
    def gather(
        cls, cell: CorrectionCell, access: MeteredAccess, deployment: Deployment
    ) -> PreparedGroup:
        """Ask the platform, and extract the surrogates from its answers."""
        split = people_of(cell.correction, cell.group.seed)
        pool = _ask(cell, access, split)
        surrogates = _extract(cell, pool, split)
        held = np.arange(cell.group.members * cell.photos)
        if surrogates.left_out:
            held = held[~np.isin(held // cell.photos, surrogates.suspects)]
        apart = None
        if cell.correction.aim == "parity":
            held, kept = keep_apart(held)
            apart = split.photos.take(kept)
        evaluator = Evaluator(access.for_measuring, split)
        notes = (*surrogates.notes, *access.notes())
        trained = deployment.trained(cell.group)
        photos = split.photos.take(held)
        return cls(access, trained, split, pool, surrogates, photos, apart, evaluator, notes)

    def measure(self, cell: CorrectionCell) -> CorrectionOutcome:
        """Craft the changes of one budget, and evaluate them."""
        started = time.perf_counter()
        group, card = cell.group, self.access.by_members.card
        parity = self._choose_budget(cell)
        epsilon = cell.epsilon if parity is None else parity.epsilon
        per_class, label_free = self._craft(cell, epsilon)
        change = per_class.with_about(cell=cell.id, platform=card.id)
        rng = np.random.default_rng(stream(group.seed, JUDGING))
        self.evaluator.restart()
        measures = evaluate(self.evaluator, change, label_free, rng)
        adaptive, asked = self._evaluate_adapted(cell, change, rng)
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
            measures=replace(measures, adaptive=adaptive, agreement=self.surrogates.agreement),
            suspects=self.surrogates.suspect_numbers,
            left_out=self.surrogates.left_out,
            queries=QueryCounts(len(self.pool), group.queries, self.evaluator.asked, asked),
            notes=(*self.notes, *_missing_classes(change), *self.evaluator.notes()),
            seconds=time.perf_counter() - started,
            provenance=with_reading(self.split.train.notes),
            description=cell.describe(),
            parity=parity,
            files=self._files(cell, change, label_free),
        )

    def _choose_budget(self, cell: CorrectionCell) -> ParityChoice | None:
        """Return the least budget that closes the gap, where that is the aim."""
        if self.apart is None:
            return None
        x, y = to_pixels(self.apart.x), self.apart.y
        others = self.evaluator.group != SUBGROUP
        right = self.evaluator.before == self.evaluator.y

        def accuracy_with(epsilon: float) -> Estimate:
            said = self.evaluator.ask(self._craft_one(cell, epsilon).apply(x, y))
            return exact_rate(int((said == y).sum()), len(y))

        budgets = budgets_within(cell.epsilon, cell.correction.norm)
        return choose_budget(budgets, accuracy_with, float(right[others].mean()), len(y))

    def _craft(
        self, cell: CorrectionCell, epsilon: float
    ) -> tuple[Perturbation, dict[str, Perturbation]]:
        """Return the change per class, and label-free ones by family, best first by surrogates."""
        per_class = self._craft_one(cell, epsilon)
        free = {
            name: self._craft_one(cell, epsilon, family=name, label_free=True)
            for name in cell.correction.label_free
        }
        by_loss = sorted(free.items(), key=lambda item: float(item[1].about["proxy_loss"]))
        return per_class, dict(by_loss)

    def _craft_one(self, cell: CorrectionCell, epsilon: float, **family: Any) -> Perturbation:
        return craft(
            self.surrogates.models,
            to_pixels(self.photos.x),
            self.photos.y,
            self.photos.classes,
            cell.correction.crafting,
            np.random.default_rng(stream(cell.group.seed, CHANGES)),
            epsilon=epsilon,
            norm=cell.correction.norm,
            **family,
        )

    def _evaluate_adapted(
        self, cell: CorrectionCell, change: Perturbation, rng: Rng
    ) -> tuple[dict[str, AdaptedEffect], int]:
        """Return what remains where the platform adapts, and how many rows it was asked."""
        effects, asked = {}, 0
        if self.access.local is not None:  # what an address would do cannot be tried
            for name in cell.correction.adaptive:
                evaluator = Evaluator(self._adapted(self.access.local, name, change), self.split)
                effects[name] = evaluate_adapted(evaluator, change, rng)
                asked += evaluator.asked
        return effects, asked

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
                add_members(train, change, self.photos),
                np.random.default_rng(stream(self.trained.seed, PLATFORM)),
            )
        else:
            model = _hardened(self.trained, name)
        return InProcessPlatform(model, replace(platform.card, id=name, gives="labels"))

    def _files(
        self, cell: CorrectionCell, change: Perturbation, label_free: Mapping[str, Perturbation]
    ) -> dict[str, bytes]:
        files = {PERTURBATION: to_bytes(change)}
        for family, one in itertools.islice(label_free.items(), 1):
            files[LABEL_FREE] = to_bytes(one.with_about(cell=cell.id, family=family))
        return {**files, EXAMPLES: choose_examples(self.split).to_bytes()}


def _ask(cell: CorrectionCell, access: MeteredAccess, split: PeopleSplit) -> QueryPool:
    """Have the members ask their questions, within their budgets."""
    group = cell.group
    seed = int(stream(group.seed, QUESTIONS).generate_state(1)[0])
    photos = to_pixels(split.photos.x)
    questions = make_questions(photos, group.members, cell.photos, group.queries, seed)
    return collect(access.by_members, questions)


def _extract(cell: CorrectionCell, pool: QueryPool, split: PeopleSplit) -> SurrogateEnsemble:
    """Extract the surrogates from the pool."""
    correction, group = cell.correction, cell.group
    copies = correction.extraction.variants + 1
    learners = [one.sized(copies * len(pool)) for one in correction.surrogates[group.proxy]]
    rng = np.random.default_rng(stream(group.seed, SURROGATES))
    unasked = split.photos.take(pool.unasked(group.members * cell.photos))
    return extract(
        pool,
        split.train.classes,
        learners,
        correction.extraction,
        rng,
        unlabelled=to_pixels(unasked.x),
    )


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
