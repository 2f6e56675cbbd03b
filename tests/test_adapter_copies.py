"""Own methods may write into what they are handed; nobody else sees that. Masks and odd records."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

import quorate
from quorate.catalog import build
from quorate.errors import InputError
from quorate.protocols import Goal, Learner, Signal, Strategy
from quorate.strategies.planting import Planting
from quorate.table import Submission, Table

PEOPLE = "gaussian:n=60,held_out=40"
PLANTED = "planting:signal=columns,x2=3"


@dataclass(frozen=True)
class Model:
    inner: Any
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Any) -> Any:
        said = self.inner.predict(x)
        x[:] = 0
        return said


@dataclass(frozen=True)
class WritingLearner(Learner):
    """Learns, and then writes over all that it was handed."""

    name: ClassVar[str] = "writing"

    def fit(self, data: Submission, rng: Any) -> Any:
        model = build("learners", "naive-bayes").fit(data, rng)
        for people in (data.honest, data.changed):
            people.x[:] = 0
            people.y[:] = 0
        return Model(model)


@dataclass(frozen=True)
class WritingSignal(Signal):
    """Sets a column in the rows that it was handed."""

    name: ClassVar[str] = "writing"

    def plant(self, people: Table) -> Any:
        people.x[:, 2] = 3
        return people.x


@dataclass(frozen=True)
class WritingGoal(Goal):
    """Looks at people, and then writes over them."""

    name: ClassVar[str] = "writing"

    def success(self, model: Any, held_out: Table, rng: Any) -> float:
        share = float((model.predict(held_out.x) == held_out.y).mean())
        held_out.x[:] = 0
        held_out.y[:] = 0
        return share


@dataclass(frozen=True)
class WritingStrategy(Strategy):
    """Hands in the rows that it was handed, written over."""

    name: ClassVar[str] = "writing"

    def apply(self, members: Table, known: Any, rng: Any) -> Table:
        members.x[:] = 1
        return members

    def learn(self, people: Table, member: Any, rng: Any) -> Any:
        known = super().learn(people, member, rng)
        people.x[:] = 0
        return known

    @property
    def goal(self) -> Goal:
        return Planting(signal=build("signals", "columns:x2=3")).goal


def numbers(**given: Any) -> list[tuple[Any, Any]]:
    methods = {"population": PEOPLE, "strategy": PLANTED, "learner": "naive-bayes", **given}
    outcomes = quorate.curve(**methods, alphas="0,0.1,0.5", seeds=1).outcomes
    return [(one.success, one.accuracy) for one in outcomes]


@pytest.mark.parametrize(
    ("given", "as_good_as"),
    [
        ({"learner": WritingLearner()}, {}),
        ({"strategy": Planting(signal=WritingSignal())}, {}),
        ({"goal": WritingGoal()}, None),
        ({"strategy": WritingStrategy()}, None),
    ],
    ids=["learner", "signal", "goal", "strategy"],
)
def test_what_own_methods_write_over_is_theirs_alone(
    given: dict[str, Any], as_good_as: dict[str, Any] | None
) -> None:
    plain = numbers()
    measured = numbers(**given)
    if as_good_as is not None:
        assert measured == plain
    assert measured == numbers(**given)
    assert measured[0][1] == plain[0][1]  # the accuracy without a collective
    assert numbers() == plain  # people are kept in memory: they are as they were


@dataclass(frozen=True)
class Odd(Learner):
    """Returns what it is told to."""

    name: ClassVar[str] = "odd"

    def fit(self, data: Any, rng: Any) -> Any:
        return ODD["made"]()


ODD: dict[str, Callable[[], Any]] = {}


def odd_model(record: Any, answer: Callable[[int], Any]) -> Any:
    class Fitted:
        def predict(self, x: Any) -> Any:
            return answer(len(x))

    fitted: Any = Fitted()
    fitted.record = record
    return fitted


ITSELF: dict[str, Any] = {}
ITSELF["again"] = [ITSELF]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (ITSELF, "at most 20 levels, got more, or a record that holds itself"),
        ({1: 2, "1": 3}, r"names in record .* that differ as text, got \[1, '1'\]"),
        ({"epsilon": float("nan")}, "a number from 0 on, the privacy budget, got nan"),
        ({"epsilon": -1}, "a number from 0 on"),
        ({"epsilon": 10**400}, "a number from 0 on"),
    ],
)
def test_records_that_cannot_be_kept(
    record: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ODD, "made", lambda: odd_model(record, lambda n: np.zeros(n, int)))
    with pytest.raises(InputError, match=said):
        numbers(learner=Odd())


def test_an_infinite_budget_promises_nothing_and_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"epsilon": float("inf")}
    monkeypatch.setitem(ODD, "made", lambda: odd_model(record, lambda n: np.zeros(n, int)))
    assert numbers(learner=Odd())


def masked(n: int) -> Any:
    return np.ma.masked_array(np.zeros(n, int), mask=np.arange(n) == 1)


def test_values_that_are_masked_are_no_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ODD, "made", lambda: odd_model({}, masked))
    with pytest.raises(InputError, match=r"got MaskedArray\. Return an array with one index"):
        numbers(learner=Odd())

    @dataclass(frozen=True)
    class Masking(Strategy):
        """Hides a value of every member."""

        name: ClassVar[str] = "masking"

        def apply(self, members: Table, known: Any, rng: Any) -> Table:
            return replace(members, x=np.ma.masked_array(members.x, mask=members.x > 0))

        @property
        def goal(self) -> Goal:
            return Planting().goal

    @dataclass(frozen=True)
    class Nobody(Goal):
        """The mean over nobody, which NumPy masks."""

        name: ClassVar[str] = "nobody"

        def success(self, model: Any, held_out: Table, rng: Any) -> Any:
            return np.ma.masked

    with pytest.raises(InputError, match="got a masked array"):
        numbers(strategy=Masking(), goal=WritingGoal())
    with pytest.raises(InputError, match="one number from 0 to 1, got masked"):
        numbers(goal=Nobody())
