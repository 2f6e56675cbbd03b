"""False members, from their answers to the published change, by the operations of the service."""

import random
from typing import Any

import digits_campaign
import numpy as np
import pytest
from coordinators import coordinator_at
from digits_campaign import Campaign, answer_all, begin
from sqlalchemy import select

from quorate.collective.publishing.runner import Publisher
from quorate.collective.service import publishing, questions
from quorate.collective.storage import schema
from quorate.executors.serial import SERIAL
from quorate.test_time.platforms.platform import Answers


class ToldByMembers:
    """What members say that the platform said: the second inverts labels, the seventh guesses."""

    def __init__(self, platform: Any) -> None:
        self.platform, self.false = platform, dict[str, int]()
        self.rng = np.random.default_rng(1)

    def ask(self, x: Any, keys: list[str]) -> Answers:
        labels = self.platform.ask(x, keys).labels
        lies = {0: 9 - labels, 1: self.rng.integers(10, size=len(labels))}
        return Answers(lies.get(self.false.get(keys[0], -1), labels))


def test_a_change_is_published_from_the_answers_of_honest_members_alone(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "CHANCE", random.Random(1))
    platform = digits_campaign.platform()
    told = ToldByMembers(platform)
    monkeypatch.setattr(digits_campaign, "platform", lambda: told)
    a, q, member = schema.answer, schema.question, schema.member
    with coordinator_at(f"sqlite:///{tmp_path / 'coordinator.sqlite'}") as coordinator:
        campaign = begin(coordinator, random.Random(1))
        told.false = {campaign.members[1]: 0, campaign.members[6]: 1}
        answer_all(coordinator, campaign)
        coordinator.do(publishing.Start(campaign.id, "craft"))
        publisher = Publisher(coordinator.database, coordinator.writer, SERIAL, pause=0.05)
        publisher.work()
        out = coordinator.read(
            lambda c: (
                c.execute(select(member.c.id).where(member.c.excluded.is_not(None))).scalars().all()
            )
        )
        assert set(out) == set(told.false)
        honest = [one for one in campaign.members if one not in told.false]
        answer_all(coordinator, Campaign(campaign.id, honest))
        publisher.work()
        asked = coordinator.read(
            lambda c: set(
                c.execute(select(a.c.member).join(q).where(q.c.purpose != questions.POOL)).scalars()
            )
        )
        assert asked == set(honest)  # nobody who is left out is given a trial question
        report = coordinator.read(publishing.find_change, campaign.id).report
    assert len(report["members"]["left_out"]) == 2
    assert report["members"]["disputed"] == 0  # who is left out is not among those who differ
    assert report["on_platform"]["gap_closed"] > 0.2
