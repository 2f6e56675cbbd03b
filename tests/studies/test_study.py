"""Studies: the static list of cells, from Python, from text and from a file, and back."""

import importlib.resources
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import spec
from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_sgd import DPSGD
from quorate.learners.reweighting.group_dro import GroupDRO
from quorate.populations.digits import Digits
from quorate.strategies.planting import Planting
from quorate.studies.study import Study, make_study, read_study

SMALL = {"population": "digits:n=100", "strategy": "planting", "learner": "sgd:epochs=1"}

FIRST = """
title = "Digits, a planted patch"
population = "digits:n=100"
strategy = { name = "planting", target = "8", signal = { name = "patch", size = 2 } }
learner = [
    "sgd:epochs=1",
    { name = "dp-sgd", epsilon = 1, max_grad_norm = 0.5 },
]
alphas = [0.01, 0.1]
seeds = [3, 5]
target = 0.8
eps = 0.01
reading = "huber"
"""


def test_the_cells_are_the_whole_product_in_a_fixed_order() -> None:
    study = make_study(
        population=["digits:n=100", "digits:n=200"],
        strategy=["planting", "planting-features"],
        learner=["sgd", "group-dro"],
        alphas=[0.1],
        seeds=2,
    )
    cells = study.cells()
    assert len(cells) == 2 * 2 * 2 * 2 * 2
    assert len({cell.id for cell in cells}) == len(cells)
    # Cells that share their people stand together: people are drawn once per seed.
    people = [(cell.population, cell.seed) for cell in cells]
    assert people == sorted(people, key=people.index)
    assert [(c.learner.name, c.alpha) for c in cells[:4]] == [
        ("sgd", 0.0),
        ("sgd", 0.1),
        ("group-dro", 0.0),
        ("group-dro", 0.1),
    ]


def test_alpha_zero_is_always_measured() -> None:
    for alphas in ("0.1", "0.01:0.1:3", [0.5], 0.3):
        study = make_study(**SMALL, alphas=alphas, seeds=3)
        baseline = [cell for cell in study.cells() if cell.alpha == 0]
        assert [cell.seed for cell in baseline] == [0, 1, 2]


def test_without_a_goal_each_strategy_is_judged_by_its_own() -> None:
    study = make_study(
        population="digits", learner="sgd", strategy=["planting:target=3", "planting:target=4"]
    )
    for cell in study.cells():
        assert cell.goal == cell.strategy.goal
    judged = make_study(**SMALL, goal=["planted:size=1", "planted:size=2"])
    assert len({cell.goal for cell in judged.cells()}) == 2


def test_the_same_method_twice_is_one_method() -> None:
    study = make_study(
        population="digits:n=100",
        strategy="planting",
        learner=["sgd", "sgd:epochs=10", {"name": "sgd"}, SGD(), "sgd:epochs=9"],
        seeds=[1, 1, 2],
    )
    assert study.learners == (SGD(), SGD(epochs=9))
    assert study.seeds == (1, 2)


def test_objects_text_and_plain_data_are_the_same_study() -> None:
    text = make_study(population="digits:n=100", strategy="planting:target=3", learner="sgd")
    plain = make_study(
        population={"name": "digits", "n": 100},
        strategy=[{"name": "planting", "target": "3"}],
        learner=({"name": "sgd"},),
    )
    objects = make_study(population=Digits(n=100), strategy=Planting(target="3"), learner=SGD())
    assert text == plain == objects
    assert [c.id for c in text.cells()] == [c.id for c in objects.cells()]


def test_a_study_goes_through_json_and_back() -> None:
    study = make_study(
        **SMALL,
        goal="planted:size=1",
        alphas="0.01:0.1:3",
        seeds=[4],
        target=0.7,
        eps=0.02,
        reading="huber",
        title="T",
    )
    assert make_study(**json.loads(json.dumps(study.describe()))) == study


def test_members_may_come_from_one_group_or_another() -> None:
    assert "collective" not in make_study(**SMALL).describe()
    assert make_study(**SMALL, collective=[]).collectives == ("anyone",)
    one, three = (make_study(**SMALL, collective=of) for of in ("4 on frog", ["a", "anyone", "a"]))
    assert one.collectives == ("4 on frog",)
    assert three.collectives == ("a", "anyone")
    assert three.describe()["collective"] == ["a", "anyone"]
    assert make_study(**json.loads(json.dumps(three.describe()))) == three
    anyone = make_study(**SMALL).cells()
    assert [c.id for c in three.cells() if c.collective == "anyone"] == [c.id for c in anyone]
    assert [c.collective for c in three.cells()].count("a") == len(anyone)


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "first.toml"
    file.write_text(FIRST, encoding="utf-8")
    study = read_study(file)
    assert study == Study(
        populations=(Digits(n=100),),
        strategies=(Planting(target="8", signal=study.strategies[0].goal.signal),),
        learners=(SGD(epochs=1), DPSGD(epsilon=1.0, max_grad_norm=0.5)),
        alphas=(0.0, 0.01, 0.1),
        seeds=(3, 5),
        target=0.8,
        eps=0.01,
        reading="huber",
        title="Digits, a planted patch",
    )
    assert study.strategies[0].goal.signal.size == 2
    assert len(study.cells()) == 2 * 3 * 2


def demo(name: str) -> Study:
    with importlib.resources.as_file(importlib.resources.files("quorate") / name) as file:
        return read_study(file)


