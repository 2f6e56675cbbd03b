"""The bounds that can be named on the command line: parameters, inverse and status.

Functions are given by name and imported when called, so that help appears at once.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Iterator, Mapping
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
        may_be_interval: whether two ends may be given in its place, of which the worse counts.
        takes_room: whether it is a share of the data that leaves less for the collective.
    """

    name: str
    help: str
    default: float | str | None = None
    may_be_interval: bool = False
    takes_room: bool = False


XI = BoundParameter("xi", "Frequency ξ of the signal (trigger) among honest people, in [0, 1].")
DELTA = BoundParameter("delta", "Gap Δ by which the target trails on the signal, in [0, 1].")
EPS = BoundParameter("eps", "Suboptimality ε allowed of the platform, in [0, 1).", 0.0)
READING = BoundParameter(
    "reading",
    "How ε is measured: total variation (tv, c = 2ε) or huber contamination (c = ε/(1−ε)).",
    "tv",
)
GRADIENT = BoundParameter("gradient", "Norm ‖g₀‖ of the honest mean gradient at θ*, at least 0.")
REACH = BoundParameter(
    "reach", "Largest gradient norm G that members can set against it, at least 0."
)
OPPOSED, ELSEWHERE, UNKNOWN = (
    BoundParameter(
        name, f"Share of the data {whose}, in [0, 1], or its ends LOW:HIGH.", 0.0, True, True
    )
    for name, whose in (
        ("opposed", "β_o of others who carry the same signal and may claim any label"),
        ("elsewhere", "β_e of others who do not carry it"),
        ("unknown", "β_u of others of whom nothing else is known"),
    )
)
ERROR = BoundParameter("error", "Probability ρ that a member errs, in [0, 1].", 0.0)
MISTAKE = BoundParameter(
    "mistake",
    "What members who err hand in: honest rows (forget), another label (label), anything "
    "(anything), or the worst, by the members who matter most (chosen).",
    "forget",
)
SYMBOLS = """\
Of the members' share α of the data, nα act, mα are not honest rows
and lα may be any rows, depending on --mistake:
forget: n = 1−ρ, m = 1−ρ, l = 0
label: n = 1−2ρ, m = 1, l = 0
anything: n = 1−ρ, m = 1, l = ρ
chosen: n = 1, m = 1, l = 2ρ"""
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

        If no size is enough, ``in_reach`` is what is promised to all whom the others leave, the
        most that any size is promised, and ``in_reach_alpha`` their share; None if that is nothing,
        and wherever a size is enough.

        Args:
            alpha: size at which the bound is evaluated, or None.
            target: target of the critical mass; None for the bound's default.
            values: one for each parameter; a pair of ends where a parameter may be an interval.

        >>> given = {"xi": 0.001, "delta": 0.8, "eps": 0.0, "reading": "tv"}
        >>> bound_called("planting").answer(0.01, 0.9, given)["bound"]
        0.9208

        Raises:
            InputError: a value is out of range.
        """
        wanted = self.target if target is None else target
        room = self._room(values)
        cases = list(self._cases(values))
        enough = max(float(self.critical_mass(wanted, **case)) for case in cases)
        found = None if enough > room + 1e-12 else enough
        most = self._worst(room, cases) if found is None else None
        if most is not None and self.measures == "success" and most <= 0:
            most = None
        return {
            "name": self.name,
            "measures": self.measures,
            "alpha": alpha,
            "bound": None if alpha is None else self._worst(alpha, cases),
            "target": wanted,
            "critical_mass": found,
            "in_reach": most,
            "in_reach_alpha": None if most is None else room,
            "reading": values.get("reading"),
            "status": self.status,
        }

    def _cases(self, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the values with every choice of one end of each interval."""
        ends = [value if isinstance(value, tuple) else (value,) for value in values.values()]
        for chosen in itertools.product(*ends):
            yield dict(zip(values, chosen, strict=True))

    def _room(self, values: Mapping[str, Any]) -> float:
        """Return the largest share that others leave, whatever their sizes are."""
        taken = [values[one.name] for one in self.parameters if one.takes_room]
        return 1.0 - sum(float(one[1] if isinstance(one, tuple) else one) for one in taken)

    def _worst(self, alpha: float, cases: list[dict[str, Any]]) -> float | None:
        """Return what is promised in the worst case; for a bound from above, the largest."""
        each = [float(self.at(alpha, **case)) for case in cases]
        return _plain(min(each) if self.measures == "success" else max(each))


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
        "several",
        "Success beside other collectives, with members who err.",
        "S ≥ 1 − [h·Δ·ξ + c + β_u + lα]/(nα − β_o), h = 1 − mα − β_o − β_e − β_u\n" + SYMBOLS,
        "success",
        "several.several_bound",
        "several.several_critical_mass",
        (XI, DELTA, OPPOSED, ELSEWHERE, UNKNOWN, ERROR, MISTAKE, EPS, READING),
        0.9,
        "--alpha 0.1 --xi 0.001 --delta 0.8 --opposed 0.02 --unknown 0.01",
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
            BoundParameter(
                "eps",
                "Suboptimality ε of the platform; only 0, as no such bound holds for others.",
                0.0,
            ),
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


def read_size(name: str, given: str | float) -> float | tuple[float, float]:
    """Return a share, or its two ends, from text such as 0.05 or 0.02:0.05.

    >>> read_size("unknown", "0.05"), read_size("unknown", "0.02:0.05")
    (0.05, (0.02, 0.05))

    Raises:
        InputError: it is neither, or the ends are no interval in [0, 1].
    """
    from quorate.errors import InputError
    from quorate.validate import in_interval, shown

    parts = str(given).split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 2):
        raise InputError(
            f"Expected {name} to be a share of the data or its ends, got {shown(given)}. "
            f"Write {name}=0.05, or {name}=0.02:0.05 if it is known up to an interval."
        )
    fix = "Give a share of the data, or its two ends from low to high."
    in_interval(name, numbers[0], 0, 1, fix)
    in_interval(name, numbers[-1], numbers[0], 1, fix)
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


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
