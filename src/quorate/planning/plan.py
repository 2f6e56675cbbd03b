"""One plan: read the members, choose a signal if none is named, certify it, simulate it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from quorate import spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.opening import workers_of
from quorate.executors.serial import SERIAL
from quorate.planning.cells import parse_signal
from quorate.planning.certify import Certification, CertifiedSuccess, Objective, certify
from quorate.planning.coarsening import coarsen
from quorate.planning.details import plan_details
from quorate.planning.members import Members, read_members
from quorate.planning.rehearsal import REHEARSED, Rehearsal, rehearse
from quorate.planning.result import Plan
from quorate.planning.simulate import PANEL, SEEDS, Simulation, simulate
from quorate.planning.suggest import Multiplicity, Suggestions, suggest
from quorate.populations.tables.table_format import TableFormat
from quorate.runtime.progress import status
from quorate.theory.certificates.counts import failure
from quorate.validate import at_least, clean_text, unknown

LISTS = ("columns", "ignore", "labels", "missing", "text", "keep")


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What the members ask for, in the terms of the command line.

    Args:
        label, columns, ignore, labels, bins: as in ``read_members``.
        missing, text, keep, decimal, separator, encoding: how the file is written, as in
            ``TableFormat``.
        platform_size, target, goal, success, confidence, eps, reading, new_values: as in
            ``Objective``.
        signal: "column=value,column=value", or None to search for one.
        suggest: number of signals that a search shows; None does not search.
        attribute: for the goal "erase", the column that shall not matter.
        cost: cost of changing each column, "column=number,...".
        multiplicity: how a search pays for trying many signals, "union" or "split".
        learners: learners to simulate; none if empty.
        rehearsed: learners to rehearse with; none if empty.
        seeds: number of seeds of the simulation.
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
    missing: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    decimal: str | None = None
    separator: str | None = None
    encoding: str | None = None
    cost: str | None = None
    multiplicity: str = "union"
    learners: tuple[str, ...] = ()
    rehearsed: tuple[str, ...] = ()
    seeds: int = SEEDS

    def format(self) -> TableFormat:
        """Return how the members' file is written."""
        return TableFormat(
            self.separator,
            self.encoding,
            self.decimal,
            self.missing,
            self.text,
            self.keep,
            options=True,
        )

    def __post_init__(self) -> None:
        for name in ("platform_size", "bins", "seeds", "suggest"):
            value = getattr(self, name)
            if name != "suggest" or value is not None:
                object.__setattr__(self, name, spec.whole(value, name))
        for name in ("success", "confidence", "eps"):
            object.__setattr__(self, name, spec.convert(getattr(self, name), float, name))

    def objective(self, signal: Mapping[str, str]) -> Objective:
        """Return the objective with this signal."""
        return Objective(
            signal,
            self.target,
            self.platform_size,
            self.goal,
            self.success,
            self.confidence,
            self.eps,
            self.reading,
            self.new_values,
        )


def make_request(
    *,
    learner: Any = None,
    simulate: bool = True,
    rehearse: bool | None = None,
    **asked: Any,
) -> PlanRequest:
    """Return the request that options of the command line, or arguments in Python, stand for.

    Args:
        learner: one or several to rehearse and to simulate; None for the usual ones.
        simulate: whether platforms are simulated.
        rehearse: whether the plan is rehearsed; None as ``simulate``.
        asked: the fields of ``PlanRequest``; those that are lists may be text with commas, and None
            stands for what they are by default.

    >>> request = make_request(label="y", platform_size=9, ignore="id, age", simulate=False)
    >>> request.ignore, request.columns, request.learners
    (('id', 'age'), None, ())

    Raises:
        InputError: a value is of another type.
    """
    given = {key: value for key, value in asked.items() if value is not None}
    given |= {key: _names(given[key]) for key in LISTS if key in given}
    learners = None if learner is None else _each(learner)
    if simulate:
        given["learners"] = learners or PANEL
    if simulate if rehearse is None else rehearse:
        given["rehearsed"] = learners or REHEARSED
    return PlanRequest(**given)


def _each(given: Any) -> tuple[Any, ...]:
    several = isinstance(given, Iterable) and not isinstance(given, str | Mapping)
    return tuple(given) if several else (given,)


def _names(given: Any) -> tuple[str, ...]:
    """Return names as a list of them, or text with commas, holds them."""
    if not isinstance(given, str):
        return tuple(map(str, given))
    return tuple(name.strip() for name in given.split(",") if name.strip())


