"""The three kinds of cells: traffic at rest, a critical mass of reports, and days in a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quorate.dependencies import stamp
from quorate.scenarios.navigation.app import App
from quorate.scenarios.navigation.city import City, make_city
from quorate.scenarios.navigation.critical_reports import search_critical_reports
from quorate.scenarios.navigation.day_to_day import Adaptation, simulate_days
from quorate.scenarios.navigation.network_sources import make_network_source
from quorate.scenarios.navigation.route_choice import Drivers, TrafficState, equilibrate
from quorate.scenarios.navigation.routes import Routes

DAY_GAP = 1e-3  # to which each of many days is equilibrated, unless told

Plain = Mapping[str, Any]


def measure_state(cell: Plain) -> dict[str, Any]:
    """Return what a number of reports changes once traffic has come to rest."""
    city = _make_city(cell)
    routes = city.routes.copy()
    after = _equilibrate(city, cell, cell["reports"], routes)
    flow = routes.widen(after.flow)
    times = [city.members_time(one, routes) for one in (city.honest, after)]
    return {
        "relative_gap": city.relative_gap(),
        "gap": after.gap,
        "accepted": after.accepted,
        "total_before": city.honest.total_travel_time(),
        "total_after": after.total_travel_time(),
        "through_before": city.neighbourhood.through_flow(city.routes, city.honest.flow),
        "through_after": city.neighbourhood.through_flow(routes, flow),
        "relative_fall": city.relative_fall(after, routes),
        "members_before": times[0],
        "members_after": times[1],
        "parts": [
            {
                "nodes": [int(node) + 1 for node in part.nodes],
                "before": part.through_flow(city.routes, city.honest.flow),
                "after": part.through_flow(routes, flow),
            }
            for part in city.other_parts
        ],
        "flow_before": city.honest.on_links.tolist(),
        "flow_after": after.on_links.tolist(),
    }


def measure_critical_mass(cell: Plain) -> dict[str, Any]:
    """Return the fewest reports that make through-traffic fall by the target."""
    city = _make_city(cell)

    def fall(reports: float) -> float:
        routes = city.routes.copy()
        return city.relative_fall(_equilibrate(city, cell, reports, routes), routes)

    found = search_critical_reports(fall, cell["target"])
    cars = float(city.honest.on_links[city.neighbourhood.streets].mean())
    return {**vars(found), "per_car": None if found.high is None else found.high / cars}


def measure_days(cell: Plain) -> dict[str, Any]:
    """Return the fall of through-traffic day after day."""
    city = _make_city(cell)
    routes = city.routes.copy()
    drivers, app = Drivers(cell["share"], cell["theta"]), _make_app(city, cell, cell["reports"])
    adaptation = Adaptation(cell["learning"], cell["reconsider"])
    given = routes, city.habit, drivers, app, adaptation, cell.get("day_gap", DAY_GAP)
    days = simulate_days(cell["days"], cell["schedule"], city.neighbourhood.streets, *given)
    return {
        "falls": [city.relative_fall(day.state, routes) for day in days],
        "reported": [day.is_reported for day in days],
        "gap": max(day.state.gap for day in days),
    }


def _make_city(cell: Plain) -> City:
    nodes = tuple(cell["neighbourhood"])
    now = stamp(make_network_source(cell["network"]))
    return make_city(cell["network"], cell["noise"], cell["seed"], nodes, now)


def _make_app(city: City, cell: Plain, reports: float) -> App:
    """Return the app that gets so many reports on each street of the neighbourhood."""
    on_streets = np.where(city.neighbourhood.streets, reports, 0.0)
    told = cell["told"] * city.network.free_flow_time
    return App(city.network, on_streets, told, *(cell[k] for k in ("kappa", "defence", "accounts")))


def _equilibrate(city: City, cell: Plain, reports: float, routes: Routes) -> TrafficState:
    """Return traffic at rest with so many reports; without any, the honest state as it is."""
    if reports == 0:
        return city.honest
    drivers = Drivers(cell["share"], cell["theta"], cell["others"] == "adapt")
    app = _make_app(city, cell, reports)
    return equilibrate(routes, city.habit, drivers, app, cell["gap"])
