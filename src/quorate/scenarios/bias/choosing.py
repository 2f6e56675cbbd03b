"""The number of flips M, chosen on one half of the people held out and scored on the other.

Shapes: M numbers of flips, in growing order; 2 halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.scenarios.bias.cell import NOBODY
from quorate.scenarios.bias.measures import MEASURES

Floats = npt.NDArray[np.float64]
Found = tuple[Mapping[str, Any], Mapping[str, Any]]  # a cell, and what was measured of it
# Shares of the improvement by the largest collective: what counts as saturated.
ENOUGH = {"beyond_four_fifths": 0.8, "beyond_nine_tenths": 0.9}
SCORED = (*MEASURES, "accuracy_minority")
COLUMNS = (
    "flips",
    *SCORED,
    "lowest",
    "flattery",
    "improvement",
    *ENOUGH,
    "error",
    "error_added",
    "over_flips",
    "error_over_flips",
    "supply",
    "capped",
)


@dataclass(frozen=True, eq=False)
class Choice:
    """Which M has the lowest violation on each half, and what it is worth on the other.

    Args:
        picks: place of the M chosen on each half, (2,); of equal ones the smallest.
        scored: violation of that M on the other half, (2,).
        lowest: the lowest violation over M on the other half itself, (2,).
    """

    picks: npt.NDArray[np.int64]
    scored: Floats
    lowest: Floats

    @property
    def flattery(self) -> float:
        """How much lower the violation looks if M is chosen where it is scored: 0 or more."""
        return float((self.scored - self.lowest).mean())


def choose(violation: Floats) -> Choice:
    """Return the choice by violations on the halves, (M, 2).

    >>> choose(np.array([[0.3, 0.3], [0.1, 0.2], [0.2, 0.0]])).scored.tolist()
    [0.2, 0.2]
    """
    picks = violation.argmin(axis=0)
    other = np.array([1, 0])
    return Choice(picks, violation[picks, other], violation.min(axis=0)[other])


@dataclass(frozen=True, eq=False)
class Sweep:
    """What was measured of one collective of one seed on one platform, by M.

    Args:
        entries: one for each M, as ``measure_swept`` gives them, nobody's first.
        supply: how many members can act.
    """

    entries: Sequence[Mapping[str, Any]]
    supply: int

    def halves(self, name: str) -> Floats:
        """Return a measure on each half, (M, 2)."""
        return np.array([[half[name] for half in one["halves"]] for one in self.entries])

    def everyone(self, name: str) -> Floats:
        """Return a measure on everyone held out, (M,)."""
        return np.array([one["everyone"][name] for one in self.entries])

    def numbers(self, honest: Mapping[str, Any]) -> dict[str, float | None]:
        """Return the numbers of a row, but for those in ``ENOUGH``.

        Args:
            honest: the entry where nobody acts.
        """
        chosen, other = choose(self.halves("equalised_odds")), np.array([1, 0])
        scored = {name: self.halves(name)[chosen.picks, other].mean() for name in SCORED}
        before = {name: np.mean([half[name] for half in honest["halves"]]) for name in SCORED}
        asked = np.array([one["flips"] for one in self.entries])
        acting = asked > 0
        found = {
            **scored,
            "flips": np.mean([self.entries[place]["flipped"] for place in chosen.picks]),
            "lowest": chosen.lowest.mean(),
            "flattery": chosen.flattery,
            "improvement": before["equalised_odds"] - scored["equalised_odds"],
            "error": 1 - scored["accuracy"],
            "error_added": before["accuracy"] - scored["accuracy"],
            "supply": self.supply,
            "capped": (asked > self.supply).sum(),
        }
        if acting.any():
            found["over_flips"] = self.everyone("equalised_odds")[acting].mean()
            found["error_over_flips"] = 1 - self.everyone("accuracy")[acting].mean()
        return {name: round(float(value), 6) for name, value in found.items()}


def read_sweeps(found: Sequence[Found], flips: Sequence[int]) -> list[dict[str, Any]]:
    """Return one row for each cell, with its ``sweep`` and its numbers; None where one failed.

    Args:
        found: cells and what was measured of each, nobody's cell among them for every learner and
            seed.
        flips: the numbers M; 0 stands for nobody's platform.
    """
    honest = {_platform(cell): one for cell, one in found if cell.get("strategy") == NOBODY}
    rows = []
    for cell, one in found:
        nobody = honest[_platform(cell)]
        failed = one.get("failed", "") or nobody.get("failed", "")
        row = {"learner": cell["learner"], "seed": cell["seed"], "alpha": cell.get("alpha", 0.0)}
        row |= {"strategy": cell.get("strategy"), "known": cell.get("known")}
        row |= {"alone": cell.get("alone", ""), "seconds": one["seconds"], "failed": failed}
        row |= dict.fromkeys(COLUMNS)
        if not failed:
            with_nobody = bool(cell["flips"]) and 0 in flips
            first = nobody["swept"] if with_nobody else []
            row["sweep"] = Sweep([*first, *one["swept"]], one["supply"])
            row |= row["sweep"].numbers(nobody["swept"][0])
        rows.append(row)
    return rows


def compare_with_most(rows: Sequence[dict[str, Any]], known: str) -> None:
    """Write ``beyond_nine_tenths``, (v₀ − v_α) − .9·(v₀ − v_most), and so on; v is the violation.

    It is 0 or more where nine tenths of what the largest collective reaches are reached at α. Of
    other knowledge than ``known`` it is not said: there is no largest collective to compare with.
    """
    usual = [row for row in rows if row["known"] == known and row["improvement"] is not None]
    most: dict[tuple[Any, ...], tuple[float, float]] = {}
    for row in usual:
        now = (row["alpha"], row["improvement"])
        most[_collective(row)] = max(most.get(_collective(row), now), now)
    for row in usual:
        reached = most[_collective(row)][1]
        row |= {name: round(row["improvement"] - s * reached, 6) for name, s in ENOUGH.items()}


def _platform(cell: Mapping[str, Any]) -> tuple[str, int]:
    return cell["learner"], cell["seed"]


def _collective(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["learner"], row["strategy"], row["seed"]
