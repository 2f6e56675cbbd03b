"""``kill -9`` of a coordinator under load: what was acknowledged is there, once.

``QUORATE_KILLS=20`` kills as often as the promise says; in the suite each database has one kill.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from benchmarks.coordinator_served import ServedCoordinator

from quorate.collective.chain import verify

KILLS = int(os.environ.get("QUORATE_KILLS", "1"))
CLIENTS = 4  # who act at once, as one member after another
PATIENCE = 60  # seconds


@dataclass
class Member:
    """Somebody who joined, and what the server has acknowledged of them."""

    secret: str
    pledged: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    is_deleted: bool = False


class Client(threading.Thread):
    """Acts as one member after another; repeats each request under its key until it is answered."""

    def __init__(self, served: ServedCoordinator, campaign: str, token: str, seed: int) -> None:
        super().__init__(name=f"client {seed}")
        self.chance = random.Random(seed)
        self.http = httpx.Client(base_url=served.url, timeout=10, trust_env=False)
        self.campaign = f"/api/v1/campaigns/{campaign}"
        self.joins = f"/api/v1/invitations/{token}/join"
        self.members: list[Member] = []
        self.acknowledged: list[tuple[str, str, Any, str, str, Any]] = []
        self.repeated = 0
        self.ends = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.http:
                while not self.ends.is_set():
                    self.be_a_member()
        except BaseException as error:
            self.error = error

    def be_a_member(self) -> None:
        member = Member(self.ask("POST", self.joins, {})["secret"])
        self.members.append(member)
        me = f"{self.campaign}/me"
        member.pledged = self.ask("PUT", f"{me}/pledge", {}, member.secret)
        for _ in range(3):
            given = self.ask("POST", f"{me}/questions", {"count": 3}, member.secret)["questions"]
            sent = {one["question"]: self.chance.randrange(10) for one in given}
            body = {"answers": [{"question": q, "label": label} for q, label in sent.items()]}
            counted = self.ask("POST", f"{me}/answers", body, member.secret)
            assert (counted["counted"], counted["late"]) == (len(sent), 0)
            member.answers |= sent
            if self.ends.is_set():
                return
        if len(self.members) % 2:
            assert self.ask("DELETE", me, None, member.secret) == {"deleted": True}
            member.is_deleted = True

    def ask(self, method: str, path: str, body: Any, secret: str = "") -> Any:
        key = f"{self.chance.getrandbits(128):x}"
        request = (method, path, body, secret, key)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.send(*request)
            except httpx.TransportError:
                assert time.monotonic() < end, "the server did not come back"
                self.repeated += 1
                time.sleep(0.02)
                continue
            assert answer.status_code == 200, answer.text
            self.acknowledged.append((*request, answer.json()))
            return answer.json()

    def send(self, method: str, path: str, body: Any, secret: str, key: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return self.http.request(method, path, json=body, headers=headers)


def test_what_was_acknowledged_outlives_kills(database_url: str, tmp_path: Path) -> None:
    served = ServedCoordinator(database_url, tmp_path)
    chance = random.Random(0)
    with served:
        campaign, _, token = served.campaign(quorum=1, questions=200 + 200 * KILLS)
        clients = [Client(served, campaign, token, seed) for seed in range(CLIENTS)]
        for one in clients:
            one.start()
        try:
            for _ in range(KILLS):
                wait_for(clients, chance.randrange(30, 60))
                time.sleep(chance.uniform(0, 0.01))  # into the midst of a request
                served.kill()
                served.start()
            wait_for(clients, 20)
        finally:
            for one in clients:
                one.ends.set()
            for one in clients:
                one.join(PATIENCE)
        for one in clients:
            assert one.error is None, one.error
        assert sum(one.repeated for one in clients) >= KILLS  # they were under load
        check(served, f"/api/v1/campaigns/{campaign}", clients)


def wait_for(clients: list[Client], count: int) -> None:
    """Wait until so many more requests are acknowledged."""
    total, end = count + sum(len(one.acknowledged) for one in clients), time.monotonic() + PATIENCE
    while sum(len(one.acknowledged) for one in clients) < total:
        assert time.monotonic() < end, [one.error for one in clients]
        time.sleep(0.005)


def check(served: ServedCoordinator, path: str, clients: list[Client]) -> None:
    """Compare what the server has with what it acknowledged."""
    members = [member for one in clients for member in one.members]
    there = [member for member in members if not member.is_deleted]
    with httpx.Client(base_url=served.url, timeout=30, trust_env=False) as http:
        left = [member for member in members if member.is_deleted]
        for member in left[:20]:  # more wrong secrets in a minute are refused unseen
            headers = {"Authorization": f"Bearer {member.secret}"}
            assert http.get(f"{path}/me", headers=headers).status_code == 401
        for member in there:
            headers = {"Authorization": f"Bearer {member.secret}"}
            stored = http.get(f"{path}/me", headers=headers).json()
            assert (stored["pledged"] is not None) == bool(member.pledged)
            labels = {row["question"]: row["label"] for row in stored["answers"]}
            known = {question: label for question, label in labels.items() if label is not None}
            assert known == member.answers
        told = http.get(path).json()
        log = verify(json.loads(line) for line in http.get(f"{path}/log").text.splitlines())
        # Whoever repeats what was done is told what they were told then, unless they have left.
        gone = {member.secret for member in members if member.is_deleted}
        for client in clients:
            client.http = http
            for *request, first in client.acknowledged[-30:]:
                if not {request[3], first.get("secret")} & gone and "/questions" not in request[1]:
                    assert client.send(*request).json() == first
    counted = {kind: [one for one in log if one.kind == kind] for kind in {e.kind for e in log}}
    assert told["members"] == len(there)
    assert told["pledges"] == sum(bool(member.pledged) for member in there)
    assert told["answers"] == sum(len(member.answers) for member in there)
    assert len(counted["joined"]) == len(members)
    assert len(counted["pledged"]) == sum(bool(member.pledged) for member in members)
    assert len(counted.get("left", ())) == len(left)
    answers = sum(one.facts["count"] for one in counted["answered"])
    assert answers == sum(len(member.answers) for member in members)
    receipts = [one.facts["receipt"] for one in counted["pledged"]]
    assert len(set(receipts)) == len(receipts)
    print(
        f"{KILLS} kills: {len(members)} members, {answers} answers, {len(left)} deletions, "
        f"{sum(one.repeated for one in clients)} tries repeated"
    )
