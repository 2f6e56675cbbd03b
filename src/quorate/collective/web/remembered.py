"""Members whose secret was right a moment ago: what they write needs no look-up before it.

Each operation looks the member up again when it is carried out, so that nothing is written for one
who has left meanwhile. What is read of the database is never answered from here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from quorate.collective.secrets import hash_secret
from quorate.collective.web.visits import Visit, bearer

if TYPE_CHECKING:
    from sqlalchemy import Row
    from starlette.requests import Request

    from quorate.collective.web.site import Site

MOST = 20_000  # members; those who wrote longest ago are forgotten


class Remembered:
    """The members who wrote lately, by campaign and by the hash of their secret."""

    def __init__(self) -> None:
        self._members: OrderedDict[tuple[str, str], Row[Any]] = OrderedDict()
        self._campaigns: dict[str, Row[Any]] = {}  # as they were: their plan does not change
        self._lock = threading.Lock()

    def visit(self, site: Site, request: Request) -> Visit | None:
        """Return the visit of a member who is remembered, with the campaign as it was then."""
        secret = bearer(request)
        name = (str(request.path_params.get("campaign", "")), hash_secret(secret))
        with self._lock:
            member = self._members.get(name)
            if member is None:
                return None
            self._members.move_to_end(name)
            row = self._campaigns[name[0]]
        site.limits.known(secret)
        return Visit(site, request, row, member, {"member": secret})

    def keep(self, visit: Visit) -> None:
        """Remember a member."""
        if visit.member is None:
            return
        with self._lock:
            self._campaigns.setdefault(visit.id, visit.campaign)
            self._members[visit.id, hash_secret(visit.secrets["member"])] = visit.member
            if len(self._members) > MOST:
                self._members.popitem(last=False)
