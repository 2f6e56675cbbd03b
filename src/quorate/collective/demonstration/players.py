"""People of a demonstration: they do what members do, at times that are set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.collective import secrets
from quorate.collective.plans import Draft
from quorate.collective.service import campaigns, members, pledges
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Body, Operation, Writer
from quorate.table import Rng

DAY = 86400.0  # seconds


@dataclass(frozen=True)
class Player:
    """A member: their id, and their secret."""

    id: str
    secret: str


@dataclass(frozen=True)
class Players:
    """Where a demonstration is played.

    Args:
        database, writer: of the coordinator.
        clock: the time that the writer sees, in its one place; in seconds since 1970.
        rng: draws when who does what.
    """

    database: Database
    writer: Writer
    clock: list[float]
    rng: Rng

    def do(self, operation: Operation) -> Body:
        """Have an operation done."""
        return self.writer.do(operation, actor="demonstration")

    def read(self, function: Any, *arguments: Any) -> Any:
        """Return what a function of a connection returns."""
        with self.database.read() as connection:
            return function(connection, *arguments)

    def times(self, begun: float, ended: float, count: int) -> list[float]:
        """Return random times between two, in their order, in seconds since 1970."""
        found: list[float] = np.sort(self.rng.uniform(begun, ended, count)).tolist()
        return found

    def create(self, draft: Draft) -> tuple[str, str]:
        """Set up a campaign, and return its id and its organiser's secret."""
        random = secrets.new_nonce()
        id_ = str(self.do(campaigns.Create(draft, random))["campaign"])
        return id_, f"{id_}.{random}"

    def invite(self, campaign: str, cap: int) -> str:
        """Return the token of a new invitation."""
        token = secrets.new_nonce()
        self.do(members.Invite(campaign, cap, token))
        return token

    def join(self, token: str, *, pledge: bool = True) -> Player:
        """Return a new member, who pledges or not."""
        random = secrets.new_nonce()
        told = self.do(members.Join(token, random))
        player = Player(str(told["member"]), f"{told['member']}.{random}")
        if pledge:
            self.do(pledges.Pledge(str(told["campaign"]), player.id))
        return player
