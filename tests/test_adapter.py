"""What methods of one's own return: checked once, and answered by the method's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import quorate
from quorate.errors import FitFailedError, InputError
from quorate.goals.recognised import Recognised
from quorate.knowledge import Knowledge
from quorate.membership_inference.study import make_membership_study, run_membership
from quorate.populations.gaussian import Gaussian
from quorate.protocols import Goal, Learner, Population, Signal, StackedLearner, Strategy, Subgroup
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.subgroups.blur import Blur
from quorate.table import Split

GIVEN: dict[str, Any] = {
    "population": "gaussian:n=40,held_out=20",
    "strategy": "planting:signal=columns,x2=3",
    "alphas": "0.5",
    "seeds": 1,
}
Answer = Callable[[int], Any]


class Fitted:
    """A model whose answers and record are given."""

    def __init__(self, answer: Answer, scores: Answer | None = None, **more: Any) -> None:
        self.answer = answer
        if scores is not None:
            self.probabilities = lambda x: scores(len(x))
        if "record" not in more:
            self.record: Any = {}
        vars(self).update({key: value for key, value in more.items() if value is not MISSING})

    def predict(self, x: Any) -> Any:
        return self.answer(len(x))


class Unspoken(Fitted):
    """A model whose record cannot be had."""

    def __init__(self) -> None:
        self.answer = zeros

    @property
    def record(self) -> Any:  # type: ignore[override]
        return fail()


MISSING = object()


def learner(fit: Callable[[], Any]) -> Learner:
    @dataclass(frozen=True)
    class Odd(Learner):
        """Returns what it is told to."""

        name: ClassVar[str] = "odd"

        def fit(self, data: Any, rng: Any) -> Any:
            return fit()

    return Odd()


def zeros(n: int) -> Any:
    return np.zeros(n, dtype=np.int64)


def fail(*_: Any) -> Any:
    raise ZeroDivisionError("by nothing")


# ------------------------------------------------------------------------------- what is answered

SAID = "Expected predict of the model of the learner odd to return one index of a label for each of"
ANSWERS: dict[str, tuple[Answer, str]] = {
    "names": (
        lambda n: np.array(["rare"] * n),
        "got text such as 'rare'. Return the index of each",
    ),
    "names in a list": (lambda n: ["rare"] * n, "data.honest.classes.index(name)"),
    "names as objects": (lambda n: np.array(["rare"] * n, object), "got text such as 'rare'"),
    "bytes": (lambda n: np.array([b"rare"] * n), "got text such as"),
    "scores": (
        lambda n: np.zeros((n, 2)),
        "got scores of shape (20, 2). Return scores.argmax(axis",
    ),
    "a column": (lambda n: np.zeros((n, 1), int), "got ndarray of shape (20, 1)"),
    "a row": (lambda n: np.zeros((1, n), int), "got ndarray of shape (1, 20)"),
    "floats": (np.zeros, "got numbers of type float64. Return answers.astype(int)."),
    "NaN": (lambda n: np.full(n, np.nan), "got numbers of type float64"),
    "nothing": (lambda n: None, "got None. Return an array with one index for each row"),
    "some are None": (lambda n: [None] * n, "got list of shape (20,) and type object"),
    "too few": (lambda n: zeros(n - 1), "people, whole numbers from 0 to 1, got 19"),
    "one": (lambda n: 1, "got int"),
    "ragged": (lambda n: [[0], [0, 1]], "got list"),
    "too large": (lambda n: np.full(n, 2), "got 2 to 2. Count labels from 0"),
    "negative": (lambda n: np.full(n, -1), "got -1 to -1. Count labels from 0"),
    "complex": (lambda n: np.zeros(n, complex), "got ndarray of shape (20,) and type complex128"),
    "raising": (
        fail,
        "Expected predict of the model of the learner odd to return, got ZeroDivisionE",
    ),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_answers_that_are_no_labels(what: str) -> None:
    answer, said = ANSWERS[what]
    with pytest.raises(InputError) as raised:
        quorate.curve(**GIVEN, learner=learner(lambda: Fitted(answer)))
    assert said in str(raised.value)
    assert "learner odd" in str(raised.value)
    assert what == "raising" or str(raised.value).startswith(SAID)


@pytest.mark.parametrize(
    "answer",
    [
        zeros,
        lambda n: [0] * n,
        lambda n: (0,) * n,
        lambda n: np.zeros(n, bool),
        lambda n: zeros(n).astype("u1"),
    ],
    ids=["array", "list", "tuple", "truth values", "small"],
)
def test_answers_that_can_only_mean_one_thing_are_taken(answer: Answer) -> None:
    found, usual = (
        quorate.curve(**GIVEN, learner=learner(lambda one=one: Fitted(one))).outcomes  # type: ignore[misc]
        for one in (answer, zeros)
    )
    assert [one.success for one in found] == [one.success for one in usual]
    assert [one.accuracy for one in found] == [one.accuracy for one in usual]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: None, "Expected fit of odd to return a model with predict(x), got None"),
        (lambda: 3, "a model with predict(x), got int. Return the fitted model."),
        (lambda: Fitted, "to have a record, a mapping of plain data about its training, got None"),
        (fail, "Expected fit of odd to return, got ZeroDivisionError: by nothing. Mend it."),
        (lambda: Fitted(zeros, record=MISSING), "Write record = {} into its class."),
        (Unspoken, "Expected the record of the model of the learner odd to return, got Zero"),
        (lambda: Fitted(zeros, record=None), "to have a record, a mapping of plain data about"),
        (lambda: Fitted(zeros, record=[1]), "to have a record, a mapping of plain data about"),
        (
            lambda: Fitted(zeros, record={"loss": np.zeros(3)}),
            "Expected record['loss'] of the model of the learner odd to be plain data (numbers, "
            "text, lists, mappings), got ndarray of shape (3,) and type float64. Write",
        ),
        (lambda: Fitted(zeros, record={"a": {"b": [zeros]}}), "Expected record['a']['b'][0] of"),
        (lambda: Fitted(zeros, record={"a": {1, 2}}), "to be plain data"),
        (lambda: Fitted(zeros, record={"epsilon": "one"}), "record['epsilon'] of the model of"),
        (lambda: Fitted(zeros, record={"alpha_effective": 0.5}), "a list of numbers, one an epoch"),
    ],
)
def test_models_and_records_that_are_none(made: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError) as raised:
        quorate.curve(**GIVEN, learner=learner(made))
    assert said in str(raised.value)
    assert "odd" in str(raised.value)


def test_numbers_of_numpy_in_a_record_are_numbers(tmp_path: Path) -> None:
    record = {"loss": np.float32(0.5), 3: (np.int64(1), np.bool_(True)), "epsilon": np.float32(2)}
    made = learner(lambda: Fitted(zeros, record=record))
    curves = quorate.curve(out=tmp_path, **GIVEN, learner=made)
    plain = {"loss": 0.5, "3": [1, True], "epsilon": 2.0}
    assert [one.record for one in curves.outcomes] == [plain] * 2
    assert [one.record for one in quorate.load(tmp_path).outcomes] == [plain] * 2
    assert {one.epsilon for one in curves.outcomes} == {2.0}
    curves.facts()


def test_a_training_that_failed_is_still_an_outcome() -> None:
    def diverge() -> Any:
        raise FitFailedError("Expected a loss, got none.")

    curves = quorate.curve(**GIVEN, learner=learner(diverge))
    assert {one.error for one in curves.outcomes} == {"Expected a loss, got none."}


@pytest.mark.parametrize("inside", ["knn-cleaning", "coarsened", "loss-trimming", "fine-tuned"])
def test_a_learner_inside_another_is_checked_too(inside: str) -> None:
    from quorate import catalog

    own = learner(lambda: Fitted(lambda n: np.full(n, 7), lambda n: np.full((n, 2), 0.5)))
    more = {"coarsened": {"step": 0.5}, "fine-tuned": {"public": "gaussian:n=30,held_out=10"}}
    more["fine-tuned"]["pretraining"] = "sgd:model=mlp,epochs=1"
    made = catalog.build("learners", {"name": inside, "learner": own, **more.get(inside, {})})
    with pytest.raises(InputError, match="model of the learner odd to return one index"):
        quorate.curve(**GIVEN, learner=made)


def test_many_models_are_as_many() -> None:
    @dataclass(frozen=True)
    class Few(StackedLearner):
        """Returns one model, whatever is asked."""

        name: ClassVar[str] = "few"

        def fit_many(self, data: Any, rngs: Any) -> Any:
            return [Fitted(zeros)]

        def stack_size(self, people: Any) -> int:
            return 8

    with pytest.raises(
        InputError, match="Expected fit_many of few to return a list of 2 models, got 1"
    ):
        quorate.curve(**GIVEN, learner=Few())


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (lambda n: np.zeros((n, 2)), "whose rows sum to 0 to 0"),
        (lambda n: np.full((n, 2), 2.0), "numbers from 2 to 2 whose rows sum to 4 to 4"),
        (lambda n: np.full((n, 2), np.nan), "numbers from nan to nan"),
        (lambda n: np.full((n, 3), 1 / 3), "got ndarray of shape (40, 3)"),
        (lambda n: np.full(n, 0.5), "got ndarray of shape (40,)"),
        (lambda n: None, "got None"),
        (fail, "probabilities of the model of the learner odd to return, got ZeroDivisionError"),
    ],
)
def test_probabilities_that_are_none(scores: Answer, said: str) -> None:
    plain = {key: GIVEN[key] for key in ("population", "strategy", "seeds")}
    own = learner(lambda: Fitted(zeros, scores))
    study = make_membership_study(**plain, learner=own, alphas="0", models=8)
    with pytest.raises(InputError) as raised:
        run_membership(study)
    assert said in str(raised.value)
    assert "probabilities of the model of the learner odd" in str(raised.value)


# ------------------------------------------------------------------------------- all other roles


def strategy(apply: Callable[..., Any], **more: Any) -> Strategy:
    @dataclass(frozen=True)
    class Odd(Strategy):
        """Hands in what it is told to."""

        name: ClassVar[str] = "odd-plan"

        def apply(self, members: Any, known: Any, rng: Any) -> Any:
            return apply(members)

        @property
        def goal(self) -> Any:
            return Recognised()

        def eligible(self, people: Any) -> Any:
            return more["eligible"](people) if "eligible" in more else None

        def learn(self, people: Any, member: Any, rng: Any) -> Any:
            return more["learn"](people) if "learn" in more else Knowledge.of(people, member)

    return Odd()


STRATEGIES: dict[str, tuple[Strategy, str]] = {
    "nothing": (strategy(lambda m: None), "apply of odd-plan to return a Table, got None"),
    "rows alone": (strategy(lambda m: m.x), "apply of odd-plan to return a Table, got ndarray of"),
    "too few": (strategy(lambda m: m.take(np.array([0]))), "one row for each of 2 people, got 1"),
    "wider": (
        strategy(lambda m: replace(m, x=np.zeros((len(m), 1), np.float32), columns=())),
        "rows of shape",
    ),
    "other labels": (strategy(lambda m: replace(m, classes=("a", "b"))), "the labels ['"),
    "raising": (strategy(fail), "Expected apply of odd-plan to return, got ZeroDivisionError"),
    "who can": (
        strategy(lambda m: m, eligible=lambda p: p.y),
        "eligible of odd-plan to return None, or a mask of 40 truth values, got ndarray of",
    ),
    "knowing nothing": (
        strategy(lambda m: m, learn=lambda p: None),
        "learn of odd-plan to return the Knowledge of 2 members, got None",
    ),
}
STRATEGIES["labels as floats"] = (
    strategy(lambda m: replace(m, y=m.y * 1.0)),
    "labels that are whole numbers, got float32 and float64",
)


@pytest.mark.parametrize("what", STRATEGIES)
def test_strategies_that_hand_in_no_rows(what: str) -> None:
    odd, said = STRATEGIES[what]
    with pytest.raises(InputError) as raised:
        quorate.curve(**{**GIVEN, "strategy": odd}, learner="tree")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "success of odd-goal to return one number from 0 to 1, got None"),
        (np.array([True, False]), "got ndarray of shape (2,) and type bool"),
        (1.5, "got 1.5. Return a share of people"),
        (float("nan"), "got nan"),
        ("all", "got 'all'"),
    ],
)
def test_goals_that_measure_nothing(value: Any, said: str) -> None:
    @dataclass(frozen=True)
    class Odd(Goal):
        """Measures what it is told to."""

        name: ClassVar[str] = "odd-goal"

        def success(self, model: Any, held_out: Any, rng: Any) -> Any:
            return value

    with pytest.raises(InputError) as raised:
        quorate.curve(**GIVEN, goal=Odd(), learner="tree")
    assert said in str(raised.value)


@pytest.mark.parametrize("plan", [Planting, PlantingFeatures])
@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (lambda p: None, "plant of odd-signal to return an array of numbers in the shape of"),
        (lambda p: p.x[:, :1], "got ndarray of shape (2, 1) and type float32"),
        (lambda p: p.x.astype(str), "and type <U"),
        (lambda p: p, "got Table"),
        (fail, "Expected plant of odd-signal to return, got ZeroDivisionError"),
    ],
)
def test_signals_that_plant_nothing(planted: Any, said: str, plan: Any) -> None:
    @dataclass(frozen=True)
    class Odd(Signal):
        """Plants what it is told to."""

        name: ClassVar[str] = "odd-signal"

        def plant(self, people: Any) -> Any:
            return planted(people)

    with pytest.raises(InputError) as raised:
        quorate.curve(**{**GIVEN, "strategy": plan(signal=Odd())}, learner="tree")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (lambda s: None, "split of odd-people to return a Split(train, held_out), got None"),
        (lambda s: (s.train, s.held_out), "Split(train, held_out), got tuple"),
        (lambda s: Split(s.train, s.held_out.x), "its held_out, of odd-people to return a Table"),
        (
            lambda s: Split(s.train, replace(s.held_out, classes=("a", "b"))),
            "its held_out, of odd-people to return the labels",
        ),
        (fail, "Expected split of odd-people to return, got ZeroDivisionError"),
    ],
)
def test_populations_that_are_none(drawn: Any, said: str) -> None:
    @dataclass(frozen=True)
    class Odd(Population):
        """Draws whom it is told to."""

        name: ClassVar[str] = "odd-people"

        def split(self, rng: Any) -> Any:
            return drawn(Gaussian(n=40, held_out=20).split(rng))

    with pytest.raises(InputError) as raised:
        quorate.curve(**{**GIVEN, "population": Odd()}, learner="tree")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (lambda p: None, "draw of odd-group to return a Table, got None"),
        (lambda p: replace(p, group=None, groups=()), "people in two groups"),
    ],
)
def test_subgroups_that_are_none(drawn: Any, said: str, tmp_path: Path) -> None:
    from quorate.test_time.study.running import run_correction
    from quorate.test_time.study.settings import make_correction

    @dataclass(frozen=True)
    class Odd(Subgroup):
        """Draws whom it is told to."""

        name: ClassVar[str] = "odd-group"

        @property
        def label(self) -> str:
            return "odd"

        def draw(self, people: Any, share: Any, rng: Any) -> Any:
            return drawn(Blur().draw(people, 0.5, rng))

    plain = {"population": "digits:n=60", "platform": "mlp:epochs=1", "adaptive": "none"}
    study = make_correction(**plain, subgroup=Odd(), members=5, queries=2)
    with pytest.raises(InputError) as raised:
        run_correction(study, tmp_path)
    assert said in str(raised.value)


def test_a_scenario_returns_a_result() -> None:
    from quorate.scenarios.scenario import Scenario

    @dataclass(frozen=True)
    class Odd(Scenario):
        """Runs nothing."""

        name: ClassVar[str] = "odd-world"

        def run(self, out: Any, executor: Any) -> Any:
            return {"found": 1}

    with pytest.raises(InputError, match="Expected run of odd-world to return a Result, got dict"):
        quorate.scenario(Odd())


def test_the_command_line_answers_in_one_line(tmp_path: Path, quorate: Any) -> None:
    from quorate import catalog  # type: ignore[attr-defined]

    catalog.register(type(learner(lambda: Fitted(lambda n: ["rare"] * n))))
    words = [("--population", GIVEN["population"]), ("--strategy", GIVEN["strategy"])]
    given = [word for pair in (*words, ("--learner", "odd"), ("--seeds", "1")) for word in pair]
    code, _, said = quorate("curve", *given, "--alphas", "0.5", "--out", tmp_path)
    assert code == 2
    assert "learner odd" in said
    assert "Traceback" not in said
