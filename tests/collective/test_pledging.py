"""Joining and pledging: an assurance contract, with nothing lost and nothing counted twice."""

import pytest
from coordinators import Coordinator
from sqlalchemy import select

from quorate.collective import secrets
from quorate.collective.service import campaigns, members, pledges
from quorate.collective.storage import schema
from quorate.test_time.http.service import RefusedError


def test_members_act_from_the_quorum_on(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=2)
    joined = [coordinator.do(members.Join(token, str(i)))["member"] for i in range(3)]
    states = [coordinator.do(pledges.Pledge(id_, one))["state"] for one in joined]
    assert states == ["open", "acting", "acting"]
    kinds = [entry.kind for entry in coordinator.log(id_)]
    assert kinds == [
        "created",
        "invited",
        *["joined"] * 3,
        "pledged",
        "pledged",
        "acting",
        "pledged",
    ]
    assert (coordinator.row(id_).members, coordinator.row(id_).pledges) == (3, 3)


def test_a_campaign_lapses_at_its_deadline(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=2)
    one, other = (coordinator.do(members.Join(token, str(i)))["member"] for i in range(2))
    coordinator.do(pledges.Pledge(id_, one))
    coordinator.clock[0] += 100
    with pytest.raises(RefusedError, match="got one that has lapsed"):
        coordinator.do(pledges.Pledge(id_, other))
    coordinator.do(campaigns.lapse_overdue)
    assert coordinator.row(id_).state == "lapsed"
    assert coordinator.log(id_)[-1].facts == {"pledges": 1, "quorum": 2}


def test_a_repeated_request_gets_its_first_answer(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=5, cap=1)
    first, again = (coordinator.do(members.Join(token, "s"), "guest", "key") for _ in range(2))
    assert first == again  # although the invitation is used up by now
    with pytest.raises(RefusedError, match="1 of 1 people have used"):
        coordinator.do(members.Join(token, "s"), "guest", "another key")
    assert coordinator.row(id_).members == 1


def test_the_log_links_nobody_to_a_pledge_once_they_have_left(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=5)
    one = coordinator.do(members.Join(token, "s"))["member"]
    coordinator.do(pledges.Pledge(id_, one))
    with coordinator.database.read() as connection:
        nonce = members.find(connection, id_, one).pledge_nonce
    (pledged,) = [entry for entry in coordinator.log(id_) if entry.kind == "pledged"]
    assert pledged.facts["receipt"] == secrets.hash_secret(nonce)
    coordinator.do(members.Delete(id_, one), one, "key")
    assert (coordinator.row(id_).members, coordinator.row(id_).pledges) == (0, 0)
    with coordinator.database.read() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)).all():
                assert one not in str(row)
                assert nonce not in str(row)


def test_a_pledge_is_withdrawn_before_the_quorum_and_not_after(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=1)
    one = coordinator.do(members.Join(token, "s"))["member"]
    assert coordinator.do(pledges.Withdraw(id_, one))["pledges"] == 0
    assert coordinator.do(pledges.Pledge(id_, one))["pledges"] == 1
    with pytest.raises(RefusedError, match="others have begun to act"):
        coordinator.do(pledges.Withdraw(id_, one))
