"""The same hour day after day: reports come by a schedule, the app learns, drivers change habits.

Shapes: l links, s streets of the neighbourhood, d days, k routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.defences import PATIENCE, borne_out
from quorate.scenarios.navigation.network import Floats, Ints
from quorate.scenarios.navigation.route_choice import Drivers, Settled, settle
from quorate.scenarios.navigation.routes import Routes

Flags = npt.NDArray[np.bool_]

WEEK = 7  # days


def every_day(day: int, streets: Ints) -> Flags:
    """All streets, every day."""
    return np.ones(len(streets), dtype=bool)


def every_other_day(day: int, streets: Ints) -> Flags:
    """All streets, every other day."""
    return np.full(len(streets), day % 2 == 0)


def alternating_streets(day: int, streets: Ints) -> Flags:
    """Every second street, the others on the next day."""
    return np.asarray((streets + day) % 2 == 0)


def burst(day: int, streets: Ints) -> Flags:
    """All streets for a week, then none for a week."""
    return np.full(len(streets), day // WEEK % 2 == 0)


SCHEDULES: Mapping[str, Callable[[int, Ints], Flags]] = {
    "every-day": every_day,
    "every-other-day": every_other_day,
    "alternating-streets": alternating_streets,
    "burst": burst,
}


@dataclass(frozen=True)
class Memory:
    """What the app and its drivers keep from one day to the next; all of it ours.

    Args:
        learning: by how much trust in the reports of a street moves, each day, towards the share
        of them
            that the traces bear out (t/r), or back towards 1 on a day without any; in [0, 1].
        reconsider: share of those who go by habit that may change it overnight, in [0, 1].
    """

    learning: float = 0.1
    reconsider: float = 0.1


def live_through(
    days: int,
    schedule: str,
    streets: Flags,
    routes: Routes,
    habit: Floats,
    drivers: Drivers,
    app: App,
    memory: Memory,
    gap: float,
) -> list[tuple[Settled, bool]]:
    """Return where drivers came to rest on each day, and whether anything was reported.

    Within a day followers find their balance with the app's times while habits stand, of others
    and of
    followers who keep to their own. Overnight, trust in a street's reports becomes
    (1 − λ) trust + λ t/r, and some of those who go by habit take a faster route. With bans, days
    on which
    traces bear out less than half of what reports tell are counted, days without reports are
    taken off again, and at 14 the accounts are shut.

    Args:
        days: how many, at least 1.
        schedule: when members report; a name in SCHEDULES.
        streets: on which they may, (l,).
        routes, habit, drivers, app: as in ``settle``; others keep to habits within the day.
        memory: what stays.
        gap: to which each day is settled.
    """
    within = replace(drivers, adapt=False)
    numbers = np.cumsum(streets) - 1  # of the streets among themselves, (l,)
    trust, strikes, is_shut = np.ones(len(streets)), 0, False
    found: list[tuple[Settled, bool]] = []
    like: dict[bytes, Settled] = {}  # the last day with reports on the same streets
    for day in range(days):
        reported = streets & SCHEDULES[schedule](day, numbers) & (not is_shut)  # (l,)
        reported &= app.reports > 0
        today = replace(app, reports=np.where(reported, app.reports * trust, 0.0))
        start = like.get(reported.tobytes(), found[-1][0] if found else None)
        settled = settle(routes, habit, within, today, gap, start)
        like[reported.tobytes()] = settled
        found.append((settled, bool(reported.any())))
        true = borne_out(settled.times, app.told)
        trust += memory.learning * (np.where(reported, true, 1.0) - trust)
        if app.defence == "bans":
            contradicted = reported.any() and true[reported].mean() < 0.5
            strikes = strikes + 1 if contradicted else max(0, strikes - 1)
            is_shut = is_shut or strikes >= PATIENCE
        habit = changed(routes, routes.widen(habit), settled, memory.reconsider)
    return found


def changed(routes: Routes, habit: Floats, settled: Settled, reconsider: float) -> Floats:
    """Return habits after a night, (k,): of each route at most a share goes over to a faster one.

    Args:
        routes: that are known.
        habit: the share of each pair's drivers on each route by habit, (k,).
        settled: the day that they have seen.
        reconsider: the most that changes, in [0, 1].
    """
    flow = habit * routes.demand[routes.pair]
    slopes = routes.network.slopes(settled.on_links)
    costs = routes.costs(settled.times)
    (stiffness,) = routes.stiffness(slopes, routes.weights(flow))
    better = routes.shifted(flow, costs, stiffness)
    leaving = np.maximum(flow - better, 0)
    kept = np.minimum(leaving, reconsider * flow)
    after = flow - kept
    np.add.at(after, routes.cheapest(costs), routes.by_pair(kept))
    return np.asarray(after / routes.demand[routes.pair])
