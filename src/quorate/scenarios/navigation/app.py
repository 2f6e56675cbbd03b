"""A navigation app: it estimates the time of each street from traces and from reports.

Shapes: l links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.scenarios.navigation.defences import DEFENCES, Evidence
from quorate.scenarios.navigation.network import Network
from quorate.scenarios.navigation.shortest_paths import Floats


@dataclass(frozen=True, eq=False)
class App:
    """An app that mixes reports with the traces of cars.

    t̂ = (1 − w)t + w r, with t the time at the flow f, which traces tell, r the time that reports
    tell, and w the weight of reports: w = m/(m + κf) without a defence.

    Args:
        network: the streets it knows.
        reports: m, number of reports on each street in an hour, (l,).
        told: r, the time that reports tell of each street, (l,), in the network's unit.
        kappa: κ, number of reports that one car's trace counts for.
        defence: what it does about false reports; a name in DEFENCES.
        accounts: number of accounts that the reports come from.

    Source: the mixture is the literature's; κ, r and the defences are ours.
    """

    network: Network
    reports: Floats
    told: Floats
    kappa: float = 1.0
    defence: str = "none"
    accounts: int = 200

    def estimate(self, flow: Floats, times: Floats) -> Floats:
        """Return t̂, the estimated time of each link, (l,), at flows f and times t."""
        seen = Evidence(self.reports, self.kappa * flow, times, self.told, self.accounts)
        return np.asarray(times + DEFENCES[self.defence](seen) * (self.told - times))
