"""Equilibria of published road networks, beside AequilibraE's bi-conjugate Frank-Wolfe.

With ``--network`` it takes other networks instead, alone: their equilibria, the gap of published
flows where the folder has any, and the whole of ``quorate scenario navigation``.

``python -m benchmarks.equilibrium`` prints a table, ``--json`` one JSON object. Figures, not tests:
they hold for the machine they were taken on. One thread on both sides, in CPU seconds, networks in
memory; AequilibraE's graph is made ready before its seconds are counted. Medians. The peer's flows
are judged by our relative gap, and its target lowered until they reach it.
"""

from __future__ import annotations

import functools
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rows import Row, parser_of, print_rows
from quorate.executors.serial import SERIAL
from quorate.runtime.progress import status
from quorate.scenarios.navigation.equilibrium import relative_gap, user_equilibrium
from quorate.scenarios.navigation.neighbourhood import find_busy
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import Tntp, make_network_source
from quorate.scenarios.navigation.scenario import Navigation
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.scenarios.navigation.tntp import read_flow
from quorate.scenarios.navigation.tntp_files import find_files

GAPS = (1e-4, 1e-5)
ANAHEIM_SECONDS = 20.0  # that ours is promised to stay below, to a gap of 1e-4
SCENARIO_SECONDS = 30.0  # that the scenario is to stay below on Chicago-Sketch
MOST = 10_000  # iterations


def peer_assignment(network: Network, gap: float) -> tuple[Any, Any]:
    """Return AequilibraE's assignment, ready to be executed, and its class of traffic."""
    import pandas as pd
    from aequilibrae.matrix import AequilibraeMatrix
    from aequilibrae.paths import Graph, TrafficAssignment, TrafficClass

    zones = np.arange(network.zones) + 1
    links = pd.DataFrame(
        {
            "link_id": np.arange(network.links) + 1,
            "a_node": network.tail + 1,
            "b_node": network.head + 1,
            "direction": np.ones(network.links, np.int8),
            "capacity": network.capacity,
            "free_flow_time": network.free_flow_time,
            "b": network.b,
            "power": network.power,
        }
    )
    graph = Graph()
    graph.network = links
    graph.prepare_graph(zones)
    graph.set_graph("free_flow_time")
    graph.set_blocked_centroid_flows(network.first_through_node > 0)
    trips = AequilibraeMatrix()
    trips.create_empty(zones=network.zones, matrix_names=["trips"])
    trips.index[:] = zones
    trips.matrix["trips"][:, :] = network.trips
    trips.computational_view(["trips"])
    drivers = TrafficClass("drivers", graph, trips)
    assignment = TrafficAssignment()
    assignment.set_classes([drivers])
    assignment.set_vdf("BPR")
    assignment.set_vdf_parameters({"alpha": "b", "beta": "power"})
    assignment.set_capacity_field("capacity")
    assignment.set_time_field("free_flow_time")
    assignment.set_algorithm("bfw")
    assignment.max_iter = MOST
    assignment.rgap_target = gap
    assignment.set_cores(1)
    return assignment, drivers


def peer_flow(drivers: Any, links: int) -> Floats:
    """Return the flow on each link, (l,), in the network's order."""
    flow = drivers.results.get_load_results()["trips_ab"]  # by number of link, from 1
    return np.asarray(flow.reindex(np.arange(links) + 1, fill_value=0), dtype=np.float64)


def gap_of(network: Network, flow: Floats) -> float:
    """Return the relative gap of any flows."""
    costs = network.costs(network.times(flow))
    return relative_gap(float(flow @ costs), network.shortest_paths().trees(costs), network.trips)


def peer(network: Network, gap: float, repeats: int) -> tuple[float, str]:
    """Return AequilibraE's CPU seconds to at most that gap, as we find it, and where it ended."""
    target, all_seconds = gap, list[float]()
    while len(all_seconds) < repeats:
        assignment, drivers = peer_assignment(network, target)
        seconds = seconds_of(functools.partial(assignment.execute, log_specification=False))
        found = gap_of(network, peer_flow(drivers, network.links))
        if found <= gap:
            all_seconds.append(seconds)
        else:
            target *= 0.8
    reached = f"AequilibraE, bfw, to {found:.2g}, {len(assignment.report())} iterations"
    return statistics.median(all_seconds), reached


def own_rows(text: str, nodes: tuple[int, ...]) -> list[Row]:
    """Return our CPU seconds on a network: equilibria, and the scenario for a neighbourhood.

    Args:
        text: the network, as ``--network`` of the scenario has it.
        nodes: the neighbourhood; if there are none, the node that most vehicles pass.
    """
    source = make_network_source(text)
    network = source.network()
    rows = published_rows(network, source) if isinstance(source, Tntp) else []
    for gap in GAPS:
        start = time.process_time()
        found = user_equilibrium(network, gap, most_iterations=MOST)
        seconds = time.process_time() - start
        reached = f"to {found.relative_gap:.2g}, {found.iterations} iterations"
        rows.append(Row(f"{network.name} {reached}", seconds))
    chosen = nodes or tuple(find_busy(network, found.flow, 1)[0])
    scenario = Navigation(network=text, neighbourhood=chosen)
    seconds = seconds_of(lambda: scenario.run(None, SERIAL))
    work = f"{network.name}, scenario navigation, nodes {','.join(map(str, chosen))}"
    return [*rows, Row(work, seconds, target=SCENARIO_SECONDS)]


def published_rows(network: Network, source: Tntp) -> list[Row]:
    """Return how near to equilibrium the flows in a network's folder are, by our costs."""
    rows = []
    for file in find_files(Path(source.path), "flow"):
        flow, start = read_flow(file, network), time.process_time()
        gap, objective = gap_of(network, flow), network.beckmann(flow)
        work = f"{file.name}: gap {gap:.2g}, objective {objective:.10g}"
        rows.append(Row(work, time.process_time() - start))
    return rows


def seconds_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds it took."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Measure, and print."""
    parser = parser_of("benchmarks.equilibrium", __doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of both")
    parser.add_argument(
        "--network", action="append", default=[], help="ours alone, on this one; again for more"
    )
    parser.add_argument(
        "--neighbourhood", default="", help="of the scenario, in place of the busiest node"
    )
    given = parser.parse_args()
    if given.network:
        nodes = tuple(map(int, filter(None, given.neighbourhood.split(","))))
        print_rows([row for text in given.network for row in own_rows(text, nodes)], given.json)
        return
    os.environ["AEQ_SHOW_PROGRESS"] = "FALSE"  # AequilibraE's bars would count in its seconds
    rows: list[Row] = []
    for name in ("siouxfalls", "anaheim"):
        network = make_network_source(name).network()
        for gap in GAPS:
            with status(f"{name} to {gap:g}"):
                ours = functools.partial(user_equilibrium, network, gap, most_iterations=MOST)
                seconds = statistics.median(seconds_of(ours) for _ in range(given.repeats))
                theirs, against = peer(network, gap, given.repeats)
            reached = ours()
            work = f"{name} to {reached.relative_gap:.2g}, {reached.iterations} iterations"
            rows.append(Row(work, seconds, against, theirs))
            if (name, gap) == ("anaheim", 1e-4):
                rows.append(Row("the same", seconds, target=ANAHEIM_SECONDS))
    print_rows(rows, given.json)


if __name__ == "__main__":
    main()
