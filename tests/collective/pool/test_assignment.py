"""Who is given which question: all to someone, a share to two, and nobody can foresee which."""

import random

import numpy as np
import pytest
from lying_members import hand_out

from quorate.collective.pool.assignment import (
    NOBODY,
    PLACES,
    Held,
    deal_turns,
    first_place,
    next_place,
    next_turns,
    questions_within,
)
from quorate.errors import InputError

NOTHING = np.empty(0, dtype=np.int64)


@pytest.mark.parametrize(("n", "doubled"), [(1, 0.0), (1, 1.0), (7, 0.5), (40, 0.25), (999, 0.1)])
def test_exactly_the_share_has_two_turns(n: int, doubled: float) -> None:
    for seed in range(20):
        turns = deal_turns(n, doubled, np.random.default_rng(seed))
        times = np.bincount(turns.question, minlength=n)
        assert sorted(times.tolist()) == [1] * (n - round(doubled * n)) + [2] * round(doubled * n)
        for place, twin in enumerate(turns.twin.tolist()):
            same = np.flatnonzero(turns.question == turns.question[place]).tolist()
            assert [*same, NOBODY][:2] == sorted([place, twin], key=lambda p: (p == NOBODY, p))


def test_everything_is_answered_by_people_of_different_invitations() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n, members = int(rng.integers(20, 60)), int(rng.integers(6, 12))
        invitation = rng.integers(4, size=members)
        invitation[:4] = range(4)
        turns = deal_turns(n, 0.25, rng)
        held, had = hand_out(turns, invitation, each=len(turns), rng=rng)
        assert held.answered.all()
        assert all(len(set(mine)) == len(mine) for mine in had)
        twins = turns.twin != NOBODY
        assert (held.invitation[twins] != held.invitation[turns.twin[twins]]).all()


def test_budgets_hold_and_nobody_waits_for_others() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        turns = deal_turns(questions_within(12 * 10, 0.25), 0.25, rng)
        _, had = hand_out(turns, np.arange(12), each=10, rng=rng)
        assert max(map(len, had)) <= 10
        # 96 questions have 120 turns, so all get 10 but for the last few: their twins are theirs
        assert sum(map(len, had)) >= 118


def test_the_next_turns_by_hand() -> None:
    # Questions 0, 1, 0, 2, 1 in the queue; members 0 and 1 came by invitation 0, member 2 by 5.
    turns = deal_turns(3, 0.0, np.random.default_rng(0))
    turns = type(turns)(np.array([0, 1, 0, 2, 1]), np.array([2, 4, 0, -1, 1]))
    held = Held.nothing(5)
    assert next_turns(turns, held, NOTHING, 0, 0.0, 9).tolist() == [0, 1, 3]  # each once
    assert next_turns(turns, held, NOTHING, 0, 0.0, 2).tolist() == [0, 1]
    assert next_turns(turns, held, NOTHING, 0, 0.0, -1).tolist() == []
    held.member[:2], held.invitation[:2], held.until[:2] = 0, 0, 60.0
    assert next_turns(turns, held, NOTHING, 0, 10.0, 9).tolist() == [3]  # not 2 and 4: a copy's
    assert next_turns(turns, held, NOTHING, 5, 10.0, 9).tolist() == [2, 3, 4]
    held.answered[0] = True
    assert next_turns(turns, held, NOTHING, 0, 61.0, 9).tolist() == [1, 3]  # turn 1 has run out
    assert next_turns(turns, held, np.array([1]), 0, 61.0, 9).tolist() == [3]  # but had it before
    assert next_turns(turns, held, np.array([1]), 5, 61.0, 9).tolist() == [2, 3]
    with pytest.raises(InputError, match="each of 5 turns, got 4"):
        next_turns(turns, Held.nothing(4), NOTHING, 0, 0.0, 1)


def test_two_who_take_turns_are_not_given_each_others_questions() -> None:
    # Both take 20 of 1,000 turns at once. Of a question's two turns the second is anywhere: each of
    # the first's ~8 doubled ones is the second's with 20/1,000. 100 times that makes about 16.
    common = 0
    for seed in range(100):
        turns = deal_turns(800, 0.25, np.random.default_rng(seed))
        held = Held.nothing(len(turns))
        had: list[list[int]] = [[], []]
        for i in [0, 1] * 4:
            mine = np.array(had[i], dtype=int)
            given = next_turns(turns, held, mine, i, 0.0, 5)
            held.member[given], held.invitation[given], held.until[given] = i, i, 9.0
            had[i] += turns.question[given].tolist()
        common += len(set(had[0]) & set(had[1]))
    assert common < 40  # six standard deviations of a Poisson number


def test_places_are_those_of_independent_turns() -> None:
    chance, rng = random.Random(3), np.random.default_rng(3)
    first = np.array([first_place(2, chance) for _ in range(20_000)])
    second = np.array([next_place(int(place), chance) for place in first])
    assert (second >= first).all()
    naive = np.sort(rng.integers(PLACES, size=(20_000, 2)), axis=1)
    for mine, theirs in ((first, naive[:, 0]), (second, naive[:, 1]), (second - first, None)):
        theirs = naive[:, 1] - naive[:, 0] if theirs is None else theirs
        shares = [np.mean(mine < cut) - np.mean(theirs < cut) for cut in PLACES * np.arange(9) / 9]
        assert np.abs(shares).max() < 0.025  # five standard deviations of a difference of shares
    single = [first_place(1, chance) for _ in range(20_000)]
    assert abs(np.mean(single) / PLACES - 0.5) < 0.011  # likewise, of a mean


@pytest.mark.parametrize("doubled", [0.0, 0.1, 0.25, 1 / 3, 0.5, 1.0])
def test_the_most_questions_within_a_budget(doubled: float) -> None:
    for budget in range(1, 200):
        n = questions_within(budget, doubled)
        assert n + round(doubled * n) <= budget < n + 1 + round(doubled * (n + 1))


def test_what_cannot_be_dealt() -> None:
    with pytest.raises(InputError, match="Bring at least one question"):
        deal_turns(0, 0.25, np.random.default_rng(0))
    with pytest.raises(InputError, match="Use a quarter"):
        deal_turns(5, 1.25, np.random.default_rng(0))
