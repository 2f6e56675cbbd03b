"""All of the JSON API, topic by topic."""

from collections.abc import Callable

from quorate.collective.web.api import about, campaigns, members, pool, records, results
from quorate.collective.web.routing import Routes

ALL: tuple[Callable[[Routes], None], ...] = (
    pool.add,  # first what is asked for most
    members.add,
    campaigns.add,
    about.add,
    results.add,
    records.add,
)
