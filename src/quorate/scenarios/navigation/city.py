"""A city on one seed: its honest equilibrium, and what reports change about it.

Shapes: l links, p pairs of zones, k routes.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.critical_reports import critical_reports
from quorate.scenarios.navigation.day_to_day import Memory, live_through
from quorate.scenarios.navigation.equilibrium import relative_gap
from quorate.scenarios.navigation.neighbourhood import (
    Neighbourhood,
    make_neighbourhood,
    other_parts,
)
from quorate.scenarios.navigation.network import Floats, Network
from quorate.scenarios.navigation.network_sources import make_roads
from quorate.scenarios.navigation.route_choice import Drivers, Settled, honest_equilibrium, settle
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Paths

HONEST_GAP = 1e-5  # to which the honest equilibrium is found
DAY_GAP = 1e-3  # to which each of many days is settled

Plain = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class City:
    """A network with its demand, a neighbourhood in it, and how everyone drives without reports."""

    network: Network
    own: Neighbourhood
    parts: tuple[Neighbourhood, ...]
    routes: Routes
    before: Settled

    @property
    def habit(self) -> Floats:
        """The share of each pair's drivers on each route, (k,)."""
        routes = self.routes
        return self.before.flow / routes.demand[routes.pair]

    def relative_gap(self) -> float:
        """Return how far the honest equilibrium is from Wardrop's: (Σ f t − Σ d u)/(Σ f t)."""
        trees = Paths(self.network).trees(self.before.times)
        return relative_gap(self.before.total_travel_time(), trees, self.network.trips)

    def app(self, cell: Plain, reports: float) -> App:
        """Return the app that hears so many reports on each street of the neighbourhood."""
        return App(
            self.network,
            np.where(self.own.streets, reports, 0.0),
            cell["told"] * self.network.free_flow_time,
            cell["kappa"],
            cell["defence"],
            cell["accounts"],
        )

    def settled(self, cell: Plain, reports: float, routes: Routes) -> Settled:
        """Return where drivers come to rest with so many reports; without any, the honest state."""
        if reports == 0:
            return self.before
        drivers = Drivers(cell["share"], cell["theta"], cell["others"] == "adapt")
        return settle(routes, self.habit, drivers, self.app(cell, reports), cell["gap"])

    def fall(self, settled: Settled, routes: Routes) -> float:
        """Return by what share of it the through-flow of the neighbourhood has fallen."""
        before = self.own.through_flow(self.routes, self.before.flow)
        after = self.own.through_flow(routes, routes.widen(settled.flow))
        return (before - after) / before

    def members_time(self, settled: Settled, routes: Routes) -> float | None:
        """Return the mean time of trips that begin or end in the neighbourhood; None of none."""
        flow = np.where(self.own.is_members(routes)[routes.pair], routes.widen(settled.flow), 0.0)
        total = flow.sum()
        return float(flow @ routes.costs(settled.times) / total) if total > 0 else None


def make_city(cell: Plain) -> City:
    """Return the city of a cell.

    Raises:
        InputError: the network or a node of the neighbourhood is not known, or nobody drives
            through the neighbourhood.
    """
    keys = ("network", "noise", "seed")
    return city_of(*(cell[key] for key in keys), tuple(cell["neighbourhood"]))


@functools.lru_cache(maxsize=32)
def city_of(roads_text: str, noise: float, seed: int, numbers: tuple[int, ...]) -> City:
    """Return the city of a network's text, the noise in its demand, a seed, and a neighbourhood."""
    roads = make_roads(roads_text)
    network = roads.network()
    own = make_neighbourhood(network, numbers)
    network = with_noise(network, noise, seed)
    own = replace(own, network=network)
    blocks = roads.blocks() if hasattr(roads, "blocks") else ()
    routes = Routes(network)
    before = honest_equilibrium(routes, HONEST_GAP)
    if not own.through_flow(routes, before.flow) > 0:
        raise InputError(
            f"Expected somebody to drive through nodes {list(numbers)} of {network.name}, got "
            f"nobody. "
            "Choose nodes that lie on somebody's way."
        )
    return City(network, own, other_parts(own, blocks), routes, before)


def with_noise(network: Network, noise: float, seed: int) -> Network:
    """Return the network with each demand times a draw from [1 − noise, 1 + noise]."""
    if noise == 0:
        return network
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    return replace(
        network, trips=network.trips * rng.uniform(1 - noise, 1 + noise, network.trips.shape)
    )


def at_rest(cell: Plain) -> dict[str, Any]:
    """Return what a number of reports does, as plain data: the work of a cell."""
    city = make_city(cell)
    routes = city.routes.copy()
    after = city.settled(cell, cell["reports"], routes)
    flow = routes.widen(after.flow)
    times = [city.members_time(one, routes) for one in (city.before, after)]
    return {
        "relative_gap": city.relative_gap(),
        "gap": after.gap,
        "accepted": after.accepted,
        "total_before": city.before.total_travel_time(),
        "total_after": after.total_travel_time(),
        "through_before": city.own.through_flow(city.routes, city.before.flow),
        "through_after": city.own.through_flow(routes, flow),
        "relative_fall": city.fall(after, routes),
        "members_before": times[0],
        "members_after": times[1],
        "parts": [
            {
                "nodes": [int(node) + 1 for node in part.nodes],
                "before": part.through_flow(city.routes, city.before.flow),
                "after": part.through_flow(routes, flow),
            }
            for part in city.parts
        ],
        "flow_before": city.before.on_links.tolist(),
        "flow_after": after.on_links.tolist(),
    }


def critical(cell: Plain) -> dict[str, Any]:
    """Return how many reports it takes, as plain data: the work of a cell."""
    city = make_city(cell)

    def fall(reports: float) -> float:
        routes = city.routes.copy()
        return city.fall(city.settled(cell, reports, routes), routes)

    found = critical_reports(fall, cell["target"])
    cars = float(city.before.on_links[city.own.streets].mean())
    return {
        "low": found.low,
        "high": found.high,
        "reached": found.reached,
        "per_car": None if found.high is None else found.high / cars,
    }


def over_days(cell: Plain) -> dict[str, Any]:
    """Return what happens day after day, as plain data: the work of a cell."""
    city = make_city(cell)
    routes = city.routes.copy()
    found = live_through(
        cell["days"], cell["schedule"], city.own.streets, routes, city.habit,
        Drivers(cell["share"], cell["theta"]), city.app(cell, cell["reports"]),
        Memory(cell["learning"], cell["reconsider"]), DAY_GAP,
    )  # fmt: skip
    return {
        "falls": [city.fall(day, routes) for day, _ in found],
        "reported": [reported for _, reported in found],
        "gap": max(day.gap for day, _ in found),
    }
