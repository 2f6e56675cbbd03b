"""False reports to a navigation app: the scenario, its parameters and its cells."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from quorate.errors import InputError
from quorate.scenarios.cells import run_cells
from quorate.scenarios.navigation.city import at_rest, critical, over_days
from quorate.scenarios.navigation.neighbourhood import make_neighbourhood
from quorate.scenarios.navigation.network_sources import make_roads
from quorate.scenarios.navigation.result import NavigationResult
from quorate.scenarios.navigation.route_choice import Drivers
from quorate.spec import param
from quorate.validate import above_zero, at_least, in_interval

Defence = Literal["none", "trimmed-mean", "contradicting-traces", "decay", "bans"]
Others = Literal["habit", "adapt"]
ScheduleName = Literal["every-day", "every-other-day", "alternating-streets", "burst"]
ALL_SCHEDULES = ("every-day", "every-other-day", "alternating-streets", "burst")


@dataclass(frozen=True)
class Navigation:
    """People of a neighbourhood report false congestion to a navigation app, so that it leads
    around it.

    Static equilibrium with BPR latencies; an app that mixes traces and reports, t̂ = (1 − w)t + w
    r with
    w = m/(m + κf); a share of drivers who follow it, by a logit of the way they are used to and
    the app's;
    the app's defences; the same day after day. See docs/explanation/navigation.md.

    Raises:
        InputError: a number is out of range, or a network, node, defence or schedule is not known.
    """

    name: ClassVar[str] = "navigation"

    network: str = param(
        "grid", "grid, siouxfalls, anaheim, or a folder of TNTP files; with parameters"
    )
    neighbourhood: tuple[int, ...] = param((9, 10, 16, 17), "its nodes, counted from 1")
    reports: tuple[float, ...] = param((200.0,), "m, false reports on each street in an hour")
    share: tuple[float, ...] = param((0.6,), "φ, share of drivers who follow the app, in [0, 1]")
    defence: tuple[Defence, ...] = param(("none",), "what the app does about reports")
    others: tuple[Others, ...] = param(
        ("habit",), "drivers without the app: keep to their habit, or adapt to the true times"
    )
    told: float = param(10.0, "r, the time that reports tell, of that on the empty street")
    kappa: float = param(1.0, "κ, how many reports the trace of one car counts for")
    theta: float = param(1.0, "θ of the logit, for each unit of the network's time")
    accounts: int = param(200, "from which the reports come; it matters to bans alone")
    target: float = param(0.5, "relative fall of through-traffic that critical_reports is about")
    days: int = param(28, "days to live through; 1 for none")
    schedule: tuple[ScheduleName, ...] = param(ALL_SCHEDULES, "when members report")
    learning: float = param(
        0.1, "by how much trust in a street's reports moves in a day to what traces bear out"
    )
    reconsider: float = param(0.1, "share of habits that may change overnight")
    seeds: int = param(1, "how many cities, which differ by noise in their demand")
    noise: float = param(0.0, "demand of each pair of zones is drawn from 1 ± so much of it")
    gap: float = param(5e-5, "to which drivers come to rest, see the page")

    def __post_init__(self) -> None:
        for key in ("network", "reports", "share", "defence", "others", "schedule"):
            if not getattr(self, key):
                raise InputError(f"Expected {key} to name one or more, got none. Give a value.")
        for reports in self.reports:
            at_least("reports", reports, 0, "Use 0 for the honest equilibrium.")
        for share in self.share:
            Drivers(share, self.theta)
        above_zero("told", self.told, "Use 10 for walking pace where cars go 50 km/h.")
        above_zero("kappa", self.kappa, "Use 1 where a report counts as much as a car's trace.")
        above_zero("gap", self.gap, "Use a gap such as 5e-5.")
        at_least("accounts", self.accounts, 1, "One phone at least has to report.")
        in_interval("target", self.target, 0, 1, "To halve it, use 0.5.", open_low=True)
        at_least("days", self.days, 1, "Use 1 for a single day.")
        at_least("seeds", self.seeds, 1, "Use one city or more.")
        for key in ("learning", "reconsider"):
            in_interval(key, getattr(self, key), 0, 1, "Use a share such as 0.1.")
        in_interval("noise", self.noise, 0, 1, "Use a share such as 0.1.", open_high=True)
        if self.seeds > 1 and self.noise == 0:
            raise InputError(
                f"Expected noise above 0 with seeds={self.seeds}, got 0: all cities would be the "
                f"same. "
                "Use noise=0.1, or seeds=1."
            )

    def run(self, out: Path | None, jobs: int) -> NavigationResult:
        """Run it: states of rest, critical masses, and days."""
        network = make_roads(self.network).network()
        own = make_neighbourhood(network, self.neighbourhood)
        rest, masses, lived = self.at_rest(), self.critical(), self.over_days()
        return NavigationResult(
            network,
            own,
            self.target,
            _joined(rest, run_cells(at_rest, rest, out, jobs, "Traffic")),
            _joined(masses, run_cells(critical, masses, out, jobs, "Critical")),
            _joined(lived, run_cells(over_days, lived, out, jobs, "Days")),
        )

    def at_rest(self) -> list[dict[str, Any]]:
        """Return a cell for each seed and each choice of what is given."""
        return self._cells("at rest", (), ("share", "others", "defence", "reports"))

    def critical(self) -> list[dict[str, Any]]:
        """Return a cell for each seed and each choice of who follows and how the app defends."""
        return self._cells("critical", ("target",), ("share", "others", "defence"))

    def over_days(self) -> list[dict[str, Any]]:
        """Return a cell for each seed, choice and schedule; none where there is one day only."""
        if self.days == 1:
            return []
        fixed = ("days", "learning", "reconsider")
        return self._cells("days", fixed, ("share", "defence", "reports", "schedule"))

    def _cells(
        self, what: str, fixed: tuple[str, ...], varied: tuple[str, ...]
    ) -> list[dict[str, Any]]:
        always = ("network", "told", "kappa", "theta", "accounts", "noise", "gap", *fixed)
        shared = {key: getattr(self, key) for key in always}
        choices = itertools.product(*(getattr(self, key) for key in varied))
        return [
            {
                "what": what,
                "seed": seed,
                "neighbourhood": list(self.neighbourhood),
                **shared,
                **dict(zip(varied, choice, strict=True)),
            }
            for choice in choices
            for seed in range(self.seeds)
        ]


def _joined(cells: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**cell, **outcome} for cell, outcome in zip(cells, found, strict=True)]
