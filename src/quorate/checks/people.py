"""What populations and everything that works on people must do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from quorate import catalog, spec
from quorate.bring_your_own.holding import HoldsObject
from quorate.checks.properties import CheckFailedError, draws, hold
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
from quorate.table import Array, Labels, Probabilities, Split, Submission, Table

SHARE = 0.3  # of a subgroup, in its checks
TWICE = "changes nothing the second time, or else says that it is not idempotent"
SCORED = "gives every person k probabilities, where it gives any"


def check_population(population: Population, people: Split) -> list[str]:
    """Check a population; return the names of the properties."""
    again = population.split(draws())
    same = all(_same(a, b) for a, b in _sides(people, again))
    train, held_out = people.train, people.held_out
    alike = train.x.shape[1:] == held_out.x.shape[1:] and train.classes == held_out.classes
    types = train.x.dtype == np.float32 and train.y.dtype == np.int64
    return [
        hold(same, population, "gives the same people for the same seed"),
        hold(alike, population, "holds out people of the same shape and labels"),
        hold(len(train) > 0 and len(held_out) > 0, population, "has people on both sides"),
        hold(bool(types), population, "has float32 features and int64 labels"),
    ]


def check_signal(signal: Signal, people: Split) -> list[str]:
    """Check a signal; return the names of the properties."""
    table = people.held_out
    before = _copy(table)
    x = signal.plant(table)
    twice = signal.plant(dataclasses.replace(table, x=x))
    shaped = x.shape == table.x.shape and x.dtype == table.x.dtype
    says = not isinstance(signal, HoldsObject)  # a function says nothing of the second time
    return [
        hold(_same(before, table), signal, "leaves its input as it is"),
        hold(shaped, signal, "keeps the shape and type of the features"),
        *([hold(np.array_equal(x, twice) == signal.idempotent, signal, TWICE)] if says else []),
    ]


def check_strategy(strategy: Strategy, people: Split) -> list[str]:
    """Check a strategy, and its goal; return the names of the properties."""
    honest, everyone = people.train, _copy(people.train)
    eligible = strategy.eligible(honest)
    member = np.ones(len(honest), dtype=bool) if eligible is None else eligible
    members, before = honest.take(member), _copy(honest.take(member))

    def act() -> Table:
        rng = draws()
        return strategy.apply(members, strategy.learn(honest, member, rng), rng)

    one, two = act(), act()
    nobody = submit(honest, strategy, 0.0, np.random.SeedSequence(0)).mixed()
    shaped = one.x.shape == members.x.shape and one.x.dtype == members.x.dtype
    untouched = _same(before, members) and _same(everyone, honest)
    return [
        hold(untouched, strategy, "leaves its input as it is"),
        hold(_same(one, two), strategy, "does the same for the same seed"),
        hold(shaped and len(one) == len(members), strategy, "returns one row a person"),
        hold(one.classes == honest.classes, strategy, "keeps the labels' names"),
        hold(_same(nobody, honest), strategy, "is the identity at α = 0"),
        *([] if isinstance(strategy, HoldsObject) else check_goal(strategy.goal, people)),
    ]


def check_goal(goal: Goal, people: Split) -> list[str]:
    """Check a goal; return the names of the properties."""
    held_out = people.held_out
    before = _copy(held_out)
    values = [goal.success(_Constant(y), held_out, draws()) for y in range(held_out.k)]
    again = [goal.success(_Constant(y), held_out, draws()) for y in range(held_out.k)]
    return [
        hold(_same(before, held_out), goal, "leaves the held-out people as they are"),
        hold(all(0 <= value <= 1 for value in values), goal, "is a fraction in [0, 1]"),
        hold(values == again, goal, "is the same for the same seed"),
    ]


def check_learner(learner: Learner, people: Split) -> list[str]:
    """Check a learner; return the names of the properties."""
    strategy = Planting(signal=_accepted_signal(people.train))
    data = submit(people.train, strategy, 0.2, np.random.SeedSequence(0))
    before = _copy(data.honest), _copy(data.changed)
    learner.check(data.honest)
    one, two = (learner.fit(data, draws()) for _ in range(2))
    x = people.held_out.x
    labels = one.predict(x)
    in_range = bool((labels >= 0).all() and (labels < data.honest.k).all())
    half = len(x) // 2
    parts = np.concatenate([one.predict(x[:half]), one.predict(x[half:])])
    untouched = _same(before[0], data.honest) and _same(before[1], data.changed)
    shaped = labels.shape == (len(x),) and labels.dtype == np.int64
    scored = (
        [hold(_are_scores(one.probabilities(x), len(x), people.train.k), learner, SCORED)]
        if isinstance(one, ScoredClassifier)
        else []
    )
    return [
        *scored,
        hold(untouched, learner, "leaves the data as they are"),
        hold(bool(np.array_equal(labels, two.predict(x))), learner, "is the same for a seed"),
        hold(shaped and in_range, learner, "predicts one known label a person"),
        hold(bool(np.array_equal(labels, parts)), learner, "predicts each person alone"),
        hold(_is_plain(dict(one.record)), learner, "has a record of plain data"),
    ]


def check_subgroup(subgroup: Subgroup, people: Split) -> list[str]:
    """Check a subgroup; return the names of the properties."""
    honest = people.held_out
    before = _copy(honest)
    nobody, one, everyone = (subgroup.draw(honest, share, draws()) for share in (0, SHARE, 1))
    again, within = (subgroup.draw(table, SHARE, draws()) for table in (honest, one))
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
        hold(_same(before, honest), subgroup, "leaves its input as it is"),
        hold(_same(one, again), subgroup, "draws the same people for the same seed"),
        hold(all(a == b for a, b in counts), subgroup, "draws exactly the share asked for"),
        hold(named, subgroup, "calls its groups others and its label, drawn once or twice"),
        hold(shaped and one.classes == honest.classes, subgroup, "keeps features and labels"),
        hold(apart, subgroup, "changes nobody else, and its own to 8-bit pixels"),
    ]


def _is_8_bit(x: Array) -> bool:
    return bool(np.array_equal(np.rint(x * 255) / np.float32(255), x))


def _are_scores(scores: Probabilities, n: int, k: int) -> bool:
    """Whether every row holds k probabilities; 1e-9: k of them are summed in float64."""
    shaped = scores.shape == (n, k) and scores.dtype == np.float64
    return shaped and bool((scores >= 0).all() and (abs(scores.sum(axis=1) - 1) < 1e-9).all())


def people_for(method: Any) -> Split:
    """Return the first of the example people that the method accepts."""
    reasons = []
    law = Gaussian(n=200, held_out=200, rare=0.2)
    tables = (law, Finite(n=200, held_out=200), Unequal(n=200, held_out=200))
    for population in (Digits(n=200), *tables):
        people = population.split(draws())
        tried = _copy(people.train)
        try:
            if isinstance(method, Signal):
                method.plant(tried)
            elif isinstance(method, Strategy):
                submit(tried, method, 0.1, np.random.SeedSequence(0))
            elif isinstance(method, Goal):
                method.success(_Constant(0), tried, draws())
            elif isinstance(method, Subgroup):
                method.draw(tried, SHARE, draws())
            elif any(isinstance(one, HoldsObject) for one in spec.methods_within(method)):
                method.fit(Submission.without_collective(tried), draws())  # it knows by trying
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


@dataclasses.dataclass(frozen=True)
class _Constant:
    """A classifier that gives everyone one label."""

    label: int
    record: dict[str, Any] = dataclasses.field(default_factory=dict)

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)
