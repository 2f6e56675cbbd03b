"""Links, their latencies, and what is not a road network."""

from typing import Any

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.network import Network


def triangle(**changed: Any) -> Network:
    """1 → 2 → 3 and 1 → 3; everyone goes from 1 to 3."""
    given: dict[str, Any] = {
        "name": "triangle",
        "tail": [0, 1, 0],
        "head": [1, 2, 2],
        "capacity": [10, 20, 5],
        "free_flow_time": [1, 2, 4],
        "b": [0.15, 0.5, 0],
        "power": [4, 1, 4],
        "length": [1, 1, 1],
        "trips": [[0, 0, 3], [0, 0, 0], [0, 0, 0]],
        **changed,
    }
    return Network(**given)


def test_latencies_worked_by_hand() -> None:
    flow = np.array([20.0, 10.0, 7.0])
    network = triangle()
    # 1(1 + .15·2⁴) = 3.4; 2(1 + .5·½) = 2.5; b = 0 leaves 4 at any flow.
    assert network.times(flow) == pytest.approx([3.4, 2.5, 4.0], rel=1e-15)
    # .15·4·2³/10 = .48; 2·.5/20 = .05; 0.
    assert network.slopes(flow) == pytest.approx([0.48, 0.05, 0.0], rel=1e-15)
    # 20(1 + .15·16/5) = 29.6; 2·10(1 + .25/2) = 22.5; 4·7 = 28: 80.1.
    assert network.beckmann(flow) == pytest.approx(80.1, rel=1e-15)
    assert (network.links, network.zones, network.nodes) == (3, 3, 3)


def test_times_integrate_to_the_objective_and_differentiate_to_the_slopes() -> None:
    rng = np.random.default_rng(0)
    network = triangle(b=rng.random(3), power=[4, 1, 2.5])
    for _ in range(5):
        flow = 10 * rng.random(3)
        steps = np.linspace(0, 1, 501)  # trapezia of width h err by h²/12 of the derivative's rise
        values = np.array([network.times(s * flow) @ flow for s in steps])
        area = float(np.sum((values[1:] + values[:-1]) / 2) * steps[1])
        assert network.beckmann(flow) == pytest.approx(area, rel=1e-5)
        change = (network.times(flow + 1e-6) - network.times(flow - 1e-6)) / 2e-6
        # Central differences err by h² and by rounding, 10⁻¹⁶/h = 10⁻¹⁰ of a time below 100.
        assert network.slopes(flow) == pytest.approx(change, rel=1e-6, abs=1e-7)


def test_empty_roads_take_their_free_flow_time_whatever_the_power() -> None:
    network = triangle(power=[0, 1, 1.5], b=[0.15, 0.5, 0.3])
    # power 0: (f/c)⁰ = 1 even at 0, so 1.15 always.
    assert network.times(np.zeros(3)).tolist() == [1.15, 2.0, 4.0]
    assert network.slopes(np.ones(3))[0] == 0.0


def test_trips_within_a_zone_are_left_out() -> None:
    given = np.array([[5.0, 0, 3], [0, 0, 0], [0, 0, 0]])
    assert triangle(trips=given).trips.tolist() == [[0, 0, 3], [0, 0, 0], [0, 0, 0]]
    assert given[0, 0] == 5  # and what was given is left as it was


