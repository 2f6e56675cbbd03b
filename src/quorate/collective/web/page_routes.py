"""All pages, topic by topic."""

from collections.abc import Callable

from quorate.collective.web.pages import (
    acting,
    applying,
    asking,
    campaign,
    creating,
    joining,
    member,
    organiser,
    outcomes,
    pool,
    record,
    results,
    start,
)
from quorate.collective.web.routing import Routes

ALL: tuple[Callable[[Routes], None], ...] = (
    start.add,
    creating.add,
    campaign.add,
    joining.add,
    member.add,
    asking.add,
    outcomes.add,
    results.add,
    acting.add,
    applying.add,
    record.add,
    pool.add,
    organiser.add,
)
