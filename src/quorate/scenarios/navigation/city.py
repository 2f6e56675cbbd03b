"""A city on one seed: its honest equilibrium, and the measures of what reports change.

Shapes: l links, p pairs of zones, k routes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from quorate.errors import InputError
from quorate.runtime.seeds import mixed
from quorate.scenarios.navigation.equilibrium import relative_gap
from quorate.scenarios.navigation.neighbourhood import (
    Neighbourhood,
    divide_rest,
    make_neighbourhood,
    offer_busy,
)
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import make_network_source
from quorate.scenarios.navigation.route_choice import TrafficState, honest_equilibrium
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Floats

HONEST_GAP = 1e-5  # to which the honest equilibrium is found


@dataclass(frozen=True, eq=False)
class City:
    """A network with its demand, a neighbourhood in it, and how everyone drives without reports.

    Args:
        network: the roads and the demand.
        neighbourhood: whose people report.
        other_parts: the rest of the city in parts.
        routes: those of the honest equilibrium.
        honest: the equilibrium without reports.
    """

    network: Network
    neighbourhood: Neighbourhood
    other_parts: tuple[Neighbourhood, ...]
    routes: Routes
    honest: TrafficState

    @property
    def habit(self) -> Floats:
        """The share of each pair's drivers on each route, (k,)."""
        routes = self.routes
        return self.honest.flow / routes.demand[routes.pair]

    def relative_gap(self) -> float:
        """Return how far the honest equilibrium is from Wardrop's: (Σ f c − Σ d u)/(Σ f c)."""
        costs = self.network.costs(self.honest.times)
        trees = self.network.shortest_paths().trees(costs)
        return relative_gap(float(self.honest.on_links @ costs), trees, self.network.trips)

    def relative_fall(self, state: TrafficState, routes: Routes) -> float:
        """Return by what share of it the through-flow of the neighbourhood has fallen."""
        before = self.neighbourhood.through_flow(self.routes, self.honest.flow)
        after = self.neighbourhood.through_flow(routes, routes.widen(state.flow))
        return (before - after) / before

    def members_time(self, state: TrafficState, routes: Routes) -> float | None:
        """Return the mean time of trips that begin or end in the neighbourhood; None of none."""
        is_local = self.neighbourhood.is_local(routes)[routes.pair]
        flow = np.where(is_local, routes.widen(state.flow), 0.0)
        total = flow.sum()
        return float(flow @ routes.costs(state.times) / total) if total > 0 else None


@functools.lru_cache(maxsize=32)
def make_city(
    network: str, noise: float, seed: int, numbers: tuple[int, ...], stamp: str = ""
) -> City:
    """Return a city with its honest equilibrium.

    Args:
        network: the text of a network source.
        noise: each demand is drawn from 1 ± so much of it, in [0, 1).
        seed: of that draw.
        numbers: the nodes of the neighbourhood, counted from 1.
        stamp: digest of what the source reads, so that a city is made anew where files change.

    Raises:
        InputError: the network or a node of the neighbourhood is not known, or nobody drives
            through the neighbourhood.
    """
    source = make_network_source(network)
    roads = source.network()
    neighbourhood = make_neighbourhood(roads, numbers)
    roads = add_noise(roads, noise, seed)
    neighbourhood = replace(neighbourhood, network=roads)
    blocks = source.blocks() if hasattr(source, "blocks") else ()
    routes = Routes(roads)
    honest = honest_equilibrium(routes, HONEST_GAP)
    if not neighbourhood.through_flow(routes, honest.flow) > 0:
        raise InputError(
            f"Expected somebody to drive through nodes {list(numbers)} of {roads.name}, got "
            f"nobody. {offer_busy(routes, honest.flow, len(numbers))}"
        )
    return City(roads, neighbourhood, divide_rest(neighbourhood, blocks), routes, honest)


def add_noise(network: Network, noise: float, seed: int) -> Network:
    """Return the network with each demand times a draw from [1 − noise, 1 + noise]."""
    if noise == 0:
        return network
    factors = mixed(seed).uniform(1 - noise, 1 + noise, network.trips.shape)  # (z, z)
    return replace(network, trips=network.trips * factors)
