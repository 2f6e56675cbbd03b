"""An audit of a model: what is asked, and the attacks that fit the people."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.populations.own_table import OwnTable
from quorate.protocols import Learner, Population
from quorate.table import Table
from quorate.validate import LARGEST, MOST_ROUNDS, above_zero, at_least, in_interval, shown, unknown

TRAINED_ON = 4000  # people that each model of an audit learns from, by default
FILES = (".csv", ".parquet")
KEYS = (
    *("model", "data", "label", "group", "size", "wanted", "people", "target", "seeds"),
    *("budget", "minutes", "width"),
)


@dataclass(frozen=True, kw_only=True)
class ModelAudit:
    """What is audited, how, and what it may cost.

    A model is moved where a collective brings it the part ``target`` of the way from what it does
    without them to all that they want: S* = S(0) + target·(1 − S(0)).

    Args:
        model: what the platform trains.
        population: people like the platform's.
        size: how many people the platform has; None for as many as there are in the data.
        wanted: the label that collectives want; None for the rarest.
        target: part of the way, in (0, 1].
        seeds: on which what is gained and lost is measured, and what happens without a collective.
        budget: trainings at most, each defence's repeated trainings counted as one.
        minutes: at most; None for as long as the trainings take.
        width: high/low of an interval at which a search ends, above 1.

    Raises:
        InputError: a value is out of range.
    """

    model: Learner
    population: Population
    size: int | None = None
    wanted: str | None = None
    target: float = 0.5
    seeds: int = 5
    budget: int = 400
    minutes: float | None = None
    width: float = 1.3

    def __post_init__(self) -> None:
        fix = "It is the part of the way, such as 0.5."
        in_interval("target", self.target, 0, 1, fix, open_low=True)
        at_least("seeds", self.seeds, 2, "An interval needs two or more; use 5.", most=MOST_ROUNDS)
        at_least("budget", self.budget, 20, "An audit of a few attacks takes some 400 trainings.")
        if self.minutes is not None:
            above_zero("minutes", self.minutes, "Leave it out where trainings are counted alone.")
        if self.size is not None:
            at_least("size", self.size, 2, "It is how many people the platform has.", most=LARGEST)
        if not self.width > 1:
            raise InputError(
                f"Expected width={self.width:g} above 1, since it is high/low of an interval. Use "
                "1.3."
            )

    def describe(self) -> dict[str, Any]:
        """Return the audit as plain data."""
        plain = dict(vars(self))
        methods = {key: spec.describe(plain[key]) for key in ("model", "population")}
        return {**plain, **methods}


def make_audit(**given: Any) -> ModelAudit:
    """Return the audit that plain data (of a file, the command line or Python) stand for.

    Args:
        given: ``model``: a learner's text, an import path such as mypackage.train:fit, or an
            object; ``data``: a CSV or Parquet file, or a population as text, an import path or an
            object; ``label`` and ``group``: columns of a file; ``people``: how many each model
            learns from, by default at most 4,000; all others as in ``ModelAudit``.

    >>> make_audit(model="boosting", data="digits", size=50_000).size
    50000

    Raises:
        InputError: a key, name, parameter or value is not known.
    """
    for key in given:
        if key not in KEYS:
            raise unknown("key of an audit", key, KEYS)
    for key in ("model", "data"):
        if given.get(key) is None:
            raise InputError(f"Expected a {key} to audit, got none. Name one.")
    types = {"target": float, "minutes": float, "width": float, "wanted": str}
    rest: dict[str, Any] = {
        key: spec.convert(given[key], type_, key)
        for key, type_ in types.items()
        if given.get(key) is not None
    }
    for key in ("size", "seeds", "budget"):
        if given.get(key) is not None:
            rest[key] = spec.whole(given[key], key)
    people = given.get("people")
    population = read_people(given["data"], given.get("label"), given.get("group"))
    model = catalog.build("learners", given["model"])
    number = None if people is None else spec.whole(people, "people")
    return ModelAudit(model=model, population=limited(population, number), **rest)


def read_people(data: Any, label: str | None, group: str | None) -> Population:
    """Return the population that data stand for.

    Raises:
        InputError: a file is given without its label, or a population with one.
    """
    if isinstance(data, Path) or (isinstance(data, str) and Path(data).suffix in FILES):
        if label is None:
            raise InputError(
                f"Expected the column of the labels in {data}, got none. Write --label COLUMN."
            )
        return OwnTable(str(data), label, group)
    if label is not None and not isinstance(data, str | Population):
        from quorate.populations.own.own_people import people_of

        return people_of(data, label, group)
    named = [f"--{key} {value}" for key, value in (("label", label), ("group", group)) if value]
    if named:
        raise InputError(
            f"Expected {' and '.join(named)} beside a .csv or .parquet file, or a data frame, got "
            f"{shown(data, 60)}. A population says it itself: table:path=FILE,label=COLUMN."
        )
    built: Population = catalog.build("populations", data)
    return built


def limited(population: Population, people: int | None) -> Population:
    """Return the population with so many training people, or at most ``TRAINED_ON``, each seed.

    One that says itself how many stays as it is, unless a number is given.
    """
    own = {field.name for field in dataclasses.fields(population)}  # type: ignore[arg-type]
    if "n" not in own:
        if people is not None:
            raise InputError(
                f"Expected a population that can draw people={people}, got "
                f"{spec.text(population)}, which cannot. Leave people out."
            )
        return population
    if people is not None:
        return dataclasses.replace(population, n=people)  # type: ignore[type-var]
    if getattr(population, "n", None) is not None:
        return population
    train = population.split(np.random.default_rng(0)).train
    if len(train) <= TRAINED_ON:
        return population
    return dataclasses.replace(population, n=TRAINED_ON)  # type: ignore[type-var]


def rarest_label(people: Table) -> str:
    """Return the label that the fewest people have, of those that anyone has."""
    counts = np.bincount(people.y, minlength=people.k)
    at = min(np.flatnonzero(counts), key=lambda label: counts[label])
    return people.classes[at]


def least_favoured(people: Table, wanted: str) -> str:
    """Return the group whose people have the wanted label least often; "" without groups.

    Groups of fewer than a hundredth of the people are left out.
    """
    if people.group is None or len(people.groups) < 2:
        return ""
    has = people.y == people.label(wanted)
    sizes = np.bincount(people.group, minlength=len(people.groups))
    rates = np.bincount(people.group, has, minlength=len(people.groups)) / np.maximum(sizes, 1)
    large = np.flatnonzero(sizes >= max(0.01 * len(people), 2))
    return people.groups[min(large, key=lambda at: rates[at])] if len(large) > 1 else ""
