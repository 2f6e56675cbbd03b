"""What members do, against scores worked by hand and a threshold that can be followed by eye."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told_classifier import ToldClassifier

from quorate.catalog import CATALOG, build
from quorate.compared_groups import ComparedGroups
from quorate.errors import InputError
from quorate.goals.equalised_odds import EqualisedOdds
from quorate.knowledge import Knowledge
from quorate.scenarios.bias.groups import GROUP_NAMES
from quorate.scenarios.bias.measures import measure_groups
from quorate.strategies.relabelling.borrowed_features import BorrowedFeatures
from quorate.strategies.relabelling.minority_knowledge import LABELS, MinorityKnowledge, top
from quorate.strategies.relabelling.minority_strategy import MinorityStrategy
from quorate.strategies.relabelling.rb_dist import RBDist
from quorate.strategies.relabelling.rb_label import RBLabel
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.table import Column, Labels, Submission, Table

NAMES = [name for name, cls in CATALOG["strategies"].items() if issubclass(cls, MinorityStrategy)]
COMPARED = ComparedGroups(("minority",), ("majority",), "favourable")


def people(x: Any, y: Any, group: int) -> Table:
    rows = np.array(x, dtype=np.float32).reshape(len(y), -1)
    columns = tuple(Column(f"c{j}", j) for j in range(rows.shape[1]))
    groups = np.full(len(y), group, dtype=np.int64)
    y = np.array(y, dtype=np.int64)
    return Table(rows, y, LABELS, groups, GROUP_NAMES, columns, compared=COMPARED)


def known(members: Table, majority: Table, minority_size: int | None = None) -> MinorityKnowledge:
    return MinorityKnowledge(members, majority, minority_size or len(members), len(majority))


def act(strategy: MinorityStrategy, here: MinorityKnowledge, seed: int = 0) -> Table:
    sizes = here.majority_size, here.minority_size
    knowledge = Knowledge(here.members, 0.5, here.majority, sizes)
    return strategy.apply(here.members, knowledge, np.random.default_rng(seed))


def make(text: str) -> MinorityStrategy:
    made = build("strategies", text)
    assert isinstance(made, MinorityStrategy)
    return made


MAJORITY = people([0, 1, 2, 3], [0, 0, 1, 1], 0)
MEMBERS = people([0.9, 1.6, 2.2, 9.0], [0, 0, 0, 1], 1)  # the last one has the label already
RNG = np.random.default_rng(0)


def test_scores_by_hand() -> None:
    """Of 0.9 the nearest are 1 and 0, of 1.6 2 and 1, of 2.2 2 and 3; favoured are 2 and 3."""
    here = known(MEMBERS, MAJORITY)
    assert RBLabel(k=2).scores(here, RNG).tolist() == [0, 1, 2]
    # distances to 2 and 3: (1.1, 2.1), (.4, 1.4), (.2, .8); features are float32
    assert RBDist(k=2).scores(here, RNG) == pytest.approx([-1.6, -0.9, -0.5], abs=1e-6)
    # only two are favoured: three are asked for, and those two are used
    assert RBDist(k=3).scores(here, RNG) == pytest.approx([-1.6, -0.9, -0.5], abs=1e-6)
    # f_maj is ½ midway between the labels, at 1.5, and grows
    low, middle, high = RBProb().scores(here, RNG)
    assert low < 0.5 < middle < high


def test_as_many_act_as_the_majority_would_favour() -> None:
    """f_maj favours 1.6 and 2.2, half of the four members: of 10 people 5, but only 3 can act."""
    assert known(MEMBERS, MAJORITY).flips(None) == 2
    assert known(MEMBERS, MAJORITY, minority_size=10).flips(None) == 3
    assert known(MEMBERS, MAJORITY).flips(0.25) == 1
    claimed = act(RBProb(), known(MEMBERS, MAJORITY))
    assert claimed.y.tolist() == [0, 1, 1, 1]
    assert (claimed.x == MEMBERS.x).all()


def test_features_are_borrowed_from_the_nearest_favoured() -> None:
    """2.2 is nearest to 2, and takes its other column; the group's column, alike in all, stays."""
    majority = people([[0, 5, 0], [1, 6, 0], [2, 8, 0], [3, 9, 0]], [0, 0, 1, 1], 0)
    members = people([[0.9, 6, 1], [2.2, 7, 1]], [0, 0], 1)
    here = known(members, majority)
    handed = act(BorrowedFeatures(k=1, flips=0.5), here)
    assert handed.x.tolist()[1] == [2, 8, 1]
    assert handed.x[0].tolist() == members.x[0].tolist()
    assert handed.y.tolist() == [0, 1]
    only = act(BorrowedFeatures(k=1, flips=0.5, columns="c1"), here)
    assert only.x[1] == pytest.approx([2.2, 8, 1])
    with pytest.raises(InputError, match="Expected a known column"):
        act(BorrowedFeatures(k=1, flips=0.5, columns="nope"), here)


def test_ties_are_drawn() -> None:
    drawn = {int(top(np.zeros(3), 1, np.random.default_rng(seed))[0]) for seed in range(30)}
    assert drawn == {0, 1, 2}


