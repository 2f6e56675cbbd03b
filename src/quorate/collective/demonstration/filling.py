"""A coordinator filled with a demonstration campaign of each kind."""

from __future__ import annotations

import numpy as np
from sqlalchemy import func, select

from quorate.collective.demonstration.digits import play_digits
from quorate.collective.demonstration.loans import play_loans
from quorate.collective.demonstration.players import DAY, Players
from quorate.collective.demonstration.shown import Shown
from quorate.collective.storage import schema
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Writer
from quorate.errors import InputError
from quorate.extras import command, is_installed
from quorate.runtime.progress import note, status


def fill(database: str, now: float) -> tuple[Shown, ...]:
    """Play a campaign of each kind into an empty database, as if they had begun weeks ago.

    Args:
        database: path of an SQLite file, or postgresql://USER@HOST/NAME.
        now: the time at which they have come as far as they are shown, in seconds since 1970.

    Raises:
        InputError: there are campaigns in the database already.
        StoreError: it cannot be used.
    """
    clock = [now - 30 * DAY]
    with (
        status("Playing two campaigns") as say,
        Database(database) as found,
        Writer(found, clock=lambda: clock[0]) as writer,
    ):
        with found.read() as connection:
            count = connection.execute(select(func.count()).select_from(schema.campaign)).scalar()
        if count:
            raise InputError(
                f"Expected an empty database for the demonstration, got one with {count} "
                "campaigns. Leave --demo out to serve it as it is, or name another --database."
            )
        players = Players(found, writer, clock, np.random.default_rng(19))
        say("Playing a campaign at training time")
        loans = play_loans(players, now)
        if not is_installed("torch"):
            note(
                "PyTorch is not installed, so the campaign at test time is left out: no change can "
                f"be crafted. Install it: {command('train')}"
            )
            return (loans,)
        clock[0] = now - 20 * DAY
        say("Playing a campaign at test time: asking, learning, crafting, trying")
        return loans, play_digits(players, now)
