"""The bounds that can be named on the command line: parameters, inverse and status.

Functions are given by name and imported when called, so that help appears at once.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ALPHA = "Size α of the collective (poisoning rate), a fraction in [0, 1]."


@dataclass(frozen=True)
class BoundParameter:
    """A parameter of a bound.

    Args:
        name: as in the function.
        help: one sentence, with the unit.
        default: None if it must be given.
    """

    name: str
    help: str
    default: float | str | None = None


XI = BoundParameter("xi", "Frequency ξ of the signal (trigger) among honest people, in [0, 1].")
DELTA = BoundParameter("delta", "Gap Δ by which the target trails on the signal, in [0, 1].")
EPS = BoundParameter("eps", "Suboptimality ε allowed of the platform, in [0, 1).", 0.0)
READING = BoundParameter(
    "reading", "How ε is measured: total variation (tv) or huber contamination.", "tv"
)
GRADIENT = BoundParameter("gradient", "Norm ‖g₀‖ of the honest mean gradient at θ*, at least 0.")
REACH = BoundParameter(
    "reach", "Largest gradient norm G that members can set against it, at least 0."
)
WRONG = "misclassified by the first training, in [0, 1]."


@dataclass(frozen=True)
class Bound:
    """A bound with a name.

    Args:
        name: on the command line.
        summary: what is bounded, in words.
        formula: the bound.
        measures: what is bounded: success (from below), distance or effective size (from above, or
            exactly).
        function: the bound as a function of α, as module.function of ``quorate.theory``.
        inverse: its inverse as a function of the target, likewise.
        parameters: the further parameters of both.
        target: default target of the inverse.
        example: a worked example, as options.
        status: published, or derived for this project.
    """

    name: str
    summary: str
    formula: str
    measures: Literal["success", "distance", "effective size"]
    function: str
    inverse: str
    parameters: tuple[BoundParameter, ...]
    target: float
    example: str
    status: Literal["published", "derived"] = "derived"

    def at(self, alpha: Any, **values: Any) -> Any:
        """Return the bound at sizes of any shape.

        >>> float(bound_called("cvar").at(0.05, level=0.2))
        0.25
        """
        return _called(self.function)(alpha, **values)

    def critical_mass(self, target: Any, **values: Any) -> Any:
        """Return the sizes that suffice for targets of any shape.

        >>> float(bound_called("cvar").critical_mass(0.25, level=0.2))
        0.05
        """
        return _called(self.inverse)(target, **values)

    def answer(
        self, alpha: float | None, target: float | None, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the bound and the critical mass as plain data, None for what is not finite.

        If no size is enough, ``in_reach`` is what is promised to everyone (α = 1), the most that
        any size is promised; None if that is nothing, and wherever a size is enough.

        Args:
            alpha: size at which the bound is evaluated, or None.
            target: target of the critical mass; None for the bound's default.
            values: one for each parameter.

        >>> given = {"xi": 0.001, "delta": 0.8, "eps": 0.0, "reading": "tv"}
        >>> bound_called("planting").answer(0.01, 0.9, given)["bound"]
        0.9208

        Raises:
            InputError: a value is out of range.
        """
        wanted = self.target if target is None else target
        enough = _plain(self.critical_mass(wanted, **values))
        return {
            "name": self.name,
            "measures": self.measures,
            "alpha": alpha,
            "bound": None if alpha is None else _plain(self.at(alpha, **values)),
            "target": wanted,
            "critical_mass": enough,
            "in_reach": self._with_everyone(values) if enough is None else None,
            "reading": values.get("reading"),
            "status": self.status,
        }

    def _with_everyone(self, values: Mapping[str, Any]) -> float | None:
        """Return what is promised at α = 1; None for a success that says nothing."""
        most = _plain(self.at(1.0, **values))
        return None if self.measures == "success" and (most or 0) <= 0 else most