# ------------------------------------------------------------------- a threshold for each group


@dataclass(frozen=True)
class Thresholds:
    """Says yes from a threshold on, one for each group, that errs least on what was handed in."""

    of_group: tuple[float, ...]

    @classmethod
    def fit(cls, data: Submission) -> "Thresholds":
        seen, found = data.mixed(), []
        for group in (0, 1):
            mine = seen.take(seen.group == group)
            tried = [float(x) for x in range(1, 10)]
            errors = [int(((mine.x[:, 0] >= t) != mine.y).sum()) for t in tried]
            found.append(tried[int(np.argmin(errors))])
        return cls(tuple(found))

    def predict(self, x: np.ndarray, group: Labels) -> Labels:
        return (x[:, 0] >= np.array(self.of_group)[group]).astype(np.int64)


def joined(one: Table, other: Table) -> Table:
    return replace(
        one,
        x=np.concatenate([one.x, other.x]),
        y=np.concatenate([one.y, other.y]),
        group=np.repeat([0, 1], [len(one), len(other)]),
    )


@pytest.mark.parametrize(
    ("flips", "threshold", "odds"), [(0.0, 7, 0.25), (0.125, 6, 0.125), (None, 5, 0.0)]
)
def test_two_of_eight_make_the_odds_equal(
    flips: float | None, threshold: float, odds: float
) -> None:
    """People stand at 1 to 8 and deserve a yes from 5 on; the minority was given it from 7 on.

    Before: TPR 2/4 against 4/4, no false positives: (½ + 0)/2 = ¼. One who acts, at 6, moves the
    threshold to 6: TPR ¾, odds ⅛. f_maj favours those at 5 and 6: both act, and the odds are equal.
    """
    majority = people(range(1, 9), [0] * 4 + [1] * 4, 0)
    minority = people(range(1, 9), [0] * 6 + [1] * 2, 1)
    handed = act(RBProb(flips=flips), known(minority, majority))
    learnt = joined(majority, minority)
    assert learnt.group is not None
    model = Thresholds.fit(Submission(learnt, handed, learnt.group == 1))
    assert model.of_group == (5.0, threshold)
    judged = joined(majority, people(range(1, 9), [0] * 4 + [1] * 4, 1))
    assert judged.group is not None
    predicted = model.predict(judged.x, judged.group)
    found = measure_groups(judged.y, predicted, judged.group == 1)
    assert found["equalised_odds"] == odds
    assert found["equal_opportunity"] == 2 * odds
    assert RBProb().goal.success(ToldClassifier(predicted), judged, RNG) == 1 - odds


# ---------------------------------------------------------------------- what all have in common


def distances(row: np.ndarray, others: np.ndarray) -> list[float]:
    return [float(np.sqrt(((row - other) ** 2).sum())) for other in others.astype(np.float64)]


def naive_label_scores(here: MinorityKnowledge, k: int) -> list[int]:
    scores = []
    for row in here.members.x[here.members.y == 0].astype(np.float64):
        gaps = distances(row, here.majority.x)
        nearest = sorted(range(len(gaps)), key=lambda i: gaps[i])[:k]
        scores.append(sum(int(here.majority.y[i]) for i in nearest))
    return scores


def naive_distance_scores(here: MinorityKnowledge, k: int) -> list[float]:
    scores = []
    for row in here.members.x[here.members.y == 0].astype(np.float64):
        gaps = sorted(distances(row, here.majority.x[here.majority.y == 1]))[:k]
        scores.append(-sum(gaps) / len(gaps))
    return scores


def drawn_world(seed: int, m: int = 12, k: int = 20) -> MinorityKnowledge:
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=m + k)
    y[:2], y[m : m + 2] = [0, 1], [0, 1]  # both labels on both sides
    x = rng.standard_normal((m + k, 3)) + y[:, None]
    return known(people(x[:m], y[:m], 1), people(x[m:], y[m:], 0), minority_size=2 * m)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_neighbours_are_those_of_a_plain_search(seed: int, k: int) -> None:
    here = drawn_world(seed)
    strategy = RBLabel(k=k, knowledge="all")
    assert strategy.scores(here, RNG).tolist() == naive_label_scores(here, k)
    naive = naive_distance_scores(here, k)
    scores = RBDist(k=k, knowledge="all").scores(here, RNG)
    assert scores == pytest.approx(naive)  # the order of sums


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(5))
def test_only_those_without_the_label_act(name: str, seed: int) -> None:
    here, strategy = drawn_world(seed), make(name)
    handed, again = act(strategy, here, seed), act(strategy, here, seed)
    assert (handed.y == again.y).all()
    assert (handed.x == again.x).all()
    had_it = here.members.y == 1
    assert (handed.y[had_it] == 1).all()
    assert (handed.x[had_it] == here.members.x[had_it]).all()
    if name != "rehearsed":
        assert (handed.y != here.members.y).sum() == here.flips(None)
    if name != "borrowed-features":
        assert (handed.x == here.members.x).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("label", [0, 1])
