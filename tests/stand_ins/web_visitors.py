"""People who visit a coordinator in a test: browsers that keep cookies, and programs."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from quorate.collective import secrets
from quorate.collective.plans import Draft, TrainingPlan
from quorate.collective.service import campaigns, members
from quorate.collective.web.limits import Rates

if TYPE_CHECKING:
    import httpx

    from quorate.collective.plans import Plan
    from quorate.collective.serving import Coordinator

UNLIMITED = Rates("none", "none", "none")
PLAN = TrainingPlan(strategy="planting", signal="a=1", label="y", target="yes", platform_size=1000)


@dataclass(frozen=True)
class People:
    """A campaign, and the secrets of those who may and may not do something in it."""

    campaign: str
    token: str
    secrets: Mapping[str, str]


@dataclass(eq=False)
class Visitors:
    """Tries what visitors try, on one coordinator."""

    coordinator: Coordinator
    client: TestClient
    made: int = field(default=0)

    @property
    def app(self) -> Any:
        """The application."""
        return self.coordinator.app

    def do(self, operation: Any) -> Any:
        """Have an operation done as the server itself would."""
        return self.coordinator.writer.do(operation, actor="test")

    def campaign(self, plan: Plan = PLAN, quorum: int = 50, **texts: str) -> tuple[str, str]:
        """Return a new campaign, and its organiser's secret."""
        written = {"title": "T", "why": "W", "rules": "R", **texts}
        draft = Draft(**written, plan=plan, quorum=quorum, deadline=time.time() + 1000)
        random = secrets.new_nonce()
        id_ = self.do(campaigns.Create(draft, random))["campaign"]
        return id_, f"{id_}.{random}"

    def invitation(self, campaign: str, cap: int = 100) -> str:
        """Return the token of a new invitation."""
        token = secrets.new_nonce()
        self.do(members.Invite(campaign, cap, token))
        return token

    def member(self, token: str) -> str:
        """Return the secret of a new member."""
        random = secrets.new_nonce()
        return f"{self.do(members.Join(token, random))['member']}.{random}"

    def campaign_with_people(self, plan: Plan = PLAN) -> People:
        """Return a campaign, and the secrets of a person of each kind."""
        id_, organiser = self.campaign(plan)
        other, foreign = self.campaign(plan)
        token = self.invitation(id_)
        return People(
            id_,
            token,
            {
                "stranger": "",
                "member": self.member(token),
                "other": self.member(token),
                "foreign_member": self.member(self.invitation(other)),
                "organiser": organiser,
                "foreign_organiser": foreign,
            },
        )

    def try_route(
        self, people: People, role: str, method: str, path: str, campaign: str = ""
    ) -> httpx.Response:
        """Ask for a route as one of the people: with a cookie and a form's token, or a header."""
        address = re.sub(r"\{campaign\}", campaign or people.campaign, path)
        address = re.sub(r"\{\w+\}", "nothing-such", address)
        secret = people.secrets[role]
        if path.startswith("/api/"):
            headers = {"authorization": f"Bearer {secret}"} if secret else {}
            return self.client.request(method, address, headers=headers)
        kind = "organiser" if "organiser" in role else "member"
        headers = {"cookie": f"{kind}={secret}"} if secret else {}
        token = self.form_token(secret) if secret else ""
        data = {"form": token} if method == "POST" else None
        return self.client.request(
            method, address, headers=headers, data=data, follow_redirects=False
        )

    def form_token(self, secret: str) -> str:
        """Return the token that pages made for this secret have in their forms."""
        page = self.client.get(
            f"/c/{self._campaign_of(secret)}/{self._page_of(secret)}",
            headers={"cookie": f"{self._kind_of(secret)}={secret}"},
        )
        return fields_of(page.text)["form"]

    def _kind_of(self, secret: str) -> str:
        return "organiser" if self._page_of(secret) == "organise" else "member"

    def _page_of(self, secret: str) -> str:
        with self.coordinator.database.read() as connection:
            try:
                campaigns.find(connection, secrets.id_of(secret))
            except Exception:
                return "me"
        return "organise"

    def _campaign_of(self, secret: str) -> str:
        from sqlalchemy import select

        from quorate.collective.storage import schema

        id_ = secrets.id_of(secret)
        with self.coordinator.database.read() as connection:
            table = schema.member
            found = connection.execute(select(table.c.campaign).where(table.c.id == id_)).scalar()
        return str(found or id_)


def fields_of(html: str) -> dict[str, str]:
    """Return the hidden fields of a page's last form."""
    return dict(re.findall(r'name="(key|form)" value="([^"]*)"', html))


@contextlib.contextmanager
def visitors_of(coordinator: Coordinator) -> Iterator[Visitors]:
    """Yield visitors of a coordinator."""
    with TestClient(coordinator.app, raise_server_exceptions=False) as client:
        client.cookies.clear()
        yield Visitors(coordinator, client)
