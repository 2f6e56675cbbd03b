"""A road network: links whose travel time grows with their flow, and the demand between zones.

Shapes: l links, n nodes, z zones, c classes of trips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.scenarios.navigation.shortest_paths import Floats, Ints, ShortestPaths

MOST_TRIPS = 1e9  # an hour, from zone to zone: more, and their delay is no number


@dataclass(frozen=True, eq=False)
class Network:
    """A road network with the demand on it, and latencies of the Bureau of Public Roads (BPR).

    t(f) = t⁰ (1 + b (f/c)ᵖ) on each link, of its own flow alone. Drivers choose by generalised
    cost: the time and whatever else a link costs them, such as a toll. Nodes are counted from 0 in
    arrays, and from 1 wherever people read or write them, as TNTP files do: node i is called i + 1.
    Zones, where trips begin and end, are the first z nodes.

    Args:
        name: what it is called.
        tail, head: the nodes where each link begins and ends, (l,).
        capacity: c of each link, vehicles per period of the demand, positive, (l,).
        free_flow_time: t⁰ of each link in ``time_unit``, not negative, (l,).
        b, power: of the latency, (l,): b not negative, p 0 or at least 1.
        length: of each link, not negative, (l,).
        trips: vehicles per period from zone to zone, not negative, (z, z); the diagonal, within a
            zone, uses no link.
        first_through_node: no path may pass through a node before this one, only begin or end.
        places: where each node lies, (n, 2), x to the east and y to the north; None if unknown.
        time_unit: of times, in words.
        fixed_cost: what a link costs drivers beside its time, in ``time_unit``, not negative, (l,);
            None if nothing.
        cost_terms: what drivers choose by, in words.
        notes: sentences about how its files were read, for people who read results.

    Raises:
        InputError: a shape does not fit, a value is negative or not finite, a node is not there, or
            there is demand between zones that no path joins.

    Source: BPR, Traffic Assignment Manual, 1964.

    >>> two = Network(
    ...     "two links", tail=[0, 0], head=[1, 1], capacity=[1, 1], free_flow_time=[1, 2],
    ...     b=[1, 0], power=[1, 1], length=[1, 1], trips=[[0, 1.5], [0, 0]],
    ... )
    >>> two.times(np.array([1.0, 0.5]))
    array([2., 2.])
    """

    name: str
    tail: Ints
    head: Ints
    capacity: Floats
    free_flow_time: Floats
    b: Floats
    power: Floats
    length: Floats
    trips: Floats
    first_through_node: int = 0
    places: Floats | None = None
    time_unit: str = "min"
    fixed_cost: Floats | None = None
    cost_terms: tuple[str, ...] = ("time",)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in _check_links(vars(self)).items():
            object.__setattr__(self, name, values)
        object.__setattr__(self, "trips", check_trips(self.trips))
        if self.places is not None:
            object.__setattr__(self, "places", np.asarray(self.places, dtype=np.float64))
        _check_nodes(self)
        check_demand(self, self.trips)

    @property
    def links(self) -> int:
        """Number of links, l."""
        return len(self.tail)

    @property
    def ends(self) -> list[tuple[int, int]]:
        """Numbers of the nodes where each link begins and ends, counted from 1."""
        return list(zip((self.tail + 1).tolist(), (self.head + 1).tolist(), strict=True))

    @property
    def zones(self) -> int:
        """Number of zones, z."""
        return len(self.trips)

    @property
    def nodes(self) -> int:
        """Number of nodes, n."""
        if self.places is not None:
            return len(self.places)
        return max(self.zones, 1 + int(max(self.tail.max(), self.head.max())))

    def shortest_paths(self) -> ShortestPaths:
        """Return what finds the shortest paths of this network."""
        first = self.first_through_node
        return ShortestPaths(self.tail, self.head, self.nodes, self.zones, first)

    def times(self, flow: Floats) -> Floats:
        """Return how long each link takes at a flow, (l,): t⁰ (1 + b (f/c)ᵖ), in ``time_unit``."""
        return self.free_flow_time * (1 + self.b * (flow / self.capacity) ** self.power)

    def costs(self, times: Floats) -> Floats:
        """Return what each link costs drivers at given times, (l,): the time, and its fixed cost.

        In ``time_unit``. Source: generalised cost in Transportation Networks for Research.
        """
        return times if self.fixed_cost is None else times + self.fixed_cost

    def slopes(self, flow: Floats) -> Floats:
        """Return the derivative of ``times`` by the flow, (l,): t⁰ b p fᵖ⁻¹/cᵖ; 0 where p is 0."""
        risen = (flow / self.capacity) ** np.maximum(self.power - 1, 0)
        return self.free_flow_time * self.b * self.power * risen / self.capacity

    def beckmann(self, flow: Floats) -> float:
        """Return what the user equilibrium minimises: Σ ∫₀ᶠ t(v) dv = Σ t⁰ f (1 + b (f/c)ᵖ/(p+1)).

        And Σ f · fixed cost, where there is any.

        Source: Beckmann, McGuire, Winsten, Studies in the Economics of Transportation, 1956.
        """
        risen = self.b * (flow / self.capacity) ** self.power / (self.power + 1)
        of_times = float(np.sum(self.free_flow_time * flow * (1 + risen)))
        return of_times if self.fixed_cost is None else of_times + float(flow @ self.fixed_cost)


_EXPECTED = {"capacity": "positive", "power": "0 or at least 1"}


def _check_links(given: Mapping[str, object]) -> dict[str, npt.NDArray[np.generic]]:
    """Return the fields with one value a link, as arrays of the right type."""
    found: dict[str, npt.NDArray[np.generic]] = {}
    for name in ("tail", "head"):
        ends = np.asarray(given[name])
        if ends.ndim != 1 or not np.issubdtype(ends.dtype, np.integer):
            raise InputError(
                f"Expected {name} to be one whole number a link, got shape {ends.shape} of "
                f"{ends.dtype}. Give the index of a node for each link."
            )
        found[name] = ends.astype(np.int64)
    links = len(found["tail"])
    if not links:
        raise InputError(f"Expected links in {given['name']}, got none. Give one at least.")
    numbers = ["capacity", "free_flow_time", "b", "power", "length"]
    for name in numbers + ["fixed_cost"] * (given["fixed_cost"] is not None):
        values = np.asarray(given[name], dtype=np.float64)
        found[name] = values
        good = np.isfinite(values) & ((values > 0) if name == "capacity" else (values >= 0))
        if name == "power":  # below 1, times would rise infinitely fast from an empty road
            good &= (values == 0) | (values >= 1)
        if values.shape == (links,) and not good.all():
            first = int(np.argmin(good))
            kind = _EXPECTED.get(name, "zero or more")
            raise InputError(
                f"Expected {name} to be {kind} and finite on every link, got {values[first]:g} "
                f"on link {first + 1} of {links}. Correct that link."
            )
    for name, column in found.items():
        if column.shape != (links,):
            raise InputError(
                f"Expected {name} with one value for each of {links} links, got shape "
                f"{column.shape}. Give as many as there are tails."
            )
    return found


def check_trips(trips: npt.ArrayLike) -> Floats:
    """Return demand as an array (z, z) without its diagonal.

    Raises:
        InputError: it is not square, or a value is negative or not finite.
    """
    found = np.array(trips, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] != found.shape[1] or len(found) < 2:
        raise InputError(
            f"Expected trips from every zone to every zone, a square of 2 or more, got shape "
            f"{found.shape}. Give one row and one column a zone."
        )
    bad = np.argwhere(~(np.isfinite(found) & (found >= 0)))
    if len(bad):
        origin, end = bad[0]
        raise InputError(
            f"Expected demand of zero or more, got {found[origin, end]:g} from zone {origin + 1} "
            f"to zone {end + 1}. Correct that pair."
        )
    np.fill_diagonal(found, 0)
    return found


def _check_nodes(network: Network) -> None:
    """Raise unless zones, links and places are about the same nodes."""
    places = network.places
    if places is not None and (places.ndim != 2 or places.shape[1] != 2):
        raise InputError(
            f"Expected places of shape (nodes, 2), got {places.shape}. Give x and y of each node."
        )
    if places is not None and not np.isfinite(places).all():
        first = int(np.argmin(np.isfinite(places).all(axis=1)))
        raise InputError(
            f"Expected finite places, got {places[first].tolist()} for node {first + 1}. Give all "
            "nodes a place, or none."
        )
    ends = np.concatenate([network.tail, network.head])
    outside = ends[(ends < 0) | (ends >= network.nodes)]
    if len(outside):
        raise InputError(
            f"Expected links between nodes 1 to {network.nodes}, got node {outside[0] + 1}. Give "
            "its place, or leave the link out."
        )
    absent = np.setdiff1d(np.arange(network.zones), ends)
    driven = network.trips.sum(axis=0) + network.trips.sum(axis=1)
    absent = absent[driven[absent] > 0]
    if len(absent):
        raise InputError(
            f"Expected every zone with demand to be a node of the network, got no link at zone "
            f"{absent[0] + 1}. Join it to the network, or set its demand to 0."
        )
    if not 0 <= network.first_through_node <= network.nodes:
        raise InputError(
            f"Expected first_through_node in [0, {network.nodes}], got "
            f"{network.first_through_node}. Use 0 where every node may be passed through."
        )


def check_demand(network: Network, trips: Floats) -> None:
    """Raise unless there is a path for all trips, (z, z).

    Raises:
        InputError: two zones with demand that no path joins; the first pair is named.
    """
    if trips.max() > MOST_TRIPS:
        raise InputError(
            f"Expected at most {MOST_TRIPS:g} trips from a zone to another, got {trips.max():g}. "
            "Correct the demand."
        )
    distance = network.shortest_paths().trees(np.ones(network.links)).distance
    cut = np.argwhere((trips > 0) & ~np.isfinite(distance))
    if len(cut):
        origin, end = cut[0]
        raise InputError(
            f"Expected a path for all demand of {network.name}, got none from zone {origin + 1} "
            f"to zone {end + 1} ({trips[origin, end]:g} trips), and {len(cut)} such pairs in all. "
            "Add the missing links, set this demand to 0, or lower first_through_node."
        )
