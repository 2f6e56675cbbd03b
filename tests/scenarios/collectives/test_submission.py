"""Who is in which collective, what they submit, and what those submit who err."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from lettered_people import people_by, plant, rng

from quorate.catalog import build
from quorate.scenarios.collectives.submission import (
    apply_case,
    apply_strategies,
    choose_members,
    make_collectives,
    submit,
)
from quorate.scenarios.scenario import make_scenario
from quorate.strategies.planting import Planting
from quorate.studies.trial import enlist

TWO = [
    "planting:target=8,size=2,place=top-left",
    "planting:target=3,size=2,place=bottom-right",
]


def test_nobody_is_in_two_and_the_first_two_are_nested() -> None:
    draws = rng().random(101)
    grid = [0.0, 0.1, 0.25, 0.5]
    for others in ([], [0.0], [0.0, 0.0]):
        before: dict[float, Any] = {}
        for one, two in itertools.product(grid, grid):
            who = choose_members(draws, [one, two, *others])
            assert np.sum(who, axis=0).max(initial=0) <= 1
            assert np.array_equal(who[0], enlist(101, one, rng()))
            # 101 people in halves: 50 each, as Python rounds
            assert [int(w.sum()) for w in who[:2]] == [round(one * 101), round(two * 101)]
            if two in before:
                assert np.array_equal(who[1], before[two])  # whatever the first one's size
            before[two] = who[1]
        for small, large in itertools.pairwise(grid):
            assert (before[small] <= before[large]).all()
    alone, beside = (choose_members(draws, [0.1, two, 0.2])[2] for two in (0.0, 0.3))
    assert np.array_equal(alone, beside)


def test_swapped_draws_are_swapped_collectives() -> None:
    draws = rng().random(60)
    one, two = choose_members(draws, [0.1, 0.35])
    back = choose_members(-draws, [0.35, 0.1])
    assert np.array_equal(one, back[1])
    assert np.array_equal(two, back[0])


def test_two_halves_that_round_up_share_the_people() -> None:
    who = choose_members(np.array([0.1, 0.2, 0.3]), [0.5, 0.5])
    assert [w.tolist() for w in who] == [[True, True, False], [False, False, True]]


def test_who_hands_in_what_by_hand() -> None:
    """Rows 0 and 1 plant a for 0, 4 and 5 plant c for 1; 1 and 4 err; 2 and 3 are honest."""
    honest = people_by([[0, 2], [1, 1], [2, 0]])  # a1 a1 b0 b1 c0 c0
    who = [np.array([1, 1, 0, 0, 0, 0], bool), np.array([0, 0, 0, 0, 1, 1], bool)]
    errs = [np.array([0, 1, 1, 1, 1, 1], bool), np.array([1, 1, 1, 1, 1, 0], bool)]
    expected = {
        "forget": ["a0", "a1", "b0", "b1", "c0", "c1"],
        "label": ["a0", "a1", "b0", "b1", "c0", "c1"],
        "signal": ["a0", "c0", "b0", "b1", "a1", "c1"],
    }
    for kind, rows in expected.items():
        each = make_collectives([plant("a", "0"), plant("c", "1")], (0.5, 0.5), kind)  # type: ignore[arg-type]
        data = apply_strategies(honest, each, who, errs, np.ones(6, np.int64), rng())
        table = data.mixed()
        got = [f"{'abc'[x.argmax()]}{y}" for x, y in zip(table.x, table.y, strict=True)]
        assert got == rows
        assert data.member.tolist() == [1, 1, 0, 0, 1, 1]  # who errs is a member, too


def test_nobody_else_is_changed_and_errors_are_as_likely_as_asked() -> None:
    people = build("populations", "digits").split(rng()).train
    given = (Planting("8"), Planting("3", build("signals", "patch:place=top-left")))
    each = make_collectives(given, (0.3, 0.0), "forget")
    data = submit(people, each, (0.3, 0.2), seed=4)
    table = data.mixed()
    assert np.array_equal(table.x[~data.member], people.x[~data.member])
    assert np.array_equal(table.y[~data.member], people.y[~data.member])
    n = len(people)
    assert data.member.sum() == round(0.3 * n) + round(0.2 * n)
    carriers = (table.x[:, 0, -3:, -3:] == 1).all(axis=(1, 2)).sum() / round(0.3 * n)
    # 404 members keep to it with chance .7: four standard deviations are .09
    assert abs(carriers - 0.7) < 0.09


def test_cases_take_over_what_they_say() -> None:
    one, two = (build("strategies", text) for text in TWO)
    assert apply_case("as-given", (one, two)) == (one, two)
    assert apply_case("same-signal", (one, two)) == (one, Planting("3", one.signal))
    assert apply_case("same-target", (one, two)) == (one, Planting("8", two.signal))
    assert apply_case("same", (one, two)) == (one, one)
    made = make_scenario({"name": "collectives", "strategies": [TWO[0], TWO[0]]})
    assert [case for _, case in made.variants()] == ["as-given"]  # type: ignore[attr-defined]
