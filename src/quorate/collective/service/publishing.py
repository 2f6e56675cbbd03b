"""From the answered pool to a published change: what the organiser starts and the worker stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from quorate.collective import secrets
from quorate.collective.publishing.signing import SignedChange, sign
from quorate.collective.service import campaigns, questions
from quorate.collective.service.questions import Question
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.service import RefusedError

FROM = {"craft": "acting", "publish": "measuring"}  # states in which a kind of job may start
LOGGED = ("change", "report", "signature", "public_key")  # what the log says of a published change
FEWEST_ANSWERS = 30  # below which nothing is learnt from a pool


@dataclass(frozen=True)
class Start:
    """The organiser closes the pool and has a change crafted, or the trial and has it published.

    Args:
        campaign: id of the campaign.
        job: ``craft`` or ``publish``.
    """

    campaign: str
    job: str

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find_settled(transaction, self.campaign)
        questions.plan_of(row)
        under_way = find_job(transaction.connection, self.campaign)
        if under_way is not None and under_way.state in ("waiting", "running"):
            return {"job": under_way.id, "state": row.state}
        again = self.job == "craft" and row.state == "crafting"  # the last one failed
        if row.state != FROM[self.job] and not again:
            raise RefusedError(
                409,
                "not_now",
                f"Expected a campaign that is {FROM[self.job]}, got one that is {row.state}.",
            )
        if row.answers < FEWEST_ANSWERS:
            raise RefusedError(
                409,
                "too_few",
                f"Expected at least {FEWEST_ANSWERS} answers, got {row.answers}. Wait for more.",
            )
        if self.job == "craft" and not again:
            campaigns.set_state(transaction, self.campaign, "crafting", answers=row.answers)
        id_ = secrets.new_id()
        transaction.connection.execute(
            schema.job.insert(),
            {
                "id": id_,
                "campaign": self.campaign,
                "kind": self.job,
                "state": "waiting",
                "created": transaction.now,
                "message": "Waiting for the worker.",
            },
        )
        return {"job": id_, "state": campaigns.find(transaction.connection, self.campaign).state}


def find_job(connection: Connection, campaign: str) -> Row[Any] | None:
    """Return the newest job of a campaign."""
    table = schema.job
    return connection.execute(
        select(table).where(table.c.campaign == campaign).order_by(table.c.created.desc()).limit(1)
    ).first()


def unfinished_jobs(connection: Connection) -> list[Row[Any]]:
    """Return the jobs that wait, or that a server was killed in, oldest first."""
    table = schema.job
    found = select(table).where(table.c.state.in_(("waiting", "running"))).order_by(table.c.created)
    return list(connection.execute(found).all())


@dataclass(frozen=True)
class SetJob:
    """The worker says how far it is: ``running``, ``done`` or ``failed``, and why."""

    job: str
    state: str
    message: str

    def __call__(self, transaction: Transaction) -> Body:
        table = schema.job
        transaction.connection.execute(
            update(table)
            .where(table.c.id == self.job)
            .values(state=self.state, message=self.message)
        )
        return {}


@dataclass(frozen=True)
class Fail:
    """The worker cannot go on: the organiser reads why, and members go on answering.

    Args:
        campaign: id of the campaign.
        job: the job.
        why: one sentence or a few, for the organiser.
    """

    campaign: str
    job: str
    why: str

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find(transaction.connection, self.campaign)
        SetJob(self.job, "failed", self.why)(transaction)
        if row.state == "crafting":
            campaigns.set_state(transaction, self.campaign, "acting", reason=self.why)
        return {"state": campaigns.find(transaction.connection, self.campaign).state}


@dataclass(frozen=True)
class StartTrial:
    """The worker has crafted a change: members are to try it, by questions about changed pictures.

    Args:
        campaign: id of the campaign.
        job: the job, which is done then.
        npz: file of the change, which is kept until it is published.
        excluded: members whose answers were left out, and why.
        trial: the questions.
        facts: what the log says of it.
        draft: what the worker needs to know again when the trial is over.
    """

    campaign: str
    job: str
    npz: bytes
    excluded: Mapping[str, str]
    trial: Sequence[Question]
    facts: Mapping[str, Any]
    draft: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, transaction: Transaction) -> Body:
        connection = transaction.connection
        row = campaigns.find(connection, self.campaign)
        if row.state != "crafting":  # it was ended meanwhile, or this is a repetition
            return {"state": row.state}
        member = schema.member
        for id_, why in self.excluded.items():
            connection.execute(update(member).where(member.c.id == id_).values(excluded=why))
        connection.execute(
            schema.change.insert(),
            {
                "id": secrets.new_id(),
                "campaign": self.campaign,
                "npz": self.npz,
                "report": dict(self.draft),
                "signature": "",
            },
        )
        told = questions.add(transaction, row, self.trial)
        campaigns.set_state(transaction, self.campaign, "measuring", **self.facts)
        SetJob(self.job, "done", f"{told['added']} pictures are to be tried.")(transaction)
        return {"state": "measuring", "questions": told["added"]}


@dataclass(frozen=True)
class Publish:
    """The worker publishes the change that members have tried, signed, with its report.

    The signature is made here, since it covers the digest of the log's last entry before this.

    Args:
        campaign: id of the campaign.
        job: the job, which is done then.
        npz: file of the change, which says by now what was measured.
        report: the report as plain data, and ``page`` for people.
        facts: what the log says beside the digests and the signature.
    """

    campaign: str
    job: str
    npz: bytes
    report: Mapping[str, Any]
    page: str
    facts: Mapping[str, Any]

    def __call__(self, transaction: Transaction) -> Body:
        connection, table = transaction.connection, schema.change
        row = campaigns.find(connection, self.campaign)
        if row.state != "measuring":
            return {"state": row.state}
        found = find_change(connection, self.campaign)
        key = connection.execute(select(schema.server.c.signing_key)).scalar_one()
        signed = sign(key, self.campaign, self.npz, self.report, transaction.head(self.campaign))
        connection.execute(
            update(table)
            .where(table.c.id == found.id)
            .values(
                npz=self.npz,
                report=dict(self.report),
                page=self.page,
                signature=signed.signature,
                published=transaction.now,
            )
        )
        digests = {name: getattr(signed, name) for name in LOGGED}
        campaigns.set_state(transaction, self.campaign, "published", **self.facts, **digests)
        SetJob(self.job, "done", "Published.")(transaction)
        return {"state": "published"}


def find_signature(connection: Connection, campaign: str) -> SignedChange:
    """Return the signature of a campaign's published change, with all that it covers.

    Raises:
        RefusedError: none is published yet.
    """
    table = schema.event
    row = connection.execute(
        select(table.c.facts, table.c.previous).where(
            table.c.campaign == campaign, table.c.kind == "published"
        )
    ).first()
    if row is None:
        raise _no_change()
    facts = {name: row.facts[name] for name in LOGGED}
    return SignedChange(campaign=campaign, head=row.previous, **facts)


def find_change(connection: Connection, campaign: str) -> Row[Any]:
    """Return the row of a campaign's change, published or not.

    Raises:
        RefusedError: there is none yet.
    """
    row = connection.execute(
        select(schema.change).where(schema.change.c.campaign == campaign)
    ).first()
    if row is None:
        raise _no_change()
    return row


def _no_change() -> RefusedError:
    return RefusedError(
        404,
        "no_change",
        "Expected a campaign with a change, got one that has none yet. Come back when the page of "
        "the campaign says that it is published.",
    )
