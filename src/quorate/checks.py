"""Generic properties that every method must have, whoever writes it: ``check(method)``.

A new method gets these tests for nothing: the project's own run over everything in the catalog.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from quorate import catalog, spec
from quorate.errors import QuorateError
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.gaussian import Gaussian
from quorate.populations.unequal import Unequal
from quorate.protocols import (
    Goal,
    Learner,
    Population,
    ScoredClassifier,
    Signal,
    Strategy,
    Subgroup,
)
from quorate.strategies.planting import Planting
from quorate.studies.trial import submit
from quorate.table import Array, Labels, Probabilities, Rng, Split, Table

SHARE = 0.3  # of a subgroup, in its checks
TWICE = "changes nothing the second time, or else says that it is not idempotent"
SCORED = "gives every person k probabilities, where it gives any"


class CheckFailedError(QuorateError, AssertionError):
    """A method lacks a property that every method of its kind must have."""


def check(method: Any, people: Split | None = None) -> list[str]:
    """Check a method of any kind; return the names of the properties that were checked.

    Args:
        method: a population, signal, strategy, goal, learner or subgroup.
        people: whom to check it on; by default real digits, or else a Gaussian table, or else
            one of finitely many values, whichever the method accepts.

    >>> check(Planting())[:3]
    ['is a frozen dataclass with a name', 'says in one line what it is', 'is plain data and back']

    Raises:
        CheckFailedError: a property does not hold; the message says which and how to mend it.
    """
    kind = catalog.kind_of(type(method))
    checks: Mapping[str, Callable[[Any, Split], list[str]]] = {
        "populations": _check_population,
        "signals": _check_signal,
        "strategies": _check_strategy,
        "goals": _check_goal,
        "learners": _check_learner,
        "subgroups": _check_subgroup,
    }
    common = _check_common(kind, method)
    if kind not in checks:
        return common
    if isinstance(method, Population):
        people = method.split(_rng())
    return common + checks[kind](method, people or _people_for(method))


def _check_common(kind: str, method: Any) -> list[str]:
    cls: type = type(method)
    done = [_hold(spec.is_method_class(cls), method, "is a frozen dataclass with a name")]
    line = spec.summary(cls) if cls.__doc__ else ""
    done.append(_hold(line.endswith((".", "?")), method, "says in one line what it is"))
    plain = spec.describe(catalog.build(kind, method))
    back = catalog.build(kind, json.loads(json.dumps(plain)))
    same_text = catalog.build(kind, spec.text(method))
    holds = back == method and spec.describe(same_text) == plain
    done.append(_hold(holds, method, "is plain data and back"))
    meanings = [field.metadata.get("help") for field in spec.parameters(cls).values()]
    done.append(_hold(all(meanings), method, "says what each of its parameters means"))
    return [*done, _hold(pickle.loads(pickle.dumps(method)) == method, method, "can be pickled")]


def _check_population(population: Population, people: Split) -> list[str]:
    again = population.split(_rng())
    same = all(_same(a, b) for a, b in _sides(people, again))
    train, held_out = people.train, people.held_out
    alike = train.x.shape[1:] == held_out.x.shape[1:] and train.classes == held_out.classes
    types = train.x.dtype == np.float32 and train.y.dtype == np.int64
    return [
        _hold(same, population, "gives the same people for the same seed"),
        _hold(alike, population, "holds out people of the same shape and labels"),
        _hold(len(train) > 0 and len(held_out) > 0, population, "has people on both sides"),
        _hold(bool(types), population, "has float32 features and int64 labels"),
    ]


def _check_signal(signal: Signal, people: Split) -> list[str]:
    table = people.held_out
    before = _copy(table)
    x = signal.plant(table)
    twice = signal.plant(dataclasses.replace(table, x=x))
    shaped = x.shape == table.x.shape and x.dtype == table.x.dtype
    return [
        _hold(_same(before, table), signal, "leaves its input as it is"),
        _hold(shaped, signal, "keeps the shape and type of the features"),
        _hold(np.array_equal(x, twice) == signal.idempotent, signal, TWICE),
    ]


def _check_strategy(strategy: Strategy, people: Split) -> list[str]:
    honest, everyone = people.train, _copy(people.train)
    eligible = strategy.eligible(honest)
    member = np.ones(len(honest), dtype=bool) if eligible is None else eligible
    members, before = honest.take(member), _copy(honest.take(member))

    def act() -> Table:
        rng = _rng()
        return strategy.apply(members, strategy.learn(honest, member, rng), rng)

    one, two = act(), act()
    nobody = submit(honest, strategy, 0.0, np.random.SeedSequence(0)).mixed()
    shaped = one.x.shape == members.x.shape and one.x.dtype == members.x.dtype
    untouched = _same(before, members) and _same(everyone, honest)
    return [
        _hold(untouched, strategy, "leaves its input as it is"),
        _hold(_same(one, two), strategy, "does the same for the same seed"),
        _hold(shaped and len(one) == len(members), strategy, "returns one row a person"),
        _hold(one.classes == honest.classes, strategy, "keeps the labels' names"),
        _hold(_same(nobody, honest), strategy, "is the identity at α = 0"),
        *_check_goal(strategy.goal, people),
    ]


def _check_goal(goal: Goal, people: Split) -> list[str]:
    held_out = people.held_out
    before = _copy(held_out)
    values = [goal.success(_Constant(y), held_out, _rng()) for y in range(held_out.k)]
    again = [goal.success(_Constant(y), held_out, _rng()) for y in range(held_out.k)]
    return [
        _hold(_same(before, held_out), goal, "leaves the held-out people as they are"),
        _hold(all(0 <= value <= 1 for value in values), goal, "is a fraction in [0, 1]"),
        _hold(values == again, goal, "is the same for the same seed"),
    ]


def _check_learner(learner: Learner, people: Split) -> list[str]:
    strategy = Planting(signal=_accepted_signal(people.train))
    data = submit(people.train, strategy, 0.2, np.random.SeedSequence(0))
    before = _copy(data.honest), _copy(data.changed)
    learner.check(data.honest)
    one, two = (learner.fit(data, _rng()) for _ in range(2))
    x = people.held_out.x
    labels = one.predict(x)
    in_range = bool((labels >= 0).all() and (labels < data.honest.k).all())
    half = len(x) // 2
    parts = np.concatenate([one.predict(x[:half]), one.predict(x[half:])])
    untouched = _same(before[0], data.honest) and _same(before[1], data.changed)
    shaped = labels.shape == (len(x),) and labels.dtype == np.int64
    scored = (
        [_hold(_are_scores(one.probabilities(x), len(x), people.train.k), learner, SCORED)]
        if isinstance(one, ScoredClassifier)
        else []
    )
    return [
        *scored,
        _hold(untouched, learner, "leaves the data as they are"),
        _hold(bool(np.array_equal(labels, two.predict(x))), learner, "is the same for a seed"),
        _hold(shaped and in_range, learner, "predicts one known label a person"),
        _hold(bool(np.array_equal(labels, parts)), learner, "predicts each person alone"),
        _hold(_is_plain(dict(one.record)), learner, "has a record of plain data"),
    ]


def _check_subgroup(subgroup: Subgroup, people: Split) -> list[str]:
    honest = people.held_out
    before = _copy(honest)
    nobody, one, everyone = (subgroup.draw(honest, share, _rng()) for share in (0, SHARE, 1))
    again, within = (subgroup.draw(table, SHARE, _rng()) for table in (honest, one))
    counts = [
        (0 if drawn.group is None else int(drawn.group.sum()), round(share * len(drawn)))
        for drawn, share in ((nobody, 0), (one, SHARE), (everyone, 1))
    ]
    named = all(drawn.groups == ("others", subgroup.label) for drawn in (nobody, one, within))
    shaped = one.x.shape[1:] == honest.x.shape[1:] and one.x.dtype == honest.x.dtype
    known = {row.tobytes() for row in honest.x}
    apart = all(
        row.tobytes() in known or (belongs and (not one.is_image or _is_8_bit(row)))
        for row, belongs in zip(one.x, np.asarray(one.group), strict=True)
    )
    return [
        _hold(_same(before, honest), subgroup, "leaves its input as it is"),
        _hold(_same(one, again), subgroup, "draws the same people for the same seed"),
        _hold(all(a == b for a, b in counts), subgroup, "draws exactly the share asked for"),
        _hold(named, subgroup, "calls its groups others and its label, drawn once or twice"),
        _hold(shaped and one.classes == honest.classes, subgroup, "keeps features and labels"),
        _hold(apart, subgroup, "changes nobody else, and its own to 8-bit pixels"),
    ]


def _is_8_bit(x: Array) -> bool:
    return bool(np.array_equal(np.rint(x * 255) / np.float32(255), x))


def _are_scores(scores: Probabilities, n: int, k: int) -> bool:
    """Whether every row holds k probabilities; 1e-9: k of them are summed in float64."""
    shaped = scores.shape == (n, k) and scores.dtype == np.float64
    return shaped and bool((scores >= 0).all() and (abs(scores.sum(axis=1) - 1) < 1e-9).all())


@dataclasses.dataclass(frozen=True)
class _Constant:
    """A classifier that gives everyone one label."""

    label: int
    record: dict[str, Any] = dataclasses.field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)


def _hold(holds: bool, method: Any, what: str) -> str:
    if not holds:
        raise CheckFailedError(
            f"Expected that {type(method).__name__} {what}, got otherwise. See its protocol in "
            "quorate.protocols."
        )
    return what


def _people_for(method: Any) -> Split:
    """Return the first of the example people that the method accepts."""
    reasons = []
    law = Gaussian(n=200, held_out=200, rare=0.2)
    tables = (law, Finite(n=200, held_out=200), Unequal(n=200, held_out=200))
    for population in (Digits(n=200), *tables):
        people = population.split(_rng())
        tried = _copy(people.train)
        try:
            if isinstance(method, Signal):
                method.plant(tried)
            elif isinstance(method, Strategy):
                submit(tried, method, 0.1, np.random.SeedSequence(0))
            elif isinstance(method, Goal):
                method.success(_Constant(0), tried, _rng())
            elif isinstance(method, Subgroup):
                method.draw(tried, SHARE, _rng())
            else:
                method.check(tried)
        except QuorateError as error:
            reasons.append(f"{population.name}: {error}")
        else:
            return people
    raise CheckFailedError(
        f"Expected {type(method).__name__} to accept one of the example populations, got: "
        f"{' '.join(reasons)} Give people of your own: check(method, people)."
    )


def _accepted_signal(people: Table) -> Signal:
    text = "patch:size=2" if people.is_image else f"columns:{people.columns[-1].name}=3"
    signal: Signal = catalog.build("signals", text)
    return signal


def _rng() -> Rng:
    return np.random.default_rng(0)


def _copy(table: Table) -> Table:
    group = None if table.group is None else table.group.copy()
    return dataclasses.replace(table, x=table.x.copy(), y=table.y.copy(), group=group)


def _same(a: Table, b: Table) -> bool:
    groups = (a.group is None and b.group is None) or np.array_equal(a.group, b.group)  # type: ignore[arg-type]
    return bool(np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y) and groups)


def _sides(a: Split, b: Split) -> Sequence[tuple[Table, Table]]:
    return ((a.train, b.train), (a.held_out, b.held_out))


def _is_plain(record: dict[str, Any]) -> bool:
    try:
        json.dumps(record)
    except TypeError:
        return False
    return True
