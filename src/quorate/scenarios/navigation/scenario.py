"""The scenario ``navigation``: false reports to a navigation app, its parameters and its cells."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.plain import group_by
from quorate.runs.kept_tables import KeptTables
from quorate.runs.running import opened
from quorate.runtime.seeds import check_count
from quorate.scenarios.navigation.cell import (
    DAY_GAP,
    measure_critical_mass,
    measure_days,
    measure_state,
)
from quorate.scenarios.navigation.neighbourhood import Neighbourhood, make_neighbourhood
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.network_sources import make_network_source, name_source
from quorate.scenarios.navigation.result import OF_DAYS, WHEN, NavigationResult
from quorate.scenarios.navigation.route_choice import Drivers
from quorate.scenarios.running import run_cells
from quorate.scenarios.scenario import Scenario
from quorate.spec import make_tuples, param
from quorate.validate import above_zero, at_least, in_interval

Defence = Literal["none", "trimmed-mean", "contradicting-traces", "decay", "bans"]
Others = Literal["habit", "adapt"]
ScheduleName = Literal["every-day", "every-other-day", "alternating-streets", "burst"]
LIBRARIES = ("scipy.special",)  # with threads of their own: nothing is trained
MOST_DAYS = 10_000
SMALLEST_GAP = 1e-9  # successive averages come no nearer in any time that people have


@dataclass(frozen=True)
class Navigation(Scenario):
    """People of a neighbourhood report false congestion, so that a navigation app avoids it.

    A data poisoning attack on a routing service. Traffic is a static Wardrop user equilibrium with
    BPR latencies, found by the method of successive averages. The app mixes traces and reports,
    t̂ = (1 − w)t + w r with w = m/(m + κf), and may defend itself. A share of drivers follows it, by
    a logit of the way they are used to and the app's. The same day is driven again and again. See
    docs/explanation/navigation.md.

    Raises:
        InputError: a number is out of range, or a network, node, defence or schedule is not known.
    """

    name: ClassVar[str] = "navigation"

    network: str = param(
        "grid",
        "Road network: grid, siouxfalls or anaheim, with parameters, or a folder of TNTP files.",
    )
    neighbourhood: tuple[int, ...] = param(
        (9, 10, 16, 17), "Numbers of the nodes of the reporting neighbourhood, counted from 1."
    )
    reports: tuple[float, ...] = param(
        (200.0,), "Number m of false reports on each street in an hour; a list runs each."
    )
    share: tuple[float, ...] = param(
        (0.6,), "Fraction φ of drivers who follow the app, in [0, 1]; a list runs each."
    )
    defence: tuple[Defence, ...] = param(
        ("none",), "Defence of the app against false reports; a list runs each."
    )
    others: tuple[Others, ...] = param(
        ("habit",),
        "What drivers without the app do: keep to their habit, or adapt to true times; a list runs "
        "each.",
    )
    told: float = param(
        10.0, "Reported travel time r, in multiples of the time on the empty street."
    )
    kappa: float = param(1.0, "Number κ of reports that the trace of one car counts for.")
    theta: float = param(1.0, "Sensitivity θ of the logit choice, per unit of the network's time.")
    accounts: int = param(200, "Number of accounts that report; only the defence bans counts them.")
    target: float = param(
        0.5,
        "Relative fall of through-traffic whose critical mass of reports is searched, in (0, 1].",
    )
    days: int = param(28, "Number of days in a row; 1 leaves the day-to-day part out.")
    schedule: tuple[ScheduleName, ...] = param(
        get_args(ScheduleName),
        "Schedule by which members report from day to day; a list runs each.",
    )
    learning: float = param(
        0.1,
        "Rate, in [0, 1], at which the app learns each day how far to trust a street's reports, "
        "from the share of them that traces confirm.",
    )
    reconsider: float = param(
        0.1, "Fraction of drivers by habit who may change it overnight, in [0, 1]."
    )
    seeds: int = param(1, "Number of cities; they differ by noise in their demand.")
    noise: float = param(
        0.0,
        "Noise of the demand, in [0, 1): trips between two zones are scaled by a factor in 1 ± "
        "noise.",
    )
    gap: float = param(5e-5, "Relative gap below which traffic counts as in equilibrium.")
    day_gap: float = param(
        DAY_GAP,
        "Relative gap below which traffic within a day counts as in equilibrium; large cities need "
        "a smaller one.",
    )

    def __post_init__(self) -> None:
        make_tuples(self)
        for key in ("network", "reports", "share", "defence", "others", "schedule"):
            if not getattr(self, key):
                raise InputError(f"Expected {key} to name one or more, got none. Give a value.")
        for reports in self.reports:
            at_least("reports", reports, 0, "Use 0 for the honest equilibrium.")
        for share in self.share:
            Drivers(share, self.theta)
        above_zero("told", self.told, "Use 10 for walking pace where cars go 50 km/h.")
        above_zero("kappa", self.kappa, "Use 1 where a report counts as much as a car's trace.")
        for key in ("gap", "day_gap"):
            in_interval(key, getattr(self, key), SMALLEST_GAP, 1, "Use a gap such as 5e-5.")
        at_least("accounts", self.accounts, 1, "One phone at least has to report.")
        in_interval("target", self.target, 0, 1, "To halve it, use 0.5.", open_low=True)
        at_least("days", self.days, 1, "Use 1 for a single day.", most=MOST_DAYS)
        check_count(self.seeds, "Use one city or more.")
        for key in ("learning", "reconsider"):
            in_interval(key, getattr(self, key), 0, 1, "Use a share such as 0.1.")
        in_interval("noise", self.noise, 0, 1, "Use a share such as 0.1.", open_high=True)
        if self.seeds > 1 and self.noise == 0:
            raise InputError(
                f"Expected noise above 0 with seeds={self.seeds}, got 0: all cities would be the "
                "same. Use noise=0.1, or seeds=1."
            )

    def run(self, out: Path | None, executor: Executor) -> NavigationResult:
        """Measure states of rest, critical masses of reports, and days."""
        place = self._place()
        parts = (
            (measure_state, self.state_cells(), "Traffic"),
            (measure_critical_mass, self.critical_cells(), "Critical"),
            (measure_days, self.day_cells(), "Days"),
        )
        found = []
        with opened(out, executor) as (store, pool):
            for measure, cells, what in parts:
                outcomes = run_cells(measure, cells, store, pool, what, LIBRARIES)
                found.append([{**a, **b} for a, b in zip(cells, outcomes, strict=True)])
        return NavigationResult(*place, *found)

    def read_back(self, tables: KeptTables) -> NavigationResult:
        """Return the result of tables that are kept: its streets and days, but no critical mass.

        Raises:
            InputError: a table is missing, or holds the streets of another network.
        """
        place = self._place()
        network = place[0]
        streets = tables.needed("streets")
        by_day = tables.needed("days") if self.days > 1 else []
        if [(row["from"], row["to"]) for row in streets] != network.ends:
            raise InputError(
                f"Expected the {network.links} streets of {network.name} in {tables.folder}, "
                f"got {len(streets)} others. Run the experiment again."
            )
        flows = {f"flow_{when}": [row[when] for row in streets] for when in WHEN}
        days = [
            {
                **{key: rows[0][key] for key in OF_DAYS},
                "reported": [row["reported"] for row in rows],
                "falls": [row["fall"] for row in rows],
            }
            for rows in group_by(by_day, *OF_DAYS).values()
        ]
        state = {"reports": self.reports[0], **flows}
        return NavigationResult(*place, [state], (), days)

    def _place(self) -> tuple[Network, Neighbourhood, float]:
        """Return the roads, who reports, and the fall that they aim at."""
        network = make_network_source(self.network).network()
        return network, make_neighbourhood(network, self.neighbourhood), self.target

    def state_cells(self) -> list[dict[str, Any]]:
        """Return a cell for each seed and each choice of what is given."""
        return self._cells("at rest", (), ("share", "others", "defence", "reports"))

    def critical_cells(self) -> list[dict[str, Any]]:
        """Return a cell for each seed and each choice of who follows and how the app defends."""
        return self._cells("critical", ("target",), ("share", "others", "defence"))

    def day_cells(self) -> list[dict[str, Any]]:
        """Return a cell for each seed, choice and schedule; none where there is one day only."""
        if self.days == 1:
            return []
        fixed: tuple[str, ...] = ("days", "learning", "reconsider")
        if self.day_gap != DAY_GAP:  # else the ids are those of before there was a choice
            fixed += ("day_gap",)
        return self._cells("days", fixed, ("share", "defence", "reports", "schedule"))

    def _cells(
        self, what: str, fixed: tuple[str, ...], varied: tuple[str, ...]
    ) -> list[dict[str, Any]]:
        always = ("network", "told", "kappa", "theta", "accounts", "noise", "gap", *fixed)
        shared = {key: getattr(self, key) for key in always}
        shared["network"] = name_source(self.network)
        shared |= {"what": what, "neighbourhood": list(self.neighbourhood)}
        choices = itertools.product(*(getattr(self, key) for key in varied))
        return [
            {**shared, **dict(zip(varied, choice, strict=True)), "seed": seed}
            for choice in choices
            for seed in range(self.seeds)
        ]
