"""The end of a trial as a piece of work for an executor: answers go in, the report comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from quorate.collective.pool.agreed import AgreedPool
from quorate.collective.pool.reliability import ALARM_OF_PHASE, Reliability
from quorate.collective.publishing.answered import StoredAnswers
from quorate.collective.publishing.apart import people_of_rows, sizes_of
from quorate.collective.publishing.judging import AnsweredPlatform, judge
from quorate.collective.publishing.report import CampaignFacts, PublishedChange
from quorate.collective.publishing.settings import CraftingSettings
from quorate.collective.publishing.trials import make_trials
from quorate.collective.publishing.wording import MemberFacts
from quorate.collective.publishing.yielding import YieldingWork
from quorate.intervals import Estimate
from quorate.report.files import render_files
from quorate.runs.cell import Cell, Record
from quorate.runtime.provenance import provenance
from quorate.spec import content_id
from quorate.test_time.perturbations.perturbation import from_bytes
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.platform import Card
from quorate.version import __version__


@dataclass(frozen=True, eq=False)
class TrialCell(Cell):
    """A change that members have tried.

    Args:
        campaign: what the report says of the campaign.
        settings: how the change was crafted.
        crafted: what was known before the trial, as ``craft_change`` recorded it.
        change, free: files of the change of each class, and of the one for everyone.
        pool: the answers of the pool, those whose members have left since no longer among them.
        trial: the answers to trial questions.
    """

    campaign: CampaignFacts
    settings: CraftingSettings
    crafted: Mapping[str, Any]
    change: bytes
    free: bytes
    pool: StoredAnswers
    trial: StoredAnswers

    def describe(self) -> dict[str, Any]:
        """Return all that decides the report."""
        return {
            "version": __version__,
            "campaign": vars(self.campaign),
            "settings": self.settings.describe(),
            "crafted": content_id(self.crafted),
            "pool": self.pool.digest(),
            "trial": self.trial.digest(),
        }


@dataclass(frozen=True)
class TrialWork(YieldingWork[TrialCell]):
    """Measures what members were told, and writes the report, where the executor says."""

    kind: ClassVar[str] = "collective-trial"

    def compute(self, stack: Sequence[TrialCell]) -> list[Record]:
        """Return the report of each change as plain data, with its page and the changes' files."""
        return [_record(cell) for cell in stack]


def _record(cell: TrialCell) -> Record:
    result = published_change(cell)
    page = f"{result.stem}.html"
    files = {page: render_files(result)[page], **result.files()}
    return Record(cell.id, result.stored(), files)


def published_change(cell: TrialCell) -> PublishedChange:
    """Return what the trial of a change shows.

    Raises:
        InputError: too few trial questions have an answer that counts, or what is stored is
            damaged.
    """
    settings, crafted = cell.settings, cell.crafted
    for phase in (cell.pool, cell.trial):
        phase.check(len(settings.classes))
    reliability = cell.trial.reliability(ALARM_OF_PHASE)
    x, asked = cell.pool.pixels(), cell.trial.pixels()
    of_trial = cell.trial.agreed(reliability, asked)
    change, free = (from_bytes(one, "the database") for one in (cell.change, cell.free))
    rows, sizes = np.array(crafted["rows"], dtype=np.int64), sizes_of(crafted["sizes"])
    apart = people_of_rows(x, cell.pool.y, rows, sizes, settings.classes, settings.subgroup)
    answers = {**_answers(cell.pool.agreed(reliability, x)), **_answers(of_trial)}
    tried = judge(
        AnsweredPlatform(answers, Card("platform", settings.classes, change.shape)),
        apart,
        make_trials(apart, change, free, crafted["seed"]),
        change,
        (crafted["family"], free),
        crafted["seed"],
    )
    agreement = Estimate(**crafted["agreement"])
    tried = replace(tried, measures=replace(tried.measures, agreement=agreement))
    who = _who(cell, reliability, of_trial.disputed)
    return PublishedChange(
        cell.campaign,
        settings,
        crafted,
        who,
        apart,
        tried,
        change,
        free,
        provenance(),
    )


def _answers(agreed: AgreedPool) -> dict[bytes, int]:
    """Return what the platform said of each picture, by the picture's digest."""
    pool = agreed.pool
    return dict(zip(digests(pool.x), pool.answers.labels.tolist(), strict=True))


def _who(cell: TrialCell, reliability: Reliability, disputed: int) -> MemberFacts:
    """Return whose answers count, in both phases."""
    crafted = cell.crafted
    earlier, before = crafted["left_out"], cell.trial.left_out
    # Members are numbered as they are now: the numbers of those left out before may be others'.
    later = [one for one in reliability.left_out if not before[one.member]]
    members = {*cell.pool.member.tolist(), *cell.trial.member.tolist()}
    members |= {*np.flatnonzero(before).tolist(), *(one.member for one in later)}
    gone = len(earlier) - int(before.sum())  # left out, and have left the campaign since
    return MemberFacts(
        members=len(members) + gone,
        left_out=(
            *(earlier[number] for number in sorted(earlier, key=int)),
            *(one.sentence() for one in later),
        ),
        pooled=crafted["answers"],
        trial=len(cell.trial.label),
        twice=crafted["twice"] + cell.trial.twice,
        disputed=crafted["disputed"] + disputed,
    )
