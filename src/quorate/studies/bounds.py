"""Which bounds speak of a curve, and why the others do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate import catalog
from quorate.errors import InputError
from quorate.intervals import Floats
from quorate.law import FiniteLaw
from quorate.protocols import Signal
from quorate.studies.trial import ANYONE, Outcome
from quorate.theory.bounds import bound_called
from quorate.theory.finite import (
    Action,
    image_of,
    margins,
    members_law,
    pushforward_mass,
    received_law,
    signal_quantities,
)
from quorate.theory.least_size import worst_case_critical_mass
from quorate.theory.suboptimality import Reading
from quorate.theory.worst_case import worst_case_success

ACTIONS: dict[str, Action] = {
    "planting": "planting",
    "planting-features": "feature-only",
    "unplanting": "unplanting",
}
JUDGED_BY = {"unplanting": "unplanted"}  # others: "planted"
NOT_IN_THE_LAW = "the signal leads to values that the law does not have"
EXACT = "exact"  # the worst case itself, on a finite law
At = Callable[[npt.ArrayLike, float, Reading], Any]


@dataclass(frozen=True, eq=False)
class CurveBound:
    """A bound, and what it says of one curve.

    Args:
        name: as of ``quorate bound``; "exact" for the worst case itself, on a finite law.
        why: it does not apply, as a clause; empty where it does.
        at: the bound from α, ε and the reading; None where it does not apply.
        enough: the α that is enough, from S*, ε and the reading; None where it does not apply.
    """

    name: str
    why: str = ""
    at: At | None = None
    enough: At | None = None
    of_optimal: bool = False

    def allowing(self, eps: float) -> CurveBound:
        """Return the bound as it stands for platforms that are ε-suboptimal."""
        if self.of_optimal and eps > 0:
            return CurveBound(
                self.name, f"it is not known for platforms that are {eps:g}-suboptimal"
            )
        return self

    @property
    def applies(self) -> bool:
        """Whether the bound speaks of the curve."""
        return self.at is not None

    def critical_mass(self, target: float, eps: float, reading: Reading) -> float | None:
        """Return the α that is enough by the bound, or None where it does not apply."""
        return None if self.enough is None else float(self.enough(target, eps, reading))

    def in_reach(self, eps: float, reading: Reading) -> float | None:
        """Return the success that is promised to everyone; None where it is none or unknown.

        No success above it has a size that is enough, since more members never promise less.
        """
        most = None if self.at is None else float(self.at(1.0, eps, reading))
        return min(most, 1.0) if most is not None and most > 0 else None

    def to_json(self, target: float, eps: float, reading: Reading) -> dict[str, Any]:
        """Return plain data: inf where no α is enough, and then what is in reach."""
        mass = self.critical_mass(target, eps, reading)
        plain = {"bound": self.name, "applies": self.applies, "why": self.why}
        plain |= {"critical_mass": mass}
        return plain | {"in_reach": self.in_reach(eps, reading)} if mass == np.inf else plain


def bounds_of(cells: Sequence[Outcome]) -> tuple[CurveBound, ...]:
    """Return every bound on success, for the cells of one curve."""
    return (
        _general("planting", "planting", cells),
        _general("feature-only", "planting-features", cells),
        _general("unplanting", "unplanting", cells),
        CurveBound("erasing", _of_erasing(cells)),
        _exact(cells),
    )


def _general(name: str, strategy: str, cells: Sequence[Outcome]) -> CurveBound:
    """Return a bound that needs ξ and either Δ or p."""
    xis = [cell.xi for cell in cells if cell.xi is not None]
    gaps = [cell.gap for cell in cells if cell.gap is not None]
    if cells[0].description["strategy"]["name"] != strategy:
        return CurveBound(name, _another_strategy(cells))
    if why := _about_something_else(cells):
        return CurveBound(name, why)
    if not xis or not gaps:
        return CurveBound(name, "how common the signal is among honest people is not known")
    known = {"xi": float(np.mean(xis)), "delta": float(np.max(gaps))}
    if name == "unplanting":
        if why := _claim_may_err(cells):
            return CurveBound(name, why)
        known["delta"] = 1.0  # its largest: what trails is another label than in planting
        if cells[0].exact_law:
            law, target, signal = _exactly(cells)
            try:
                found = signal_quantities(law.mass, image_of(law, signal), target)
            except InputError:
                return CurveBound(name, NOT_IN_THE_LAW)
            known["delta"] = float(found.unplanting_delta)
    if name == "feature-only":
        del known["delta"]
        if not cells[0].exact_law:
            why = "the least share of the target among people alike is known of finite laws only"
            return CurveBound(name, why)
        law, target, _ = _exactly(cells)
        own = np.arange(len(law.mass))  # p needs no signal: every value may stay
        known["p"] = float(signal_quantities(law.mass, own, target).p)
    bound = bound_called(name)
    return CurveBound(
        name,
        at=lambda alpha, eps, reading: bound.at(alpha, eps=eps, reading=reading, **known),
        enough=lambda s, eps, reading: bound.critical_mass(s, eps=eps, reading=reading, **known),
    )


def _of_erasing(cells: Sequence[Outcome]) -> str:
    if cells[0].description["strategy"]["name"] != "erasing":
        return _another_strategy(cells)
    return "members vote on the label that is likeliest with the signal, and may err"


def _claim_may_err(cells: Sequence[Outcome]) -> str:
    """Return why members may claim another label than the bound takes them to; else nothing.

    With two labels there is one to claim instead of the target; with more, members vote.
    """
    strategy = cells[0].description["strategy"]
    if strategy["name"] != "unplanting":
        return ""
    if strategy.get("claim") is not None:
        return "members claim one label everywhere, whichever is the likeliest"
    law = catalog.rebuild("populations", cells[0].description["population"]).law()
    if law is None or law.points.k > 2:
        return "members vote on the label that is likeliest, and may err"
    return ""


def _exact(cells: Sequence[Outcome]) -> CurveBound:
    """Return the worst case on a finite law, and the size that it takes, exactly."""
    strategy = cells[0].description["strategy"]
    if strategy["name"] not in ACTIONS:
        return CurveBound(EXACT, _another_strategy(cells))
    if why := _about_something_else(cells) or _claim_may_err(cells):
        return CurveBound(EXACT, why)
    if not cells[0].exact_law:
        return CurveBound(EXACT, "the law of honest people is not known exactly")
    law, target, signal = _exactly(cells)
    try:
        image = image_of(law, signal)
    except InputError:
        return CurveBound(EXACT, NOT_IN_THE_LAW)
    mass = law.mass
    action = ACTIONS[strategy["name"]]
    members, people = members_law(mass, image, action, target), pushforward_mass(mass, image)
    before, after = margins(mass, action, target), margins(members, action, target)

    def at(alpha: npt.ArrayLike, eps: float, reading: Reading) -> Floats:
        ahead = margins(received_law(mass, (alpha, members)), action, target)
        return worst_case_success(ahead, people, eps, reading)

    def enough(success: npt.ArrayLike, eps: float, reading: Reading) -> Floats:
        return worst_case_critical_mass(success, before, after, people, eps, reading)

    return CurveBound(EXACT, at=at, enough=enough)


def _another_strategy(cells: Sequence[Outcome]) -> str:
    return f"it is about another strategy than {cells[0].description['strategy']['name']}"


def _about_something_else(cells: Sequence[Outcome]) -> str:
    """Return why no bound speaks of the members, the goal or the learner; empty where bounds do.

    A learner that reweights people, or leaves some out, is near optimal, if at all, for another law
    than the one it received: the bound would have to be read at α_eff.
    """
    strategy, goal = cells[0].description["strategy"], cells[0].description["goal"]
    if cells[0].collective != ANYONE:
        return "members come from one group, and bounds are about members like everyone else"
    same = all(strategy.get(key) == goal.get(key) for key in ("target", "signal"))
    if goal["name"] != JUDGED_BY.get(strategy["name"], "planted") or not same:
        return "success is measured for another signal or target than members plant"
    other_laws = ("alpha_effective", "training_alpha")
    if any(key in cell.record for cell in cells for key in other_laws):
        return "the learner aims at another law than it receives, since it weighs people"
    return ""


def _exactly(cells: Sequence[Outcome]) -> tuple[FiniteLaw, int, Signal]:
    """Return the law, the target's index and the signal of cells whose law is exact."""
    law = catalog.rebuild("populations", cells[0].description["population"]).law()
    strategy = catalog.rebuild("strategies", cells[0].description["strategy"])
    return law, law.points.label(getattr(strategy, "target", None)), strategy.signal
