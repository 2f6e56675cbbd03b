"""A navigation app: what it takes a street's time to be, from traces and from reports.

Shapes: l links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quorate.scenarios.navigation.defences import DEFENCES, Evidence
from quorate.scenarios.navigation.network import Floats, Network


@dataclass(frozen=True, eq=False)
class App:
    """What an app makes of the reports that it is given.

    t̂ = (1 − w)t + w r, with t the time at the flow f, which traces tell, r the time that reports
    tell, and w what they weigh: w = m/(m + κf) without a defence.

    Args:
        network: whose streets it knows.
        reports: m on each street in an hour, (l,).
        told: r of each street, (l,), in the network's unit.
        kappa: κ, how many reports one car's trace counts for.
        defence: what it does about reports; a name in DEFENCES.
        accounts: that reports come from.

    Source: literature's mixture; κ, r and the defences are ours.
    """

    network: Network
    reports: Floats
    told: Floats
    kappa: float = 1.0
    defence: str = "none"
    accounts: int = 200

    def evidence(self, flow: Floats, times: Floats) -> Evidence:
        """Return what it hears and sees at flows f and times t, (l,)."""
        return Evidence(self.reports, self.kappa * flow, times, self.told, self.accounts)

    def estimate(self, flow: Floats, times: Floats) -> Floats:
        """Return t̂ of each link, (l,), at flows f and times t."""
        weight = DEFENCES[self.defence](self.evidence(flow, times))
        return np.asarray(times + weight * (self.told - times))
