"""What came of false reports: numbers, tables and pictures.

Shapes: l links, d days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quorate.scenarios.navigation.neighbourhood import Neighbourhood
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats
from quorate.scenarios.scenario import Picture

if TYPE_CHECKING:
    from quorate.figures.navigation import TrafficSeries

Found = Mapping[str, Any]

CHOSEN = ("share", "others", "defence", "reports", "schedule")
MEASURED = (
    *("relative_gap", "gap", "accepted", "through_before", "through_after", "relative_fall"),
    *("total_before", "total_after", "total_rise", "members_before", "members_after"),
    *("members_delay", "members_rise", "spill_over", "critical_reports", "critical_per_car"),
    *("mean_fall", "first_fall", "last_fall", "days_reported"),
)
PERIOD = 14  # days at the beginning and the end that are compared: two weeks, a whole burst


@dataclass(frozen=True, eq=False)
class NavigationResult:
    """States of rest, critical masses and days, for each seed.

    Args:
        network: without noise.
        neighbourhood: whose people report.
        target: relative fall that critical masses are about.
        rest: what reports do, one a seed for each choice; the first seed of a choice comes first.
        masses: how many reports it takes, likewise.
        lived: what happens over the days, likewise.
    """

    network: Network
    neighbourhood: Neighbourhood
    target: float
    rest: Sequence[Found]
    masses: Sequence[Found]
    lived: Sequence[Found]

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"Around the neighbourhood: false reports to a navigation app, {self.network.name}"

    def to_json(self) -> dict[str, Any]:
        """Return the first choice of each parameter, means over seeds; times in ``time_unit``."""
        rest, masses = _first(self.rest), _first(self.masses)
        before, after = _mean(rest, "through_before"), _mean(rest, "through_after")
        return {
            "relative_gap": max(one["relative_gap"] for one in rest),
            "gap": max(one["gap"] for one in rest),
            "time_unit": self.network.time_unit,
            "total_travel_time": {
                "before": _mean(rest, "total_before"),
                "after": _mean(rest, "total_after"),
            },
            "through_flow": {
                "before": before,
                "after": after,
                "relative_fall": _mean(rest, "relative_fall"),
            },
            "spill_over": [
                {
                    "nodes": part["nodes"],
                    **{
                        when: float(np.mean([one["parts"][number][when] for one in rest]))
                        for when in ("before", "after")
                    },
                }
                for number, part in enumerate(rest[0]["parts"])
            ],
            "members_delay": _mean([_costs(one) for one in rest], "members_delay"),
            "critical_reports": _mean(masses, "high"),
            "critical_per_car": _mean(masses, "per_car"),
            "most_fall": _mean(masses, "reached"),
            "days": {
                one[0]["schedule"]: _falls(one).tolist() for one in _by(self.lived, "schedule")
            },
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a seed for each state, critical mass and run of days."""
        return [
            {
                "what": one["what"],
                "seed": one["seed"],
                **{key: one.get(key) for key in CHOSEN},
                **dict.fromkeys(MEASURED),
                **measure(one),
                "seconds": one["seconds"],
            }
            for one, measure in [
                *((one, _costs) for one in self.rest),
                *((one, _mass) for one in self.masses),
                *((one, _days) for one in self.lived),
            ]
        ]

    def tables(self) -> dict[str, list[dict[str, str]]]:
        """Return what is printed."""
        found = {
            "What reports do, and what it costs": [
                self._rest_row(group) for group in _by(self.rest, *CHOSEN[:-1])
            ],
            f"How many reports make through-traffic fall by {100 * self.target:g}%": [
                self._mass_row(group) for group in _by(self.masses, "share", "others", "defence")
            ],
        }
        if self.rest[0]["parts"]:
            found["The other parts of the city: vehicles/h that drive through"] = self._spill_rows()
        if self.lived:
            found["Day after day: mean fall of through-traffic"] = [
                _days_row(group) for group in _by(self.lived, *CHOSEN)
            ]
        return found

    def _rest_row(self, group: Sequence[Found]) -> dict[str, str]:
        costs, unit = [_costs(one) for one in group], self.network.time_unit
        return {
            **_choice(group[0], "share", "others", "defence"),
            "reports/street/h": f"{group[0]['reports']:g}",
            "through, vehicles/h": (
                f"{_mean(group, 'through_before'):,.0f} → {_mean(group, 'through_after'):,.0f}"
            ),
            "fall": _percent(_mean(group, "relative_fall")),
            "elsewhere, vehicles/h": f"{_mean(costs, 'spill_over'):+,.0f}",
            "total travel time": f"{100 * (_mean(costs, 'total_rise') or 0):+.2f}%",
            f"members' delay, {unit}": _number(_mean(costs, "members_delay"), "+.2f"),
        }

    def _mass_row(self, group: Sequence[Found]) -> dict[str, str]:
        fewest, car = _mean(group, "high"), _mean(group, "per_car")
        return {
            **_choice(group[0], "share", "others", "defence"),
            "reports/street/h": "not reached" if fewest is None else f"{fewest:,.3g}",
            "per car there": "–" if car is None else f"{car:.2g}",
            "fall at a million": _percent(_mean(group, "reached")),
        }

    def _spill_rows(self) -> list[dict[str, str]]:
        rest = _first(self.rest)
        rows = []
        for number, part in enumerate(rest[0]["parts"]):
            before, after = (
                float(np.mean([one["parts"][number][when] for one in rest]))
                for when in ("before", "after")
            )
            rows.append(
                {
                    "nodes": _listed(part["nodes"]),
                    "before": f"{before:,.0f}",
                    "after": f"{after:,.0f}",
                    "more": f"{after - before:+,.0f}",
                }
            )
        return rows

    def pictures(self) -> dict[str, Picture]:
        """Return the map, where nodes have places, and what happens day after day."""
        from quorate.figures.navigation import days_figure

        drawn = {} if self.network.places is None else {"map": self._map(self.network.places)}
        if self.lived:
            shown = [_schedule(group) for group in _by(self.lived, "schedule")]
            drawn["days"] = Picture(
                days_figure(shown),
                "Through-traffic of the neighbourhood day after day, as a share of what it was "
                "before "
                "anyone reported. Filled points: days with reports. The app learns how much of "
                "what "
                "reports tell its traces bear out, and drivers change their habits.",
            )
        return drawn

    def _map(self, places: Floats) -> Picture:
        from quorate.figures.network import network_figure

        one = self.rest[0]
        inside = np.zeros(self.network.nodes, dtype=bool)
        inside[self.neighbourhood.nodes] = True
        figure = network_figure(
            places,
            np.column_stack([self.network.tail, self.network.head]),
            np.array(one["flow_before"]),
            np.array(one["flow_after"]),
            inside,
            "vehicles/h",
            ("no reports", f"{one['reports']:g} false reports a street and hour", "the change"),
        )
        return Picture(
            figure,
            "Flows on the network at the honest equilibrium, with false reports on the streets "
            "that lead "
            "into the neighbourhood (coloured), and the difference: solid bands have gained, "
            "hollow "
            "ones have lost.",
        )


