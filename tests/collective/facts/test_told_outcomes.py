"""The page of outcomes reads and reckons with new ones alone, and says what it would say of all."""

import pytest
from web_visitors import Visitors

from quorate.collective.facts.outcomes import Reported, watch_outcomes
from quorate.collective.service import campaigns, members, outcomes, pledges
from quorate.collective.web import told_outcomes
from quorate.collective.web.told_outcomes import WatchedCampaigns


def test_only_new_outcomes_are_read(site: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    id_, _ = site.campaign(quorum=1)
    one, other = (site.member(site.invitation(id_)).partition(".")[0] for _ in range(2))
    site.do(pledges.Pledge(id_, one))
    read: list[int] = []

    def counting(connection: object, campaign: str, after: int = 0) -> list[Reported]:
        found = real(connection, campaign, after)  # type: ignore[arg-type]
        read.append(len(found))
        return found

    real, watched = outcomes.all_of, WatchedCampaigns()
    monkeypatch.setattr(outcomes, "all_of", counting)

    def told() -> told_outcomes.ToldOutcomes:
        with site.coordinator.database.read() as connection:
            return watched.told(connection, campaigns.find(connection, id_))

    assert told().chart == ""
    for member, successes in ((one, [True] * 30), (other, [False, True])):
        site.do(outcomes.Report(id_, member, [outcomes.Outcome(one) for one in successes]))
        told()
    last = told()
    assert read == [0, 30, 2, 0]
    assert told() is last
    # One who leaves takes nothing back.
    site.do(members.Delete(id_, other))
    assert told() is last
    with site.coordinator.database.read() as connection:
        everything = real(connection, id_)
    assert list(last.reported) == everything
    assert [success for _, success, _ in everything] == [*[True] * 30, False, True]
    fresh = watch_outcomes(everything, "training", 0.9)
    assert last.view.sentences() == fresh.sentences()
    assert (last.view.counted, last.view.reported) == (2, 32)  # of each member one of the day


def test_few_campaigns_are_remembered(site: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_outcomes, "REMEMBERED", 2)
    watched, made = WatchedCampaigns(), [site.campaign()[0] for _ in range(3)]
    with site.coordinator.database.read() as connection:
        rows = [campaigns.find(connection, one) for one in made]
        first, second, _ = (watched.told(connection, row) for row in rows)
        assert watched.told(connection, rows[1]) is second
        assert watched.told(connection, rows[0]) is not first
