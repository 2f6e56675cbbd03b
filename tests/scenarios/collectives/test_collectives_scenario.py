"""The scenario as a whole: what it measures, beside a trial and theory, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from lettered_people import rng

from quorate.catalog import build
from quorate.errors import InputError
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.scenarios.collectives.cell import measure_cell, pair_sizes
from quorate.scenarios.collectives.prediction import (
    compare_signals,
    find_preprocessing,
)
from quorate.scenarios.scenario import make_scenario, run_scenario
from quorate.studies import trial_work as lab
from quorate.studies.trial import Trial

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
    # Every picture is a value of its own: .1 of rows anywhere take a quarter of .4 away.
    assert one["sure"]["signal"] == one["predicted"]
    assert one["sure"]["size"] == [[0, 0, 0], [1, 0, 0], [1, pytest.approx(0.75, abs=0.01), 0]]
    rows = result.rows()
    assert rows[0]["sure_by_size_1"] is not None
    assert len(rows) == 2 * 9 * 2
    assert {"success_1", "success_2", "predicted_1", "accuracy", "seed"} <= set(rows[0])
    place = {"case": "same-signal", "alpha_1": 0.4, "alpha_2": 0.1}
    values = [row["success_1"] for row in rows if place.items() <= row.items()]
    assert np.mean(values) == pytest.approx(one["success"][2][1], abs=1e-12)  # a mean of two
    _, _, same_signal, sure = result.summary()
    assert sure.startswith(
        "With 40% beside 10%, collective 1 could be sure of 1.000 on an optimal platform if it knew"
    )
    assert same_signal.startswith(
        "Same signal, other target: where each has 40% of the people, the success of collective 1 "
        f"is {one['success'][2][2]:.3f} and that of collective 2 is {two['success'][2][2]:.3f}. The"
    )
    tables = result.tables()
    assert list(tables)[1] == "S of each, same signal, other target"
    heading = "S that is sure, knowing how many the others are, same signal, other target"
    assert tables[heading][2]["0.1"].split()[0] == f"{one['sure']['size'][2][1]:.2f}"[1:]
    assert list(result.pictures()) == ["surfaces_1", "surfaces_2", "critical_mass"]


def test_cells_of_older_versions_are_read_without_what_is_sure() -> None:
    plain = {"population": "digits:n=60", "learners": "naive-bayes", "cases": "as-given"}
    ran = run_scenario({"name": "collectives", **plain, "seeds": 1, "sizes": "0,0.2"})
    (panel,) = ran.result.panels
    (seed,) = panel.seeds
    old = replace(panel, seeds=({key: value for key, value in seed.items() if key != "sure"},))
    read = replace(ran.result, panels=(old,))
    assert "sure" in ran.result.to_json()["panels"][0]["collectives"][0]
    assert "sure" not in read.to_json()["panels"][0]["collectives"][0]
    assert len(read.summary()) == 1
    assert not any("sure" in name for name in read.tables())
    assert list(read.pictures()) == ["surfaces_1", "critical_mass"]


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


def test_seeds_may_begin_with_another_one() -> None:
    few = {"name": "collectives", "population": "digits:n=60", "sizes": "0,0.2", "learners": "tree"}
    both = run_scenario({**few, "cases": "as-given", "seeds": 2}).rows()
    second = run_scenario({**few, "cases": "as-given", "seeds": 1, "first_seed": 1}).rows()
    timed = {"seconds"}
    assert [{k: v for k, v in row.items() if k not in timed} for row in second] == [
        {k: v for k, v in row.items() if k not in timed} for row in both if row["seed"] == 1
    ]
