"""All of the JSON API, topic by topic."""

from collections.abc import Callable

from quorate.collective.web.api import about, campaigns, members, pool, records, results
from quorate.collective.web.routing import Routes

ALL: tuple[Callable[[Routes], None], ...] = (
    about.add,
    campaigns.add,
    members.add,
    pool.add,
    results.add,
    records.add,
)
