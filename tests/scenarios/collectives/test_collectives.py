"""Several collectives: worlds by hand, the margin test by enumeration, what must be so."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from quorate.catalog import build
from quorate.errors import InputError
from quorate.law import FiniteLaw
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.scenarios.collectives.cell import measure_cell, pair_sizes
from quorate.scenarios.collectives.prediction import (
    compare_signals,
    find_preprocessing,
    predict_success,
)
from quorate.scenarios.collectives.submission import (
    Collective,
    apply_case,
    apply_strategies,
    choose_members,
    make_collectives,
    submit,
)
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.strategies.planting import Planting
from quorate.studies import trial_work as lab
from quorate.studies.trial import Trial, enlist
from quorate.table import Array, Column, Table

Floats = npt.NDArray[np.float64]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def as_it_is(x: Array) -> Array:
    return x


def plant(value: str, target: str) -> Planting:
    planting: Planting = build("strategies", f"planting:target={target},signal=columns,x={value}")
    return planting


def letters(mass: list[list[float]]) -> FiniteLaw:
    """A law whose feature values are a, b, c, ... and whose labels are 0, 1, ..."""
    v, k = len(mass), len(mass[0])
    points = Table(
        np.eye(v, dtype=np.float32),
        np.zeros(v, np.int64),
        tuple(map(str, range(k))),
        columns=(Column("x", 0, tuple("abcdefgh"[:v])),),
    )
    return FiniteLaw(points, np.array(mass, dtype=np.float64))


# By hand: three values, two labels. a is mostly 1, c always 0.
HAND = [[0.1, 0.3], [0.2, 0.2], [0.2, 0.0]]


def promised(strategies: list[Any], sizes: list[float], **kept: Any) -> list[float]:
    law = letters(kept.pop("mass", HAND))
    seen = kept.pop("seen", as_it_is)
    errors = kept.pop("errors", [0.0] * len(strategies))
    each = make_collectives(strategies, errors, kept.pop("mistake", "forget"))
    found = predict_success(law.points, law, each, [sizes], seen)
    assert found is not None
    return [float(one) for one in found[0]]


def test_the_margin_test_by_hand_where_both_plant_one_signal() -> None:
    """At a: P(a, 0) = .1h + α₁ and P(a, 1) = .3h + α₂, h = 1 − α₁ − α₂."""
    rivals = [plant("a", "0"), plant("a", "1")]
    assert promised(rivals, [0.35, 0.2]) == [1, 0]  # .395 against .335
    assert promised(rivals, [0.2, 0.35]) == [0, 1]  # .245 against .485
    assert promised(rivals, [0.25, 0.2]) == [0, 1]  # .305 against .365: larger, and not enough
    assert promised(rivals, [0.3, 0.2]) == [0, 0]  # .35 against .35: a tie goes against each
    allies = [plant("a", "0"), plant("a", "0")]
    assert promised(allies, [0.1, 0.1]) == [1, 1]  # .28 against .24
    assert promised(allies, [0.1, 0.0]) == [0, 0]  # .19 against .27: each alone is too small


def test_the_margin_test_by_hand_where_signals_differ() -> None:
    """At a: .1h + α₁ against .3h. At b: .2h + α₂ for label 1 against .2h, so anybody is enough."""
    apart = [plant("a", "0"), plant("b", "1")]
    assert promised(apart, [0.1, 0.1]) == [0, 1]  # .18 against .24
    assert promised(apart, [0.2, 0.1]) == [1, 1]  # .27 against .21
    assert promised(apart, [0.2, 0.0]) == [1, 0]  # at b .16 against .16
    # The rival lowers h too: alone α₁ = .15 ties with .255, and a rival of .3 lets it win.
    assert promised(apart, [0.15, 0.0]) == [0, 0]  # .235 against .255
    assert promised(apart, [0.15, 0.3]) == [1, 1]  # .205 against .165


def test_the_margin_test_by_hand_where_members_err() -> None:
    """α₁ = .35, α₂ = .2 at a, .395 against .335, of whom a share of the first errs."""
    rivals = [plant("a", "0"), plant("a", "1")]
    # ρ = .2 forget: .07 are honest, h = .52: .052 + .28 = .332 against .156 + .2 = .356.
    assert promised(rivals, [0.35, 0.2], errors=[0.2, 0.0]) == [0, 1]
    # ρ = .05 claim the other label: .045 + .3325 = .3775 against .135 + .2 + .0175 = .3525.
    assert promised(rivals, [0.35, 0.2], errors=[0.05, 0.0], mistake="label") == [1, 0]
    # ρ = .1 do: .045 + .315 = .36 against .135 + .2 + .035 = .37.
    assert promised(rivals, [0.35, 0.2], errors=[0.1, 0.0], mistake="label") == [0, 1]
    # Who confuses a with the other's b plants there, for 0: .16 + .1 against .16 + .1, a tie; and
    # at a .08 + .1 against .24.
    apart = [plant("a", "0"), plant("b", "1")]
    assert promised(apart, [0.2, 0.1], mistake="signal", errors=[0.5, 0]) == [0, 0]
    assert promised(apart, [0.2, 0.1]) == [1, 1]


def test_the_margin_test_by_hand_where_the_platform_merges_two_values() -> None:
    """b and c become one: P₀ there is (.4, .2). Signals b and c are one to the platform."""

    def merged(x: Array) -> Array:
        return np.stack([x[:, 0], x[:, 1] + x[:, 2]], axis=1)

    rivals = [plant("b", "1"), plant("c", "0")]
    assert promised(rivals, [0.2, 0.1]) == [1, 1]  # apart: .34 against .14, and .24 against 0
    # Merged: .14 + .2 for label 1 against .28 + .1 for label 0.
    assert promised(rivals, [0.2, 0.1], seen=merged) == [0, 1]
    assert promised(rivals, [0.5, 0.1], seen=merged) == [1, 0]  # .08 + .5 against .16 + .1
    allies = [plant("b", "1"), plant("c", "1")]
    assert promised(allies, [0.1, 0.1]) == [1, 0]  # at c .1 against .16
    assert promised(allies, [0.1, 0.1], seen=merged) == [1, 1]  # .16 + .2 against .32


def people_by(counts: list[list[int]]) -> Table:
    """People of a law of letters, so many of each value and label."""
    law = letters([[1 / 2, 1 / 2], [0, 0], [0, 0]])
    at = [(v, y) for v, row in enumerate(counts) for y, n in enumerate(row) for _ in range(n)]
    values, labels = np.array(at).T
    return law.points.take(values).relabelled(labels)


@pytest.mark.parametrize("targets", ["01", "00", "11", "10"])
@pytest.mark.parametrize("signals", ["aa", "ab", "bc", "cb"])
def test_the_platform_does_what_the_margin_test_says(signals: str, targets: str) -> None:
    """400 people by HAND's law; .35 and .2 of each kind are members, of whom half or a quarter
    forget: the counts of every value and label are the law's, so the two have to agree.
    """
    honest = people_by([[40, 120], [80, 80], [80, 0]])
    place = np.concatenate([np.arange(n) / n for n in (40, 120, 80, 80, 80)])
    one, two = place < 0.35, (place >= 0.35) & (place < 0.55)
    errs = [place < 0.175, place >= 0.5]  # of 14 in 40 the first 7, of 8 the last 2
    each = [
        Collective(plant(signal, target), error)
        for signal, target, error in zip(signals, targets, (0.5, 0.25), strict=True)
    ]
    data = apply_strategies(honest, each, [one, two], errs, np.zeros(400, np.int64), rng())
    model = WorstCase().fit(data, rng())
    law = letters(HAND)
    said = predict_success(law.points, law, each, [[0.35, 0.2]], as_it_is)
    assert said is not None
    found = [c.strategy.goal.success(model, honest, rng()) for c in each]
    assert found == said[0].tolist()


def naive(
    mass: Floats, plans: list[tuple[int, int]], sizes: list[float], errors: list[float], kind: str
) -> list[float]:
    """The margin test, mass by mass: everyone's probability is handed on in pieces."""
    v, k = mass.shape
    got = np.zeros((v, k))
    for x, y in itertools.product(range(v), range(k)):
        left = mass[x, y]
        for m, ((to, label), size, rho) in enumerate(zip(plans, sizes, errors, strict=True)):
            share = mass[x, y] * size
            left -= share
            got[to, label] += share * (1 - rho)
            if kind == "forget":
                got[x, y] += share * rho
            elif kind == "signal":
                got[plans[(m + 1) % len(plans)][0], label] += share * rho
            else:
                for other in set(range(k)) - {label}:
                    got[to, other] += share * rho / (k - 1)
        got[x, y] += left
    return [
        float(got[to, y] > max(got[to, other] for other in range(k) if other != y))
        for to, y in plans
    ]


