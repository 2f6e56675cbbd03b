"""User equilibria: closed forms, published flows, and what holds on every network."""

import dataclasses
import itertools
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.equilibrium import (
    line_search,
    system_optimum,
    user_equilibrium,
)
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import Anaheim, SiouxFalls
from quorate.scenarios.navigation.shortest_paths import Floats


def affine(links: list[tuple[int, int, float, float]], trips: Floats) -> Network:
    """A network with times a + b f, from (tail, head, a, b) with a > 0."""
    tail, head, at_rest, slope = zip(*links, strict=True)
    ones = np.ones(len(links))
    b = np.array(slope) / np.array(at_rest)
    return Network("affine", list(tail), list(head), ones, list(at_rest), b, ones, ones, trips)


def two_links(demand: float) -> Network:
    """Times 1 + f and 2."""
    return affine([(0, 1, 1, 1), (0, 1, 2, 0)], np.array([[0, demand], [0, 0]]))


def test_two_links_as_wardrop_has_them() -> None:
    # Below 1 everyone is on the first link; from then on 1 + f = 2 keeps f = 1 there.
    below = user_equilibrium(two_links(0.8), 1e-9)
    assert below.flow.tolist() == [0.8, 0.0]
    assert below.relative_gap == 0.0
    above = user_equilibrium(two_links(3), 1e-12)
    assert above.flow == pytest.approx([1, 2], abs=1e-9)  # the gap is (f − 1)²-ish, and 1e-12
    assert above.time == pytest.approx([2, 2], abs=1e-9)
    assert above.total_travel_time == pytest.approx(6, abs=1e-8)
    # The optimum has marginal times alike, 1 + 2f = 2: f = ½, and ½·1.5 + 2.5·2 = 5.75.
    best = system_optimum(two_links(3), 1e-12)
    assert best.flow == pytest.approx([0.5, 2.5], abs=1e-9)
    assert best.time == pytest.approx([1.5, 2], abs=1e-9)
    assert best.total_travel_time == pytest.approx(5.75, abs=1e-8)


def test_two_links_of_the_fourth_power() -> None:
    # t = 1 + .15 f⁴ and 2(1 + .15 f⁴) at demand 3.4: f = 2 takes 1 + .15·16 = 3.4, and 1.4 on the
    # other 2(1 + .15·3.8416) = 3.15: so more than 1.4 is there. Found by halving in this test.
    trips = np.array([[0, 3.4], [0, 0]])
    network = Network("two", [0, 0], [1, 1], [1, 1], [1, 2], [0.15, 0.15], [4, 4], [1, 1], trips)
    low, high = 0.0, 3.4
    for _ in range(100):
        f = (low + high) / 2
        late = 1 + 0.15 * f**4 > 2 * (1 + 0.15 * (3.4 - f) ** 4)
        low, high = (low, f) if late else (f, high)
    found = user_equilibrium(network, 1e-12)
    assert found.flow == pytest.approx([low, 3.4 - low], abs=1e-6)
    assert low < 2


def test_braess() -> None:
    # Braess 1968: 1 → 2 and 3 → 4 take 10 f (and a hair, for a time of 0 has no slope in BPR),
    # 1 → 3 and 2 → 4 take 50 + f, the new road 2 → 3 takes 10 + f; six drivers from 1 to 4.
    hair = 1e-9
    old = [(0, 1, hair, 10), (2, 3, hair, 10), (0, 2, 50, 1), (1, 3, 50, 1)]
    trips = np.zeros((4, 4))
    trips[0, 3] = 6
    # Without it 3 on each path, 30 + 53 = 83 each. With it 2 on each of three paths, 40 + 52 =
    # 40 + 12 + 40 = 92 each: a road more, and everyone is later.
    before = user_equilibrium(affine(old, trips), 1e-12)
    assert before.flow == pytest.approx([3, 3, 3, 3], abs=1e-6)
    assert before.total_travel_time == pytest.approx(6 * 83, abs=1e-5)
    after = user_equilibrium(affine([*old, (1, 2, 10, 1)], trips), 1e-12)
    assert after.flow == pytest.approx([4, 4, 2, 2, 2], abs=1e-4)
    assert after.total_travel_time == pytest.approx(6 * 92, abs=1e-3)
    assert affine(old, trips).shortest_paths().trees(before.time).distance[0, 3] == pytest.approx(
        83
    )
    # And those who share the roads best leave the new one empty.
    best = system_optimum(affine([*old, (1, 2, 10, 1)], trips), 1e-9)
    assert best.flow == pytest.approx([3, 3, 3, 3, 0], abs=1e-3)


