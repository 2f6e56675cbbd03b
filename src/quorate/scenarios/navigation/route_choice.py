"""Which routes drivers take when some of them follow an app: a fixed point by successive averages.

Three classes share the roads. *Others* do not follow the app. They know the true times and adapt,
so that none of them gains by another route (Wardrop), or they keep to their habit, the routes of
the honest equilibrium. Of the *followers*, some take the way they are used to and some the app's
fastest. Shapes: l links, p pairs of zones, k routes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.runtime.progress import status
from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.validate import above_zero, at_least, in_interval

SEARCH_EVERY = 10  # steps between two searches for new routes
SHRINK, GROW = 0.7, 1.1  # of the step, where the gap did not fall, and where it did
SMALLEST_STEP, LARGEST_STEP = 0.05, 1.9  # at 2 a step may come back to where it began
SWITCHING = 0.3  # of the way to what followers would accept, in a full step
MOST_THETA = 1000.0  # beyond, all take the faster way at once, and never come to rest
MOST_STEPS = 2000  # the gap says where it ended


@dataclass(frozen=True)
class Drivers:
    """Who follows the app, and what everyone else does.

    Args:
        share: φ that follows the app, in [0, 1].
        theta: θ of the logit, per unit of the network's time, positive.
        adapt: whether others know the true times and adapt to them; else they keep to their habit.

    Raises:
        InputError: a number is out of range.
    """

    share: float = 0.6
    theta: float = 1.0
    adapt: bool = True

    def __post_init__(self) -> None:
        in_interval("share", self.share, 0, 1, "To let everyone follow the app, use share=1.")
        fix = "Use a number such as 1 for each unit of time."
        above_zero("theta", self.theta, fix)
        in_interval("theta", self.theta, 0, MOST_THETA, fix, open_low=True)

    def acceptance(self, gain: Floats) -> Floats:
        """Return the share of followers who take the app's route, (p,): a binary logit.

        1/(1 + e^(−θ(ĉ_habit − ĉ_app))), with ĉ the times that the app shows of both.

        >>> Drivers(theta=1.0).acceptance(np.array([0.0, np.log(3)]))
        array([0.5 , 0.75])
        """
        return np.asarray(1 / (1 + np.exp(-self.theta * np.maximum(gain, 0))))


@dataclass(frozen=True, eq=False)
class TrafficState:
    """Traffic at rest: where drivers end up when nobody would rather do another thing.

    Args:
        free: flow of those who adapt to the true times, on each route, (k,).
        guided: flow of followers who take the app's route, (k,).
        flow: flow of everyone on each route, (k,).
        on_links: flow of everyone on each link, (l,).
        times: t of each link, (l,).
        estimate: t̂ of each link, (l,).
        accepted: share of all followers who take the app's route.
        gap: the larger of two numbers. One is the time that could be saved by the times that each
            class goes by, over all such time; the other is the number of drivers who would rather
            be in the other class of followers, over all drivers.
    """

    free: Floats
    guided: Floats
    flow: Floats
    on_links: Floats
    times: Floats
    estimate: Floats
    accepted: float
    gap: float

    def total_travel_time(self) -> float:
        """Return Σ f t, vehicles per hour times the network's unit of time."""
        return float(self.on_links @ self.times)


def honest_equilibrium(routes: Routes, gap: float) -> TrafficState:
    """Return the user equilibrium of Wardrop, and add the routes that make it up.

    >>> from quorate.scenarios.navigation.network import Network
    >>> two = Network(
    ...     "two links", tail=[0, 0], head=[1, 1], capacity=[1, 1], free_flow_time=[1, 2],
    ...     b=[1, 0], power=[1, 1], length=[1, 1], trips=[[0, 1.5], [0, 0]],
    ... )
    >>> honest_equilibrium(Routes(two), 1e-9).on_links.round(6)
    array([1. , 0.5])
    """
    network = routes.network
    routes.grow(network.costs(network.times(np.zeros(network.links))))
    fastest = np.zeros(len(routes))
    fastest[routes.cheapest(routes.costs(network.costs(network.free_flow_time)))] = 1.0
    return equilibrate(routes, fastest, Drivers(0.0), None, gap)


def equilibrate(
    routes: Routes,
    habit: Floats,
    drivers: Drivers,
    app: App | None,
    gap: float,
    start: TrafficState | None = None,
) -> TrafficState:
    """Return the state in which nobody would rather do another thing, but for the gap.

    Each step moves some drivers of each class to the route that they take for the fastest, at most
    as far as pays (``Routes.stiffness``), and followers between the app's way and their own. Steps
    shrink where the gap has not fallen. An app that believes reports makes streets look worse the
    fewer cars are there to contradict them, so there may be several such states. This is the one
    reached from ``start``, or from the honest equilibrium if there is none.

    Args:
        routes: that are known; more are found.
        habit: the share of each pair's drivers on each route by habit, (k,).
        drivers: who follows the app.
        app: what it shows; None where it is honest.
        gap: to stop at, positive.
        start: where drivers begin.

    Source: method of successive averages with a step of its own; its bound is derived.
    """
    above_zero("gap", gap, "Use a gap such as 1e-4.")
    at_least("habit", len(habit), 1, "Begin with the honest equilibrium.")
    with status(f"drivers of {routes.network.name}"):
        return _SuccessiveAverages(routes, habit, drivers, app, start).run(gap)


