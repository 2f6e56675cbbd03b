"""Day-to-day dynamics: members report by a schedule, the app learns, drivers change habits.

The same hour is driven day after day. Shapes: l links, s streets of the neighbourhood, k routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.defences import PATIENCE, borne_out
from quorate.scenarios.navigation.route_choice import Drivers, TrafficState, equilibrate
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Floats, Ints
from quorate.table import Mask

WEEK = 7  # days


def every_day(day: int, streets: Ints) -> Mask:
    """All streets, every day."""
    return np.ones(len(streets), dtype=bool)


def every_other_day(day: int, streets: Ints) -> Mask:
    """All streets, every other day."""
    return np.full(len(streets), day % 2 == 0)


def alternating_streets(day: int, streets: Ints) -> Mask:
    """Every second street, the others on the next day."""
    return np.asarray((streets + day) % 2 == 0)


def burst(day: int, streets: Ints) -> Mask:
    """All streets for a week, then none for a week."""
    return np.full(len(streets), day // WEEK % 2 == 0)


SCHEDULES: Mapping[str, Callable[[int, Ints], Mask]] = {
    "every-day": every_day,
    "every-other-day": every_other_day,
    "alternating-streets": alternating_streets,
    "burst": burst,
}


@dataclass(frozen=True)
class Adaptation:
    """How fast the app and its drivers change from one day to the next; both rates are ours.

    Args:
        learning: by how much trust in the reports of a street moves each day, in [0, 1]: towards
            the share of them that the traces bear out (t/r), or back towards 1 on a day without
            reports.
        reconsider: share of those who go by habit that may change it overnight, in [0, 1].
    """

    learning: float = 0.1
    reconsider: float = 0.1


@dataclass(frozen=True, eq=False)
class Day:
    """One day: where traffic came to rest, and whether anything was reported."""

    state: TrafficState
    is_reported: bool


def simulate_days(
    days: int,
    schedule: str,
    streets: Mask,
    routes: Routes,
    habit: Floats,
    drivers: Drivers,
    app: App,
    adaptation: Adaptation,
    gap: float,
) -> list[Day]:
    """Return where traffic comes to rest on each day.

    Within a day followers find their balance with the app's times. Habits stand: those of others,
    and those of followers who keep to their own way. Overnight, trust in a street's reports becomes
    (1 − λ) trust + λ t/r, and some of those who go by habit take a faster route. With bans, days on
    which traces bear out less than half of what reports tell are counted, and days without reports
    are taken off again. At 14 the accounts are shut.

    Args:
        days: number of days, at least 1.
        schedule: when members report; a name in SCHEDULES.
        streets: on which they may report, (l,).
        routes, habit, drivers, app: as in ``equilibrate``; others keep to habits within the day.
        adaptation: what changes overnight.
        gap: to which each day is equilibrated.
    """
    within = replace(drivers, adapt=False)
    numbers = np.cumsum(streets) - 1  # of the streets among themselves, (l,)
    trust, strikes, is_shut = np.ones(len(streets)), 0, False
    found: list[Day] = []
    alike: dict[bytes, TrafficState] = {}  # the last day with reports on the same streets
    for day in range(days):
        reported = streets & SCHEDULES[schedule](day, numbers) & (not is_shut)  # (l,)
        reported &= app.reports > 0
        today = replace(app, reports=np.where(reported, app.reports * trust, 0.0))
        start = alike.get(reported.tobytes(), found[-1].state if found else None)
        state = equilibrate(routes, habit, within, today, gap, start)
        alike[reported.tobytes()] = state
        found.append(Day(state, bool(reported.any())))
        true = borne_out(state.times, app.told)
        trust += adaptation.learning * (np.where(reported, true, 1.0) - trust)
        if app.defence == "bans":
            is_contradicted = reported.any() and true[reported].mean() < 0.5
            strikes = strikes + 1 if is_contradicted else max(0, strikes - 1)
            is_shut = is_shut or strikes >= PATIENCE
        habit = change_habits(routes, routes.widen(habit), state, adaptation.reconsider)
    return found


def change_habits(routes: Routes, habit: Floats, state: TrafficState, reconsider: float) -> Floats:
    """Return habits after a night, (k,): of each route at most a share goes to a faster one."""
    flow = habit * routes.demand[routes.pair]
    slopes = routes.network.slopes(state.on_links)
    costs = routes.costs(routes.network.costs(state.times))
    (stiffness,) = routes.stiffness(slopes, routes.weights(flow))
    better = routes.shift(flow, costs, stiffness)
    leaving = np.maximum(flow - better, 0)
    moved = np.minimum(leaving, reconsider * flow)
    after = flow - moved
    np.add.at(after, routes.cheapest(costs), routes.by_pair(moved))
    return np.asarray(after / routes.demand[routes.pair])
