"""Whatever people do, in whatever order and in one moment: what is counted is what is there."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from coordinators import TEST, Coordinator, coordinator_at
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from quorate.collective import secrets
from quorate.collective.plans import TestPlan
from quorate.collective.publishing.signing import verify_change
from quorate.collective.service import (
    campaigns,
    leases,
    members,
    outcomes,
    pledges,
    publishing,
    questions,
)
from quorate.collective.service.answers import Answer, Given
from quorate.collective.storage import schema
from quorate.test_time.http.service import RefusedError

REPORT = {"gap": 0.5}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coordinator]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "FEWEST_ANSWERS", 1)
        with coordinator_at(str(tmp_path_factory.mktemp("counts") / "c.sqlite")) as made:
            yield made


class Story:
    """A campaign in which things happen, each as a number says."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = coordinator
        plan = TestPlan(**{**vars(TEST), "doubled": 0.5, "reserved": 0.3, "queries": 12})
        self.id, token = coordinator.campaign(quorum=2, plan=plan)
        self.tokens = [token, coordinator.invite(self.id, 3)]
        brought = [questions.Question(b"%d" % i, i % 3, i % 2 == 0, i) for i in range(8)]
        coordinator.do(questions.AddQuestions(self.id, brought))
        self.nonces = 0

    def people(self) -> list[str]:
        table = schema.member
        wanted = select(table.c.id).where(table.c.campaign == self.id).order_by(table.c.id)
        return list(self.coordinator.read(lambda c: c.execute(wanted).scalars().all()))

    def held(self, member: str) -> list[str]:
        return [row.id for row in self.coordinator.read(leases.held_by, member)]

    def operation(self, kind: str, number: int) -> Any:
        """Return what happens next."""
        people = self.people() or ["nobody"]
        one = people[number % len(people)]
        if kind == "join":
            self.nonces += 1
            return members.Join(self.tokens[number % 2], f"s{self.nonces}")
        if kind == "answer":
            asked = [Given(name, number % 3) for name in self.held(one)[: 1 + number % 3]]
            return Answer(self.id, one, asked)
        if kind == "wait":
            self.coordinator.clock[0] += number
            return lambda transaction: {"done": leases.take_back_overdue(transaction)}
        if kind == "tried":
            tried = [questions.Question(b"t%d" % i, 0, True, i, "after") for i in range(4)]
            return publishing.StartTrial(self.id, "job", b"npz", {one: "why"}, tried, {})
        made: dict[str, Any] = {
            "pledge": pledges.Pledge(self.id, one),
            "withdraw": pledges.Withdraw(self.id, one),
            "leave": members.Delete(self.id, one),
            "take": questions.Take(self.id, one, 1 + number % 5),
            "report": outcomes.Report(self.id, one, [outcomes.Outcome(True)] * (number % 3)),
            "craft": publishing.Start(self.id, "craft"),
            "fail": publishing.Fail(self.id, "job", "why"),
            "publish": publishing.Publish(self.id, "job", b"npz", REPORT, "", {}),
            "end": campaigns.End(self.id, "over"),
        }
        return made[kind]

    def beginning(self, until: str) -> Iterator[tuple[str, int]]:
        """Yield what has happened before, until a campaign has come so far."""
        yield from [("join", 0), ("join", 1), ("join", 0)]
        if until != "joined":
            yield from [("pledge", 0), ("pledge", 1), ("take", 3), ("answer", 0)]
        if until in ("crafting", "measuring"):
            yield from [("take", 4), ("craft", 0)]
        if until == "measuring":
            yield ("tried", 0)

    def happen(self, moment: list[tuple[str, int]]) -> None:
        """Let things happen in one transaction."""
        writer, go = self.coordinator.writer, threading.Event()
        made = [self.operation(*one) for one in moment]
        writer.submit(lambda _: {"held": go.wait(10)}, actor="someone")
        waiting = [writer.submit(one, actor="x", key=secrets.new_nonce()) for one in made]
        go.set()
        for one in waiting:
            error = one.exception(10)
            assert error is None or isinstance(error, RefusedError), error

    def rows(self, table: Any) -> list[Any]:
        wanted = select(table).where(table.c.campaign == self.id)
        return self.coordinator.read(lambda c: c.execute(wanted).all())

    def audit(self) -> None:
        """Count everything again."""
        row, people = self.coordinator.row(self.id), self.rows(schema.member)
        answers = self.rows(schema.answer)
        assert row.members == len(people)
        assert row.pledges == sum(one.pledged is not None for one in people)
        assert row.answers == sum(one.label is not None for one in answers)
        assert all((one.pledged is None) == (one.pledge_nonce is None) for one in people)
        assert all((one.label is None) == (one.until is not None) for one in answers)
        assert {one.member for one in answers} <= {one.id for one in people}
        held = Counter(one.question for one in answers)
        for one in self.rows(schema.question):
            assert one.left == one.wanted - held[one.id] >= 0
        assert all(0 <= one.used <= one.cap for one in self.rows(schema.invitation))
        told = sorted(one.number for one in self.rows(schema.outcome))
        assert told == list(range(1, len(told) + 1))
        self._audit_log(row, people, len(told))

    def _audit_log(self, row: Any, people: list[Any], told: int) -> None:
        """Hold the log to the tables."""
        log = self.coordinator.log(self.id)
        assert (row.entries, row.head) == (len(log), log[-1].digest)
        last: dict[str, Any] = {}
        for entry in log:
            last |= entry.facts
        assert (last.get("members", 0), last.get("pledges", 0)) == (row.members, row.pledges)
        kinds = Counter(entry.kind for entry in log)
        assert row.members == kinds["joined"] - kinds["left"]
        assert told == sum(one.facts["outcomes"] for one in log if one.kind == "reported")
        receipts = {one.facts["receipt"] for one in log if one.kind == "pledged"}
        mine = {secrets.hash_secret(one.pledge_nonce) for one in people if one.pledge_nonce}
        assert mine <= receipts
        reached = [one.kind for one in log if one.kind in ("acting", "lapsed", "ended")]
        assert row.state == "open" if not reached else row.state != "open"
        if kinds["published"]:
            signed = self.coordinator.read(publishing.find_signature, self.id)
            verify_change(b"npz", REPORT, signed, log=log)


KINDS = [
    *("join", "join", "pledge", "pledge", "withdraw", "leave", "take", "take", "answer", "answer"),
    *("wait", "report", "craft", "tried", "fail", "publish", "end"),
]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(("joined", "acting", "crafting", "measuring")),
    st.lists(
        st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 1000)), min_size=1, max_size=3),
        min_size=4,
        max_size=15,
    ),
)
def test_what_is_counted_is_what_is_there(
    known: Coordinator, begun: str, moments: list[list[tuple[str, int]]]
) -> None:
    story = Story(known)
    for kind, number in story.beginning(begun):
        story.happen([(kind, number)])
    for moment in moments:
        story.happen(moment)
        story.audit()
