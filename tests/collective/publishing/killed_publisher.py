"""A server's publisher in a process of its own, which a test kills: it crafts until it is."""

import sys
import time

from quorate.collective.publishing.runner import Publisher
from quorate.collective.storage.database import Database
from quorate.collective.storage.writer import Writer

if __name__ == "__main__":
    with (
        Database(sys.argv[1]) as database,
        Writer(database) as writer,
        Publisher(database, writer, pause=0.05),
    ):
        time.sleep(60)