def test_one_label_is_all_that_is_known(name: str, label: int) -> None:
    """f_maj knows nothing else then: nobody is favoured, or everyone."""
    here = drawn_world(3)
    one = here.majority.take(here.majority.y == label)
    alike = MinorityKnowledge(here.members, one, 12, 20)
    needs_k = name in ("rb-label", "rb-dist", "borrowed-features")
    handed = act(make(f"{name}:k=1" if needs_k else name), alike)
    acted = (handed.y != here.members.y).sum()
    if name == "rehearsed":  # which is told by its members too
        assert 0 <= acted <= len(here.negatives)
    else:
        assert acted == (len(here.negatives) if label else 0)


def test_one_person_of_the_majority_is_enough() -> None:
    here = drawn_world(4)
    lone = MinorityKnowledge(here.members, here.majority.take(np.array([1])), 12, 20)
    assert lone.features(here.members).shape == (12, 0)  # nothing differs among one
    for name in ("rb-prob", "rb-label:k=1", "rb-dist:k=1", "borrowed-features:k=1", "rehearsed"):
        assert len(act(make(name), lone)) == 12


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rb-probe", "Did you mean rb-prob"),
        ("rb-label:k=0", "k=0"),
        ("rb-dist:k=0", "k=0"),
        ("random:flips=1.5", r"flips=1.5 in \[0, 1\]"),
        ("rehearsed:k=2", "Expected a known parameter of rehearsed"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build("strategies", text)


def test_more_neighbours_than_are_known_are_refused() -> None:
    for name in ("rb-label", "rb-dist", "borrowed-features"):
        make(f"{name}:k=3,knowledge=3")
        with pytest.raises(InputError, match="k=3 to be at most the 2 known people"):
            make(f"{name}:k=3,knowledge=2")
    with pytest.raises(InputError, match="k=5 to be at most the 4 known people"):
        act(make("rb-label:k=5,knowledge=all"), known(MEMBERS, MAJORITY))


# ----------------------------------------------------------------- as strategies of any study


def defendants() -> Table:
    """Six people of three groups: the favourable label is the first, and one group is neither."""
    group = np.array([0, 0, 1, 1, 2, 0])
    x = np.arange(6, dtype=np.float32)[:, None]
    y = np.array([1, 1, 0, 1, 0, 0])
    usual = ComparedGroups(("few",), ("many",), "no")
    return Table(x, y, ("no", "yes"), group, ("few", "many", "else"), compared=usual)


def test_members_are_of_the_minority_and_see_some_of_the_majority() -> None:
    people, strategy = defendants(), make("rb-prob:knowledge=1")
    assert strategy.eligible(people).tolist() == [True, True, False, False, False, True]
    member = np.arange(6) == 0
    known_to_them = strategy.learn(people, member, np.random.default_rng(0))
    assert known_to_them.own.x.tolist() == [[0]]
    assert known_to_them.group_sizes == (3, 2, 1)
    assert known_to_them.others is not None
    assert known_to_them.others.x.tolist() in ([[2]], [[3]])
    everyone = make("rb-prob:knowledge=all").learn(people, member, np.random.default_rng(0))
    assert everyone.others is not None
    assert everyone.others.x.tolist() == [[2], [3]]
    with pytest.raises(InputError, match="knowledge=3 to be at most the 2 people of the majority"):
        make("rb-prob:knowledge=3").learn(people, member, np.random.default_rng(0))
    other = make("rb-prob:minority=many+else,positive=yes,knowledge=all")
    assert other.eligible(people).tolist() == [False, False, True, True, True, False]
    assert other.goal == EqualisedOdds("many+else", None, "yes")


def test_the_favourable_label_is_the_one_that_is_claimed() -> None:
    """Person 3 of the majority is guilty and 2 is not: f_maj favours who stands below 2.5."""
    people, strategy = defendants(), make("rb-prob:knowledge=all")
    member = people.group == 0
    known_to_them = strategy.learn(people, member, np.random.default_rng(0))
    handed = strategy.apply(people.take(member), known_to_them, np.random.default_rng(0))
    assert handed.y.tolist() == [0, 0, 0]
    assert handed.classes == ("no", "yes")
    changed = replace(people.take(member), x=np.full((3, 1), 9, np.float32))
    later = strategy.apply(changed, known_to_them, np.random.default_rng(0))
    assert later.x.tolist() == [[9]] * 3  # what was changed before stays, what is honest decides
    assert later.y.tolist() == [0, 0, 0]


def test_nobody_known_is_answered() -> None:
    with pytest.raises(InputError, match="Expected to know people of the majority, got nobody"):
        make("rb-prob").apply(MEMBERS, Knowledge(MEMBERS), RNG)


def test_people_without_usual_groups_have_to_be_told() -> None:
    people = replace(defendants(), compared=None)
    with pytest.raises(InputError, match="Expected to be told who acts and which label they want"):
        make("rb-prob").eligible(people)
    with pytest.raises(InputError, match="Expected people in groups for rb-prob, got none"):
        make("rb-prob").eligible(replace(defendants(), group=None, groups=()))
