"""The result of effective sizes: how far off the two predictions of a critical mass are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quorate.plain import finite_or_none, group_by
from quorate.runs.privacy_words import privacy_sections
from quorate.runs.result import Picture, Result, Row, Section
from quorate.scenarios.effective_size.prediction import MassPrediction

ALL = "all"  # of a family: the mean over its learners
ERRORS = ("error_by_effective", "error_by_alpha")


@dataclass(frozen=True, eq=False)
class EffectiveSizeResult(Result):
    """Critical masses as measured and as predicted, of each world, learner and seed.

    Args:
        found: what was measured in each world.
    """

    found: tuple[MassPrediction, ...]

    @property
    def title(self) -> str:
        """What the page is called."""
        return "Effective size and critical mass"

    def rows(self) -> list[Row]:
        """Return one row a learner and seed, and one a family, which says ``all`` for learner."""
        rows = self._rows()
        return rows + _mean_over_learners(rows)

    def _rows(self) -> list[Row]:
        return [{**vars(one), **dict(zip(ERRORS, one.errors, strict=True))} for one in self.found]

    def to_json(self) -> dict[str, Any]:
        """Return the mean errors of each world and family, in factors of two."""
        return {"families": self._families()}

    def _families(self) -> list[dict[str, Any]]:
        """Return mean errors over seeds, by world and family."""
        groups = group_by(_mean_over_learners(self._rows()), "world", "family")
        return [
            {"world": world, "family": family}
            | {name: finite_or_none(_mean([row[name] for row in rows])) for name in ERRORS}
            for (world, family), rows in groups.items()
        ]

    def summary(self) -> list[str]:
        """Return whether the effective size predicts better, over worlds and families."""
        families = [row for row in self._families() if None not in row.values()]
        if not families:
            return ["No critical mass was reached, so that no prediction can be judged."]
        better = sum(row["error_by_effective"] < row["error_by_alpha"] for row in families)
        by_effective, by_alpha = (_mean([row[name] for row in families]) for name in ERRORS)
        return [
            f"The effective size predicts the critical mass better than the plain size in {better} "
            f"of {len(families)} families of learners.",
            f"On average it is off by a factor of {2**by_effective:.2f}, and the plain size by a "
            f"factor of {2**by_alpha:.2f}.",
        ]

    def sections(self) -> list[Section]:
        """Return the table of mean errors."""
        shown = list(zip(("by α_eff", "by α"), ERRORS, strict=True))
        rows = tuple(
            {
                "world": row["world"],
                "learners": row["family"],
                **{by: "–" if row[key] is None else f"{row[key]:.2f}" for by, key in shown},
            }
            for row in self._families()
        )
        found = Section("How far off a prediction is, in factors of two", rows=rows)
        return [found, *privacy_sections((one.learner, None) for one in self.found)]

    def pictures(self) -> dict[str, Picture]:
        """Return predicted against measured critical masses."""
        from quorate.figures.effective_size import PredictedMass, predictions_figure

        worlds: dict[str, list[PredictedMass]] = {}
        for one in self.found:
            if not math.isnan(one.measured):
                point = PredictedMass(one.family, one.measured, one.by_effective, one.by_alpha)
                worlds.setdefault(one.world, []).append(point)
        return {
            "predictions": Picture(
                predictions_figure(worlds),
                "Critical masses of learners that reweight people, predicted from that of plain "
                "training: filled by the effective size, hollow by the plain size. One mark a "
                "learner and seed; on the line a prediction is right.",
            )
        }


def _mean_over_learners(rows: Sequence[Row]) -> list[Row]:
    """Return mean errors over the learners of a family whose critical mass was reached."""
    means = []
    for (world, family, seed), some in group_by(rows, "world", "family", "seed").items():
        known = [row for row in some if not any(math.isnan(row[name]) for name in ERRORS)]
        errors = {name: _mean([row[name] for row in known]) for name in ERRORS}
        means.append({"world": world, "family": family, "learner": ALL, "seed": seed, **errors})
    return means


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