@pytest.mark.parametrize("kind", ["forget", "label", "signal"])
def test_the_margin_test_against_a_naive_one_and_swapped(kind: Any) -> None:
    """Random laws; with the collectives swapped the results are, too."""
    draws, outcomes = rng(1), []
    for _ in range(60):
        v, k = int(draws.integers(2, 6)), int(draws.integers(2, 5))
        mass = draws.dirichlet(np.full(v * k, 0.5)).reshape(v, k)
        plans = [(int(draws.integers(v)), int(draws.integers(k))) for _ in range(2)]
        sizes = (draws.dirichlet([1, 1, 2])[:2] * 0.8).tolist()
        errors = draws.uniform(0, 0.6, 2).tolist()
        strategies = [plant("abcdefgh"[x], str(y)) for x, y in plans]
        law: dict[str, Any] = {"mass": (mass / mass.sum()).tolist(), "mistake": kind}
        found = promised(strategies, sizes, errors=errors, **law)
        # 1e-12: carried mass is a sum of up to 20 probabilities
        assert found == pytest.approx(naive(mass, plans, sizes, errors, kind), abs=1e-12)
        back = promised(strategies[::-1], sizes[::-1], errors=errors[::-1], **law)
        assert back == found[::-1]
        outcomes.append(tuple(np.round(found)))
    assert len(set(outcomes)) == 4  # both, either and neither succeed


