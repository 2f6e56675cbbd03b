"""What members can do to hide an attribute, worked by hand."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import quorate
from quorate.catalog import build
from quorate.errors import FitFailedError, InputError
from quorate.goals.unreadable import Unreadable
from quorate.knowledge import Knowledge
from quorate.protocols import Classifier, Learner
from quorate.strategies.attribute.aggregating import Aggregating
from quorate.strategies.attribute.cancelling import Cancelling
from quorate.strategies.attribute.claim import draw_labels
from quorate.strategies.attribute.contrary import Contrary
from quorate.strategies.attribute.information import most_informative, mutual_information
from quorate.strategies.attribute.randomised import Randomised
from quorate.strategies.attribute.swapping import Swapping
from quorate.strategies.planting import Planting
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.strategies.sequence import StrategySequence
from quorate.table import Column, Submission, Table

AGE, CITY = Column("age", 0), Column("city", 1, ("x", "y"))
POOL = np.array([[10, 1, 0], [20, 0, 1], [60, 0, 1]], dtype=np.float32)
ROWS = np.array([[1, 1, 0], [2, 1, 0], [3, 0, 1], [4, 0, 1]], dtype=np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_swapped_columns_come_from_one_person_and_the_others_stay() -> None:
    both = Swapping().change(ROWS, POOL, [AGE, CITY], rng())
    # default_rng(0).integers(3, size=4) is 2, 1, 1, 0
    assert both.tolist() == [[60, 0, 1], [20, 0, 1], [20, 0, 1], [10, 1, 0]]
    age = Swapping().change(ROWS, POOL, [AGE], rng())
    assert age[:, 0].tolist() == [60, 20, 20, 10]
    assert age[:, 1:].tolist() == ROWS[:, 1:].tolist()
    assert ROWS[0].tolist() == [1, 1, 0]


def test_aggregated_columns_hold_the_mean_or_the_mode() -> None:
    found = Aggregating().change(ROWS, POOL, [AGE, CITY], rng())
    assert found.tolist() == [[30, 0, 1]] * 4  # (10 + 20 + 60)/3; y is the more frequent city
    assert Aggregating().change(ROWS, POOL, [CITY], rng())[:, 0].tolist() == [1, 2, 3, 4]


def test_one_value_is_drawn_a_row() -> None:
    sure = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=np.float64)
    assert draw_labels(sure, rng()).tolist() == [2, 0, 1]
    # 6 standard deviations of a mean of 30,000 draws: √(.25/30000) = .0029
    often = draw_labels(np.tile([0.2, 0.5, 0.3], (30_000, 1)), rng())
    assert np.abs(np.bincount(often) / 30_000 - [0.2, 0.5, 0.3]).max() < 6 * 0.0029


def test_claims_by_hand() -> None:
    q, base = np.array([[0.9, 0.1], [0.2, 0.8], [0.55, 0.45]]), np.array([0.6, 0.4])
    # q/π: 1.5 and .25; .33 and 2; .92 and 1.125
    assert Contrary().claims(q, base, 0.5, rng()).tolist() == [1, 0, 0]
    # r = (π − q/4)/(3/4): (.5, .5), (.733, .267), (.617, .383), of the value 0
    many = np.repeat(q, 20_000, axis=0)
    shares = (Cancelling().claims(many, base, 0.75, rng()) == 0).reshape(3, -1).mean(axis=1)
    # 6 standard deviations of a mean of 20,000 draws: √(.25/20000) = .0036
    assert np.abs(shares - [0.5, 0.55 / 0.75, 0.4625 / 0.75]).max() < 6 * 0.0036
    shares = (Randomised().claims(many, base, 0.75, rng()) == 0).reshape(3, -1).mean(axis=1)
    assert np.abs(shares - 0.6).max() < 6 * 0.0036


def test_a_small_collective_claims_what_is_lacking() -> None:
    # r = (.5 − .8·(.9, .1))/.2 = (−1.1, 2.1): all claim the second value
    few = Cancelling().claims(np.tile([0.9, 0.1], (50, 1)), np.array([0.5, 0.5]), 0.2, rng())
    assert few.tolist() == [1] * 50


# ------------------------------------------------------------------ as strategies of any study

COLUMNS = (Column("noise", 0), Column("hint", 1), Column("proxy", 2))


def told(n: int = 400) -> Table:
    """People whose label is sure from proxy, nearly so from hint, and not from noise."""
    draws = rng()
    attribute = draws.integers(2, size=n)
    x = np.column_stack([draws.random(n), attribute + draws.random(n), attribute])
    return Table(x.astype(np.float32), attribute, ("a", "b"), columns=COLUMNS)


def test_the_most_telling_columns_are_changed_or_those_that_are_named() -> None:
    people = told()
    assert [column.name for column in Swapping(how_many=2).chosen(people)] == ["proxy", "hint"]
    both = Swapping("noise+hint").chosen(people)
    assert [column.name for column in both] == ["noise", "hint"]
    acted = Aggregating("proxy").apply(people, Knowledge(people.take(people.y == 1)), rng())
    assert (acted.x[:, 2] == 1).all()  # the mean of the members, of whom all are b
    assert (acted.x[:, :2] == people.x[:, :2]).all()
    assert acted.y.tolist() == people.y.tolist()
    assert Swapping().goal == Unreadable()


def test_a_claim_rests_on_the_others_rows_alone() -> None:
    """Of two members who differ in their label only, both claim the same: the model of the others
    says b of their row; so do those of a table where one of the two is not there."""
    people = told(100)
    twins = people.take(np.array([0, 0, *range(1, 100)]))
    other = twins.relabelled(np.array([0, 1, *people.y[1:].tolist()]))
    claims = Contrary().apply(twins, Knowledge(other), rng()).y
    assert claims[0] == claims[1] == 1 - people.y[0]
    # what was changed before is what a claim is about; whose label is what stays honest
    swapped = Aggregating(how_many=3).apply(twins, Knowledge(twins), rng())
    of_all = Contrary().apply(swapped, Knowledge(other), rng()).y
    assert len(set(of_all[2:].tolist())) == 1


def test_alpha_says_how_much_has_to_be_cancelled() -> None:
    """π = ½ and rows tell it for sure: at α = ½ all claim the other label, at α = 1 half do."""
    people = told(2000)
    for alpha, share in ((0.5, 0.0), (1.0, 0.5)):
        acted = Cancelling().apply(people, Knowledge(people, alpha), rng())
        # 6 standard deviations of 2,000 draws, √(.25/2000) = .011; the model is sure to 2% or so
        assert (acted.y == people.y).mean() == pytest.approx(share, abs=6 * 0.011 + 0.03)


def test_one_after_another() -> None:
    people = told(50)
    both = StrategySequence(Swapping(), Contrary())
    acted, draws = both.apply(people, Knowledge(people), rng(3)), rng(3)
    first = Swapping().apply(people, Knowledge(people), draws)
    second = Contrary().apply(first, Knowledge(people), draws)
    assert (acted.x == first.x).all()
    assert (acted.y == second.y).all()
    assert both.goal == Unreadable()
    assert build("strategies", "sequence:first=swapping,then=contrary") == both


def test_one_after_another_has_members_and_knowledge_of_both() -> None:
    people = build("populations", "unequal:n=60,held_out=10").split(rng()).train
    member = people.group == 1
    both = StrategySequence(Planting(), RBProb(knowledge="7"))
    for strategy in (both, StrategySequence(RBProb(knowledge="7"), Planting())):
        eligible = strategy.eligible(people)
        assert eligible is not None
        assert eligible.tolist() == member.tolist()
        known = strategy.learn(people, member, rng())
        assert known.others is not None
        assert len(known.others) == 7
    assert StrategySequence().eligible(people) is None
    assert both.goal == RBProb().goal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("swapping:how_many=0", "Expected how_many=0 to be at least 1"),
        ("cancelling:learner=(sklearn:estimator=LinearSVC)", "models give probabilities, to claim"),
        ("sequence:first=swaping", "Did you mean swapping"),
        ("contrary:how_many=2", "Expected a known parameter of contrary"),
    ],
)
def test_a_parameter_that_cannot_be_is_answered(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build("strategies", text)


def test_people_that_cannot_be_changed_are_answered() -> None:
    people = told(20)
    with pytest.raises(InputError, match="Expected how_many=4 to be at most the 3 columns"):
        Swapping(how_many=4).apply(people, Knowledge(people), rng())
    with pytest.raises(InputError, match="Expected a known column, got 'age'"):
        Swapping("age").apply(people, Knowledge(people), rng())
    images = Table(np.zeros((2, 1, 2, 2), np.float32), np.array([0, 1]), ("a", "b"))
    with pytest.raises(InputError, match="Expected people with named columns for swapping"):
        Swapping().apply(images, Knowledge(images), rng())


@dataclass(frozen=True)
class Diverging(Learner):
    """Cannot be trained."""

    name: ClassVar[str] = "diverging"

    def fit(self, data: Submission, rng: np.random.Generator) -> Classifier:
        raise FitFailedError("the loss is not finite")


def test_members_who_cannot_train_a_model_are_a_cell_that_failed() -> None:
    curves = quorate.curve(
        population="attribute-labels:n=60,held_out=60",
        strategy=[Cancelling(Diverging()), Swapping()],
        learner="logistic",
        alphas="0,0.5",
        seeds=1,
    )
    errors = {(one.strategy, one.alpha): one.error for one in curves.outcomes}
    assert errors.pop(("cancelling:learner=diverging", 0.5)) == "the loss is not finite"
    assert list(errors.values()) == [None] * 3


# ----------------------------------------------------------------------------- what a column says


def test_information_by_hand() -> None:
    a = np.array([0, 0, 1, 1])
    assert mutual_information(a, a) == pytest.approx(math.log(2) - 1 / 8)
    assert mutual_information(np.array([0, 1, 0, 1]), a) == pytest.approx(-1 / 8)
    assert mutual_information(np.zeros(4, np.int64), a) == 0
    # p = (.5, .25, 0, .25): ½·log(.5/(.5·.75)) + ¼·log(.25/.125) + ¼·log(.25/.375) = .21576
    found = mutual_information(np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]))
    assert found == pytest.approx(0.215762 - 1 / 8, abs=1e-6)  # the digits written here


def test_information_is_that_of_a_naive_sum() -> None:
    rng = np.random.default_rng(0)
    codes, attribute = rng.integers(4, size=300), rng.integers(3, size=300)
    naive = 0.0
    for v in range(4):
        for a in range(3):
            both = np.mean((codes == v) & (attribute == a))
            if both:
                naive += both * math.log(both / (np.mean(codes == v) * np.mean(attribute == a)))
    assert mutual_information(codes, attribute) == pytest.approx(naive - 3 * 2 / 600)


def test_the_most_telling_columns_come_first() -> None:
    rng = np.random.default_rng(0)
    attribute = rng.integers(2, size=400)
    x = np.column_stack([rng.random(400), attribute + rng.random(400), attribute]).astype(
        np.float32
    )
    columns = (Column("noise", 0), Column("hint", 1), Column("proxy", 2))
    people = Table(x, attribute, ("a", "b"), columns=columns)
    # hint and proxy tell it surely; the bins of hint cost a little for what chance gives
    found = [column.name for column in most_informative(people, 3)]
    assert found == ["proxy", "hint", "noise"]
    with pytest.raises(InputError, match="Expected how_many=4 to be at most the 3 columns"):
        most_informative(people, 4)
