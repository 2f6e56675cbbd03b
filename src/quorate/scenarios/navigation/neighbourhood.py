"""A neighbourhood: its streets, the traffic through it, and the other parts of the city.

Shapes: l links, n nodes, p pairs of zones, k routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Floats, Ints
from quorate.table import Mask
from quorate.validate import unknown

MOST_PARTS = 8  # of the rest of a city that has no neighbourhoods
MOST_OFFERED = 3  # neighbourhoods, where one is on nobody's way
LEAST_PASSING = 1e-9  # of the most vehicles at a node: less is rounding


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Some nodes of a network, and the streets that lead to them.

    Args:
        network: the network it lies in.
        nodes: its nodes, counted from 0, at least one and not all of them, (m,).
    """

    network: Network
    nodes: Ints

    @property
    def streets(self) -> Mask:
        """Its streets: the links that lead to one of its nodes, from outside or within, (l,)."""
        return np.isin(self.network.head, self.nodes)

    @property
    def gates(self) -> Mask:
        """The links that lead in from outside, (l,)."""
        return self.streets & ~np.isin(self.network.tail, self.nodes)

    def is_local(self, routes: Routes) -> Mask:
        """Return which pairs of zones begin or end in it, (p,): the trips of its people."""
        return np.isin(routes.origin, self.nodes) | np.isin(routes.end, self.nodes)

    def through_flow(self, routes: Routes, flow: Floats) -> float:
        """Return the vehicles/h of a flow, (k,), that enter without beginning or ending in it."""
        passing = np.where(self.is_local(routes)[routes.pair], 0, flow)
        return float(routes.load(passing)[self.gates].sum())


def make_neighbourhood(network: Network, numbers: Sequence[int]) -> Neighbourhood:
    """Return the neighbourhood of nodes that are counted from 1, as files and people do.

    Raises:
        InputError: there is none, one is not in the network, one is named twice, or all are in it.
    """
    if not numbers:
        raise InputError(
            f"Expected a neighbourhood of one node or more, got none. {_advise(network, 1)}"
        )
    for number in numbers:
        if not 1 <= number <= network.nodes:
            known = map(str, range(1, network.nodes + 1))
            advice = _advise(network, len(numbers))
            raise unknown(f"node of {network.name}", str(number), known, advice)
    if len(set(numbers)) < len(numbers):
        advice = _advise(network, len(set(numbers)))
        raise InputError(f"Expected each node once, got {list(numbers)}. {advice}")
    if len(numbers) == network.nodes:
        raise InputError(
            f"Expected a part of {network.name}, got all of its {network.nodes} nodes: nobody "
            f"drives through. {_advise(network, 1)}"
        )
    found = Neighbourhood(network, np.array(sorted(numbers)) - 1)
    if not found.gates.any():
        raise InputError(
            f"Expected streets that lead into the neighbourhood, got none into {list(numbers)}: "
            f"nobody drives through. {_advise(network, len(numbers))}"
        )
    return found


def _advise(network: Network, size: int) -> str:
    """Return ``offer_busy`` of the ways that are the shortest on empty roads."""
    routes = Routes(network)
    routes.grow(network.costs(network.free_flow_time))
    return offer_busy(routes, routes.demand, size)


def offer_busy(routes: Routes, flow: Floats, size: int) -> str:
    """Return the advice to choose a neighbourhood that many drive through, with some to paste.

    Args:
        routes: the ways that are driven.
        flow: vehicles on each route, (k,).
        size: number of nodes wished for; of one node each, where no such neighbourhood is busy.
    """
    network = routes.network
    for nodes in dict.fromkeys((size, 1)):
        groups = find_busy(network, routes.load(flow), nodes)
        parts = [Neighbourhood(network, np.array(group) - 1) for group in groups]
        passing = [part.through_flow(routes, flow) for part in parts]
        offered = [
            f"--neighbourhood {','.join(map(str, group))} ({through:,.0f} vehicles/h)"
            for through, group in sorted(zip(passing, groups, strict=True), reverse=True)
            if through > 0
        ]
        if offered:
            return f"Choose nodes that many drive through, such as {' or '.join(offered)}."
    return "Nobody drives through any node: give the network more demand."


def find_busy(network: Network, on_links: Floats, size: int) -> list[list[int]]:
    """Return neighbourhoods of busy nodes, as lists of numbers from 1.

    Each begins at a node of the most passing vehicles, and takes the busiest of the nodes adjacent
    to what it has. No two share a node; there are three at most.

    Args:
        network: the roads, with the demand.
        on_links: vehicles on each link, (l,).
        size: number of nodes of each.
    """
    ending = np.zeros(network.nodes)
    ending[: network.zones] = network.trips.sum(axis=0)
    is_loop = network.tail == network.head
    arriving = np.bincount(network.head, np.where(is_loop, 0, on_links), network.nodes)
    passing = arriving - ending  # vehicles that go on from each node, (n,)
    enough = passing > LEAST_PASSING * arriving.max()
    adjacent, taken, found = _find_adjacent(network), set[int](), list[list[int]]()
    for node in np.argsort(-passing, kind="stable").tolist():
        if len(found) == MOST_OFFERED or not enough[node]:
            break
        group = _grow_group(node, size, adjacent, passing, taken)
        if group:
            taken |= set(group)
            found.append(sorted(one + 1 for one in group))
    return found


def _grow_group(
    node: int, size: int, adjacent: dict[int, list[int]], passing: Floats, taken: set[int]
) -> list[int]:
    """Return connected nodes that are not taken, the busiest first; none if there are too few."""
    group = [] if node in taken else [node]
    while group and len(group) < size:
        near = {one for mine in group for one in adjacent[mine]} - taken - set(group)
        if not near:
            return []
        group.append(min(near, key=lambda one: (-passing[one], one)))
    return group


def divide_rest(
    neighbourhood: Neighbourhood, blocks: Sequence[Sequence[int]] = ()
) -> tuple[Neighbourhood, ...]:
    """Return the rest of the city in parts: its other neighbourhoods, or connected pieces.

    A piece has as many nodes as the neighbourhood, or more, so that there are about eight. It
    begins at the lowest number that is left, and takes the nearest nodes that are left, in steps.

    Args:
        neighbourhood: no part shares a node with it.
        blocks: neighbourhoods that the network is known to have, nodes counted from 0.
    """
    network, nodes = neighbourhood.network, set(neighbourhood.nodes.tolist())
    if blocks:
        apart = [block for block in blocks if not set(block) & nodes]
        return tuple(Neighbourhood(network, np.array(block)) for block in apart)
    left = set(np.unique(np.concatenate([network.tail, network.head])).tolist()) - nodes
    size = max(len(nodes), -(-len(left) // MOST_PARTS))
    adjacent = _find_adjacent(network)
    parts = []
    while left:
        waiting, piece = [min(left)], list[int]()
        while waiting and len(piece) < size:
            node = waiting.pop(0)
            if node in left:
                left.remove(node)
                piece.append(node)
                waiting += adjacent[node]
        parts.append(Neighbourhood(network, np.array(sorted(piece))))
    return tuple(parts)


def _find_adjacent(network: Network) -> dict[int, list[int]]:
    """Return the nodes adjacent to each, in order of their numbers."""
    found: dict[int, set[int]] = {}
    for tail, head in zip(network.tail.tolist(), network.head.tolist(), strict=True):
        found.setdefault(tail, set()).add(head)
        found.setdefault(head, set()).add(tail)
    return {node: sorted(others) for node, others in found.items()}