def test_the_margin_test_is_silent_where_members_vote() -> None:
    law = letters(HAND)
    each = make_collectives([build("strategies", "erasing"), plant("a", "0")], (0, 0), "forget")
    assert predict_success(law.points, law, each, [[0.1, 0.1]], as_it_is) is None


# ------------------------------------------------------------------------------- who is in which


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


# ------------------------------------------------------------------------- the scenario as a whole

TWO = [
    "planting:target=8,size=2,place=top-left",
    "planting:target=3,size=2,place=bottom-right",
]


def cell(**other: Any) -> dict[str, Any]:
    plain = {
        "population": "digits:n=150",
        "strategies": TWO,
        "errors": [0.0, 0.0],
        "mistake": "forget",
        "sizes": [0.0, 0.1, 0.3],
        "others": 0.05,
        "learner": "sgd:epochs=3",
        "seed": 3,
    }
    return {**plain, **other}


def test_with_nobody_in_the_second_it_is_a_trial_of_the_lab() -> None:
    """To the bit: success, and the accuracy on honest people."""
    found, at = measure_cell(cell()), pair_sizes([0.0, 0.1, 0.3], 0.05, 2)
    for alpha in (0.0, 0.1, 0.3):
        population, strategy = build("populations", "digits:n=150"), build("strategies", TWO[0])
        learner = build("learners", "sgd:epochs=3")
        trial = Trial(population, strategy, strategy.goal, learner, alpha, seed=3)
        (outcome,) = lab.run_trials([trial])
        here = at.index((alpha, 0.0))
        assert found["success"][here][0] == outcome.success
        assert found["accuracy"][here] == outcome.accuracy
    assert len({one[0] for one in found["success"]}) > 2


