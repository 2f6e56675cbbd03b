"""What a sweep over the number of flips measured: rows, and what they say over seeds."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from quorate.intervals import mean_interval
from quorate.plain import group_by
from quorate.runs.result import Row
from quorate.scenarios.bias.choosing import COLUMNS, compare_with_most, read_sweeps
from quorate.scenarios.bias.measured import KEYS, PLATFORM, Key, MeasuredCollectives, Three

EVERY_LEARNER = "all"
S = TypeVar("S", bound="SweptNumbers")
BY_FLIPS = ("equalised_odds", "error")
NAN: Three = (math.nan,) * 3


@dataclass(frozen=True, eq=False)
class SweptNumbers(MeasuredCollectives):
    """What was measured of every collective with every number of flips.

    Args:
        population, compared, sizes, notes, found: as in ``MeasuredCollectives``.
        strategies, learners, alphas, knowledge, at, flips, seeds: as in ``Bias``.
    """

    flips: tuple[int, ...]

    @property
    def most_known(self) -> str:
        """With which knowledge every α is run."""
        return self.knowledge[-1]

    def rows(self) -> list[Row]:
        """Return one row for each collective, platform and seed, at the chosen M.

        ``equalised_odds``, ``error`` and the others are those of the M chosen on one half, measured
        on the other, the mean of both ways; ``lowest`` is the lowest over M on the half itself, and
        ``flattery`` what lies between. ``over_flips`` is the mean over M on everyone held out.
        Where nobody acts the row stands once for each strategy. The learner "all" is the mean over
        learners.
        """
        return [{k: v for k, v in row.items() if k not in ("sweep", "alone")} for row in self._rows]

    @functools.cached_property
    def _rows(self) -> list[dict[str, Any]]:
        rows = [row for one in read_sweeps(self.found, self.flips) for row in self._named(one)]
        compare_with_most(rows, self.most_known)
        acting = [row for row in rows if not row["alone"]]
        groups = group_by(acting, "strategy", "alpha", "known", "seed").values()
        return rows + [_mean_over_learners(some) for some in groups]

    def _named(self, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return a row under each name that it stands for: nobody's is every strategy's."""
        if row["alone"]:
            named = {"strategy": f"{PLATFORM}{row['alone']}", "known": self.most_known}
            return [{**row, **named}]
        if row["alpha"] > 0:
            return [dict(row)]
        rows = [{**row, "strategy": one, "known": self.most_known} for one in self.strategies]
        return [rows[0], *({**other, "seconds": 0.0} for other in rows[1:])]

    # ------------------------------------------------------------------------------ over seeds

    @functools.cached_property
    def over_seeds(self) -> dict[Key, dict[str, Three]]:
        """Return mean and interval over seeds of every number, by platform and collective."""
        by_key = group_by(self._rows, *KEYS)
        return {key: _means(rows) for key, rows in by_key.items()}

    @functools.cached_property
    def by_flips(self) -> dict[Key, dict[int, dict[str, Three]]]:
        """Return violation and error on everyone held out for each M, by platform and collective.

        Mean and interval over seeds; collectives without a sweep are left out.
        """
        found = {}
        swept = [row for row in self._rows if row.get("sweep") and len(row["sweep"].entries) > 1]
        for key, rows in group_by(swept, *KEYS).items():
            counts = [one["flips"] for one in rows[0]["sweep"].entries]
            odds, right = (
                np.array([row["sweep"].everyone(name) for row in rows]).T  # (M, s)
                for name in ("equalised_odds", "accuracy")
            )
            three = [list(zip(*mean_interval(each), strict=True)) for each in (odds, 1 - right)]
            found[key] = {
                count: dict(zip(BY_FLIPS, both, strict=True))
                for count, *both in zip(counts, *three, strict=True)
            }
        return found

    def numbers(self, learner: str, strategy: str, alpha: float, known: str) -> dict[str, Three]:
        """Return mean and interval over seeds of every number; NaN where nothing was measured."""
        found = self.over_seeds.get((learner, strategy, alpha, known))
        return found or dict.fromkeys(COLUMNS, NAN)


def with_flips(result: S, rows: Sequence[Row]) -> S:
    """Return a result with the numbers of each M that ``flips.csv`` holds in it.

    Args:
        result: of rows that were read back, which do not hold them.
        rows: of the file.
    """
    found: dict[Key, dict[int, dict[str, Three]]] = {}
    for row in rows:
        learner, strategy, alpha, known = (row[name] for name in KEYS)
        by_count = found.setdefault((learner, strategy, float(alpha), str(known)), {})
        by_count[row["flips"]] = {
            name: (row[name], row[f"{name}.low"], row[f"{name}.high"]) for name in BY_FLIPS
        }
    vars(result)["by_flips"] = found
    return result


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, Three]:
    values = np.array([[row[name] for row in rows] for name in COLUMNS], np.float64)  # (numbers, s)
    threes = zip(*(end.tolist() for end in mean_interval(values)), strict=True)
    return dict(zip(COLUMNS, threes, strict=True))


def _mean_over_learners(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mean = {**rows[0], "learner": EVERY_LEARNER, "seconds": 0.0, "failed": "", "sweep": None}
    for name in COLUMNS:
        values = [row[name] for row in rows]
        mean[name] = None if None in values else round(float(np.mean(values)), 6)
    return mean
