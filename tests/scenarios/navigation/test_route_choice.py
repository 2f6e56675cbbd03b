"""Where drivers come to rest: two ways in closed form, and the equilibrium without reports.

Two ways lead from node 1 to node 2: through the neighbourhood, node 3, at 10 + 0.1f, and around
it, by node 4, at 20 + 0.1f. Of 300 drivers 200 go through: 10 + 20 = 20 + 10 = 30 minutes.
"""

import dataclasses

import numpy as np
import pytest

from quorate.errors import InputError
from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.equilibrium import user_equilibrium
from quorate.scenarios.navigation.grid_city import GridCity
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.route_choice import (
    Drivers,
    TrafficState,
    equilibrate,
    honest_equilibrium,
)
from quorate.scenarios.navigation.routes import Routes
from quorate.scenarios.navigation.shortest_paths import Floats

TWO_WAYS = Network(
    "two ways",
    tail=[0, 2, 0, 3],
    head=[2, 1, 3, 1],
    capacity=[100] * 4,
    free_flow_time=[10, 0, 20, 0],
    b=[1, 0, 0.5, 0],
    power=[1] * 4,
    length=[1] * 4,
    trips=[[0, 300], [0, 0]],
)
GAP = 1e-7


def through(reports: float, drivers: Drivers, defence: str = "none") -> float:
    """Return the flow through the neighbourhood, where reports tell 100 minutes."""
    routes = Routes(TWO_WAYS)
    honest = honest_equilibrium(routes, GAP)
    app = App(TWO_WAYS, np.array([reports, 0, 0, 0]), 10 * TWO_WAYS.free_flow_time, defence=defence)
    state = equilibrate(routes, shares(routes, honest), drivers, app, GAP)
    assert state.gap <= GAP
    return float(state.on_links[0])


def shares(routes: Routes, honest: TrafficState) -> Floats:
    return np.asarray(honest.flow / routes.demand[routes.pair])


def test_without_reports_two_thirds_go_through() -> None:
    honest = honest_equilibrium(Routes(TWO_WAYS), GAP)
    # a gap of 1e-7 of 9000 minutes is 0.0009 minutes, and 0.2 minutes a driver apart: see tolerance
    assert honest.on_links == pytest.approx([200, 200, 100, 100], abs=0.05)
    assert honest.total_travel_time() == pytest.approx(9000, rel=1e-4)


def test_a_few_reports_in_closed_form() -> None:
    # t̂ = (f(10 + 0.1f) + 20·100)/(20 + f) equals 20 + 0.1(300 − f): 0.2f² − 38f + 1000 = 0.
    f = (38 + np.sqrt(38**2 - 800)) / 0.4  # 158.4; the other root is no place of rest
    for drivers in (Drivers(1.0, theta=5), Drivers(1.0, theta=0.5, adapt=False)):
        assert through(20, drivers) == pytest.approx(f, abs=0.05)  # as above


