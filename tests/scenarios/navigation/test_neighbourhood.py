"""Whose streets they are, and who drives through them: a grid of three by three, by hand.

7 8 9
4 5 6      all streets both ways, 24 links
1 2 3
"""

import dataclasses
import re

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.neighbourhood import (
    divide_rest,
    find_busy,
    make_neighbourhood,
    offer_busy,
)
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.routes import Routes

CITY = GridCity(rows=3, columns=3).network()


def test_streets_lead_to_it() -> None:
    own = make_neighbourhood(CITY, (5, 2))
    ends = {(CITY.tail[k] + 1, CITY.head[k] + 1) for k in np.flatnonzero(own.streets)}
    assert ends == {(4, 5), (6, 5), (8, 5), (2, 5), (1, 2), (3, 2), (5, 2)}
    assert own.gates.sum() == 5  # all but those between 2 and 5


def test_who_drives_through() -> None:
    own = make_neighbourhood(CITY, (5,))
    routes = Routes(CITY)
    straight = np.where((CITY.head == 4) | (CITY.tail == 4), 1.0, 10.0)
    routes.grow(straight)
    flow = np.zeros(len(routes))
    for pair, (origin, end) in enumerate(zip(routes.origin + 1, routes.end + 1, strict=True)):
        route = np.flatnonzero(routes.pair == pair)[0]
        if (origin, end) in {(4, 6), (2, 8), (5, 6), (4, 5)}:  # two of them end or begin there
            flow[route] = 7
    assert own.through_flow(routes, flow) == 14
    assert make_neighbourhood(CITY, (1,)).through_flow(routes, flow) == 0


def test_the_rest_of_the_city() -> None:
    own = make_neighbourhood(CITY, (4, 5))
    pieces = [(part.nodes + 1).tolist() for part in divide_rest(own)]
    assert pieces == [[1, 2], [3, 6], [7, 8], [9]]  # as large as it is, each in one piece
    named = divide_rest(own, [(3, 4), (0, 1)])
    assert [(part.nodes + 1).tolist() for part in named] == [[1, 2]]  # (4, 5) is its own


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((), "one node or more, got none"),
        ((5, 10), "known node of grid, got '10'"),
        ((0,), "known node of grid, got '0'"),
        ((5, 5), "each node once"),
        (tuple(range(1, 10)), "all of its 9 nodes"),
    ],
)
def test_no_neighbourhood(numbers: tuple[int, ...], said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        make_neighbourhood(CITY, numbers)
    offered = re.search(r"such as --neighbourhood ([\d,]+) \(", str(raised.value))
    assert offered is not None  # what the advice names is in the network, and there is traffic
    assert make_neighbourhood(CITY, [*map(int, offered[1].split(","))]).gates.any()


def line_of(trips: list[tuple[int, int, float]], nodes: int = 6) -> Network:
    """Return a road through all nodes in a row, both ways, with trips between numbers from 1."""
    there = np.arange(nodes - 1)
    demand = np.zeros((nodes, nodes))
    for origin, end, cars in trips:
        demand[origin - 1, end - 1] = cars
    ones = np.ones(2 * (nodes - 1))
    ends = np.concatenate([there, there + 1]), np.concatenate([there + 1, there])
    return Network("line", *ends, ones, ones, 0 * ones, ones, ones, demand)


def driven(network: Network) -> tuple[Routes, np.ndarray]:
    routes = Routes(network)
    routes.grow(network.free_flow_time)
    return routes, routes.demand


def test_busy_neighbourhoods_are_offered() -> None:
    network = line_of([(1, 6, 7.0), (2, 4, 5.0), (5, 1, 1.0)])
    routes, flow = driven(network)
    # who goes on: 7 + 1 at node 2, 7 + 5 + 1 at 3, 7 + 1 at 4, 7 at 5; 1 and 6 are ends
    assert find_busy(network, routes.load(flow), 1) == [[3], [2], [4]]
    assert find_busy(network, routes.load(flow), 2) == [[2, 3], [4, 5]]
    said = offer_busy(routes, flow, 1)
    assert said == (
        "Choose nodes that many drive through, such as --neighbourhood 3 (13 vehicles/h) or "
        "--neighbourhood 4 (8 vehicles/h) or --neighbourhood 2 (8 vehicles/h)."
    )
    # through all of 2, 3, 4, 5 and one end nobody drives: single nodes are offered
    assert offer_busy(routes, flow, 5) == said


@pytest.mark.parametrize("seed", range(5))
def test_what_is_offered_has_that_much_traffic_and_more_than_any_other_node(seed: int) -> None:
    rng = np.random.default_rng(seed)
    trips = rng.uniform(0, 9, (9, 9)) * (rng.random((9, 9)) < 0.4)
    city = dataclasses.replace(CITY, trips=trips)
    routes, flow = driven(city)
    parts = [make_neighbourhood(city, (node,)) for node in range(1, 10)]
    through = [part.through_flow(routes, flow) for part in parts]
    offered = find_busy(city, routes.load(flow), 1)
    best = np.argsort(-np.array(through), kind="stable")[:3] + 1
    assert [one[0] for one in offered] == best[: len(offered)].tolist()
    for size in (2, 3):
        for group in find_busy(city, routes.load(flow), size):
            assert len(set(group)) == size
            assert make_neighbourhood(city, group).gates.any()


def test_streets_that_do_not_lead_in() -> None:
    apart = line_of([(1, 3, 4.0)], 4)
    keep = apart.head != 3
    columns = ("tail", "head", "capacity", "free_flow_time", "b", "power", "length")
    links = {name: getattr(apart, name)[keep] for name in columns}
    with pytest.raises(
        InputError, match=r"got none into \[4\]: nobody drives through. Choose nodes"
    ) as raised:
        make_neighbourhood(dataclasses.replace(apart, **links), (4,))
    assert "such as --neighbourhood 2 (4 vehicles/h)." in str(raised.value)


def test_where_nobody_drives_through_anything() -> None:
    routes, flow = driven(line_of([(1, 2, 3.0), (2, 3, 4.0)], 3))
    assert offer_busy(routes, flow, 1) == (
        "Nobody drives through any node: give the network more demand."
    )
