"""A first small sample of people, to see before members ask whether there is a gap to close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.executors.executor import Pool
from quorate.intervals import Estimate, exact_rate, rate_difference
from quorate.runs.cell import Cell, Record
from quorate.runs.store import Store
from quorate.runs.wording import rate
from quorate.runtime.seeds import stream
from quorate.table import Rng
from quorate.test_time.platforms.platform import EVALUATION, Platform
from quorate.test_time.study.access import open_access
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.deployment import Deployment
from quorate.test_time.study.on_platforms import PlatformsWork, run_on_platforms
from quorate.test_time.study.people import SAMPLE, SUBGROUP, PeopleSplit, people_of

LOOKED_AT = 400  # people of the subgroup, and as many others


@dataclass(frozen=True)
class FirstSample:
    """What a platform says of a few people as they are.

    Args:
        subgroup, others: accuracy of both, with 95% intervals.
        people: number of people of both.
    """

    subgroup: Estimate
    others: Estimate
    people: tuple[int, int]

    @property
    def gap(self) -> Estimate:
        """The others' accuracy minus the subgroup's."""
        return rate_difference(self.others, self.subgroup)

    def to_plain(self) -> dict[str, Any]:
        """Return plain data that ``from_plain`` takes back."""
        ends = {name: vars(getattr(self, name)) for name in ("subgroup", "others")}
        return {**ends, "people": list(self.people)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> FirstSample:
        """Return the sample that plain data stand for."""
        subgroup, others = (Estimate(**plain[name]) for name in ("subgroup", "others"))
        a, b = plain["people"]
        return cls(subgroup, others, (a, b))

    def tells_of_gap(self) -> bool:
        """Whether the subgroup is surely served worse: the interval lies above 0."""
        return self.gap.low > 0


def take_sample(platform: Platform, split: PeopleSplit, rng: Rng) -> FirstSample:
    """Ask about a few people measured on, of the subgroup and of the others, drawn by chance.

    Not the first: data sets are often sorted by label. They are asked under the key that is metered
    apart, and would be asked for measuring too.
    """
    group = split.held_out.group
    assert group is not None  # people are split with groups
    inside, others = (
        rng.permutation(np.flatnonzero(which))[:LOOKED_AT]
        for which in (group == SUBGROUP, group == 0)
    )
    rows = np.concatenate([inside, others])
    said = platform.ask(split.x[rows], [EVALUATION] * len(rows)).labels
    right = said == split.held_out.y[rows]  # (n,), the subgroup first
    parts = right[: len(inside)], right[len(inside) :]
    subgroup, rest = (exact_rate(int(part.sum()), len(part)) for part in parts)
    return FirstSample(subgroup, rest, (len(inside), len(others)))


@dataclass(frozen=True)
class SampleCell(Cell):
    """A first sample of one platform and one seed.

    Args:
        first: a cell of the correction that asks the platform.
    """

    first: CorrectionCell

    def describe(self) -> dict[str, Any]:
        """Return all that decides the sample, and more."""
        return {**self.first.describe(), "looked at": LOOKED_AT}


@dataclass(frozen=True)
class SampleWork(PlatformsWork[SampleCell]):
    """Asks platforms about a few people."""

    kind: ClassVar[str] = "first sample"

    def platform_of(self, cell: SampleCell) -> tuple[Correction, CellGroup]:
        """Return the correction and the group of a cell."""
        return cell.first.correction, cell.first.group

    def compute(self, stack: Sequence[SampleCell]) -> list[Record]:
        """Return what each platform says."""
        with self.folder() as out:
            return [Record(cell.id, _sample(cell.first, out).to_plain()) for cell in stack]


def _sample(cell: CorrectionCell, out: Path) -> FirstSample:
    seed = cell.group.seed
    with open_access(Deployment(cell.correction, out), cell.group, cell.photos) as access:
        rng = np.random.default_rng(stream(seed, SAMPLE))
        return take_sample(access.for_measuring, people_of(cell.correction, seed), rng)


def check_gaps(deployment: Deployment, cells: Sequence[CorrectionCell], pool: Pool) -> None:
    """Raise InputError if there is no gap to tell where cells are to be measured.

    Each platform of each seed is asked once, before any member asks.
    """
    correction = deployment.correction
    first = {(cell.group.seed, cell.group.platform): cell for cell in reversed(cells)}
    asked = [SampleCell(cell) for _, cell in sorted(first.items(), key=lambda item: item[0])]
    with Store(None) as store:
        work = SampleWork(deployment.out)
        found = run_on_platforms(work, asked, store, pool, "Looking for gaps")
    said = []
    for cell, record in zip(asked, found, strict=True):
        sample, group = FirstSample.from_plain(record.plain), cell.first.group
        if not sample.tells_of_gap():
            told = _describe(sample, correction.subgroup.label)
            said.append(f"{group.platform}, seed {group.seed}: {told}")
    if said:
        where = "" if len(said) == len(first) else f" in {len(said)} of {len(first)} samples"
        raise InputError(
            f"Expected a gap to close, got none that a first sample can tell{where}, so no member "
            f"has asked anything. {' '.join(said)} Choose another subgroup or platform, hold out "
            "more people where these are few, or ask all the same with anyway=true (--anyway)."
        )


def _describe(sample: FirstSample, who: str) -> str:
    gap, (inside, others) = sample.gap, sample.people
    better = "; they are served better" if gap.high < 0 else ""
    return (
        f"accuracy {rate(sample.subgroup.value)} of {inside} {who} people and "
        f"{rate(sample.others.value)} of {others} others, a gap of {rate(gap.value)} (95%: "
        f"{rate(gap.low)} to {rate(gap.high)}{better})."
    )
