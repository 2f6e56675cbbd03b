"""A coordinator without a web server: a database, the writer, and a clock that a test sets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from quorate.collective import chain, secrets
from quorate.collective.plans import Draft, Plan, TestPlan, TrainingPlan
from quorate.collective.service import campaigns, members, pledges, record
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Writer

TRAINING = TrainingPlan(
    strategy="planting", signal="a=1", label="y", target="yes", platform_size=1000
)
TEST = TestPlan(
    platform="P",
    subgroup="dark photos",
    classes=("cat", "dog", "fox"),
    shape=(1, 2, 2),
    queries=100,
    epsilon="8/255",
    reserved=0,
)


@dataclass
class Coordinator:
    """A database, its writer, and a clock that a test sets."""

    database: Database
    writer: Writer
    clock: list[float] = field(default_factory=list)

    def do(self, operation: Any, actor: str = "someone", key: str | None = None) -> Any:
        return self.writer.do(operation, actor=actor, key=key)

    def read(self, function: Any, *arguments: Any) -> Any:
        with self.database.read() as connection:
            return function(connection, *arguments)

    def campaign(self, quorum: int = 2, cap: int = 100, plan: Plan = TRAINING) -> tuple[str, str]:
        """Return a new campaign, and the token of an invitation to it."""
        draft = Draft(
            title="T", why="W", rules="R", plan=plan, quorum=quorum, deadline=self.clock[0] + 100
        )
        id_ = self.do(campaigns.Create(draft, "o"))["campaign"]
        return id_, self.invite(id_, cap)

    def invite(self, campaign: str, cap: int = 100) -> str:
        token = secrets.new_nonce()
        self.do(members.Invite(campaign, cap, token))
        return token

    def join(self, token: str, pledge: bool = False) -> str:
        """Return the id of a new member."""
        joined = self.do(members.Join(token, "secret"))
        if pledge:
            self.do(pledges.Pledge(joined["campaign"], joined["member"]))
        return str(joined["member"])

    def row(self, campaign: str) -> Any:
        return self.read(campaigns.find, campaign)

    def log(self, campaign: str) -> list[chain.Entry]:
        """Return a campaign's log, verified."""
        found = self.read(record.entries, campaign)
        return chain.verify([entry.to_plain() for entry in found])


@contextmanager
def coordinator_at(url: str) -> Iterator[Coordinator]:
    """Yield a coordinator on a database."""
    clock = [1000.0]
    with Database(url) as database, Writer(database, clock=lambda: clock[0]) as writer:
        yield Coordinator(database, writer, clock)