def test_background_flow_takes_room_and_does_not_move() -> None:
    # With ½ on the first link already, 1 + ½ + f = 2 leaves f = ½ there.
    found = user_equilibrium(two_links(3), 1e-12, background=np.array([0.5, 1.0]))
    assert found.flow == pytest.approx([0.5, 2.5], abs=1e-9)
    assert found.time == pytest.approx([2, 2], abs=1e-9)
    assert found.total_travel_time == pytest.approx(6, abs=1e-8)


def test_classes_add_up_to_what_they_are_together() -> None:
    network = GridCity(rows=4, columns=4).network()
    some = network.trips.copy()
    some[::2] = 0
    apart = user_equilibrium(network, trips=np.stack([some, network.trips - some]))
    together = user_equilibrium(network)
    # The same steps, but for the order of sums.
    assert apart.flow == pytest.approx(together.flow, rel=1e-9, abs=1e-9)
    for number, trips in enumerate((some, network.trips - some)):
        assert _surplus(network, apart.classes[number], trips) == pytest.approx(0, abs=1e-9)


def test_nobody_drives_and_nothing_is_wrong() -> None:
    found = user_equilibrium(two_links(0))
    assert found.flow.tolist() == [0, 0]
    assert (found.relative_gap, found.iterations) == (0.0, 1)


def test_it_stops_after_the_most_iterations_and_says_where() -> None:
    found = user_equilibrium(GridCity().network(), 1e-9, most_iterations=5)
    assert found.iterations == 5
    assert found.relative_gap == found.gaps[-1] > 1e-9


