"""The result of an audit: a lower bound on ε beside the one that is stated."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from quorate.membership_inference.audit_bound import AuditBound, audit_bounds
from quorate.membership_inference.audit_cell import AuditOutcome
from quorate.plain import finite, finite_or_none
from quorate.runs.privacy_words import leaves_out_in_words, privacy_sections
from quorate.runs.result import Picture, Result, Row, Section, TextRow
from quorate.runs.wording import name_place, rate, settings_in_words
from quorate.runtime.seeds import stream

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TIES = 6  # the stream of a seed that breaks ties between scores
UNSTATED_DELTA = 1e-5  # where neither the audit nor the training names one
ASSUMPTIONS = (
    "Each canary was in the training data or not by a fair coin of its own, and the neighbours of "
    "ε differ by one person added or removed, as those of the stated budget do.",
    "The auditor sees the probabilities that the finished model gives for canaries, and no step "
    "of its training (a black box). Who sees more, or plants rows that are made for it, may show "
    "more.",
    "A lower bound is no estimate. It says what can be ruled out after so few trainings; ε itself "
    "may be far larger. A bound of 0 shows nothing, and does not show that people are private.",
    "A table's numbers were standardised with all canaries, in or out: what ε leaves out is not "
    "audited. The accuracy is that of a platform with canaries among its people.",
)


@dataclass(frozen=True, eq=False)
class AuditResult(Result):
    """What canaries show of the privacy of a learner.

    Args:
        cells: one training a seed.
        asked_delta: δ of the claim that is tested; None takes what the training states.
        confidence: with which the largest of all bounds holds.
    """

    stem: ClassVar[str] = "audit"
    cells: tuple[AuditOutcome, ...]
    asked_delta: float | None
    confidence: float

    @property
    def title(self) -> str:
        """What the page is called."""
        return f"An audit of privacy: {self._learner}"

    @property
    def question(self) -> str:
        """What the audit is about."""
        return (
            "How much privacy does a learner fail to give, as far as canaries in its training data "
            "can show?"
        )

    @property
    def _learner(self) -> str:
        return str(self.cells[0].about["description"]["learner"]["name"])

    @property
    def lower(self) -> float:
        """The lower bound on ε: the largest over seeds and numbers of guesses; NaN for none."""
        return max((one.epsilon for _, one in self._bounds), default=math.nan)

    @property
    def stated(self) -> float | None:
        """The largest ε that a training states; None where none does, inf where it is without."""
        said = [cell.about["epsilon"] for cell in self.cells if cell.about["epsilon"] is not None]
        return max(said, default=None)

    @property
    def is_refuted(self) -> bool:
        """Whether a stated budget is ruled out, at its own δ or a larger one."""
        return any(self._refutes(cell, bound) for cell, bound in self._bounds)

    @functools.cached_property
    def _bounds(self) -> list[tuple[AuditOutcome, AuditBound]]:
        """Each training's bounds: with Bonferroni's correction for seeds and numbers of guesses."""
        each = 1 - (1 - self.confidence) / len(self.cells)
        found = []
        for cell in self.cells:
            if np.isfinite(cell.scores).all():
                rng = np.random.default_rng(stream(cell.about["seed"], TIES))
                bounds = audit_bounds(cell.scores, cell.included, self._delta(cell), each, rng)
                found += [(cell, one) for one in bounds]
        return found

    def _delta(self, cell: AuditOutcome) -> float:
        if self.asked_delta is not None:
            return self.asked_delta
        return UNSTATED_DELTA if cell.about["delta"] is None else float(cell.about["delta"])

    @staticmethod
    def _refutes(cell: AuditOutcome, bound: AuditBound) -> bool:
        stated, delta = cell.about["epsilon"], cell.about["delta"] or 0.0
        return stated is not None and bound.delta >= delta and bound.epsilon > stated

    # ---------------------------------------------------------------------------- for programs

    def rows(self) -> list[Row]:
        """Return one row for each training and number of guesses."""
        said = leaves_out_in_words(self.cells[0].about["description"]["learner"], self.stated)
        left = ("provenance", "description", "epsilon", "delta")
        return [
            {key: value for key, value in cell.about.items() if key not in left}
            | {
                "guesses": bound.guesses,
                "right": bound.right,
                "epsilon_lower": bound.epsilon,
                "delta": bound.delta,
                "confidence": self.confidence,
                "epsilon_stated": cell.about["epsilon"],
                "delta_stated": cell.about["delta"],
                "epsilon_leaves_out": said,
                "refuted": self._refutes(cell, bound),
            }
            for cell, bound in self._bounds
        ]

    def data(self) -> dict[str, list[Row]]:
        """Return the bounds, and every canary with its score and its coin."""
        canaries = [
            {"seed": cell.about["seed"], "score": float(score), "included": bool(inside)}
            for cell in self.cells
            for score, inside in zip(cell.scores, cell.included, strict=True)
        ]
        return {"cells": self.rows(), "canaries": canaries}

    def to_json(self) -> dict[str, Any]:
        """Return the bound, what is stated, and the rows; None where there is no number."""
        return {
            "epsilon_lower": finite_or_none(self.lower),
            "most_that_can_be_shown": max((one.most for _, one in self._bounds), default=None),
            "epsilon_stated": finite_or_none(self.stated),
            "refuted": self.is_refuted,
            "confidence": self.confidence,
            "assumptions": list(ASSUMPTIONS),
            "bounds": finite(self.rows()),
        }

    # ------------------------------------------------------------------------------- for people

    def summary(self) -> list[str]:
        """Return the lower bound beside what is stated, and how it was come by."""
        failed = [cell.about["error"] for cell in self.cells if cell.about["error"]]
        said = self._conclusion()
        if failed:
            said += [f"{len(failed)} of {len(self.cells)} trainings failed. The first: {failed[0]}"]
        return said

    def _conclusion(self) -> list[str]:
        if not self._bounds:
            return ["No training came to an end, so nothing can be said of its privacy."]
        cell, best = max(self._bounds, key=lambda one: (one[1].epsilon, one[1].guesses))
        sure = f"with {100 * self.confidence:.6g}% confidence"
        at = f"at δ = {best.delta:g}"
        guessed = (
            f"Of {best.canaries} canaries, {best.guesses} were guessed about and {best.right} of "
            f"the guesses were right (seed {cell.about['seed']}; by chance, half of them)."
        )
        most = max(one.most for _, one in self._bounds)
        guessed += (
            f" Had all guesses been right, an ε of at least {_down(most)} would have been shown."
        )
        if best.epsilon == 0:
            found = f"The canaries show nothing: no ε above 0 can be ruled out {sure}, {at}."
        else:
            found = f"ε is at least {_down(best.epsilon)} {sure}, {at}."
        return [f"{found} {self._beside()}", guessed]

    def _beside(self) -> str:
        stated = self.stated
        if stated is None:
            return f"{self._learner} states no privacy budget."
        if math.isinf(stated):
            return f"{self._learner} is run without a privacy budget."
        if self.is_refuted:
            return (
                f"{self._learner} states ε = {stated:.4g}: the statement is refuted. Its "
                "implementation or its accounting is wrong, or its neighbours are others."
            )
        if self.lower > stated:
            return (
                f"{self._learner} states ε = {stated:.4g} at a larger δ. That is another claim, "
                "which this does not contradict; to test it, leave out --delta."
            )
        return f"{self._learner} states ε = {stated:.4g}, which this does not contradict."

    def sections(self) -> list[Section]:
        """Return the bounds by the number of guesses, and what they take for granted."""
        stated = self.stated
        rows = tuple(self._text_row(cell, bound) for cell, bound in self._bounds)
        after = (
            "Several numbers of guesses are tried, and seeds where there are several. A bound is "
            "lowered for it (Bonferroni), so that all of them hold together.",
        )
        learner = self.cells[0].about["description"]["learner"]
        return [
            Section("The bounds, by the number of guesses", rows=rows, after=after),
            Section("What a bound takes for granted, and what it is not", ASSUMPTIONS),
            *privacy_sections([(learner, stated)]),
        ]

    def _text_row(self, cell: AuditOutcome, bound: AuditBound) -> TextRow:
        stated = cell.about["epsilon"]
        shown = "–" if stated is None else "∞" if math.isinf(stated) else f"{stated:.4g}"
        return {
            "seed": str(cell.about["seed"]),
            "guesses": str(bound.guesses),
            "right": str(bound.right),
            "ε at least": _down(bound.epsilon),
            "ε stated": shown,
            "δ": f"{bound.delta:g}",
            "honest accuracy": rate(cell.about["accuracy"]),
        }

    def settings(self) -> dict[str, str]:
        """Return what was asked for, in words."""
        asked = self.cells[0].about["description"]
        each = ("version", "seed", "data", "measure")  # told elsewhere, or of one cell alone
        plain = {key: value for key, value in asked.items() if key not in each}
        return settings_in_words({**plain, "confidence": self.confidence})

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        about = [cell.about for cell in self.cells]
        return {
            "Seeds": ", ".join(str(one["seed"]) for one in about),
            "Canaries that were in": ", ".join(f"{one['included']:,}" for one in about),
            "People the platform learns from": ", ".join(f"{one['people']:,}" for one in about),
            "Seconds of training": f"{sum(one['seconds'] for one in about):.0f}",
            **name_place(about[0]["provenance"]),
        }

    def pictures(self) -> dict[str, Picture]:
        """Return the canaries' scores, in and out, and the bounds."""
        if not self._bounds:
            return {}
        return {
            "audit": Picture(
                self._figure(),
                "Left: how sure the model is of each canary's label, φ = log p/(1 − p), of those "
                "that were in the training data and those that were not; where the lines part, "
                "the model has kept something of single people. Right: the lower bound on ε from "
                "so many guesses; the dashed line is the stated budget, where there is one.",
            )
        }

    def _figure(self) -> Figure:
        """Return the figure: scores of canaries in and out, and bounds by the number of guesses."""
        from quorate.figures.audit import audit_figure

        seeds = dict.fromkeys(cell.about["seed"] for cell, _ in self._bounds)
        bounds = {
            f"seed {seed}": [
                (one.guesses, one.epsilon)
                for cell, one in self._bounds
                if cell.about["seed"] == seed
            ]
            for seed in seeds
        }
        known = [cell for cell in self.cells if np.isfinite(cell.scores).all()]
        scores = np.concatenate([cell.scores for cell in known])
        included = np.concatenate([cell.included for cell in known])
        return audit_figure(scores[included], scores[~included], bounds, self.stated)


def _down(epsilon: float) -> str:
    """Return a lower bound to two decimals, rounded down.

    >>> _down(1.2399), _down(0.0)
    ('1.23', '0.00')
    """
    return f"{math.floor(epsilon * 100 + 1e-9) / 100:.2f}"
