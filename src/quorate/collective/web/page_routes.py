"""All pages, topic by topic."""

from collections.abc import Callable

from quorate.collective.web.pages import (
    campaign,
    creating,
    joining,
    member,
    organiser,
    record,
    start,
)
from quorate.collective.web.routing import Routes

ALL: tuple[Callable[[Routes], None], ...] = (
    start.add,
    creating.add,
    campaign.add,
    joining.add,
    member.add,
    record.add,
    organiser.add,
)