BOUNDS = (
    Bound(
        "planting",
        "Success of planting with the label (backdoor with label flip).",
        "S ≥ 1 − ((1−α)/α)·Δ·ξ − c/α",
        "success",
        "planting.planting_bound",
        "planting.planting_critical_mass",
        (XI, DELTA, EPS, READING),
        0.9,
        "--alpha 0.01 --xi 0.001 --delta 0.8",
    ),
    Bound(
        "feature-only",
        "Success of planting by features only (clean-label backdoor).",
        "S ≥ 1 − (1−p)ξ/(pα) − c/(pα)",
        "success",
        "planting.feature_only_bound",
        "planting.feature_only_critical_mass",
        (
            XI,
            BoundParameter("p", "Least probability p of the target over all x, in [0, 1]."),
            EPS,
            READING,
        ),
        0.9,
        "--alpha 0.1 --xi 0.001 --p 0.25",
    ),
    Bound(
        "unplanting",
        "Success of keeping a label off a signal.",
        "S ≥ 1 − ((1−α)/α)·Δ·ξ − c/α, with Δ of the runner-up label, which members claim",
        "success",
        "unplanting.unplanting_bound",
        "unplanting.unplanting_critical_mass",
        (
            XI,
            BoundParameter("delta", "Gap Δ by which the runner-up trails that label, in [0, 1]."),
            EPS,
            READING,
        ),
        0.9,
        "--alpha 0.1 --xi 0.01 --delta 0.5",
    ),
    Bound(
        "erasing",
        "Success of erasing a signal.",
        "S ≥ 1 − 2((1−α)/α)·τ, for ε = 0 only",
        "success",
        "erasing.erasing_bound",
        "erasing.erasing_critical_mass",
        (
            BoundParameter("tau", "Mean τ of max_y |P₀(y|x) − P₀(y|g(x))|, in [0, 1]."),
            BoundParameter("eps", "Must be 0: no such bound holds for a suboptimal platform.", 0.0),
        ),
        0.9,
        "--alpha 0.2 --tau 0.01",
    ),
    Bound(
        "hold",
        "Distance of a platform's minimiser from θ*.",
        "‖θ̂ − θ*‖ ≤ [(1−α)‖g₀‖ − αG]₊/μ, which is 0 from α = ‖g₀‖/(G + ‖g₀‖) on",
        "distance",
        "gradients.hold_distance_bound",
        "gradients.hold_size_for_distance",
        (
            GRADIENT,
            REACH,
            BoundParameter("curvature", "Strong convexity μ of the risk, above 0.", 1.0),
        ),
        0.0,
        "--alpha 0.05 --gradient 0.1 --reach 0.9",
    ),
    Bound(
        "jtt",
        "Effective size of a collective under JTT.",
        "α_eff = α(1+(λ−1)e_C)/(α(1+(λ−1)e_C) + (1−α)(1+(λ−1)e_B))",
        "effective size",
        "reweighting.jtt_effective_size",
        "reweighting.jtt_size_for",
        (
            BoundParameter("member_error", f"Share e_C of members {WRONG}"),
            BoundParameter("honest_error", f"Share e_B of honest people {WRONG}"),
            BoundParameter("upweight", "Weight λ of those people, at least 1.", 5.0),
        ),
        0.5,
        "--alpha 0.1 --member-error 1 --honest-error 0.25",
    ),
    Bound(
        "cvar",
        "Largest effective size of a collective under CVaR-DRO.",
        "α_eff ≤ min(α, a)/a",
        "effective size",
        "reweighting.cvar_effective_limit",
        "reweighting.cvar_size_for",
        (BoundParameter("level", "Fraction a of people whose loss counts, in (0, 1].", 0.2),),
        0.5,
        "--alpha 0.05 --level 0.2",
    ),
)


def bound_called(name: str) -> Bound:
    """Return the bound of that name.

    >>> bound_called("erasing").measures
    'success'

    Raises:
        InputError: there is none.
    """
    for bound in BOUNDS:
        if bound.name == name:
            return bound
    from quorate.validate import unknown

    raise unknown("bound", name, [bound.name for bound in BOUNDS])


def _called(name: str) -> Any:
    """Return the function that ``module.function`` names."""
    module, function = name.split(".")
    return getattr(importlib.import_module(f"quorate.theory.{module}"), function)


def _plain(value: Any) -> float | None:
    """Return a finite number, or None."""
    return float(value) if math.isfinite(value) else None