def test_the_demo_sets_private_beside_plain_training() -> None:
    """DP-SGD at several ε and clipping thresholds, over several seeds."""
    study = demo("demo.toml")
    assert study.populations == (Digits(),)
    assert {type(learner) for learner in study.learners} == {SGD, DPSGD}
    private = [learner for learner in study.learners if isinstance(learner, DPSGD)]
    assert len({learner.epsilon for learner in private}) > 1
    assert len({learner.max_grad_norm for learner in private}) > 1
    assert len(study.seeds) > 1
    assert study.alphas[0] == 0


def test_the_demo_sets_group_dro_beside_plain_training_where_a_group_is_small() -> None:
    study = demo("demo_groups.toml")
    assert {type(learner) for learner in study.learners} == {SGD, GroupDRO}
    train = study.populations[0].split(np.random.default_rng(0)).train
    assert train.group is not None
    shares = np.bincount(train.group) / len(train)
    assert shares.min() < 0.05
    assert shares[2] == shares.min() or shares[1] == shares.min()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"population": "digitz"}, "Did you mean digits"),
        ({"learner": "sgd:epoch=1"}, "epochs"),
        ({"learner": []}, "Expected a learner"),
        ({"population": ""}, "Expected a population"),
        ({"strategy": None}, "quorate list strategies"),
        ({"learner": 5}, "a method's name"),
        ({"learner": [["sgd"]]}, "a learner's name"),
        ({"population": True}, "a method's name"),
        ({"seeds": 0}, "at least one seed"),
        ({"seeds": -2}, "at least one seed"),
        ({"seeds": []}, "Expected at least one of seeds"),
        ({"seeds": "many"}, "seeds=5"),
        ({"seeds": True}, "seeds=5"),
        ({"seeds": 2.5}, "seeds=5"),
        ({"seeds": [0.5]}, "whole number"),
        ({"alphas": "0.1:2"}, "lo:hi:count"),
        ({"alphas": {"from": 0}}, "alphas"),
        ({"target": 1.5}, "target=1.5"),
        ({"target": "high"}, "number"),
        ({"eps": 1}, "eps=1"),
        ({"reading": "TV"}, "tv"),
        ({"learners": "sgd"}, "Did you mean learner"),
        ({"collective": [["a"]]}, "collective to be text"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named.replace(".", r"\.")) as error:
        make_study(**{**SMALL, **changes})
    assert str(error.value).startswith("Expected")


def test_a_negative_seed_is_refused_when_the_cells_are_made() -> None:
    with pytest.raises(InputError, match="seed=-1"):
        make_study(**SMALL, seeds=[-1]).cells()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"population = ", "to be TOML"),
        (b"\xff\xfe", "to be TOML"),
        (b"x = 1", "known key of a study"),
        (b"", "Expected a population"),
        (b'population = "digits"\nstrategy = "planting"', "Expected a learner"),
        (
            b'strategy = "planting"\nlearner = "sgd"\n[population]\nname = "digits"\nm = 3',
            "known parameter of digits",
        ),
    ],
)
def test_a_file_that_is_no_study_is_named(tmp_path: Path, content: bytes, named: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=named):
        read_study(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.toml, got: No such file"):
        read_study(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="got: Is a directory"):
        read_study(tmp_path)


# ------------------------------------------------------------------------------ names of curves

TWO = ("dp-sgd:epsilon=1,epochs=1", "dp-sgd:epsilon=8,epochs=1")


def named(**given: Any) -> Study:
    plain = {"population": "gaussian:n=40,held_out=20", "alphas": "0.5", "seeds": 1}
    return make_study(**{**plain, "strategy": "planting:signal=columns,x2=3", **given})


def test_names_are_given_in_the_order_of_the_learners() -> None:
    study = named(learner=TWO, name=["strict", "loose: a, b"])
    assert [study.called(spec.text(one)) for one in study.learners] == ["strict", "loose: a, b"]
    assert named(learner="tree", name="mine").names == {"tree": "mine"}
    assert named(learner="tree", name="name").names == {"tree": "name"}
    plans = [f"planting:signal=columns,x2={value}" for value in (3, 4)]
    study = named(learner="tree", strategy=plans, name=["three", "four"])
    assert [study.called(spec.text(one)) for one in study.strategies] == ["three", "four"]
    assert make_study(**study.describe()) == study


def test_a_name_is_no_part_of_a_cell() -> None:
    both: list[dict[str, Any]] = [{}, {"name": ["one", "two"]}]
    ids = [[cell.id for cell in named(learner=TWO, **more).cells()] for more in both]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"learner": TWO, "name": ["one"]}, "a name for each of 2 learners, in their order, got 1"),
        ({"learner": "tree", "name": ["a", "b"]}, "a name for each of 1 learners"),
        ({"learner": TWO, "name": ["a", "a"]}, "names that differ and are not empty, got a, a"),
        (
            {"learner": TWO, "name": ["a", "b\x1b[31m"]},
            "name to be text in one line, without control",
        ),
        ({"learner": TWO, "name": ["a", "b\nc"]}, "name to be text in one line, without control"),
        ({"learner": TWO, "name": ["a", " "]}, "names that differ and are not empty"),
        ({"learner": {"a": TWO[0], "b": TWO[1]}, "name": ["c"]}, "a name for each of 0 learners"),
    ],
)
def test_names_that_do_not_fit(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        named(**given)
