"""Two audits of the same attacks: do fewer people move the model now, beyond noise?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from quorate.auditing.measured import AttackResult, shift_of
from quorate.errors import InputError, StoreError
from quorate.intervals import Interval
from quorate.plain import read_json
from quorate.runs.digests import is_unchanged
from quorate.validate import listed

FILE = "results.json"
FALSE_ALARMS = 0.05  # of all attacks together, where nothing has changed
USUAL = 0.975  # of each end of an interval

Verdict = Literal["fewer people", "more people", "no difference beyond noise", "not measured"]


@dataclass(frozen=True)
class Compared:
    """One attack then and now.

    Args:
        name: of the attack.
        then, now: α* with intervals.
        shift: log of now over then, with limits that hold for all attacks together: each is passed
            by chance with a probability of at most 5% divided by the number of attacks.
        verdict: in words. "fewer people" is a regression.
    """

    name: str
    then: Interval
    now: Interval
    shift: Interval
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "name": self.name,
            "then": self.then.to_json(),
            "now": self.now.to_json(),
            "log_ratio": self.shift.to_json(),
            "verdict": self.verdict,
        }


def compare(then: Interval, now: Interval, least: float, attacks: int, name: str = "") -> Compared:
    """Return whether fewer people are needed now, beyond the noise of both searches.

    A regression is called where the upper limit of log(α* now/α* then) is below 0. Limits are those
    of the two intervals joined (Zou, Donner 2008, doi:10.1002/sim.3095), one-sided at 5% divided by
    the number of attacks (Bonferroni), so that an audit of an unchanged model raises a false alarm
    in at most 5% of the cases where the intervals hold. ``python -m benchmarks.audit_alarms``
    measures it.

    Args:
        then, now: α* with 95% intervals.
        least: the smallest α that is told from 0.
        attacks: how many are compared.

    >>> compare(Interval(0.02, 0.018, 0.022), Interval(0.01, 0.009, 0.011), 1e-6, 5).verdict
    'fewer people'
    >>> compare(Interval(0.02, 0.018, 0.022), Interval(0.018, 0.016, 0.021), 1e-6, 5).verdict
    'no difference beyond noise'
    """
    from scipy.special import ndtri

    stretch = float(ndtri(1 - FALSE_ALARMS / attacks) / ndtri(USUAL))
    shift = shift_of(then, now, least, stretch)
    verdict: Verdict = "no difference beyond noise"
    if math.isnan(then.estimate) or math.isnan(now.estimate):
        verdict = "not measured"
    elif shift.high < 0:
        verdict = "fewer people"
    elif shift.low > 0:
        verdict = "more people"
    return Compared(name, then, now, shift, verdict)


@dataclass(frozen=True, eq=False)
class Earlier:
    """An audit that was run before.

    Args:
        folder: where it stands.
        attacks: what it has found, as plain data.
    """

    folder: str
    attacks: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, folder: str | Path) -> Earlier:
        """Return the audit that a folder holds.

        Raises:
            InputError: the folder holds another result.
            StoreError: there is no result, or it cannot be read or was changed.
        """
        file = Path(folder) if Path(folder).is_file() else Path(folder) / FILE
        try:
            plain = read_json(file.read_bytes())
        except (OSError, ValueError) as error:
            raise StoreError(
                f"Expected an audit in {folder}, got no {FILE} that can be read ({error}). Run "
                f"quorate audit ... --out {folder} first."
            ) from error
        if not isinstance(plain, Mapping) or "attacks" not in plain:
            raise InputError(
                f"Expected an audit in {folder}, got a result of another kind. Name the --out of "
                "an earlier quorate audit."
            )
        if not is_unchanged(plain):
            raise StoreError(
                f"Expected {file} as quorate wrote it, got numbers that were changed since. Run "
                "the audit again: what is stored is kept."
            )
        return cls(str(folder), tuple(plain["attacks"]))

    def compare(self, now: Sequence[AttackResult]) -> tuple[Compared, ...]:
        """Return each attack of both audits, then and now; controls are left out."""
        then = {one["name"]: one for one in self.attacks}
        both = [one for one in now if one.name in then and not one.is_control]
        return tuple(
            compare(
                _interval(then[one.name]),
                Interval(one.estimate, one.low, one.high),
                0.5 / one.people,
                len(both),
                one.name,
            )
            for one in both
        )


def _interval(plain: Mapping[str, Any]) -> Interval:
    """Return α* of stored plain data: None is inf, or NaN where nothing was measured."""
    if not plain["is_measured"]:
        return Interval(math.nan, math.nan, math.nan)
    ends = (plain[key] for key in ("estimate", "low", "high"))
    return Interval(*(math.inf if end is None else float(end) for end in ends))


def regression_words(compared: Sequence[Compared]) -> str:
    """Return which attacks now need fewer people; empty where none does."""
    worse = [f"{one.name} ({_times(one)})" for one in compared if one.verdict == "fewer people"]
    return f"Regression: fewer people move the model by {listed(worse)}." if worse else ""


def _times(one: Compared) -> str:
    if not math.isfinite(one.then.estimate):
        return f"{100 * one.now.estimate:.3g}%, where not even everyone was enough before"
    return f"{100 * one.then.estimate:.3g}% before, {100 * one.now.estimate:.3g}% now"
