"""Shortest paths and loading them, beside Bellman and Ford and walking each path."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from quorate.scenarios.navigation import shortest_paths
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats


def roads(
    links: list[tuple[int, int]], trips: Floats, first: int = 0, times: list[float] | None = None
) -> Network:
    count = len(links)
    return Network(
        "roads",
        [a for a, _ in links],
        [b for _, b in links],
        [1] * count,
        times or [1] * count,
        [0] * count,
        [1] * count,
        [1] * count,
        trips,
        first,
    )


def naive_path(network: Network, times: Floats, origin: int, end: int) -> list[int] | None:
    """The links of one shortest path: all walks tried round after round, passing no closed node."""
    best = {origin: (0.0, list[int]())}
    for _ in range(network.nodes):
        for link in range(network.links):
            tail, head = int(network.tail[link]), int(network.head[link])
            closed = tail < network.first_through_node and tail != origin
            if tail in best and not closed and head != origin:
                found = best[tail][0] + times[link]
                if head not in best or found < best[head][0]:
                    best[head] = found, [*best[tail][1], link]
    return best[end][1] if end in best else None


@st.composite
def cities(draw: st.DrawFn) -> Network:
    """A ring of up to 8 nodes, so that all is joined, with chords, parallel links and loops."""
    n = draw(st.integers(4, 8))
    first = draw(st.integers(0, 2))
    node = st.integers(0, n - 1)
    chords = draw(st.lists(st.tuples(node, node), max_size=12))
    through = list(range(first, n))
    ring = [*zip(through, [*through[1:], through[0]], strict=True)]
    spokes = [pair for i in range(first) for pair in ((i, first), (first, i))]
    links = [*ring, *spokes, *chords]
    times = draw(st.lists(st.integers(0, 5), min_size=len(links), max_size=len(links)))
    zones = draw(st.integers(2, n))
    values = st.lists(st.integers(0, 9), min_size=zones**2, max_size=zones**2)
    trips = np.array(draw(values), float).reshape(zones, zones)
    return roads(links, trips, first, [float(time) for time in times])


@hypothesis.given(cities())
def test_distances_and_flows_are_those_of_walking_each_path(network: Network) -> None:
    # Times that differ by powers of 2 far below their digits: no two paths take equally long.
    times = network.free_flow_time + 0.5 ** np.arange(8, 8 + network.links)
    trees = network.shortest_paths().trees(times)
    expected = np.zeros(network.links)
    for origin, end in np.ndindex(network.trips.shape):
        path = [] if origin == end else naive_path(network, times, origin, end)
        if path is None:
            assert trees.distance[origin, end] == np.inf
            continue
        # Sums of at most 8 such times, in the same order.
        assert trees.distance[origin, end] == pytest.approx(sum(times[path]), rel=1e-15)
        expected[path] += network.trips[origin, end]
    assert trees.load(network.trips).tolist() == expected.tolist()  # whole numbers: exact


@hypothesis.given(cities(), st.booleans())
def test_sums_along_paths_are_those_of_walking_each(network: Network, is_large: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if is_large:  # so large that pairs of nodes are searched, not looked up in a table
            patch.setattr(shortest_paths, "MOST_PAIRS", 0)
        paths = network.shortest_paths()
    trees = paths.trees(network.free_flow_time)
    marks = np.random.default_rng(0).integers(2**64, size=network.links, dtype=np.uint64)
    for entry, total in enumerate(trees.sum_along(marks)):
        walked, at = 0, entry
        while trees.link[at] < network.links:
            walked, at = walked + int(marks[trees.link[at]]), trees.before[at]
        assert int(total) == walked % 2**64


@hypothesis.given(cities())
def test_flow_is_conserved_at_every_node_with_links_of_no_time(network: Network) -> None:
    flow = network.shortest_paths().trees(network.free_flow_time).load(network.trips)
    left = np.bincount(network.tail, flow, minlength=network.nodes)
    arrived = np.bincount(network.head, flow, minlength=network.nodes)
    wanted = np.zeros(network.nodes)
    wanted[: network.zones] = network.trips.sum(axis=1) - network.trips.sum(axis=0)
    assert (left - arrived).tolist() == wanted.tolist()
    closed = np.arange(network.zones) < network.first_through_node
    assert (left[: network.zones] == network.trips.sum(axis=1))[closed].all()


def test_of_parallel_links_the_fastest_at_the_time_is_taken() -> None:
    network = roads([(0, 1), (0, 1), (0, 1)], np.array([[0, 4.0], [0, 0]]))
    paths = network.shortest_paths()
    for times, flow in (([3, 1, 2], [0, 4, 0]), ([1, 3, 2], [4, 0, 0]), ([3, 2, 0], [0, 0, 4])):
        trees = paths.trees(np.array(times, float))
        assert trees.load(network.trips).tolist() == flow
        assert trees.distance[0, 1] == min(times)


def test_no_path_passes_through_a_closed_node() -> None:
    # 1 → 2 → 3 takes 2, 1 → 4 → 3 takes 10. Node 2 is closed to all but those who want to go there.
    links = [(0, 1), (1, 2), (0, 3), (3, 2)]
    trips = np.array([[0, 5.0, 7.0], [0, 0, 3.0], [0, 0, 0]])
    for first, flow, distance in ((0, [12, 10, 0, 0], 2), (2, [5, 3, 7, 7], 10)):
        network = roads(links, trips, first, [1, 1, 5, 5])
        trees = network.shortest_paths().trees(network.free_flow_time)
        assert trees.load(trips).tolist() == flow
        assert trees.distance[0, 2] == distance


def test_classes_share_the_trees() -> None:
    network = roads([(0, 1), (1, 2), (0, 2)], np.ones((3, 3)) * [[0, 1, 2]] * [[1], [0], [0]])
    trees = network.shortest_paths().trees(np.array([1.0, 1.0, 3.0]))
    through = np.zeros((3, 3))
    through[0, 2] = 2
    both = trees.load(np.stack([through, network.trips - through]))
    assert both.tolist() == [[2, 2, 0], [1, 0, 0]]
    assert trees.load(network.trips).tolist() == [3, 2, 0]


def test_a_long_line_is_loaded_to_its_end() -> None:
    # 100 nodes in a row: more than 2⁶ generations, and each link carries all that lies beyond it.
    trips = np.zeros((100, 100))
    trips[0] = 1
    network = roads([(i, i + 1) for i in range(99)], trips)
    flow = network.shortest_paths().trees(np.ones(99)).load(network.trips)
    assert flow.tolist() == list(range(99, 0, -1))