def test_the_exact_platform_agrees_with_theory_on_a_drawn_population() -> None:
    """20,000 people from a law of 6 values: who wins is decided, unless the margin is near 0."""
    plain = {
        "population": "finite:n=20000,held_out=2000,values=6,labels=3,law_seed=2",
        "strategies": [f"planting:target={y},signal=columns,x=4" for y in (0, 1)],
        "sizes": [0.05, 0.2, 0.4],
        "learner": "worst-case",
    }
    found = measure_cell(cell(**plain))
    off = [
        (size, s, p)
        for size, s, p in zip(
            pair_sizes([0.05, 0.2, 0.4], 0, 2), found["success"], found["predicted"], strict=True
        )
        if s != p and size[0] != size[1]
    ]
    assert off == []
    assert {tuple(p) for p in found["predicted"]} >= {(1.0, 0.0), (0.0, 1.0)}
    assert found["alike"] == [1.0, 1.0]


def test_two_signals_in_one_bucket_are_one() -> None:
    """Of eight words in two buckets some share one: rivals there cannot both succeed."""
    people = build("populations", "finite:values=8,labels=2").split(rng()).train
    learner = Coarsened(WorstCase(), buckets=2)
    at = learner.coarse(np.eye(8, dtype=np.float32), people.columns).argmax(axis=1)
    (one, two), apart = np.flatnonzero(at == 0)[:2], np.flatnonzero(at == 1)[0]
    given = [f"planting:target={y},signal=columns,x={x}" for x, y in ((one, 0), (two, 1))]
    plain = {"population": "finite:values=8,labels=2", "sizes": [0.3, 0.4]}
    fine = measure_cell(cell(**plain, strategies=given, learner="worst-case"))
    coarse = "coarsened:learner=worst-case,buckets=2"
    merged = measure_cell(cell(**plain, strategies=given, learner=coarse))
    assert fine["success"][1] == [1.0, 1.0]  # α = .3 and .4
    assert merged["success"][1] == merged["predicted"][1] == [0.0, 1.0]
    assert merged["success"][2] == merged["predicted"][2] == [1.0, 0.0]
    assert merged["alike"] == [1.0, 1.0]
    assert fine["alike"] == [1.0, 0.0]
    far = build("strategies", f"planting:target=1,signal=columns,x={apart}")
    first = build("strategies", given[0])
    assert compare_signals(first, far, people, find_preprocessing(learner, people)) == 0.0


def test_a_run_says_all_of_it() -> None:
    """The first wins its corner of "same signal", and both win with signals of their own."""
    text = (
        "population=(digits:n=200),sizes='0,0.1,0.4',seeds=2,cases='as-given,same-signal',"
        "learners='sgd:epochs=8'"
    )
    ran = run_scenario(f"collectives:{text}")
    result, plain = ran.result, ran.result.to_json()
    json.dumps(plain, allow_nan=False)
    assert [panel["name"] for panel in plain["panels"]] == [
        "other signal, other target",
        "same signal, other target",
    ]
    one, two = plain["panels"][1]["collectives"]
    assert one["predicted"] == [[0, 0, 0], [1, 0, 0], [1, 1, 0]]
    assert two["predicted"] == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert one["success"][2][1] > 0.5 > two["success"][2][1]
    assert [m["size_of_the_other"] for m in one["critical_mass"]] == [0, 0.1, 0.4]
    rows = result.rows()
    assert len(rows) == 2 * 9 * 2
    assert {"success_1", "success_2", "predicted_1", "accuracy", "seed"} <= set(rows[0])
    place = {"case": "same-signal", "alpha_1": 0.4, "alpha_2": 0.1}
    values = [row["success_1"] for row in rows if place.items() <= row.items()]
    assert np.mean(values) == pytest.approx(one["success"][2][1], abs=1e-12)  # a mean of two
    _, same_signal = result.summary()
    assert same_signal.startswith(
        "Same signal, other target: where each has 40% of the people, the success of collective 1 "
        f"is {one['success'][2][2]:.3f} and that of collective 2 is {two['success'][2][2]:.3f}. The"
    )
    tables = result.tables()
    assert list(tables)[1] == "S of each, same signal, other target"
    assert list(result.pictures()) == ["surfaces_1", "surfaces_2", "critical_mass"]


