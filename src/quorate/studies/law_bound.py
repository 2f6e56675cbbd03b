"""What a collective is sure of on a population whose law is known; the closed form beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.intervals import Floats
from quorate.law import FiniteLaw
from quorate.protocols import Population, Strategy
from quorate.studies.bounds import ACTIONS, EXACT
from quorate.theory.bounds import bound_called
from quorate.theory.finite import (
    Action,
    Indices,
    image_of,
    members_law,
    pushforward_mass,
    signal_quantities,
)
from quorate.theory.others import Others, Standing, stand_among
from quorate.theory.several import Mistake
from quorate.theory.suboptimality import Reading
from quorate.validate import shown
from quorate.validate import unknown as unknown_name

Size = float | tuple[float, float]
Known = Literal["plan", "signal", "label", "size"]


@dataclass(frozen=True)
class Beside:
    """Whoever else acts on the platform, as far as a collective knows; sizes may be two ends.

    Args:
        opposed: share of others who carry its signal and may claim any label.
        elsewhere: share of others who are known not to carry it.
        unknown: share of others of whom nothing else is known.
        rival: strategy of one more collective, as text or an object; None for none.
        rival_size: share of that collective.
        known: what is known of it: its plan, its signal but not its label, its label but not its
            signal, or its size alone.
        error: ρ, the share of members who err.
        mistake: what is known of their mistakes.

    Raises:
        InputError: what is known of the rival is not one of these, or it lacks its size.
    """

    opposed: Size = 0.0
    elsewhere: Size = 0.0
    unknown: Size = 0.0
    rival: str | Strategy | None = None
    rival_size: Size = 0.0
    known: Known = "plan"
    error: float = 0.0
    mistake: Mistake = "forget"

    def __post_init__(self) -> None:
        if self.known not in get_args(Known):
            raise unknown_name("knowledge of a rival", str(self.known), get_args(Known))
        if (self.rival is None) != (_ends(self.rival_size)[1] == 0):
            raise InputError(
                f"Expected a rival together with its size, got rival={shown(self.rival)} and "
                f"rival_size={shown(self.rival_size)}. Give both, or neither."
            )


class Plan(NamedTuple):
    """What the members of a collective hand in on a finite law."""

    action: Action
    target: int
    image: Indices  # (v,)
    members: Floats  # (v, k)
    carried: Floats  # (v,)


def law_bound(
    population: str | Population,
    strategy: str | Strategy,
    alpha: float | None = None,
    target: float = 0.9,
    eps: float = 0.0,
    reading: Reading = "tv",
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Return the success that is sure, the size that is enough and the closed form, as plain data.

    The worst case over all platforms that are ε-suboptimal, all that others may do and all mistakes
    of members, on the exact law of a population.

    Args:
        population: one whose law is known, such as ``finite``, as text or an object.
        strategy: planting, planting-features, or unplanting of one of two labels.
        alpha: size at which success is wanted, or None.
        target: S*, the success that a size is wanted for.
        eps, reading: as in ``suboptimality_constant``.
        beside: whoever else acts, and how members err; None for nobody.

    Returns:
        As ``Bound.answer``. If no size is enough, ``in_reach`` is the most that is sure from some
        size on, and ``in_reach_alpha`` that size. ``closed_form`` holds the looser ``bound``
        and ``critical_mass`` from ξ and Δ alone; None where there is none.

    >>> people = "finite:values=6,labels=3,concentration=2"
    >>> found = law_bound(people, "planting:signal=columns,x=3,target=1")
    >>> round(found["critical_mass"], 4), round(found["closed_form"]["critical_mass"], 4)
    (0.027, 0.2171)

    Raises:
        InputError: the law is not known, no bound speaks of the strategy, or a number is out of
            range.
    """
    among, of = beside or Beside(), catalog.rebuild("populations", population)
    law = of.law()
    if law is None:
        raise InputError(
            f"Expected a population whose law is known, such as finite, got {spec.text(of)}. "
            "Where it is not, give ξ and Δ: quorate bound planting."
        )
    plan = _plan(law, catalog.rebuild("strategies", strategy))
    stand = stand_among(
        law.mass,
        plan.members,
        plan.carried,
        plan.action,
        plan.target,
        _others(law, plan, among),
        among.error,
        among.mistake,
    )
    return _answer(stand, alpha, target, eps, reading) | {
        "closed_form": _closed_form(law, plan, among, alpha, target, eps, reading)
    }


