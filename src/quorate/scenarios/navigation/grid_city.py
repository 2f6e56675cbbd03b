"""A generated city: a grid of streets in which some are arterials, and everyone crosses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import NetworkSource
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.spec import param
from quorate.validate import above_zero, at_least, in_interval

MOST_NODES = 2_500  # each is a zone, whose trips to all others are held


@dataclass(frozen=True)
class GridCity(NetworkSource):
    """A grid of two-way streets, every few of them an arterial, with neighbourhoods in between.

    Every node is a zone. Trips go from each node of an edge to each node of the opposite one (those
    who cross the city), and from each node to each other one (those who live there). Where
    arterials are congested, a way through a neighbourhood is as fast. All of this is ours: it is no
    real city.

    Raises:
        InputError: a side is too small for a neighbourhood, or a number is not positive.
    """

    name: ClassVar[str] = "grid"
    rows: int = param(7, "Number of nodes from south to north, at least 2.")
    columns: int = param(7, "Number of nodes from west to east, at least 2.")
    every: int = param(3, "Every how many streets there is an arterial; the first street is one.")
    block: float = param(0.3, "Distance between neighbouring nodes, in km.")
    arterial_speed: float = param(40.0, "Speed on empty arterials, in km/h.")
    street_speed: float = param(30.0, "Speed on empty side streets, in km/h.")
    arterial_capacity: float = param(
        1200.0, "Capacity of each direction of an arterial, in vehicles/h."
    )
    street_capacity: float = param(
        500.0, "Capacity of each direction of a side street, in vehicles/h."
    )
    crossing: float = param(
        60.0, "Trips from each node of an edge to each of the opposite edge, in vehicles/h."
    )
    local: float = param(4.0, "Trips from each node to each other node, in vehicles/h.")

    def __post_init__(self) -> None:
        at_least("rows", self.rows, 2, "A street needs two ends.")
        at_least("columns", self.columns, 2, "A street needs two ends.")
        nodes = self.rows * self.columns
        in_interval("rows·columns", nodes, 4, MOST_NODES, "Build a smaller city.")
        in_interval("every", self.every, 1, MOST_NODES, "Use 1 where every street is an arterial.")
        at_least("crossing", self.crossing, 0, "Use 0 where nobody crosses the city.")
        at_least("local", self.local, 0, "Use 0 where only those who cross the city drive.")
        for name in ("block", "arterial_speed", "street_speed"):
            above_zero(name, getattr(self, name), "Use km and km/h, such as 0.3 and 30.")
        for name in ("arterial_capacity", "street_capacity"):
            above_zero(name, getattr(self, name), "Use vehicles/h, such as 500.")
        if not self.crossing and not self.local:
            raise InputError("Expected trips, got crossing=0 and local=0. Let one be positive.")

    def network(self) -> Network:
        """Return the roads; node (row, column) has the index row·columns + column."""
        index = np.arange(self.rows * self.columns).reshape(self.rows, self.columns)
        row, column = np.divmod(index, self.columns)
        pairs, arterial = [], []
        for one, other, street in (
            (index[:, :-1], index[:, 1:], row[:, :-1]),  # along a row
            (index[:-1], index[1:], column[:-1]),  # along a column
        ):
            for ends in ((one, other), (other, one)):
                pairs.append(np.column_stack([end.ravel() for end in ends]))
                arterial.append(street.ravel() % self.every == 0)
        tail, head = np.concatenate(pairs).T
        is_arterial = np.concatenate(arterial)
        speed = np.where(is_arterial, self.arterial_speed, self.street_speed)
        return Network(
            name=self.name,
            tail=tail,
            head=head,
            capacity=np.where(is_arterial, self.arterial_capacity, self.street_capacity),
            free_flow_time=60 * self.block / speed,
            b=np.full(len(tail), 0.15),
            power=np.full(len(tail), 4.0),
            length=np.full(len(tail), self.block),
            trips=self._make_trips(row.ravel(), column.ravel()),
            places=self.block * np.column_stack([column.ravel(), row.ravel()]),
            time_unit="min",
        )

    def _make_trips(self, row: Floats, column: Floats) -> Floats:
        """Return vehicles/h from node to node, (n, n)."""
        trips = np.full((len(row), len(row)), self.local)
        for place, most in ((row, self.rows - 1), (column, self.columns - 1)):
            low, high = place == 0, place == most
            trips += self.crossing * (low[:, None] & high) + self.crossing * (high[:, None] & low)
        np.fill_diagonal(trips, 0)
        return trips

    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Return the neighbourhoods: the nodes on no arterial, by what arterials lie around them.

        >>> GridCity(rows=4, columns=4).blocks()
        ((5, 6, 9, 10),)
        """
        found: dict[tuple[int, int], list[int]] = {}
        for node in range(self.rows * self.columns):
            row, column = divmod(node, self.columns)
            if row % self.every and column % self.every:
                found.setdefault((row // self.every, column // self.every), []).append(node)
        return tuple(tuple(nodes) for nodes in found.values())
