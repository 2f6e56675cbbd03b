"""The secret with which campaigns are set up on this server."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from quorate.collective import secrets
from quorate.collective.storage import schema
from quorate.collective.storage.writer import Body, Transaction


@dataclass(frozen=True)
class SetSetup:
    """Whoever runs the server makes a new secret; the one before is worth nothing then."""

    secret: str

    def __call__(self, transaction: Transaction) -> Body:
        transaction.connection.execute(
            update(schema.server).values(setup_hash=secrets.hash_secret(self.secret))
        )
        return {}


def has_setup(connection: Connection) -> bool:
    """Return whether a secret was ever made."""
    return bool(connection.execute(select(schema.server.c.setup_hash)).scalar_one())
