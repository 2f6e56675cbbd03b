"""Static traffic assignment: the user equilibrium of Wardrop, and the system optimum.

Shapes: l links, z zones, c classes of trips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quorate.errors import InputError
from quorate.runtime.progress import status
from quorate.scenarios.navigation.network import Network, check_demand, check_trips
from quorate.scenarios.navigation.shortest_paths import Floats, ShortestPathTrees
from quorate.validate import above_zero, all_in_interval, at_least

NEARLY_ONE = 0.99  # a step from which on nothing is left of the last direction; ours
MOST_OLD = 99.0  # times as much weight on past aims as on the new one, at most; ours
STEP_TOLERANCE = 1e-12  # of the step, a fraction in [0, 1]


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """The flows of an equilibrium, and how close it is.

    Args:
        flow: vehicles per period on each link, of all classes together, (l,).
        classes: the same by class of trips, (c, l).
        time: time of each link at that flow and the background's, (l,).
        relative_gap: (Σ f c − Σ d u)/(Σ f c), with u the least costs at these c: times, and fixed
            costs where there are any.
        gaps: the relative gap after each iteration.
        objective: Beckmann's objective, of flow and background together.
        total_travel_time: Σ f t of these drivers.
    """

    flow: Floats
    classes: Floats
    time: Floats
    relative_gap: float
    gaps: tuple[float, ...]
    objective: float
    total_travel_time: float

    @property
    def iterations(self) -> int:
        """Number of searches of all shortest paths."""
        return len(self.gaps)


def user_equilibrium(
    network: Network,
    gap: float = 1e-4,
    *,
    trips: Floats | None = None,
    background: Floats | None = None,
    most_iterations: int = 5000,
) -> Equilibrium:
    """Return the user equilibrium: nobody gains by another path (Wardrop's first principle).

    Drivers go by generalised cost: the time t, and a fixed cost where the network has one. Its
    flows minimise Beckmann's Σ ∫₀ᶠ t(v) dv. Bi-conjugate Frank-Wolfe: each direction mixes the
    all-or-nothing flows with the last two points aimed at, so that it is conjugate to the last two
    directions with respect to the objective's second derivative; the step is an exact line search.

    Args:
        network: the roads, and the demand where ``trips`` is not given.
        gap: relative gap to stop at, positive.
        trips: demand, (z, z), or in classes that share the roads, (c, z, z). Total flows are
            unique; how they divide into classes is one of many possible.
        background: flow that does not move, (l,), not negative.
        most_iterations: searches of all shortest paths, at most; the gap says where it ended.

    Raises:
        InputError: the gap is not positive, trips or background do not fit the network, or there is
            demand without a path.

    Source: Mitradjieva and Lindberg, The Stiff Is Moving, Transportation Science 47(2), 2013.

    >>> two = Network(
    ...     "two links", tail=[0, 0], head=[1, 1], capacity=[1, 1], free_flow_time=[1, 2],
    ...     b=[1, 0], power=[1, 1], length=[1, 1], trips=[[0, 1.5], [0, 0]],
    ... )
    >>> user_equilibrium(two, 1e-9).flow.round(6)
    array([1. , 0.5])
    """
    above_zero("gap", gap, "Use a relative gap such as 1e-4.")
    at_least("most_iterations", most_iterations, 1, "Search once or more.")
    demand = _check_demand(network, trips)
    fixed = _check_background(network, background)
    with status(f"equilibrium of {network.name}"):
        return _FrankWolfe(network, demand, fixed).run(gap, most_iterations)


def system_optimum(network: Network, gap: float = 1e-4, most_iterations: int = 5000) -> Equilibrium:
    """Return the flows of least total travel time: the equilibrium at marginal times t + f t′.

    With fixed costs, of least total generalised cost. Of BPR latencies these are BPR latencies with
    b(p + 1) for b. The relative gap and the objective are those of the marginal times; times and
    the total are the real ones.
    """
    marginal = replace(network, b=network.b * (network.power + 1))
    found = user_equilibrium(marginal, gap, most_iterations=most_iterations)
    time = network.times(found.flow)
    return replace(found, time=time, total_travel_time=float(found.flow @ time))


def _check_demand(network: Network, trips: Floats | None) -> Floats:
    """Return the demand by class, (c, z, z)."""
    if trips is None:
        return network.trips[None]
    given = np.asarray(trips, dtype=np.float64)
    shape = (network.zones, network.zones)
    if given.shape[-2:] != shape or given.ndim not in (2, 3) or not given.size:
        raise InputError(
            f"Expected trips of shape {shape} or (classes, {shape[0]}, {shape[1]}), got "
            f"{given.shape}. Give the demand between all zones of {network.name}."
        )
    demand = np.stack([check_trips(one) for one in given.reshape(-1, *shape)])
    check_demand(network, demand.sum(axis=0))
    return demand


def _check_background(network: Network, background: Floats | None) -> Floats:
    """Return the flow that does not move, (l,)."""
    if background is None:
        return np.zeros(network.links)
    given = np.asarray(background, dtype=np.float64)
    if given.shape != (network.links,):
        raise InputError(
            f"Expected background flow on each of {network.links} links, got shape {given.shape}. "
            "Use zeros where there is none."
        )
    return all_in_interval("background", given, 0, np.inf, "Use zeros.", open_high=True)


class _FrankWolfe:
    """Flows on their way down, with what the next direction has to be conjugate to."""

    def __init__(self, network: Network, demand: Floats, background: Floats) -> None:
        self.network, self.demand, self.background = network, demand, background
        self.total = demand.sum(axis=0)  # (z, z)
        self.paths = network.shortest_paths()
        start = network.costs(network.times(background))
        self.flow = self.paths.trees(start).load(demand)  # (c, l)
        self.aims: list[Floats] = []  # the last points aimed at, newest first, (c, l) each
        self.step = 0.0  # the last one

    def run(self, gap: float, most: int) -> Equilibrium:
        """Descend until the gap is reached."""
        gaps: list[float] = []
        while True:
            time = self.network.times(self.on_roads(self.flow))
            costs = self.network.costs(time)
            trees = self.paths.trees(costs)
            spent = float(self.flow.sum(axis=0) @ costs)
            gaps.append(relative_gap(spent, trees, self.total))
            if gaps[-1] <= gap or len(gaps) >= most:
                break
            self.move(trees.load(self.demand))
        return self.result(time, gaps)

    def on_roads(self, flow: Floats) -> Floats:
        """Return what is on the roads altogether, (l,)."""
        return np.asarray(flow.sum(axis=0) + self.background)

    def move(self, nearest: Floats) -> None:
        """Go as far as pays towards a point made of all-or-nothing flows and the last two aims."""
        aim = self.aim(nearest)
        here, there = self.on_roads(self.flow), self.on_roads(aim)
        self.step = line_search(self.network, here, there - here)
        self.flow = self.flow + self.step * (aim - self.flow)
        # Where no step is left of an aim, the next one is all-or-nothing, which always leads down.
        moved = STEP_TOLERANCE < self.step < NEARLY_ONE
        self.aims = [aim, *self.aims[:1]] if moved else []

    def aim(self, nearest: Floats) -> Floats:
        """Return the point to aim at: Mitradjieva and Lindberg's equations for CFW and BFW."""
        if not self.aims:
            return nearest
        here = self.on_roads(self.flow)
        slopes = self.network.slopes(here)  # the diagonal H of the second derivative
        new = self.on_roads(nearest) - here
        last = self.on_roads(self.aims[0]) - here
        conjugate = _ratio(-float(last * slopes @ new), float(last * slopes @ last))
        if len(self.aims) == 1:
            old = np.array([conjugate])  # weights of past aims; the new point has weight 1
        else:
            older = self.on_roads(self.aims[1]) - here
            before = self.step * last + (1 - self.step) * older
            mu = _ratio(-float(before * slopes @ new), float(before * slopes @ (older - last)))
            old = np.array([conjugate + mu * self.step / (1 - self.step), mu])
        old /= max(1.0, old.sum() / MOST_OLD)
        mixed = nearest + sum(w * aim for w, aim in zip(old, self.aims, strict=True))
        return np.asarray(mixed / (1 + old.sum()))

    def result(self, time: Floats, gaps: list[float]) -> Equilibrium:
        """Return where it ended."""
        flow = np.asarray(self.flow.sum(axis=0))
        spent = float(flow @ time)
        objective = self.network.beckmann(flow + self.background)
        return Equilibrium(flow, self.flow, time, gaps[-1], tuple(gaps), objective, spent)


def _ratio(above: float, below: float) -> float:
    """Return a ratio, 0 where it is negative or below is not positive."""
    return max(above / below, 0.0) if below > 0 else 0.0


def relative_gap(spent: float, trees: ShortestPathTrees, trips: Floats) -> float:
    """Return (Σ f t − Σ d u)/(Σ f t): 0 where everyone is on a shortest path.

    Args:
        spent: Σ f t, the time or generalised cost that all drivers spend; 0 gives a gap of 0.
        trees: shortest paths at the times or costs t.
        trips: d, from zone to zone, (z, z).
    """
    shortest = float(np.sum(trips[trips > 0] * trees.distance[trips > 0]))
    return max(0.0, (spent - shortest) / spent) if spent > 0 else 0.0


def line_search(network: Network, flow: Floats, direction: Floats) -> float:
    """Return the step in [0, 1] that takes Beckmann's objective lowest.

    Where its derivative g(λ) = Σ c(f + λd) d changes sign: Newton's steps, and halving where they
    would leave the bracket.

    Args:
        network: with c, the cost of each link: its time, and what else it costs.
        flow: f, (l,).
        direction: d, (l,), with f + d not negative.
    """
    if network.costs(network.times(flow + direction)) @ direction <= 0:
        return 1.0
    low, high, step = 0.0, 1.0, 0.5
    while high - low > STEP_TOLERANCE:
        there = flow + step * direction
        value = float(network.costs(network.times(there)) @ direction)
        low, high = (step, high) if value < 0 else (low, step)
        slope = float(network.slopes(there) @ direction**2)
        newton = step - value / slope if slope > 0 else -1.0
        if value == 0 or abs(newton - step) <= STEP_TOLERANCE:
            return step
        step = newton if low < newton < high else (low + high) / 2
    return low
