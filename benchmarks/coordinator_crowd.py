"""A thousand members at once: what each does, what it waited for, and what was acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.coordinator_line import Line, Reply

THINKS = (2.5, 7.5)  # seconds between an answer and the next request, drawn evenly
TWICE = 0.05  # share of the writing requests that are sent again, as after a lost answer
AT_ONCE = 4  # questions that a member takes together
BURSTS = 3


@dataclass
class Waits:
    """What was measured: seconds that requests waited, by what they were, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    took: float = 0.0


@dataclass(eq=False)
class Member:
    """One member, on a connection that stays open.

    Args:
        line: the connection.
        campaign, token: what they join, and by which invitation.
        address: of their own network, as a proxy would tell it: rates are counted by address.
        chance: draws what they do.
        answers: label of each question, once the server has acknowledged it.
    """

    line: Line
    campaign: str
    token: str
    address: str
    chance: random.Random
    secret: str = ""
    has_pledged: bool = False
    held: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    step: int = field(init=False)
    waits: Waits = field(default_factory=Waits)

    def __post_init__(self) -> None:
        self.step = self.chance.randrange(4)

    @property
    def path(self) -> str:
        """Of the campaign in the API."""
        return f"/api/v1/campaigns/{self.campaign}"

    async def ask(
        self, kind: str, method: str, path: str, body: Any = None, due: float | None = None
    ) -> Any:
        """Send a request, and return its answer, or None if it was refused or lost.

        Args:
            kind: what it is counted as.
            method, path, body: the request.
            due: when it was to be sent; the wait counts from then, also if this client was late.
        """
        loop = asyncio.get_running_loop()
        started = loop.time() if due is None else due
        headers = {"X-Forwarded-For": self.address}
        if self.secret and path.startswith("/c/"):
            headers["Cookie"] = f"member={self.secret}"
        elif self.secret:
            headers["Authorization"] = f"Bearer {self.secret}"
        if method != "GET":
            headers["Idempotency-Key"] = f"{self.chance.getrandbits(128):x}"
        reply = await self._send(method, path, body, headers)
        self.waits.seconds[kind].append(loop.time() - started)
        self.waits.statuses[reply.status] += 1
        if method != "GET" and self.chance.random() < TWICE:
            again = await self._send(method, path, body, headers)
            self.waits.statuses[again.status] += 1
            if again != reply and kind != "questions":  # whose pictures are read anew
                self.waits.statuses[0] += 1
        if reply.status != 200:
            return None
        return reply.plain if not path.startswith("/c/") else reply.body

    async def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Reply:
        with contextlib.suppress(ConnectionError):
            return await self.line.ask(method, path, body, headers)
        return Reply(0, b"")

    async def join(self, due: float) -> None:
        """Look at the invitation's page, join, look at the campaign, and pledge."""
        await self.ask("page", "GET", f"/c/{self.campaign}/join/{self.token}", due=due)
        joined = await self.ask("join", "POST", f"/api/v1/invitations/{self.token}/join", {})
        if joined is None:
            return
        self.secret = joined["secret"]
        await self.ask("page", "GET", f"/c/{self.campaign}")
        self.has_pledged = await self.ask("pledge", "PUT", f"{self.path}/me/pledge", {}) is not None

    async def act(self, due: float | None = None) -> None:
        """Do what comes next: take questions, answer them, look at the page, or at what changed."""
        self.step += 1
        what = self.step % 4
        if what == 1:
            body = {"count": AT_ONCE}
            told = await self.ask("questions", "POST", f"{self.path}/me/questions", body, due)
            if told is not None:
                self.held = [one["question"] for one in told["questions"]]
        elif what == 2 and self.held:
            sent = {one: self.chance.randrange(10) for one in self.held}
            answers = [{"question": one, "label": label} for one, label in sent.items()]
            body_ = {"answers": answers}
            told = await self.ask("answers", "POST", f"{self.path}/me/answers", body_, due)
            if told is not None:
                assert told["counted"] == len(sent), told
                self.answers |= sent
                self.held = []
        elif what == 3:
            await self.ask("page", "GET", f"/c/{self.campaign}", due=due)
        else:
            await self.ask("live", "GET", f"/c/{self.campaign}/live.json", due=due)


@dataclass(eq=False)
class Crowd:
    """All members of one campaign."""

    members: list[Member]

    async def _measure(self, work: Callable[[Member], Awaitable[None]]) -> Waits:
        """Have all members work at once, and return what they waited for."""
        found = Waits()
        for one in self.members:
            one.waits = found
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*map(work, self.members))
        found.took = asyncio.get_running_loop().time() - started
        return found

    async def join(self, seconds: float) -> Waits:
        """Have everyone join and pledge, each beginning at some time within so many seconds."""
        begin = asyncio.get_running_loop().time()

        async def work(one: Member) -> None:
            due = begin + one.chance.uniform(0, seconds)
            await asyncio.sleep(due - begin)
            await one.join(due)

        return await self._measure(work)

    async def stay(self, seconds: float) -> Waits:
        """Have everyone act for so many seconds, with time to think before each request."""
        end = asyncio.get_running_loop().time() + seconds

        async def work(one: Member) -> None:
            pause = one.chance.uniform(0, THINKS[1])
            while asyncio.get_running_loop().time() + pause < end:
                await asyncio.sleep(pause)
                await one.act()
                pause = one.chance.uniform(*THINKS)

        return await self._measure(work)

    async def burst(self) -> Waits:
        """Have everyone act once within the same second, some times over, with pauses."""
        total = Waits()
        for _ in range(BURSTS):
            begin = asyncio.get_running_loop().time()

            async def work(one: Member, begin: float = begin) -> None:
                due = begin + one.chance.random()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await one.act(due)

            found = await self._measure(work)
            for kind, seconds in found.seconds.items():
                total.seconds[kind] += seconds
            total.statuses += found.statuses
            total.took += found.took
            await asyncio.sleep(2)
        return total

    async def audit(self) -> list[str]:
        """Return what the server has that it did not acknowledge, or the other way round."""
        wrong = []
        for one in self.members:
            one.waits = Waits()
            stored = await one.ask("me", "GET", f"{one.path}/me")
            if stored is None:
                wrong.append("a member is not known")
                continue
            labels = {row["question"]: row["label"] for row in stored["answers"]}
            known = {name: label for name, label in labels.items() if label is not None}
            if known != one.answers:
                wrong.append(f"a member's answers: {len(known)}, acknowledged {len(one.answers)}")
            if (stored["pledged"] is not None) != one.has_pledged:
                wrong.append("a member's pledge")
        return wrong