def _costs(one: Found) -> dict[str, Any]:
    """Return the measures of a state of rest."""
    before, after = one["members_before"], one["members_after"]
    known = before is not None and after is not None
    return {
        **{key: one[key] for key in MEASURED if key in one},
        "total_rise": one["total_after"] / one["total_before"] - 1,
        "members_delay": after - before if known else None,
        "members_rise": after / before - 1 if known else None,
        "spill_over": sum(part["after"] - part["before"] for part in one["parts"]),
    }


def _mass(one: Found) -> dict[str, Any]:
    """Return the measures of a critical mass; the fall is that at a million reports."""
    return {
        "critical_reports": one["high"],
        "critical_per_car": one["per_car"],
        "relative_fall": one["reached"],
    }


def _days(one: Found) -> dict[str, Any]:
    """Return the measures of days."""
    falls = np.array(one["falls"])
    return {
        "gap": one["gap"],
        "mean_fall": float(falls.mean()),
        "first_fall": float(falls[:PERIOD].mean()),
        "last_fall": float(falls[-PERIOD:].mean()),
        "days_reported": sum(one["reported"]),
    }


def _days_row(group: Sequence[Found]) -> dict[str, str]:
    measured = [_days(one) for one in group]
    period = min(PERIOD, len(group[0]["falls"]))
    return {
        **_choice(group[0], "share", "defence"),
        "reports/street/h": f"{group[0]['reports']:g}",
        "schedule": group[0]["schedule"],
        "days with reports": f"{_mean(measured, 'days_reported'):g}",
        f"first {period} days": _percent(_mean(measured, "first_fall")),
        f"last {period} days": _percent(_mean(measured, "last_fall")),
    }


def _schedule(group: Sequence[Found]) -> TrafficSeries:
    from quorate.figures.navigation import TrafficSeries

    return TrafficSeries(group[0]["schedule"], _falls(group), group[0]["reported"])


def _falls(group: Sequence[Found]) -> Floats:
    """Return the mean fall over the seeds of the first choice on each day, (d,)."""
    return np.asarray(np.mean([one["falls"] for one in _first(group)], axis=0))


def _first(found: Sequence[Found]) -> Sequence[Found]:
    """Return the seeds of the first choice of each parameter."""
    return _by(found, *CHOSEN)[0] if found else []


def _by(found: Sequence[Found], *keys: str) -> list[list[Found]]:
    """Return what was found in groups of the same choice, in order."""
    groups: dict[tuple[Any, ...], list[Found]] = {}
    for one in found:
        groups.setdefault(tuple(one.get(key) for key in keys), []).append(one)
    return list(groups.values())


def _mean(found: Sequence[Found], key: str) -> float | None:
    """Return a mean over seeds; None where a seed has no number."""
    values = [one[key] for one in found]
    return None if not values or None in values else float(np.mean(values))


def _choice(one: Found, *keys: str) -> dict[str, str]:
    return {key: f"{one[key]:g}" if key == "share" else str(one[key]) for key in keys}


def _percent(value: float | None) -> str:
    return _number(None if value is None else 100 * value, ".1f", "%")


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "–" if value is None else f"{value:{form}}{unit}"


def _listed(nodes: Sequence[int]) -> str:
    shown = ", ".join(map(str, nodes[:8]))
    return shown + (f", ... ({len(nodes)})" if len(nodes) > 8 else "")