@pytest.mark.parametrize("roads", [SiouxFalls(), Anaheim()], ids=lambda roads: roads.name)
def test_published_flows(
    roads: SiouxFalls | Anaheim, quorate_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    network, best = roads.network(), roads.best_known()
    at_best = network.beckmann(best)
    if roads.name == "siouxfalls":  # the objective that its page states, in 10⁵
        assert at_best == pytest.approx(42.31335287107440e5, rel=1e-12)
    found = user_equilibrium(network, 1e-4)
    assert found.relative_gap <= 1e-4
    # The objective is convex: it lies above its least value by at most gap · Σ f t.
    above = found.objective - at_best
    assert -1e-9 * at_best < above <= found.relative_gap * found.total_travel_time
    # A gap bounds times, not flows: measured 0.10% and 1.3% of the mean flow, and 0.03% and 0.3% at
    # a gap of 1e-5. Within twice that.
    limits = {"siouxfalls": (2e-3, 6e-4), "anaheim": (2.5e-2, 6e-3)}
    for flow, limit in zip(
        (found.flow, user_equilibrium(network, 1e-5).flow), limits[roads.name], strict=True
    ):
        assert np.abs(flow - best).mean() / best.mean() < limit


def _surplus(network: Network, flow: Floats, trips: Floats) -> Floats:
    """What leaves minus what arrives beyond the demand, at each node, (n,)."""
    n = network.nodes
    leaves = np.bincount(network.tail, flow, minlength=n)
    arrives = np.bincount(network.head, flow, minlength=n)
    wanted = np.zeros(n)
    wanted[: network.zones] = trips.sum(axis=1) - trips.sum(axis=0)
    return np.asarray(leaves - arrives - wanted)


@st.composite
def towns(draw: st.DrawFn) -> Network:
    """Small grid cities with capacities, demand and powers at random."""
    city = GridCity(rows=draw(st.integers(2, 4)), columns=draw(st.integers(2, 4))).network()
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    demand = draw(st.sampled_from([1.0, 30.0, 300.0]))
    return Network(
        "town",
        city.tail,
        city.head,
        city.capacity * (0.5 + rng.random(city.links)),
        city.free_flow_time * (0.5 + rng.random(city.links)),
        city.b,
        rng.choice([1.0, 2.0, 4.0], city.links),
        city.length,
        demand * rng.random(city.trips.shape),
        first_through_node=draw(st.integers(0, 1)),
    )


@hypothesis.given(towns())
@hypothesis.settings(max_examples=20)
def test_every_step_conserves_flow_and_lowers_the_objective(network: Network) -> None:
    objectives = []
    for most in (1, 2, 3, 4, 8):
        found = user_equilibrium(network, 1e-12, most_iterations=most)
        # Sums of a few hundred flows of up to 1e4, each to 1e-16 of itself.
        assert _surplus(network, found.flow, network.trips) == pytest.approx(0, abs=1e-8)
        assert (found.flow >= 0).all()
        assert network.beckmann(found.flow) == found.objective
        objectives.append(found.objective)
    for before, after in itertools.pairwise(objectives):
        assert after <= before * (1 + 1e-14)  # rounding of the sum itself


@hypothesis.given(towns())
@hypothesis.settings(max_examples=15)
def test_in_equilibrium_used_links_are_on_shortest_paths(network: Network) -> None:
    found = user_equilibrium(network, 1e-5)
    naive = _naive_distances(network, found.time)
    shortest = float(np.sum(network.trips * naive[: network.zones, : network.zones]))
    spent = float(found.flow @ network.times(found.flow))
    assert (spent - shortest) / spent == pytest.approx(found.relative_gap, abs=1e-12)  # rounding
    assert found.relative_gap <= 1e-5


def _naive_distances(network: Network, times: Floats) -> Floats:
    """Floyd and Warshall's, through open nodes only."""
    distance = np.full((network.nodes, network.nodes), np.inf)
    np.fill_diagonal(distance, 0)
    for tail, head, time in zip(network.tail, network.head, times, strict=True):
        distance[tail, head] = min(distance[tail, head], time)
    for via in range(network.first_through_node, network.nodes):
        distance = np.minimum(distance, distance[:, via, None] + distance[via])
    return distance


def test_the_line_search_finds_the_least_of_a_parabola_and_the_ends() -> None:
    network = two_links(3)
    # Objective along (f, 3 − f) is f + f²/2 + 2(3 − f), least at f = 1; from f = 3 that is ⅔.
    found = line_search(network, np.array([3.0, 0.0]), np.array([-3.0, 3.0]))
    assert found == pytest.approx(2 / 3, abs=1e-12)
    assert line_search(network, np.array([0.0, 3.0]), np.array([0.5, -0.5])) == 1.0
    assert line_search(network, np.array([1.0, 2.0]), np.array([1.0, -1.0])) < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": 0.0}, "Expected gap=0 to be a positive finite number. Use a relative gap"),
        ({"gap": float("nan")}, "Expected gap=nan to be a positive finite number"),
        ({"most_iterations": 0}, "Expected most_iterations=0 to be at least 1. Search once"),
        (
            {"trips": np.ones((3, 3))},
            "Expected trips of shape (2, 2) or (classes, 2, 2), got (3, 3). Give the demand "
            "between all zones of affine.",
        ),
        ({"trips": np.ones((0, 2, 2))}, "got (0, 2, 2)"),
        (
            {"trips": -np.ones((2, 2))},
            "Expected demand of zero or more, got -1 from zone 1 to zone 1. Correct that pair.",
        ),
        (
            {"trips": np.array([[0, 0], [1.0, 0]])},
            "Expected a path for all demand of affine, got none from zone 2 to zone 1 (1 trips)",
        ),
        (
            {"background": np.ones(3)},
            "Expected background flow on each of 2 links, got shape (3,). Use zeros where there is "
            "none.",
        ),
        ({"background": np.array([1.0, -1.0])}, "Expected background=-1 in [0, inf). Use zeros."),
        ({"background": np.array([1.0, np.nan])}, "Expected background=nan in [0, inf)."),
    ],
)
def test_bad_input(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as raised:
        user_equilibrium(two_links(3), **arguments)  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_a_toll_in_closed_form() -> None:
    # Of times 1 + f and 2, a toll of ½ on the first link leaves f = ½ there: 1 + ½ + ½ = 2.
    tolled = dataclasses.replace(two_links(1.5), fixed_cost=[0.5, 0])
    found = user_equilibrium(tolled, 1e-12)
    assert found.flow == pytest.approx([0.5, 1], abs=1e-9)
    assert found.time == pytest.approx([1.5, 2], abs=1e-9)  # without the toll
    assert found.total_travel_time == pytest.approx(2.75, abs=1e-8)
    # ∫₀^½ (1 + v) dv + 2 + ½·½
    assert found.objective == pytest.approx(0.625 + 2 + 0.25, abs=1e-8)
    # marginal costs alike, 1 + 2f + ½ = 2
    assert system_optimum(tolled, 1e-12).flow == pytest.approx([0.25, 1.25], abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_fixed_costs_act_as_time_that_does_not_grow(seed: int) -> None:
    rng, city = np.random.default_rng(seed), GridCity(rows=4, columns=4).network()
    fixed = rng.uniform(0, 1, city.links)
    whole = city.free_flow_time + fixed  # (1 + b′(f/c)ᵖ) whole = t + fixed with this b′
    folded = dataclasses.replace(city, free_flow_time=whole, b=city.b * city.free_flow_time / whole)
    ours = user_equilibrium(dataclasses.replace(city, fixed_cost=fixed), 1e-6)
    theirs = user_equilibrium(folded, 1e-6)
    # two solutions to that gap
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-6)
    assert ours.flow == pytest.approx(theirs.flow, abs=0.01 * theirs.flow.mean())
    assert ours.total_travel_time < theirs.total_travel_time


def test_fixed_costs_are_checked() -> None:
    for wrong, said in (([1], "one value for each of 2"), ([1, -1], "zero or more")):
        with pytest.raises(InputError, match=f"Expected fixed_cost .*{said}"):
            dataclasses.replace(two_links(1), fixed_cost=wrong)