def _plan(law: FiniteLaw, strategy: Any) -> Plan:
    """Return what members hand in who follow a strategy.

    Raises:
        InputError: no bound speaks of the strategy.
    """
    action = ACTIONS.get(strategy.name)
    if action is None:
        raise InputError(
            f"Expected a strategy that a known law bounds, got {strategy.name}. Use one of "
            f"{', '.join(ACTIONS)}."
        )
    if action == "unplanting" and (strategy.claim is not None or law.points.k > 2):
        raise InputError(
            "Expected unplanting on two labels, without claim, got members who vote on a label or "
            "claim one everywhere, and may err. Use a population of two labels."
        )
    target = law.points.label(strategy.target)
    image = image_of(law, strategy.signal)
    members = members_law(law.mass, image, action, target)
    return Plan(action, target, image, members, pushforward_mass(law.mass, image))


def _others(law: FiniteLaw, plan: Plan, among: Beside) -> list[Others]:
    """Return whoever else acts; nobody of a kind whose size is 0."""
    nowhere = np.zeros_like(law.mass)
    found = [
        Others(among.opposed, features=plan.carried),
        Others(among.elsewhere, rows=nowhere),
        Others(among.unknown),
    ]
    if among.rival is not None:
        rival = _plan(law, catalog.rebuild("strategies", among.rival))
        if among.known == "label" and rival.action != "planting":
            raise InputError(
                f"Expected a rival that claims one label, got {rival.action}. Use planting, or "
                "another knowledge of it."
            )
        found.append(
            {
                "plan": Others(among.rival_size, rows=rival.members),
                "signal": Others(among.rival_size, features=rival.members.sum(axis=1)),
                "label": Others(among.rival_size, label=rival.target),
                "size": Others(among.rival_size),
            }[among.known]
        )
    return [other for other in found if other.ends[1] > 0]


def _answer(
    stand: Standing, alpha: float | None, target: float, eps: float, reading: Reading
) -> dict[str, Any]:
    enough, from_ = stand.critical_mass(target, eps, reading), None
    bound, most = (
        None if size is None else min(float(stand.success(size, eps, reading)), 1.0)
        for size in (alpha, stand.most)
    )
    if math.isfinite(enough) or not most:
        most = None
    if most is not None:
        from_ = stand.critical_mass(most, eps, reading)
    return {
        "name": EXACT,
        "measures": "success",
        "alpha": alpha,
        "bound": bound,
        "target": target,
        "critical_mass": None if math.isinf(enough) else enough,
        "in_reach": most,
        "in_reach_alpha": from_,
        "reading": reading,
        "status": "derived",
    }


def _closed_form(
    law: FiniteLaw,
    plan: Plan,
    among: Beside,
    alpha: float | None,
    target: float,
    eps: float,
    reading: Reading,
) -> dict[str, Any] | None:
    """Return the bound from ξ, and Δ or p, alone; None for features only beside others."""
    found = signal_quantities(law.mass, plan.image, plan.target)
    values: dict[str, Any] = {"xi": float(found.xi)}
    if plan.action == "feature-only":
        if among != Beside():
            return None
        name, values = "feature-only", values | {"p": float(found.p)}
    else:
        delta = found.unplanting_delta if plan.action == "unplanting" else found.delta
        name, values = "several", values | {"delta": float(delta), **_sizes(law, plan, among)}
    answer = bound_called(name).answer(alpha, target, values | {"eps": eps, "reading": reading})
    return {key: answer[key] for key in ("bound", "critical_mass")}


def _sizes(law: FiniteLaw, plan: Plan, among: Beside) -> dict[str, Any]:
    """Return the sizes of others that the closed form counts.

    A rival whose features are at most κ times ours wherever our signal is counts as κ of its size
    opposed and the rest elsewhere; one with κ above 1, or whose signal is not known, as unknown.
    """
    sizes = {name: _ends(getattr(among, name)) for name in ("opposed", "elsewhere", "unknown")}
    if among.rival is not None:
        features = _plan(law, catalog.rebuild("strategies", among.rival)).members.sum(axis=1)
        there = plan.image == np.arange(len(plan.image))
        ours, theirs = plan.carried[there], features[there]
        shares = np.divide(theirs, ours, out=np.where(theirs > 0, np.inf, 0.0), where=ours > 0)
        share = float(shares.max(initial=0.0))
        parts = {"opposed": share, "elsewhere": 1 - share}
        if among.known in ("label", "size") or share > 1 + 1e-12:
            parts = {"unknown": 1.0}
        size = _ends(among.rival_size)
        for name, part in parts.items():
            low, high = sizes[name]
            sizes[name] = low + max(part, 0.0) * size[0], high + max(part, 0.0) * size[1]
    return {**sizes, "error": among.error, "mistake": among.mistake}


def _ends(size: Size) -> tuple[float, float]:
    return size if isinstance(size, tuple) else (size, size)
