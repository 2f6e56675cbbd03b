"""The result of certificates: certified beside achieved success, and the members it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate.intervals import mean_over_seeds
from quorate.plain import finite_or_none, group_by
from quorate.runs.result import Picture, Result, Row, Section, TextRow

WORDS = {
    "plant": "Planting",
    "plant-feature-only": "Planting, members keep their labels",
    "unplant-naive": "Unplanting, one label for all",
    "unplant-adaptive": "Unplanting, the best label in each cell",
}
PUBLISHED = "hoeffding"
RADIUS_WORDS = {PUBLISHED: "Hoeffding (published)", "bernstein": "Bernstein", "exact": "exact"}
NUMBERS = ("members", "certified", "achieved", "gap", "held", "needed")
ROUNDING = 1e-12  # of sums of shares


@dataclass(frozen=True, eq=False)
class CertifiedCurve:
    """What one radius certifies for one label and seed, and what is achieved; a sizes.

    Args:
        goal, label, radius, seed: whose.
        sizes: numbers of members, (a,).
        certified: lower bounds on success; None where nothing can be said, (a,).
        achieved: success on the test people, (a,).
        needed: members like the most that there are for which the target is certified; None if
            not even everyone is enough.
    """

    goal: str
    label: str
    radius: str
    seed: int
    sizes: tuple[int, ...]
    certified: Sequence[float | None]
    achieved: Sequence[float]
    needed: int | None

    def rows(self) -> list[Row]:
        """Return a row a size, and one over the sizes."""
        whose = {key: getattr(self, key) for key in ("goal", "label", "radius", "seed")}
        rows: list[Row] = [
            {
                **whose,
                "over": "",
                "members": n,
                "certified": finite_or_none(bound),
                "achieved": achieved,
                "gap": finite_or_none(achieved - bound),
                "held": held,
                "needed": None,
            }
            for n, bound, achieved, held in zip(
                self.sizes, self.bounds, self.achieved, self.held, strict=True
            )
        ]
        mean = {"over": "sizes", "needed": self.needed, "held": float(np.mean(self.held))}
        return [*rows, {**whose, **dict.fromkeys(NUMBERS), **mean}]

    @property
    def bounds(self) -> list[float]:
        """The certified success of each size, −inf where nothing can be said."""
        return [-math.inf if one is None else one for one in self.certified]

    @property
    def held(self) -> list[float]:
        """1 where the certificate is at most the success achieved, else 0, of each size."""
        each = zip(self.bounds, self.achieved, strict=True)
        return [float(bound <= achieved + ROUNDING) for bound, achieved in each]


@dataclass(frozen=True, eq=False)
class CertificatesResult(Result):
    """Certified and achieved success of every goal, label, radius and seed.

    Args:
        curves: one for each of these.
        platform_size, test_size: N and N_test.
        confidence: 1 − δ of each certificate.
        target: S*, for which members are counted.
    """

    curves: tuple[CertifiedCurve, ...]
    platform_size: int
    test_size: int
    confidence: float
    target: float

    @property
    def title(self) -> str:
        """What the page is called."""
        return "Certified success beside achieved success"

    # ---------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return a row a size; one over the sizes, with the members needed; one over the labels."""
        rows = [row for curve in self.curves for row in curve.rows()]
        overall = [row for row in rows if row["over"] == "sizes"]
        for some in group_by(overall, "goal", "radius", "seed").values():
            held = float(np.mean([row["held"] for row in some]))
            rows.append({**some[0], "label": "all", "over": "labels", "held": held, "needed": None})
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the mean curves, and how many certificates were above the success achieved."""
        return {
            "platform_size": self.platform_size,
            "test_size": self.test_size,
            "confidence": self.confidence,
            "target": self.target,
            "curves": [self._mean(some) for some in self._over_seeds()],
        }

    def _over_seeds(self) -> list[list[CertifiedCurve]]:
        groups: dict[tuple[str, str, str], list[CertifiedCurve]] = {}
        for one in self.curves:
            groups.setdefault((one.goal, one.label, one.radius), []).append(one)
        return list(groups.values())

    def _mean(self, some: Sequence[CertifiedCurve]) -> dict[str, Any]:
        """Return the means over the seeds of a curve."""
        first = some[0]
        needed = [math.inf if one.needed is None else one.needed for one in some]
        certified, achieved = (
            mean_over_seeds(np.array([getattr(one, key) for one in some]).T)
            for key in ("bounds", "achieved")
        )
        return {
            **{key: getattr(first, key) for key in ("goal", "label", "radius")},
            "seeds": len(some),
            "members": list(first.sizes),
            "certified": [finite_or_none(float(value)) for value in certified],
            "achieved": achieved.tolist(),
            "needed": finite_or_none(float(np.mean(needed))),
            "informative": sum(bound > 0 for one in some for bound in one.bounds),
            "violations": sum(one.held.count(0.0) for one in some),
        }

    # ------------------------------------------------------------------------------ for people

    def summary(self) -> list[str]:
        """Return whether certificates held, and how many members the published one takes."""
        means = [self._mean(some) for some in self._over_seeds()]
        said, above = (sum(one[key] for one in means) for key in ("informative", "violations"))
        found = [
            f"{above:,} of {said:,} certificates that promise anything were above the success "
            f"achieved; each may be with a probability of {1 - self.confidence:.3g}."
        ]
        for radius in dict.fromkeys(one["radius"] for one in means):
            needed = [one["needed"] for one in means if one["radius"] == radius]
            known = [number for number in needed if number is not None]
            if known:
                found.append(
                    f"{_called(radius)}: {min(known):,.0f} to {max(known):,.0f} of "
                    f"{self.platform_size:,} people certify a success of {self.target:g}"
                    + ("." if len(known) == len(needed) else ", where any number does.")
                )
        return found

    def sections(self) -> list[Section]:
        """Return the members needed, a row a goal and label."""
        means = [self._mean(some) for some in self._over_seeds()]
        rows = [self._text_row(some) for some in group_by(means, "goal", "label").values()]
        heading = f"Members for a certified success of {self.target:g}, on average"
        after = (
            "Achieved: the smallest number of members tried from which on the mean success is "
            "that large.",
            "Members needed are projected from the largest number drawn, as if further ones were "
            "like these.",
        )
        return [Section(heading, rows=tuple(rows), after=after)]

    def _text_row(self, some: Sequence[dict[str, Any]]) -> TextRow:
        first = some[0]
        short = [n for n, s in zip(first["members"], first["achieved"], strict=True)
                 if s < self.target]  # fmt: skip
        enough = [n for n in first["members"] if n > max(short, default=0)]
        return {
            "goal": WORDS[first["goal"]],
            "label": first["label"],
            **{_called(one["radius"]): _say(one["needed"]) for one in some},
            "achieved": _say(min(enough, default=None)),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return certified and achieved success over the number of members, one a goal."""
        from quorate.figures.certificates import CertifiedPanel, certificates_figure

        means = group_by([self._mean(some) for some in self._over_seeds()], "goal", "label")
        panels: dict[str, list[CertifiedPanel]] = {}
        for (goal, label), some in means.items():
            lines = {_called(one["radius"]): one["certified"] for one in some}
            panels.setdefault(goal, []).append(
                CertifiedPanel(label, some[0]["members"], lines, some[0]["achieved"])
            )
        return {
            goal: Picture(
                certificates_figure(some),
                f"{WORDS[goal]}: success that is certified by each radius, and success achieved "
                "(grey) on the best platform for its rows, over the number of members. Means over "
                "seeds; below 0 nothing is certified.",
            )
            for goal, some in panels.items()
        }


def _called(radius: str) -> str:
    return RADIUS_WORDS.get(radius, radius)


def _say(number: float | None) -> str:
    return "none are enough" if number is None else f"{number:,.0f}"
