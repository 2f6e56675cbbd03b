"""The tables of a coordinator, the same on SQLite and PostgreSQL.

Times are seconds since 1970 (UTC). Ids are 16 random letters and digits. What belongs to a member
is removed with the member, but for outcomes, which stay and are linked to nobody; the log of events
holds nothing of theirs.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# Which questions somebody can be given. Only in these words, and not with 0 as a parameter, does a
# database know that the index of those holds what is asked for.
IN_QUEUE = 'question."left" > 0'

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[str]:
    return Column("id", String(16), primary_key=True)


def _of(
    table: str, *, nullable: bool = False, index: bool = True, ondelete: str = "CASCADE"
) -> Column[str]:
    return Column(
        table,
        String(16),
        ForeignKey(f"{table}.id", ondelete=ondelete),
        nullable=nullable,
        index=index,
    )


server = Table(
    "server",
    metadata,
    Column("id", Integer, primary_key=True),  # 1: there is one row
    Column("key", LargeBinary, nullable=False),  # derives secrets, see secrets.derive_secret
    Column("signing_key", LargeBinary, nullable=False),  # Ed25519, 32 bytes
    Column("setup_hash", String(64), nullable=False),  # of the secret that lets create campaigns
)

campaign = Table(
    "campaign",
    metadata,
    _id(),
    Column("kind", String(8), nullable=False),  # training, test
    Column("title", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("plan", JSON, nullable=False),  # plans.TrainingPlan or plans.TestPlan, as plain data
    Column("source", JSON),  # facts of a plan or a correction, as plain data
    Column("quorum", Integer, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("organiser_hash", String(64), nullable=False),
    Column("pledges", Integer, nullable=False),
    Column("members", Integer, nullable=False),
    Column("answers", Integer, nullable=False),
    Column("entries", Integer, nullable=False),  # of the log
    Column("head", String(64), nullable=False),  # digest of its last entry
)

invitation = Table(
    "invitation",
    metadata,
    _id(),
    _of("campaign"),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("cap", Integer, nullable=False),  # 1: single use
    Column("used", Integer, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("created", Float, nullable=False),
)

member = Table(
    "member",
    metadata,
    _id(),
    _of("campaign"),
    _of("invitation"),
    Column("secret_hash", String(64), nullable=False),
    Column("joined", Float, nullable=False),
    Column("pledged", Float),  # when
    Column("pledge_nonce", String(43)),  # the log holds its hash, so that a member finds the entry
    Column("confirmed", Float),  # when they said that they had handed in their changed data
    Column("confirmed_rows", Integer),
    Column("excluded", Text),  # why their answers are left out
)

picture = Table(
    "picture",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("png", LargeBinary, nullable=False),
)

question = Table(
    "question",
    metadata,
    _id(),
    _of("campaign", index=False),  # the unique constraint below has one that begins with it
    Column("picture", String(64), ForeignKey("picture.digest"), nullable=False),
    Column("purpose", String(16), nullable=False),  # pool, or what a trial question measures
    Column("label", Integer, nullable=False),  # the true one, an index
    Column("in_subgroup", Boolean, nullable=False),
    Column("photo", Integer, nullable=False),  # variants of one photo share it
    Column("wanted", Integer, nullable=False),  # answers that it is to get: 1, or 2
    Column("left", Integer, nullable=False),  # of these, neither answered nor given to anyone
    Column("batch", Integer, nullable=False),  # one more whenever members were given some before
    Column("place", Integer, nullable=False),  # where it stands in the queue: drawn, not counted
    UniqueConstraint("campaign", "picture", "purpose"),
)
Index(
    "ix_question_queue",
    question.c.campaign,
    question.c.purpose,  # with it, no planner sorts all questions, however little it knows of them
    question.c.place,
    sqlite_where=text(IN_QUEUE),
    postgresql_where=text(IN_QUEUE),
)

answer = Table(
    "answer",
    metadata,
    _id(),
    _of("campaign"),
    _of("question"),
    _of("member"),
    Column("invitation", String(16), nullable=False),  # the member's
    Column("given", Float, nullable=False),  # when the question was given to the member
    Column("until", Float),  # when others may get it; None once it is answered
    Column("label", Integer),  # None: not answered yet
    Column("at", Float),
    UniqueConstraint("question", "member"),
    Index("ix_answer_until", "until"),
)

outcome = Table(
    "outcome",
    metadata,
    _id(),
    _of("campaign"),
    # None once the member has left: the outcome stays, linked to nobody, since success would look
    # higher if those who leave took their failures along.
    _of("member", nullable=True, ondelete="SET NULL"),
    Column("number", Integer, nullable=False),  # in the order in which they were reported, from 1
    # Which of its member's days it speaks for, from 1; 0 where another one does for that day.
    Column("turn", Integer, nullable=False),
    Column("reported", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("success", Boolean, nullable=False),
    UniqueConstraint("campaign", "number"),
)

change = Table(
    "change",
    metadata,
    _id(),
    _of("campaign"),
    Column("npz", LargeBinary, nullable=False),
    Column("report", JSON, nullable=False),
    Column("page", Text),  # the report for people, a whole HTML page
    Column("signature", String(128), nullable=False),
    Column("published", Float),
)

job = Table(
    "job",
    metadata,
    _id(),
    _of("campaign"),
    Column("kind", String(16), nullable=False),
    Column("state", String(12), nullable=False),  # waiting, running, done, failed
    Column("created", Float, nullable=False),
    Column("message", Text, nullable=False),  # how far it is, or why it failed
)

event = Table(
    "event",
    metadata,
    Column("campaign", String(16), ForeignKey("campaign.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
)

reply = Table(
    "reply",
    metadata,
    Column("actor", String(64), primary_key=True),
    Column("key_hash", String(64), primary_key=True),
    Column("asked", String(64), nullable=False),  # digest of the request
    Column("body", JSON, nullable=False),
    Column("at", Float, nullable=False, index=True),
)
