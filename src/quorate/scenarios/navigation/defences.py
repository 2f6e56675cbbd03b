"""An app's defences against false reports (data poisoning): how much weight it gives them.

A defence is a function of the reports m of a street in an hour, the weight κf of what the app sees
of its traffic there, and the times that traces and reports tell, t and r. It returns w in [0, 1],
what reports weigh in the app's estimate (1 − w)t + w r. Arrays have one value a link, (l,). One
more is one function and one line in ``DEFENCES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from quorate.scenarios.navigation.shortest_paths import Floats

TRIM = 0.25  # cut at each end of a trimmed mean, of all weight; ours
AGE = 0.25  # hours after which a report counts for 1/e; ours
PATIENCE = 14  # days of contradicted reports until a ban: Waze's two weeks for a lone saboteur


@dataclass(frozen=True, eq=False)
class Evidence:
    """The reports and traces that an app has of each street in an hour.

    Args:
        reports: m, number of reports, (l,).
        traces: κf, the weight of the traffic seen, in reports, (l,).
        seen: t, the time that traces tell, (l,).
        told: r, the time that reports tell, (l,).
        accounts: number of accounts that the reports come from.
    """

    reports: Floats
    traces: Floats
    seen: Floats
    told: Floats
    accounts: int


def weight(reports: Floats, traces: Floats) -> Floats:
    """Return w = m/(m + κf), 0 where there is neither.

    >>> weight(np.array([1.0, 0.0]), np.array([3.0, 0.0]))
    array([0.25, 0.  ])
    """
    return np.asarray(reports / np.maximum(reports + traces, 1e-300))


def none(evidence: Evidence) -> Floats:
    """Every report counts as much as the trace of a car: w = m/(m + κf)."""
    return weight(evidence.reports, evidence.traces)


def trimmed_mean(evidence: Evidence) -> Floats:
    """A quarter at either end of all reports and traces is left out: 2w − ½, cut to [0, 1]."""
    return np.clip((none(evidence) - TRIM) / (1 - 2 * TRIM), 0, 1)


def contradicting_traces(evidence: Evidence) -> Floats:
    """A report counts for as much of itself as traces bear out: m t/r for m, where r > t."""
    return weight(evidence.reports * borne_out(evidence.seen, evidence.told), evidence.traces)


def decay(evidence: Evidence) -> Floats:
    """Reports fade: one of age a counts for e^(−a/τ), with τ a quarter of an hour.

    Reports are made at any time of the hour, so that m τ(1 − e^(−1/τ)) takes the place of m.
    """
    return weight(evidence.reports * AGE * (1 - np.exp(-1 / AGE)), evidence.traces)


def bans(evidence: Evidence) -> Floats:
    """An account counts once for a street in an hour: min(m, accounts) for m.

    Over days, accounts whose reports traces contradict are banned (``day_to_day``).
    """
    return weight(np.minimum(evidence.reports, evidence.accounts), evidence.traces)


def borne_out(seen: Floats, told: Floats) -> Floats:
    """Return t/r where r > t, else 1: how much of what reports tell the traces bear out, (l,)."""
    return np.asarray(seen / np.maximum(np.maximum(told, seen), 1e-300))


DEFENCES: Mapping[str, Callable[[Evidence], Floats]] = {
    "none": none,
    "trimmed-mean": trimmed_mean,
    "contradicting-traces": contradicting_traces,
    "decay": decay,
    "bans": bans,
}
