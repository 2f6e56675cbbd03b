"""A first small sample of people, to see before members ask whether there is a gap to close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quorate.errors import InputError
from quorate.intervals import Estimate, exact_rate, rate_difference
from quorate.runs.wording import rate
from quorate.runtime.progress import status
from quorate.runtime.seeds import stream
from quorate.table import Rng
from quorate.test_time.platforms.platform import EVALUATION, Platform
from quorate.test_time.study.access import open_access
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.deployment import Deployment
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


def check_gaps(deployment: Deployment, cells: Sequence[CorrectionCell]) -> None:
    """Raise InputError if there is no gap to tell where cells are to be measured.

    Each platform of each seed is asked once, before any member asks.
    """
    correction = deployment.correction
    first = {(cell.group.seed, cell.group.platform): cell for cell in reversed(cells)}
    said = []
    for (seed, name), cell in sorted(first.items(), key=lambda item: item[0]):
        split = people_of(correction, seed)
        with (
            status(f"Looking for a gap on {name}"),
            open_access(deployment, cell.group, cell.photos) as access,
        ):
            rng = np.random.default_rng(stream(seed, SAMPLE))
            sample = take_sample(access.for_measuring, split, rng)
        if not sample.tells_of_gap():
            said.append(f"{name}, seed {seed}: {_describe(sample, correction.subgroup.label)}")
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