class _SuccessiveAverages:
    """Drivers on their way to rest."""

    def __init__(
        self,
        routes: Routes,
        habit: Floats,
        drivers: Drivers,
        app: App | None,
        start: TrafficState | None,
    ) -> None:
        self.routes, self.drivers, self.app = routes, drivers, app
        self.habit = routes.widen(habit)
        demand = routes.demand
        self.followers = drivers.share * demand  # (p,)
        self.others = demand - self.followers if drivers.adapt else np.zeros(len(demand))
        self.has_others, self.has_followers = bool(self.others.any()), drivers.share > 0
        self.free = routes.widen(start.free) if start else self.others[routes.pair] * self.habit
        halves = drivers.acceptance(np.zeros(len(demand))) * self.followers
        self.guided = routes.widen(start.guided) if start else halves[routes.pair] * self.habit
        self.step, self.gap = 1.0, np.inf

    def run(self, most: float) -> TrafficState:
        """Take steps until the gap is reached."""
        for number in range(MOST_STEPS + 1):
            self.look()
            if number % SEARCH_EVERY == 0:
                self.find_routes()
                if self.gap <= most:
                    break
            self.move()
        told = self.followers.sum()
        accepted = float(self.guided.sum() / told) if told > 0 else 0.0
        on_routes, on_links = (self.free, self.guided, self.flow), (self.on_links, self.times)
        return TrafficState(*on_routes, *on_links, self.estimate, accepted, self.gap)

    def find_routes(self) -> None:
        """Let drivers know the routes that are now the fastest; adjust the step by the gap."""
        cost_of = self.routes.network.costs
        found = self.routes.grow(cost_of(self.times))
        if not np.array_equal(self.estimate, self.times):
            found += self.routes.grow(cost_of(self.estimate))
        if found:
            known = self.habit, self.free, self.guided
            self.habit, self.free, self.guided = map(self.routes.widen, known)
            self.look()
        before, self.gap = self.gap, self._measure_gap()
        if np.isfinite(before):
            self.step *= SHRINK if self.gap > before else GROW
            self.step = min(max(self.step, SMALLEST_STEP), LARGEST_STEP)

    def look(self) -> None:
        """See what is on the roads, and what it makes everyone want."""
        routes = self.routes
        by_habit = routes.demand - self.others - routes.by_pair(self.guided)
        self.flow = np.maximum(by_habit, 0)[routes.pair] * self.habit + self.free + self.guided
        self.on_links = routes.load(self.flow)
        cost_of, self.times = routes.network.costs, routes.network.times(self.on_links)
        app = self.app
        self.estimate = app.estimate(self.on_links, self.times) if app else self.times
        # costs of routes take most of a step: only those that somebody goes by
        if self.has_others:
            self.true_costs = routes.costs(cost_of(self.times))
        if self.has_followers:
            costs = self.shown_costs = routes.costs(cost_of(self.estimate))
            gain = routes.by_pair(self.habit * costs) - routes.least(costs)
            self.willing = self.followers * self.drivers.acceptance(gain)  # (p,)

    def _measure_gap(self) -> float:
        routes = self.routes
        spent = saved = moved = 0.0
        if self.has_others:
            spent, saved = self._spent_and_saved(self.free, self.true_costs)
        if self.has_followers:
            guided = self._spent_and_saved(self.guided, self.shown_costs)
            spent, saved = spent + guided[0], saved + guided[1]
            moved = float(np.abs(self.willing - routes.by_pair(self.guided)).sum())
        return max(saved / spent if spent > 0 else 0.0, moved / float(routes.demand.sum()))

    def _spent_and_saved(self, flow: Floats, costs: Floats) -> tuple[float, float]:
        """Return the time that drivers of a class spend, and what they could save of it."""
        least = self.routes.least(costs)[self.routes.pair]
        return float(flow @ costs), float(flow @ (costs - least))

    def move(self) -> None:
        """Take one step."""
        routes, step = self.routes, self.step
        slopes = routes.network.slopes(self.on_links)
        classes = [self.free] * self.has_others + [self.guided] * self.has_followers
        stiffness = routes.stiffness(slopes, *map(routes.weights, classes))
        if self.has_others:
            self.free = routes.shift(self.free, self.true_costs, stiffness[0], step)
        if self.has_followers:
            shifted = routes.shift(self.guided, self.shown_costs, stiffness[-1], step)
            now = routes.by_pair(shifted)
            wanted = now + SWITCHING * min(step, 1.0) * (self.willing - now)
            scale = np.divide(wanted, now, out=np.zeros_like(now), where=now > 0)
            self.guided = shifted * scale[routes.pair]
