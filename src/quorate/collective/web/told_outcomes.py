"""What a campaign's outcomes say, remembered: none that is stored ever changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from markupsafe import Markup

from quorate.collective import plans
from quorate.collective.facts.outcomes import OutcomesView, Reported, watch_outcomes
from quorate.collective.facts.outcomes_chart import outcomes_chart
from quorate.collective.service import outcomes

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

REMEMBERED = 64  # campaigns


@dataclass(frozen=True, eq=False)
class ToldOutcomes:
    """What the outcomes of a campaign say.

    Args:
        reported: all of them, in the order of their reports.
        view: what is known.
        chart: the chart of it; empty where none counts.
    """

    reported: Sequence[Reported]
    view: OutcomesView
    chart: Markup


class WatchedCampaigns:
    """The outcomes of all campaigns of a site: only new ones are read and reckoned with."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, ToldOutcomes] = OrderedDict()
        self._lock = Lock()

    def told(self, connection: Connection, row: Row[Any]) -> ToldOutcomes:
        """Return what the outcomes of a campaign say, by its row."""
        with self._lock:
            known = self._known.get(row.id)
        reported = () if known is None else known.reported
        new = outcomes.all_of(connection, row.id, len(reported))
        if known is None or new:
            plan = plans.from_plain(row.plan)
            reported = [*reported, *new]
            view = watch_outcomes(reported, plan.kind, plan.success)
            chart = Markup(outcomes_chart(view)) if view.counted else Markup()
            known = ToldOutcomes(reported, view, chart)
        with self._lock:
            self._known[row.id] = known
            self._known.move_to_end(row.id)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return known
