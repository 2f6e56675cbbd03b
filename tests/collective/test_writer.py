"""Requests that are written together: each as if it were alone."""

import threading
from concurrent.futures import Future
from typing import Any

import pytest
from coordinators import TEST, Coordinator
from sqlalchemy import select

from quorate.collective.publishing.signing import verify_change
from quorate.collective.service import campaigns, members, pledges
from quorate.collective.service.publishing import Publish, StartTrial, find_signature
from quorate.collective.service.questions import AddQuestions, Question
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Transaction
from quorate.test_time.http.service import RefusedError


def together(coordinator: Coordinator, *requests: tuple[Any, str, str | None]) -> list[Future[Any]]:
    """Have requests (operation, actor, key) written in one transaction, and return the answers."""
    go = threading.Event()

    def hold(transaction: Transaction) -> dict[str, Any]:
        assert go.wait(10)
        return {}

    coordinator.writer.submit(hold, actor="someone")
    made = [
        coordinator.writer.submit(operation, actor=actor, key=key)
        for operation, actor, key in requests
    ]
    go.set()
    for one in made:
        one.exception(10)
    return made


def test_a_request_that_is_refused_leaves_no_entry_and_no_gap(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=9)
    one, other = coordinator.join(token), coordinator.join(token)

    def fail(transaction: Transaction) -> dict[str, Any]:
        transaction.log(id_, "wrong")
        transaction.log(id_, "wrong")
        raise RefusedError(409, "no", "Expected another request.")

    first, refused, last = together(
        coordinator,
        (pledges.Pledge(id_, one), one, "a"),
        (fail, one, "b"),
        (pledges.Pledge(id_, other), other, "c"),
    )
    with pytest.raises(RefusedError):
        refused.result()
    entries = coordinator.log(id_)
    assert [entry.kind for entry in entries] == [
        *("created", "invited", "joined", "joined", "pledged", "pledged")
    ]
    assert [first.result()["entry"], last.result()["entry"]] == [5, 6]
    row = coordinator.row(id_)
    assert (row.entries, row.head) == (6, entries[-1].digest)


def test_one_key_does_one_thing_also_among_requests_of_one_moment(
    coordinator: Coordinator,
) -> None:
    id_, token = coordinator.campaign(quorum=9)
    join = members.Join(token, "s")
    made = together(coordinator, *[(join, "guest", "key")] * 3, (join, "another guest", "key"))
    names = [one.result()["member"] for one in made]
    assert len(set(names[:3])) == 1
    assert names[3] != names[0]
    assert coordinator.row(id_).members == 2


def test_a_key_is_for_one_request_also_among_requests_of_one_moment(
    coordinator: Coordinator,
) -> None:
    id_, token = coordinator.campaign(quorum=9)
    one = coordinator.join(token)
    submit = coordinator.writer.submit
    first = submit(pledges.Pledge(id_, one), actor=one, key="key", asked={"to": "pledge"})
    other = submit(pledges.Withdraw(id_, one), actor=one, key="key", asked={"to": "withdraw"})
    assert first.result(10)["pledged"]
    with pytest.raises(RefusedError, match="one Idempotency-Key for one request"):
        other.result(10)


def test_who_leaves_in_the_moment_of_a_request_leaves_nothing(coordinator: Coordinator) -> None:
    id_, token = coordinator.campaign(quorum=9)
    one = coordinator.join(token)
    together(
        coordinator,
        (pledges.Pledge(id_, one), one, "a"),
        (members.Delete(id_, one), one, "b"),
        (pledges.Pledge(id_, one), one, "a"),
    )
    row = coordinator.row(id_)
    assert (row.members, row.pledges) == (0, 0)
    for table in schema.metadata.sorted_tables:
        for found in coordinator.read(lambda c, table=table: c.execute(select(table)).all()):
            assert one not in str(found)
            assert "entry" not in str(found)  # as in the answer to a pledge


def test_a_signature_covers_the_entry_before_it_whoever_else_writes_in_that_moment(
    coordinator: Coordinator,
) -> None:
    """An entry of the same transaction is not in the campaign's row yet."""
    id_, token = coordinator.campaign(quorum=1, plan=TEST)
    coordinator.join(token, pledge=True)
    coordinator.do(AddQuestions(id_, [Question(b"p", 0, True, 0)]))
    made = together(
        coordinator,
        (lambda t: campaigns.set_state(t, id_, "crafting") or {}, "worker", None),
        (StartTrial(id_, "job", b"npz", {}, [], {}), "worker", None),
        (members.Join(token, "s"), "guest", None),
        (Publish(id_, "job", b"npz", {"gap": 0.5}, "<p>", {"gap_closed": 0.5}), "worker", None),
    )
    assert made[-1].result() == {"state": "published"}
    signed = coordinator.read(find_signature, id_)
    verify_change(b"npz", {"gap": 0.5}, signed, log=coordinator.log(id_))
