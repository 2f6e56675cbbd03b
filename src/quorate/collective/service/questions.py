"""Questions to the platform: pictures that the organiser brings, and that members are given."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, func, select, text, update

from quorate.collective import plans, secrets
from quorate.collective.plans import TestPlan
from quorate.collective.pool.assignment import first_place, next_place
from quorate.collective.service import campaigns, members
from quorate.collective.service.leases import LEASE, given_to
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction
from quorate.test_time.http.rate import parse_rate
from quorate.test_time.http.service import RefusedError

POOL = "pool"  # purpose of the questions that a surrogate learns from; others try the change
MOST_QUESTIONS = 200_000  # of a campaign
MOST_AT_ONCE = 200  # questions that a member holds at once
CHANCE = random.SystemRandom()  # members cannot foresee which questions two of them answer


@dataclass(frozen=True)
class Question:
    """A picture that the platform is to be asked about.

    Args:
        png: the picture, as a PNG file of the campaign's shape.
        label: the true label, an index.
        in_subgroup: whether it is of the people whom the platform serves badly.
        photo: number of the photo that it shows: variants of one photo share it.
        purpose: ``pool``, or what it measures.
    """

    png: bytes
    label: int
    in_subgroup: bool
    photo: int
    purpose: str = POOL


@dataclass(frozen=True)
class AddQuestions:
    """The organiser brings pictures to ask about; a picture that is there already is not added."""

    campaign: str
    questions: Sequence[Question]

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find_settled(transaction, self.campaign)
        plan = plan_of(row)
        if row.state not in ("open", "acting"):
            raise RefusedError(
                409,
                "too_late",
                "Expected questions before a change is crafted, got them in a campaign that is "
                f"{row.state}. Set up another campaign.",
            )
        for one in self.questions:
            if not 0 <= one.label < len(plan.classes):
                raise RefusedError(
                    422, "label", f"Expected labels 0 to {len(plan.classes) - 1}, got {one.label}."
                )
        return add(transaction, row, self.questions)


def add(transaction: Transaction, campaign: Row[Any], questions: Sequence[Question]) -> Body:
    """Store questions, each at a random place of the queue, and a share of them for two members."""
    table, connection = schema.question, transaction.connection
    before = connection.execute(
        select(func.count()).select_from(table).where(table.c.campaign == campaign.id)
    ).scalar_one()
    if before + len(questions) > MOST_QUESTIONS:
        raise RefusedError(
            422,
            "too_many",
            f"Expected at most {MOST_QUESTIONS:,} questions in a campaign, got "
            f"{before + len(questions):,}. Bring fewer pictures.",
        )
    new = _new(connection, campaign.id, questions)
    doubled = set(CHANCE.sample(range(len(new)), round(plan_of(campaign).doubled * len(new))))
    batch = _batch(connection, campaign.id)
    rows = []
    for i, (digest, one) in enumerate(new.items()):
        wanted = 2 if i in doubled else 1
        rows.append(
            {
                "id": secrets.new_id(),
                "campaign": campaign.id,
                "picture": digest[1],
                "purpose": one.purpose,
                "label": one.label,
                "in_subgroup": one.in_subgroup,
                "photo": one.photo,
                "wanted": wanted,
                "left": wanted,
                "batch": batch,
                "place": first_place(wanted, CHANCE),
            }
        )
    if rows:
        connection.execute(table.insert(), rows)
        transaction.log(
            campaign.id, "questions", added=len(rows), of=before + len(rows), doubled=len(doubled)
        )
    return {
        "added": len(rows),
        "known": len(questions) - len(rows),
        "questions": before + len(rows),
    }


def _batch(connection: Connection, campaign: str) -> int:
    """Return the batch of questions that are added now, from 0.

    Members who answer before they are there cannot be given them. So members' answers are compared
    within batches, and a new one begins once a question of the last has been given to anyone.
    """
    q = schema.question
    last = connection.execute(
        select(func.max(q.c.batch)).where(q.c.campaign == campaign)
    ).scalar_one()
    if last is None:
        return 0
    of_last = select(q.c.id).where(q.c.campaign == campaign, q.c.batch == last)
    begun = connection.execute(of_last.where(q.c.left < q.c.wanted).limit(1)).first()
    return int(last) + (begun is not None)


def _new(
    connection: Connection, campaign: str, questions: Sequence[Question]
) -> dict[tuple[str, str], Question]:
    """Store pictures, and return the questions that the campaign has not, by purpose and digest."""
    named = {(one.purpose, hashlib.sha256(one.png).hexdigest()): one for one in questions}
    digests = [digest for _, digest in named]
    pictures, table = schema.picture, schema.question
    stored: set[str] = set()
    known: set[tuple[str, str]] = set()
    for start in range(0, len(digests), 500):
        some = digests[start : start + 500]
        held = select(pictures.c.digest).where(pictures.c.digest.in_(some))
        stored |= set(connection.execute(held).scalars())
        asked = select(table.c.purpose, table.c.picture).where(
            table.c.campaign == campaign, table.c.picture.in_(some)
        )
        known |= {(row.purpose, row.picture) for row in connection.execute(asked)}
    missing = {digest: one.png for (_, digest), one in named.items() if digest not in stored}
    if missing:
        connection.execute(
            pictures.insert(), [{"digest": name, "png": png} for name, png in missing.items()]
        )
    return {name: one for name, one in named.items() if name not in known}


@dataclass(frozen=True)
class Take:
    """A member is given questions, which are theirs for ``LEASE`` seconds.

    Nobody is given a question twice, and two people of one invitation are not given the same one
    while there are others: copies of one person must not confirm one another.
    """

    campaign: str
    member: str
    count: int

    def __call__(self, transaction: Transaction) -> Body:
        row = campaigns.find_settled(transaction, self.campaign)
        member = members.find(transaction.connection, self.campaign, self.member)
        plan = plan_of(row)
        if row.state not in ("acting", "measuring"):
            raise RefusedError(
                409,
                "not_now",
                "Expected a campaign in which questions are asked, got one that is "
                f"{row.state}. Nobody is asked to act before the quorum.",
            )
        if member.pledged is None:
            raise RefusedError(
                403, "no_pledge", "Expected a pledge first, got none. Pledge, and then ask."
            )
        if member.excluded is not None:
            raise RefusedError(
                403,
                "left_out",
                "Expected a member whose answers count, got one who is left out: "
                f"{member.excluded} Others are given the questions.",
            )
        mine = given_to(transaction.connection, self.member)
        held = [one for one in mine if one.label is None]
        told = [{"question": one.id, "picture": one.picture, "until": one.until} for one in held]
        budget = _budget(transaction, row, plan, mine)
        count = max(0, min(self.count, MOST_AT_ONCE - len(held), budget))
        if count:
            new = self._choose(transaction, row, member.invitation, count)
            self._give(transaction, member.invitation, new)
            until = transaction.now + LEASE
            told += [{"question": one.id, "picture": one.picture, "until": until} for one in new]
            budget -= len(new)
        return {"questions": told, "left": budget}

    def _choose(
        self, transaction: Transaction, campaign: Row[Any], invitation: str, count: int
    ) -> Sequence[Row[Any]]:
        connection = transaction.connection
        # In the pool phase there are no others; a trial begins when the pool is closed.
        is_pool = campaign.state == "acting"
        asked = {"of": self.campaign, "most": count}
        near = _queue(is_pool, "invitation")
        found = connection.execute(near, {**asked, "who": invitation}).all()
        if len(found) < count and self._is_alone(connection):
            mine = _queue(is_pool, "member")
            found = connection.execute(mine, {**asked, "who": self.member}).all()
        return found

    def _is_alone(self, connection: Connection) -> bool:
        """Whether all members came by one invitation."""
        table = schema.invitation
        used = select(func.count()).where(table.c.campaign == self.campaign, table.c.used > 0)
        return connection.execute(used).scalar_one() < 2

    def _give(
        self, transaction: Transaction, invitation: str, questions: Sequence[Row[Any]]
    ) -> None:
        """Give the member questions, and move those that another is to get behind."""
        if not questions:
            return
        transaction.connection.execute(
            schema.answer.insert(),
            [
                {
                    "id": secrets.new_id(),
                    "campaign": self.campaign,
                    "question": one.id,
                    "member": self.member,
                    "invitation": invitation,
                    "given": transaction.now,
                    "until": transaction.now + LEASE,
                }
                for one in questions
            ],
        )
        moved = []
        for one in questions:
            place = next_place(one.place, CHANCE) if one.left > 1 else one.place
            moved.append({"of": one.id, "to": place, "still": one.left - 1})
        transaction.connection.execute(_MOVE, moved)


_MOVE = (
    update(schema.question)
    .where(schema.question.c.id == bindparam("of"))
    .values(place=bindparam("to"), left=bindparam("still"))
)


@functools.cache
def _queue(is_pool: bool, whose: str) -> Select[Any]:
    """Return what finds the next questions that nobody of ``whose`` has been given."""
    q, a = schema.question, schema.answer
    given = exists().where(a.c.question == q.c.id, a.c[whose] == bindparam("who"))
    return (
        select(q.c.id, q.c.picture, q.c.place, q.c.left)
        .where(q.c.campaign == bindparam("of"), text(schema.IN_QUEUE), ~given)
        .where(q.c.purpose == POOL if is_pool else q.c.purpose != POOL)
        .order_by(q.c.place)
        .limit(bindparam("most"))
    )


def _budget(
    transaction: Transaction, campaign: Row[Any], plan: TestPlan, mine: Sequence[Row[Any]]
) -> int:
    """Return how many more questions a member may be given now, by budget and rate."""
    budget = plan.queries - len(mine)
    if campaign.state == "acting":
        budget -= int(plan.queries * plan.reserved)
    rate = parse_rate(plan.rate or None)
    if rate is not None:
        recent = sum(one.given > transaction.now - rate.seconds for one in mine)
        budget = min(budget, rate.requests - recent)
    return max(0, budget)


def plan_of(campaign: Row[Any]) -> TestPlan:
    """Return the plan of a campaign at test time.

    Raises:
        RefusedError: it is a campaign of the other kind.
    """
    plan = plans.from_plain(campaign.plan)
    if not isinstance(plan, TestPlan):
        raise RefusedError(
            409, "kind", "Expected a campaign that asks a platform, got one that trains it."
        )
    return plan


def count(connection: Connection, campaign: str) -> Body:
    """Return how far the questions are: how many there are, and how many answers they have."""
    q = schema.question
    counts = (func.count(), func.sum(q.c.wanted), func.sum(q.c.left))
    found: Body = {}
    for name, of in (("pool", q.c.purpose == POOL), ("trial", q.c.purpose != POOL)):
        row = connection.execute(select(*counts).where(q.c.campaign == campaign, of)).one()
        if row[0]:
            found[name] = {
                "questions": row[0],
                "wanted": int(row[1]),
                "not_given": int(row[2]),
            }
    return found


def pictures(connection: Connection, digests: Sequence[str]) -> dict[str, bytes]:
    """Return the PNG files of pictures by their digests."""
    table = schema.picture
    found: dict[str, bytes] = {}
    for start in range(0, len(digests), 500):
        some = select(table).where(table.c.digest.in_(digests[start : start + 500]))
        found |= {row.digest: row.png for row in connection.execute(some)}
    return found