def test_places_may_name_nodes_without_links() -> None:
    assert triangle(places=np.zeros((5, 2))).nodes == 5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"capacity": [10, 0, 5]},
            "Expected capacity to be positive and finite on every link, got 0 on link 2 of 3. "
            "Correct that link.",
        ),
        ({"capacity": [10, np.nan, 5]}, "positive and finite on every link, got nan on link 2"),
        (
            {"free_flow_time": [1, 2, -4]},
            "Expected free_flow_time to be zero or more and finite on every link, got -4 on link 3 "
            "of 3. Correct that link.",
        ),
        ({"free_flow_time": [np.inf, 2, 4]}, "free_flow_time to be zero or more and finite"),
        ({"b": [-1, 0, 0]}, "Expected b to be zero or more"),
        (
            {"power": [4, -1, 4]},
            "Expected power to be 0 or at least 1 and finite on every link, got",
        ),
        ({"power": [4, 0.5, 4]}, "Expected power to be 0 or at least 1 and finite on every link"),
        ({"length": [1, 1, -1]}, "Expected length to be zero or more"),
        (
            {"length": [1, 1]},
            "Expected length with one value for each of 3 links, got shape (2,). Give as many as "
            "there are tails.",
        ),
        ({"head": [1, 2]}, "Expected head with one value for each of 3 links, got shape (2,)."),
        (
            {"tail": [[0, 1, 0]]},
            "Expected tail to be one whole number a link, got shape (1, 3) of int64. Give the "
            "index of a node for each link.",
        ),
        ({"tail": [0.0, 1.0, 0.5]}, "Expected tail to be one whole number a link, got shape (3,)"),
        (
            {"tail": np.array([], int), "head": np.array([], int)},
            "Expected links in triangle, got none. Give one at least.",
        ),
        (
            {"trips": [[0, 1, 2]]},
            "Expected trips from every zone to every zone, a square of 2 or more, got shape "
            "(1, 3). Give one row and one column a zone.",
        ),
        (
            {"trips": [[0, 0, 3], [-1, 0, 0], [0, 0, 0]]},
            "Expected demand of zero or more, got -1 from zone 2 to zone 1. Correct that pair.",
        ),
        ({"trips": [[0, 0, 1e300], [0] * 3, [0] * 3]}, "at most 1e+09 trips from a zone to anoth"),
        ({"trips": [[0, 0, np.nan], [0, 0, 0], [0, 0, 0]]}, "got nan from zone 1 to zone 3"),
        (
            {"trips": [[0, 0, 0], [0, 0, 0], [3, 2, 0]]},
            "Expected a path for all demand of triangle, got none from zone 3 to zone 1 (3 trips), "
            "and 2 such pairs in all. Add the missing links, set this demand to 0, or lower "
            "first_through_node.",
        ),
        (
            {"trips": np.ones((4, 4))},
            "Expected every zone with demand to be a node of the network, got no link at zone 4. "
            "Join it to the network, or set its demand to 0.",
        ),
        (
            {"places": np.zeros((3, 3))},
            "Expected places of shape (nodes, 2), got (3, 3). Give x and y of each node.",
        ),
        (
            {"places": [[0, 0], [np.nan, 1], [0, 1]]},
            "Expected finite places, got [nan, 1.0] for node 2. Give all nodes a place, or none.",
        ),
        (
            {"places": np.zeros((2, 2))},
            "Expected links between nodes 1 to 2, got node 3. Give its place, or leave the link "
            "out.",
        ),
        ({"tail": [0, -1, 0]}, "Expected links between nodes 1 to 3, got node 0."),
        (
            {"first_through_node": 4},
            "Expected first_through_node in [0, 3], got 4. Use 0 where every node may be passed "
            "through.",
        ),
        (
            # 1 → 2 → 3 is closed at 2, and there is no other way.
            {"tail": [0, 1, 2], "head": [1, 2, 0], "first_through_node": 2},
            "Expected a path for all demand of triangle, got none from zone 1 to zone 3 (3 trips)",
        ),
    ],
)
def test_bad_networks(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as raised:
        triangle(**changed)
    assert message in str(raised.value)


def test_two_cities_that_no_road_joins() -> None:
    with pytest.raises(InputError, match="none from zone 1 to zone 4"):
        triangle(
            tail=[0, 1, 2, 3],
            head=[1, 0, 3, 2],
            capacity=[1] * 4,
            free_flow_time=[1] * 4,
            b=[0] * 4,
            power=[1] * 4,
            length=[1] * 4,
            trips=[[0, 1, 0, 1], [0] * 4, [0] * 4, [0] * 4],
        )
