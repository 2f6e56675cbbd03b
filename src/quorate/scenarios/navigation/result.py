"""The result of false reports: what they change, for whom, how many it takes, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.scenarios.navigation import measures
from quorate.scenarios.navigation.cell import DAY_GAP
from quorate.scenarios.navigation.measures import Outcome, by_choice, first_choice, mean_of
from quorate.scenarios.navigation.neighbourhood import Neighbourhood
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats

WHEN = ("before", "after")
OF_DAYS = ("share", "defence", "reports", "schedule", "seed")  # what tells runs of days apart
COARSE = 0.05  # of through-traffic: as many drivers may want another route, without a warning
MOST_NODES = 8  # of a part of the city that are listed


@dataclass(frozen=True, eq=False)
class NavigationResult(Result):
    """Traffic at rest, critical masses of reports, and days in a row, for each seed.

    Args:
        network: the roads, with the demand before noise is added.
        neighbourhood: whose people report.
        target: relative fall of through-traffic that critical masses are about.
        states: traffic at rest, one a seed for each choice; the first choice's seeds come first.
        masses: critical masses, likewise.
        days: runs of days, likewise.
    """

    network: Network
    neighbourhood: Neighbourhood
    target: float
    states: Sequence[Outcome]
    masses: Sequence[Outcome]
    days: Sequence[Outcome]

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Around the neighbourhood: false reports to a navigation app, {self.network.name}"

    # ---------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one flat row a seed for each state, critical mass and run of days."""
        measured = [(one, measures.of_state(one)) for one in self.states]
        measured += [(one, measures.of_mass(one)) for one in self.masses]
        measured += [(one, measures.of_days(one)) for one in self.days]
        return [
            {
                **{key: one.get(key) for key in ("what", "seed", *measures.CHOSEN)},
                **dict.fromkeys(measures.MEASURED),
                **numbers,
                "seconds": one["seconds"],
            }
            for one, numbers in measured
        ]

    def data(self) -> dict[str, list[Row]]:
        """Return the rows, and what the pictures show, as tables.

        ``streets`` has one row a street: the numbers of its nodes, counted from 1, and vehicles/h
        before and after, in the first city. ``days`` has one row a day: whether anything was
        reported, and the relative fall of through-traffic.
        """
        days = [
            {**{key: one[key] for key in OF_DAYS}, "day": day, "reported": reported, "fall": fall}
            for one in self.days
            for day, (reported, fall) in enumerate(
                zip(one["reported"], one["falls"], strict=True), start=1
            )
        ]
        tables = {"cells": self.rows(), "streets": self._streets()}
        return {**tables, "days": days} if days else tables

    def _streets(self) -> list[Row]:
        one = self.states[0]
        flows = zip(self.network.ends, one["flow_before"], one["flow_after"], strict=True)
        return [
            {"from": tail, "to": head, "before": before, "after": after}
            for (tail, head), before, after in flows
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the first choice of each parameter, means over seeds; times in ``time_unit``."""
        states, masses = first_choice(self.states), first_choice(self.masses)
        return {
            "relative_gap": max(one["relative_gap"] for one in states),
            "gap": max(one["gap"] for one in states),
            "time_unit": self.network.time_unit,
            "total_travel_time": {one: mean_of(states, f"total_{one}") for one in WHEN},
            "through_flow": {
                **{one: mean_of(states, f"through_{one}") for one in WHEN},
                "relative_fall": mean_of(states, "relative_fall"),
            },
            "spill_over": self._parts(),
            "members_delay": mean_of([measures.of_state(one) for one in states], "members_delay"),
            "critical_reports": mean_of(masses, "high"),
            "critical_per_car": mean_of(masses, "per_car"),
            "most_fall": mean_of(masses, "reached"),
            "days": {schedule: falls.tolist() for schedule, falls in self._falls().items()},
            **self._roads(),
            **({"coarse": coarse} if (coarse := self._say_resolution()) else {}),
        }

    def _roads(self) -> dict[str, list[str]]:
        """Return what drivers choose by and how files were read, where that is not the usual."""
        terms, notes = self.network.cost_terms, self.network.notes
        return (
            {"cost_terms": list(terms), "network_notes": list(notes)} if self._say_roads() else {}
        )

    def _falls(self) -> dict[str, Floats]:
        """Return the mean fall on each day by schedule, (d,) each."""
        return {
            one[0]["schedule"]: measures.mean_falls(one) for one in by_choice(self.days, "schedule")
        }

    def _parts(self) -> list[dict[str, Any]]:
        """Return the through-flow of the other parts of the city, first choice, mean over seeds."""
        states = first_choice(self.states)
        found = []
        for same in zip(*(one["parts"] for one in states), strict=True):
            means = {when: float(np.mean([part[when] for part in same])) for when in WHEN}
            found.append({"nodes": same[0]["nodes"], **means})
        return found

    # ------------------------------------------------------------------------------ for people

    def summary(self) -> list[str]:
        """Return what the first choice of each parameter brings about."""
        found = [self._say_effect(), *self._say_costs(), self._say_mass()]
        if self.days:
            found += self._say_days()
        return [*found, *self._say_resolution(), *self._say_roads()]

    def _say_resolution(self) -> list[str]:
        """Return a warning where traffic is not found finely enough to see what is asked for."""
        trips, through = self.network.trips.sum(), mean_of(self.states, "through_before")
        fall = mean_of(first_choice(self.states), "relative_fall") or 0.0
        enough = min(COARSE, fall) if fall > 0 else COARSE
        found = []
        at_rest = max((one["gap"] for one in self.states), default=0.0)
        by_day = max((one.get("day_gap", DAY_GAP) for one in self.days), default=0.0)
        kinds = ("Traffic at rest", "gap", at_rest), ("Each day", "day-gap", by_day)
        for what, option, gap in kinds:
            if through and gap * trips > enough * through:
                found.append(
                    f"{what} is found to a gap of {gap:.1g}: {gap * trips:,.0f} drivers of the "
                    "whole city may still want another route, as many as "
                    f"{_percent(gap * trips / through)} of the neighbourhood's through-traffic. "
                    f"Smaller falls may not show: use a smaller --{option}."
                )
        return found

    def _say_roads(self) -> list[str]:
        """Return what drivers choose by, where it is more than time, and how files were read."""
        terms, unit = self.network.cost_terms, self.network.time_unit
        said = [f"Drivers choose by {' + '.join(terms)}, in {unit}; times here are times alone."]
        return said * (len(terms) > 1) + list(self.network.notes)

    def _say_effect(self) -> str:
        states = first_choice(self.states)
        one, fall = states[0], mean_of(states, "relative_fall")
        defence = "has no defence" if one["defence"] == "none" else f"defends by {one['defence']}"
        return (
            f"While {100 * one['share']:g}% of drivers follow the app, which {defence}, and others "
            f"{_OTHERS[one['others']]}, {one['reports']:g} false reports on each street and hour "
            "change the neighbourhood's through-traffic from "
            f"{_number(mean_of(states, 'through_before'), ',.0f')} to "
            f"{_number(mean_of(states, 'through_after'), ',.0f')} vehicles/h: a fall of "
            f"{_percent(fall)}{_over(states)}."
        )

    def _say_costs(self) -> list[str]:
        costs = [measures.of_state(one) for one in first_choice(self.states)]
        rise, delay = mean_of(costs, "total_rise") or 0, mean_of(costs, "members_delay")
        said = f"The total travel time of everyone changes by {100 * rise:+.2f}%"
        if delay is not None:
            said += f", and that of a trip of the neighbourhood's own people by {delay:+.2f} "
            said += self.network.time_unit
        found = [f"{said}."]
        if self.states[0]["parts"]:
            found.append(
                "The through-traffic of the other parts of the city changes by "
                f"{_number(mean_of(costs, 'spill_over'), '+,.0f')} vehicles/h."
            )
        return found

    def _say_mass(self) -> str:
        masses = first_choice(self.masses)
        fewest, car = mean_of(masses, "high"), mean_of(masses, "per_car")
        wanted = f"a fall of {100 * self.target:g}%"
        if fewest is None or car is None:
            most = _percent(mean_of(masses, "reached"))
            return f"A million reports on each street and hour do not make {wanted}, only {most}."
        return (
            f"The critical mass for {wanted} is {fewest:,.3g} reports on each street and hour, "
            f"{car:.2g} for each car there."
        )

    def _say_days(self) -> list[str]:
        falls = self._falls()
        (first, by_day), days = next(iter(falls.items())), len(self.days[0]["falls"])
        found = [
            f"Day after day, with reports by the schedule {first}, the fall is "
            f"{_percent(by_day[0])} on the first day and {_percent(by_day[-1])} on day {days}."
        ]
        if len(falls) > 1:
            last = {
                schedule: float(one[-measures.PERIOD :].mean()) for schedule, one in falls.items()
            }
            best = max(last, key=lambda schedule: last[schedule])
            found.append(
                f"Of the schedules, {best} has the largest fall over the last "
                f"{min(measures.PERIOD, days)} days: {_percent(last[best])}."
            )
        return found

    def sections(self) -> list[Section]:
        """Return the tables: effects and costs, critical masses, spill-over, and days."""
        states, days = (
            by_choice(self.states, *measures.CHOSEN[:-1]),
            by_choice(self.days, *measures.CHOSEN),
        )
        masses = by_choice(self.masses, "share", "others", "defence")
        parts = "The other parts of the city: vehicles/h that drive through"
        tables: dict[str, Iterable[TextRow]] = {
            "What reports change, and what it costs": map(self._state_row, states),
            f"How many reports make through-traffic fall by {100 * self.target:g}%": map(
                _mass_row, masses
            ),
            parts: map(_part_row, self._parts()),
            "Day after day: mean fall of through-traffic": map(_days_row, days),
        }
        sections = [Section(heading, rows=tuple(rows)) for heading, rows in tables.items()]
        return [*sections[:2], *(one for one in sections[2:] if one.rows)]

    def _state_row(self, group: Sequence[Outcome]) -> TextRow:
        costs, unit = [measures.of_state(one) for one in group], self.network.time_unit
        before, after = (mean_of(group, f"through_{one}") for one in WHEN)
        return {
            **_choice(group[0], "share", "others", "defence"),
            "reports/street/h": f"{group[0]['reports']:g}",
            "through, vehicles/h": f"{before:,.0f} → {after:,.0f}",
            "fall": _percent(mean_of(group, "relative_fall")),
            "elsewhere, vehicles/h": f"{mean_of(costs, 'spill_over'):+,.0f}",
            "total travel time": f"{100 * (mean_of(costs, 'total_rise') or 0):+.2f}%",
            f"members' delay, {unit}": _number(mean_of(costs, "members_delay"), "+.2f"),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return the map, where nodes have places, and what happens day after day."""
        from quorate.figures.navigation import TrafficSeries, days_figure

        places = self.network.places
        drawn = {} if places is None else {"map": self._draw_map(places)}
        if self.days:
            reported = {one["schedule"]: one["reported"] for one in reversed(self.days)}
            shown = [
                TrafficSeries(key, falls, reported[key]) for key, falls in self._falls().items()
            ]
            drawn["days"] = Picture(
                days_figure(shown),
                "Through-traffic of the neighbourhood day after day, as a share of what it was "
                "before anyone reported. Filled points: days with reports. The app learns how much "
                "of what reports tell its traces bear out, and drivers change their habits.",
            )
        return drawn

    def _draw_map(self, places: Floats) -> Picture:
        from quorate.figures.network import network_figure

        one, network = self.states[0], self.network
        ends = np.column_stack([network.tail, network.head])
        before, after = (np.array(one[f"flow_{when}"]) for when in WHEN)
        inside = np.isin(np.arange(network.nodes), self.neighbourhood.nodes)
        titles = "no reports", f"{one['reports']:g} false reports a street and hour", "the change"
        return Picture(
            network_figure(places, ends, before, after, inside, "vehicles/h", titles),
            "Flows on the network at the honest equilibrium, with false reports on the streets "
            "that lead into the neighbourhood (coloured), and the difference: solid bands have "
            "gained, hollow ones have lost.",
        )


_OTHERS = {"habit": "keep to their habit", "adapt": "adapt to the true times"}


def _mass_row(group: Sequence[Outcome]) -> TextRow:
    fewest, car = mean_of(group, "high"), mean_of(group, "per_car")
    return {
        **_choice(group[0], "share", "others", "defence"),
        "reports/street/h": "not reached" if fewest is None else f"{fewest:,.3g}",
        "per car there": "–" if car is None else f"{car:.2g}",
        "fall at a million": _percent(mean_of(group, "reached")),
    }


def _part_row(part: dict[str, Any]) -> TextRow:
    nodes, before, after = part["nodes"], part["before"], part["after"]
    listed = ", ".join(map(str, nodes[:MOST_NODES]))
    return {
        "nodes": listed + (f", ... ({len(nodes)})" if len(nodes) > MOST_NODES else ""),
        "before": f"{before:,.0f}",
        "after": f"{after:,.0f}",
        "more": f"{after - before:+,.0f}",
    }


def _days_row(group: Sequence[Outcome]) -> TextRow:
    measured = [measures.of_days(one) for one in group]
    period = min(measures.PERIOD, len(group[0]["falls"]))
    return {
        **_choice(group[0], "share", "defence"),
        "reports/street/h": f"{group[0]['reports']:g}",
        "schedule": group[0]["schedule"],
        "days with reports": f"{mean_of(measured, 'days_reported'):g}",
        f"first {period} days": _percent(mean_of(measured, "first_fall")),
        f"last {period} days": _percent(mean_of(measured, "last_fall")),
    }


def _choice(one: Outcome, *keys: str) -> dict[str, str]:
    return {key: f"{one[key]:g}" if key == "share" else str(one[key]) for key in keys}


def _over(group: Sequence[Outcome]) -> str:
    return f" (mean over {len(group)} seeds)" if len(group) > 1 else ""


def _percent(value: float | None) -> str:
    return _number(None if value is None else 100 * value, ".1f", "%")


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"