def test_a_panel_says_that_two_signals_are_one_to_the_platform() -> None:
    """One pixel and the one below it: apart for plain training, one behind pooling."""
    given = ["planting:target=8,size=1,place=0x0", "planting:target=3,size=1,place=1x0"]
    plain = {"population": "digits:n=60", "strategies": given, "cases": "as-given", "seeds": 1}
    both = {"learners": "naive-bayes,coarsened:learner=naive-bayes", "sizes": "0.1"}
    found = run_scenario({"name": "collectives", **plain, **both}).result.to_json()
    assert [panel["name"].split(":")[0] for panel in found["panels"]] == [
        "other signal, other target",
        "other signal (one to the platform), other target",
    ]
    assert found["panels"][1]["collectives"][1]["looks_like_the_first"] > 0.9


def test_three_collectives_keep_to_their_sizes() -> None:
    third = "planting:target=1,size=2,place=top-right"
    found = measure_cell(cell(strategies=[*TWO, third], errors=[0, 0, 0], sizes=[0.0], others=0.4))
    ((one, two, three),) = found["success"]
    assert one < 0.5 > two
    assert three > 0.5
    made = make_scenario({"name": "collectives", "strategies": [*TWO, third], "cases": "same"})
    ((same, case),) = made.variants()  # type: ignore[attr-defined]
    assert case == "same"
    assert len(set(same)) == 1


def test_cases_take_over_what_they_say() -> None:
    one, two = (build("strategies", text) for text in TWO)
    assert apply_case("as-given", (one, two)) == (one, two)
    assert apply_case("same-signal", (one, two)) == (one, Planting("3", one.signal))
    assert apply_case("same-target", (one, two)) == (one, Planting("8", two.signal))
    assert apply_case("same", (one, two)) == (one, one)
    made = make_scenario({"name": "collectives", "strategies": [TWO[0], TWO[0]]})
    assert [case for _, case in made.variants()] == ["as-given"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategies": TWO[:1]}, r"two strategies or more, got 1\. .* quorate curve"),
        ({"sizes": "0,0.6"}, r"got twice 0\.6, 1\.2 of all people\. Use smaller sizes"),
        ({"strategies": [*TWO, TWO[0]], "others": "0.3"}, r"twice 0\.4 and 1 of 0\.3, 1\.1 of all"),
        ({"sizes": "-0.1,0.2"}, r"sizes=-0\.1 in \[0, 1\]"),
        ({"sizes": "0.2,0.1"}, "Expected sizes that grow"),
        ({"sizes": []}, "Expected sizes that grow"),
        ({"errors": "0.1"}, "one error rate for each of the 2 collectives, got 1"),
        ({"errors": "0,1.2"}, r"errors=1\.2 in \[0, 1\]"),
        ({"errors": "0,-0.1"}, r"errors=-0\.1 in \[0, 1\]"),
        ({"others": "1.5"}, r"others=1\.5 in \[0, 1\]"),
        ({"seeds": "0"}, "seeds=0 to be at least 1"),
        ({"target": "2"}, r"target=2 in \[0, 1\]"),
        ({"cases": "same-label"}, "same-target"),
        ({"cases": []}, "Expected one of cases or more"),
        ({"learners": []}, "Expected one of learners or more"),
        ({"mistake": "sleep"}, "forget"),
        ({"strategies": ["erasing", "planting"]}, "Expected a strategy with a target, got erasing"),
    ],
)
def test_what_cannot_be_asked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_scenario({"name": "collectives", **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strategies": ["planting:target=8", "planting:target=x"]}, "known label, got 'x'"),
        ({"strategies": ["planting:size=20", "planting"]}, "patch inside the 8x8 image"),
        ({"learners": "worst-case"}, "finitely many feature values, got images"),
        (
            {
                "population": "unequal:n=100",
                "strategies": ["rb-prob", "rb-label"],
                "cases": "as-given",
            },
            "Expected strategies whose members can be anyone, got rb-prob",
        ),
    ],
)
def test_what_does_not_fit_the_people(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        run_scenario({"name": "collectives", **given})
