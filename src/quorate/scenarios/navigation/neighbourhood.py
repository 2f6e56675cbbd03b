"""Whose streets they are: a neighbourhood, who drives through it, and the rest of the city.

Shapes: l links, n nodes, p pairs of zones, k routes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Floats, Ints, Network
from quorate.scenarios.navigation.routes import Routes
from quorate.validate import unknown

Flags = npt.NDArray[np.bool_]

PARTS = 8  # into which the rest of a city is divided at most, where it has no neighbourhoods


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Some nodes of a network, and the streets that lead to them.

    Args:
        network: that it lies in.
        nodes: its nodes, counted from 0, at least one and not all of them, (m,).
    """

    network: Network
    nodes: Ints

    @property
    def streets(self) -> Flags:
        """Its streets: the links that lead to one of its nodes, from outside or within, (l,)."""
        return np.isin(self.network.head, self.nodes)

    @property
    def gates(self) -> Flags:
        """The links that lead in from outside, (l,)."""
        return self.streets & ~np.isin(self.network.tail, self.nodes)

    def is_members(self, routes: Routes) -> Flags:
        """Return which pairs of zones begin or end in it, (p,)."""
        return np.isin(routes.origin, self.nodes) | np.isin(routes.end, self.nodes)

    def through_flow(self, routes: Routes, flow: Floats) -> float:
        """Return the vehicles per hour that enter without beginning or ending in it.

        Args:
            routes: that are driven.
            flow: on each of them, (k,).
        """
        passing = np.where(self.is_members(routes)[routes.pair], 0, flow)
        return float(routes.load(passing)[self.gates].sum())


def make_neighbourhood(network: Network, numbers: Sequence[int]) -> Neighbourhood:
    """Return the neighbourhood of nodes that are counted from 1, as files and people do.

    Raises:
        InputError: there is none, one is not in the network, one is named twice, or all are in it.
    """
    fix = "Name some of its nodes, as in --neighbourhood 10,15,16."
    if not numbers:
        raise InputError(f"Expected a neighbourhood of one node or more, got none. {fix}")
    for number in numbers:
        if not 1 <= number <= network.nodes:
            known = range(1, network.nodes + 1)
            raise unknown(f"node of {network.name}", str(number), map(str, known), fix)
    if len(set(numbers)) < len(numbers):
        raise InputError(f"Expected each node once, got {list(numbers)}. {fix}")
    if len(numbers) == network.nodes:
        raise InputError(
            f"Expected a part of {network.name}, got all of its {network.nodes} nodes: nobody "
            f"drives through. {fix}"
        )
    found = Neighbourhood(network, np.array(sorted(numbers)) - 1)
    if not found.gates.any():
        raise InputError(
            f"Expected streets that lead into the neighbourhood, got none into {list(numbers)}: "
            f"nobody drives through. {fix}"
        )
    return found


def other_parts(
    own: Neighbourhood, blocks: Sequence[Sequence[int]] = ()
) -> tuple[Neighbourhood, ...]:
    """Return other parts of the city: its other neighbourhoods, or the rest in connected pieces.

    Pieces have as many nodes as the neighbourhood, or more so that there are about eight: each
    begins at
    the node of the lowest number that is left, and takes the nearest ones, in steps, that are left.

    Args:
        own: the neighbourhood, of which no part shares a node.
        blocks: neighbourhoods that the network is known to have, nodes counted from 0.
    """
    network = own.network
    if blocks:
        apart = [nodes for nodes in blocks if not set(nodes) & set(own.nodes.tolist())]
        return tuple(Neighbourhood(network, np.array(nodes)) for nodes in apart)
    left = set(np.unique(np.concatenate([network.tail, network.head])).tolist())
    left -= set(own.nodes.tolist())
    size = max(len(own.nodes), -(-len(left) // PARTS))
    beside = _beside(network)
    parts = []
    while left:
        waiting, piece = [min(left)], list[int]()
        while waiting and len(piece) < size:
            node = waiting.pop(0)
            if node in left:
                left.remove(node)
                piece.append(node)
                waiting += beside[node]
        parts.append(Neighbourhood(network, np.array(sorted(piece))))
    return tuple(parts)


def _beside(network: Network) -> dict[int, list[int]]:
    """Return the nodes next to each, in order of their numbers."""
    found: dict[int, set[int]] = {}
    for tail, head in zip(network.tail.tolist(), network.head.tolist(), strict=True):
        found.setdefault(tail, set()).add(head)
        found.setdefault(head, set()).add(tail)
    return {node: sorted(others) for node, others in found.items()}
