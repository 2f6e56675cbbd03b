"""Joining and pledging: an assurance contract, with nothing lost and nothing counted twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from quorate.collective import chain, secrets
from quorate.collective.plans import Draft, TrainingPlan
from quorate.collective.service import campaigns, members, pledges
from quorate.collective.storage import schema
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Writer
from quorate.test_time.http.service import RefusedError

PLAN = TrainingPlan(strategy="planting", signal="a=1", label="y", target="yes", platform_size=1000)


@dataclass
class Coordinator:
    """A database, its writer, and a clock that a test sets."""

    database: Database
    writer: Writer
    clock: list[float] = field(default_factory=list)

    def do(self, operation: Any, actor: str = "someone", key: str | None = None) -> Any:
        return self.writer.do(operation, actor=actor, key=key)

    def campaign(self, quorum: int = 2, cap: int = 100) -> tuple[str, str]:
        """Return a new campaign, and the token of an invitation to it."""
        draft = Draft(
            title="T", why="W", rules="R", plan=PLAN, quorum=quorum, deadline=self.clock[0] + 100
        )
        id_ = self.do(campaigns.Create(draft, "o"))["campaign"]
        token = secrets.new_nonce()
        self.do(members.Invite(id_, cap, token))
        return id_, token

    def row(self, campaign: str) -> Any:
        with self.database.read() as connection:
            return campaigns.find(connection, campaign)

    def log(self, campaign: str) -> list[chain.Entry]:
        """Return a campaign's log, verified."""
        table = schema.event
        columns = [table.c[name] for name in chain.KEYS]
        ordered = select(*columns).where(table.c.campaign == campaign).order_by(table.c.number)
        with self.database.read() as connection:
            return chain.verify([dict(row._mapping) for row in connection.execute(ordered).all()])


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[Coordinator]:
    clock = [1000.0]
    with (
        Database(str(tmp_path / "coordinator.sqlite")) as database,
        Writer(database, clock=lambda: clock[0]) as writer,
    ):
        yield Coordinator(database, writer, clock)


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
    coordinator.do(members.Delete(id_, one))
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
