"""One plan: read the members, choose a signal if none is named, certify it, simulate it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from quorate.errors import InputError
from quorate.plan.cells import parse_signal
from quorate.plan.certify import Certified, CertifiedPlan, Question, certify
from quorate.plan.members import Members, read_members
from quorate.plan.outlook import Outlook, outlook
from quorate.plan.simulate import SEEDS, Simulation, simulate
from quorate.plan.suggest import Multiplicity, Suggestions, suggest
from quorate.theory.certificates.counts import failure
from quorate.validate import at_least, unknown

Plain = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What members want, in the words of the command line.

    Args:
        label, columns, ignore, labels, bins: of their rows, as in ``read_members``.
        platform_size, target, goal, success, confidence, eps, reading, new_values: as in
            ``Question``.
        signal: "column=value,column=value", or None to search for one.
        suggest: how many signals a search shows; None does not search.
        attribute: of the goal "erase": the column that shall not matter.
        cost: of changing a column, "column=number,...".
        multiplicity: how a search is paid for.
        learners: the panel that is simulated; empty simulates nothing.
        seeds: of the simulation.
    """

    label: str
    platform_size: int
    target: str | None = None
    signal: str | None = None
    suggest: int | None = None
    goal: Any = "plant"
    attribute: str | None = None
    success: float = 0.9
    confidence: float = 0.95
    eps: float = 0.0
    reading: Any = "tv"
    columns: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    bins: int = 4
    new_values: bool = False
    cost: str | None = None
    multiplicity: str = "union"
    learners: tuple[str, ...] = ()
    seeds: int = SEEDS

    def question(self, signal: Mapping[str, str]) -> Question:
        """Return the question about one signal."""
        return Question(
            signal, self.target, self.platform_size, self.goal, self.success, self.confidence,
            self.eps, self.reading, self.new_values,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that one plan says.

    Args:
        source: where the members' rows come from.
        certified: what is certified.
        outlook: what goes with it.
        simulation: what was simulated.
        suggestions: the signals that were tried, or None.
    """

    source: str
    certified: CertifiedPlan
    outlook: Outlook
    simulation: Simulation
    suggestions: Suggestions | None = None

    @property
    def notes(self) -> list[str]:
        """Everything else that must be known."""
        searched = () if self.suggestions is None else self.suggestions.notes
        return [*self.certified.notes, *searched, *self.simulation.notes]

    def to_json(self) -> Plain:
        """Return plain data for JSON; None for what is not defined."""
        outlook = self.outlook
        return {
            **self.certified.to_dict(),
            "simulated": [row.to_dict() for row in self.simulation.rows],
            "costs": {
                "having": outlook.having,
                "claiming": None if math.isnan(outlook.claiming) else outlook.claiming,
            },
            "withstands": {
                "different_rows": outlook.changed,
                "rows_of_others": outlook.tolerated,
            },
            "claims": outlook.claims,
            "growth": self.growth(),
            "suggested": None if self.suggestions is None else self.suggestions.to_dict()["items"],
            "notes": self.notes,
        }

    def growth(self) -> list[Plain]:
        """Return certified success by members, as rows."""
        rows = zip(self.outlook.sizes.tolist(), self.outlook.success.tolist(), strict=True)
        return [{"members": int(n), "success": s if math.isfinite(s) else None} for n, s in rows]


def make_plan(source: str | Path, wish: Wish, jobs: int = 1, device: str = "auto") -> Plan:
    """Return the plan for the members in a file. Nothing leaves this machine.

    Args:
        source: the file, .csv or .parquet.
        wish: what they want.
        jobs: worker processes of the simulation; the plan does not depend on it.
        device: where networks are trained.

    Raises:
        InputError: a name is not known, or a value is out of range or missing.
    """
    members = read_members(
        source, wish.label, columns=wish.columns, ignore=wish.ignore, labels=wish.labels,
        bins=wish.bins,
    )  # fmt: skip
    suggestions = None
    if wish.suggest is None:
        _nothing_of_a_search(wish)
        signal = _signal(members, wish)
        question = wish.question(signal)
        certified = certify(members, question)
    else:
        question, certified, suggestions = _searched(members, wish)
    simulation = Simulation((), None, ())
    if wish.learners:
        simulation = simulate(
            members, question, wish.learners, seeds=wish.seeds, jobs=jobs, device=device
        )  # fmt: skip
    outside = question if suggestions is None else _paid(question, suggestions)
    return Plan(str(source), certified, outlook(members, outside), simulation, suggestions)


def _nothing_of_a_search(wish: Wish) -> None:
    """Raise if something is asked of a search, and there is none."""
    asked = f"--cost {wish.cost}" if wish.cost is not None else ""
    if wish.multiplicity != Wish.multiplicity:
        asked = f"--multiplicity {wish.multiplicity}"
    if asked:
        raise InputError(
            f"Expected {asked} with --suggest, got a signal that is named. Leave it out, or search "
            "with --suggest 10."
        )


def _signal(members: Members, wish: Wish) -> dict[str, str]:
    if wish.attribute is not None:
        if wish.goal != "erase" or wish.signal is not None:
            raise InputError(
                f"Expected --attribute {wish.attribute} with --goal erase and without --signal, "
                f"got --goal {wish.goal}. Name the signal's columns and values instead."
            )
        at = members.position(wish.attribute)
        commonest = int(np.bincount(members.codes[:, at]).argmax())
        return {wish.attribute: members.columns[at].values[commonest]}
    if wish.signal is None:
        raise InputError(
            "Expected a signal, got none. Write --signal COLUMN=VALUE, or search with --suggest 10."
        )
    return parse_signal(wish.signal)


def _searched(members: Members, wish: Wish) -> tuple[Question, CertifiedPlan, Suggestions]:
    """Return the plan for the best signal, whose search is paid for in everything it certifies."""
    if wish.goal != "plant" or wish.signal is not None or wish.attribute is not None:
        raise InputError(
            "Expected --suggest with --goal plant and without a signal, got "
            f"goal={wish.goal}, signal={wish.signal or wish.attribute}. Leave --suggest out."
        )
    if wish.target is None:
        raise InputError("Expected a target label to plant, got none. Write --target LABEL.")
    if wish.multiplicity not in get_args(Multiplicity):
        raise unknown("multiplicity", wish.multiplicity, get_args(Multiplicity))
    at_least("suggest", wish.suggest or 0, 1, "Ask for 10 signals, say.")
    probe = wish.question({})
    found = suggest(
        members, wish.target, probe.platform(wish.eps), wish.suggest or 1,
        success=wish.success, confidence=wish.confidence,
        multiplicity=wish.multiplicity,  # type: ignore[arg-type]  # checked above
        costs=_prices(wish.cost),
    )  # fmt: skip
    if not found.items:
        raise InputError(
            "Expected a column in which members differ, got none: every signal is carried by all. "
            "Give rows with more columns, or name a new value with --signal and --new-values."
        )
    best = found.items[0]
    question = wish.question(best.signal)
    certified = certify(members, _paid(question, found))
    row = Certified(f"{found.multiplicity} over {found.tried} signals", best.success,
                    best.n_for_target, wish.eps)  # fmt: skip
    certificate = replace(
        certified.certificate, success=best.success, confidence=wish.confidence,
        radius=f"aggregate, {row.radius}", notes=(),
    )  # fmt: skip
    of_another = certified.certificate.notes
    return question, replace(
        certified, question=question, best=row, certificate=certificate,
        by_radius=(*certified.by_radius, row),
        notes=tuple(note for note in certified.notes if note not in of_another),
    ), found  # fmt: skip


def _paid(question: Question, found: Suggestions) -> Question:
    """Return the question at a confidence that holds for all signals tried at once."""
    return replace(question, confidence=1 - failure(question.confidence) / found.tried)


def _prices(text: str | None) -> dict[str, float]:
    if text is None:
        return {}
    prices = {}
    for name, value in parse_signal(text).items():
        try:
            prices[name] = float(value)
        except ValueError:
            raise InputError(
                f"Expected a number as the cost of {name!r}, got {value!r}. Write {name}=2."
            ) from None
    return prices