def test_more_reports_and_nobody_contradicts_them() -> None:
    # At 50 reports 0.2f² − 35f + 2500 = 0 has no root: the app tells everyone to stay away.
    assert through(50, Drivers(1.0, theta=50)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_others_take_the_place_of_those_who_leave(share: float) -> None:
    # All followers go around. Of the others as many go through as is fastest: 200, or all of them.
    adapted = through(1e6, Drivers(share, theta=50))
    assert adapted == pytest.approx(min(200, 300 * (1 - share)), abs=0.05)
    by_habit = through(1e6, Drivers(share, theta=50, adapt=False))
    assert by_habit == pytest.approx(200 * (1 - share), abs=0.05)


def test_the_logit_of_two_ways() -> None:
    # All reports: the way through shows as 100. Naively: repeat who does not accept until it stays.
    theta, f = 0.05, 200.0
    for _ in range(200):
        around = 20 + 0.1 * (300 - f)
        gain = 2 / 3 * 100 + 1 / 3 * around - around
        f = 0.5 * f + 0.5 * 200 * (1 - 1 / (1 + np.exp(-theta * gain)))
    assert 20 < f < 60  # somebody keeps to the way they know
    found = through(1e9, Drivers(1.0, theta=theta, adapt=False))
    assert found == pytest.approx(f, abs=0.05)


def test_a_defence_keeps_drivers_on_the_way_through() -> None:
    drivers = Drivers(1.0, theta=1)
    # A quarter of all weight is 50 reports at 150 cars: 20 are wholly cut.
    assert through(20, drivers, "trimmed-mean") == pytest.approx(200, abs=0.05)
    assert through(20, drivers, "contradicting-traces") > through(20, drivers)


def test_without_reports_everyone_drives_as_in_the_user_equilibrium() -> None:
    city = GridCity(rows=3, columns=3, every=2, crossing=300).network()
    routes = Routes(city)
    honest = honest_equilibrium(routes, 1e-6)
    exact = user_equilibrium(city, 1e-7)
    # Flows of two solutions at such gaps differ by about √gap of them.
    assert honest.on_links == pytest.approx(exact.flow, abs=0.005 * exact.flow.max())
    assert exact.flow.max() > 1.2 * city.capacity.max()  # it is congested: the test is of something
    app = App(city, np.zeros(city.links), 10 * city.free_flow_time)
    for share, adapt in ((0.5, True), (1.0, False)):
        known = routes.copy()
        state = equilibrate(known, shares(routes, honest), Drivers(share, 1.0, adapt), app, 1e-5)
        assert state.on_links == pytest.approx(exact.flow, abs=0.02 * exact.flow.max())  # √1e-5


def test_everyone_drives() -> None:
    city = GridCity(rows=3, columns=3, every=2, crossing=300).network()
    routes = Routes(city)
    honest = honest_equilibrium(routes, 1e-4)
    app = App(city, np.where(city.head == 5, 300.0, 0.0), 10 * city.free_flow_time)
    state = equilibrate(routes, shares(routes, honest), Drivers(0.5), app, 1e-4)
    assert (state.flow >= 0).all()
    assert routes.by_pair(state.flow) == pytest.approx(routes.demand)


def test_nobody_follows_nothing_changes() -> None:
    assert through(1e6, Drivers(0.0)) == pytest.approx(200, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"share": 1.5}, r"share=1.5 in \[0, 1\]"),
        ({"share": -0.1}, r"share=-0.1 in \[0, 1\]"),
        ({"theta": 0.0}, "theta=0 to be a positive"),
    ],
)
def test_who_cannot_be(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Drivers(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("adapt", [True, False])
def test_fixed_costs_act_as_time_that_does_not_grow(adapt: bool) -> None:
    city = GridCity(rows=4, columns=4, every=2).network()
    fixed = np.random.default_rng(0).uniform(0, 1, city.links)
    whole = city.free_flow_time + fixed
    folded = dataclasses.replace(city, free_flow_time=whole, b=city.b * city.free_flow_time / whole)
    tolled = dataclasses.replace(city, fixed_cost=fixed)
    told, reports = 10 * city.free_flow_time, np.where(np.isin(city.head, [5, 6]), 200.0, 0.0)
    states = []
    for network, says in ((tolled, told), (folded, told + fixed)):
        routes = Routes(network)
        honest = honest_equilibrium(routes, 1e-6)
        app = App(network, reports, says)
        habit = shares(routes, honest)
        states.append(equilibrate(routes, habit, Drivers(0.6, adapt=adapt), app, 1e-6))
    ours, theirs = states
    # the same steps, but for rounding
    assert ours.on_links == pytest.approx(theirs.on_links, abs=1e-3 * theirs.on_links.mean())
    assert ours.times == pytest.approx(theirs.times - fixed, abs=1e-3)
    assert ours.total_travel_time() < theirs.total_travel_time()


def test_when_nobody_goes_by_anything_new_the_gap_is_none() -> None:
    routes = Routes(TWO_WAYS)
    honest = honest_equilibrium(routes, GAP)
    app = App(TWO_WAYS, np.array([200.0, 0, 0, 0]), 10 * TWO_WAYS.free_flow_time)
    nobody = Drivers(0.0, adapt=False)
    state = equilibrate(routes, shares(routes, honest), nobody, app, GAP)
    assert (state.gap, state.accepted) == (0.0, 0.0)
    # shares of all routes times the demand: rounding
    assert state.on_links == pytest.approx(honest.on_links, rel=1e-12)