def make_plan(
    source: Any, request: PlanRequest, executor: Executor = SERIAL, device: str = "auto"
) -> Plan:
    """Return the plan for some members; their rows go to the workers, and nowhere else.

    Args:
        source: their file, .csv or .parquet, or a pandas frame.
        request: what they ask for.
        executor: where the simulation is computed; the plan does not depend on it.
        device: where networks are trained.

    Raises:
        InputError: a name is unknown, or a value is out of range or missing.
    """
    called = str(source) if isinstance(source, str | Path) else "a data frame"
    with status(f"Reading {called}"):
        members = read_members(
            source,
            request.label,
            columns=request.columns,
            ignore=request.ignore,
            labels=request.labels,
            bins=request.bins,
            how=request.format(),
        )
    suggestions = None
    if request.suggest is None:
        _check_no_search(request)
        with status("Certifying"):
            objective = request.objective(_signal(members, request))
            certified = certify(members, objective)
    else:
        with status("Trying every signal, and certifying the best"):
            objective, certified, suggestions = _searched(members, request)
    outside = objective if suggestions is None else _paid(objective, suggestions)
    with status("Working out what it costs and withstands"):
        details = plan_details(members, outside)
    coarsenings = None
    if certified.best.success < objective.success:
        with status("Searching for columns with which it is certified"):
            coarsenings = coarsen(members, outside, request.bins)
    simulation, rehearsal = Simulation((), None, ()), Rehearsal()
    with workers_of(executor):  # once for both
        if request.learners:
            simulation = simulate(
                members,
                objective,
                request.learners,
                seeds=request.seeds,
                executor=executor,
                device=device,
            )
        if request.rehearsed:
            rehearsal = rehearse(
                members, outside, request.rehearsed, executor=executor, device=device
            )
    found = certified, details, simulation, suggestions, rehearsal, coarsenings
    return Plan(called, *found, label=clean_text(str(request.label)))


def _check_no_search(request: PlanRequest) -> None:
    """Raise InputError if options of a search are given without a search."""
    asked = f"--cost {request.cost}" if request.cost is not None else ""
    if request.multiplicity != PlanRequest.multiplicity:
        asked = f"--multiplicity {request.multiplicity}"
    if asked:
        raise InputError(
            f"Expected {asked} with --suggest, got a signal that is named. Leave it out, or search "
            "with --suggest 10."
        )


def _signal(members: Members, request: PlanRequest) -> dict[str, str]:
    if request.attribute is not None:
        if request.goal != "erase" or request.signal is not None:
            raise InputError(
                f"Expected --attribute {request.attribute} with --goal erase and without --signal, "
                f"got --goal {request.goal}. Name the signal's columns and values instead."
            )
        at = members.position(request.attribute)
        commonest = int(np.bincount(members.codes[:, at]).argmax())
        return {request.attribute: members.columns[at].values[commonest]}
    if request.signal is None:
        raise InputError(
            "Expected a signal, got none. Write --signal COLUMN=VALUE, or search with --suggest 10."
        )
    return parse_signal(request.signal)


def _searched(
    members: Members, request: PlanRequest
) -> tuple[Objective, Certification, Suggestions]:
    """Return the plan for the best signal; all its certificates pay for the search."""
    _check_search(request)
    assert request.target is not None
    found = suggest(
        members,
        request.target,
        request.objective({}).platform(request.eps),
        request.suggest or 1,
        success=request.success,
        confidence=request.confidence,
        multiplicity=request.multiplicity,  # type: ignore[arg-type]  # checked above
        costs=_prices(request.cost),
    )
    if not found.items:
        raise InputError(
            "Expected a column in which members differ, got none: every signal is carried by all. "
            "Give rows with more columns, or name a new value with --signal and --new-values."
        )
    objective = request.objective(found.items[0].signal)
    certified = certify(members, _paid(objective, found))
    return objective, _with_search(certified, objective, found), found


def _check_search(request: PlanRequest) -> None:
    if request.goal != "plant" or request.signal is not None or request.attribute is not None:
        raise InputError(
            f"Expected --suggest with --goal plant and without a signal, got goal={request.goal}, "
            f"signal={request.signal or request.attribute}. Leave --suggest out."
        )
    if request.target is None:
        raise InputError("Expected a target label to plant, got none. Write --target LABEL.")
    if request.multiplicity not in get_args(Multiplicity):
        raise unknown("multiplicity", request.multiplicity, get_args(Multiplicity))
    at_least("suggest", request.suggest or 0, 1, "Ask for 10 signals, say.")


def _with_search(
    certified: Certification, objective: Objective, found: Suggestions
) -> Certification:
    """Return the certification with the certificate that pays for the search on top.

    "union": the tightest one at δ/s of all s signals tried, which holds whichever is chosen.
    "split": that of the search itself, as only half of the members may certify what others chose.
    """
    best, certificate = found.items[0], certified.certificate
    search = f"{found.multiplicity} over {found.tried} signals"
    if found.multiplicity == "union":
        row = replace(certified.best, radius=search)
        radius = f"{certificate.radius}, {search}"
    else:
        row = CertifiedSuccess(search, best.success, best.n_for_target, objective.eps)
        radius = f"aggregate, {search}"
    return replace(
        certified,
        objective=objective,
        best=row,
        certificate=replace(
            certificate,
            success=row.success,
            confidence=objective.confidence,
            radius=radius,
            notes=(),
        ),
        by_radius=(*certified.by_radius, row),
        holds_to=certified.holds_to if found.multiplicity == "union" else None,
        notes=tuple(note for note in certified.notes if note not in certificate.notes),
    )


def _paid(objective: Objective, found: Suggestions) -> Objective:
    """Return the objective at a confidence that holds for all tried signals at once."""
    return replace(objective, confidence=1 - failure(objective.confidence) / found.tried)


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
