"""A correction as plain data: what words stand for, and what is refused before anything runs."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.learners.scikit.forest import Forest
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.populations.digits import Digits
from quorate.populations.fairface import FairFace
from quorate.subgroups.attribute import Attribute
from quorate.subgroups.low_light import LowLight
from quorate.test_time.extraction.surrogate import Extraction
from quorate.test_time.perturbations.crafting import Crafting
from quorate.test_time.platforms.in_process import save_platform
from quorate.test_time.platforms.platform import Card
from quorate.test_time.study.adaptive import ADAPTIVE
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.correction import CellGroup, Correction
from quorate.test_time.study.settings import make_correction, read_epsilon
from quorate.test_time.study.sources import SavedPlatform, SizedLearner

BASE: dict[str, Any] = {"population": "digits", "subgroup": "low_light", "platform": "mlp"}


def study(**more: Any) -> Correction:
    return make_correction(**{**BASE, **more})


# ----------------------------------------------------------------------------------- what is said


def test_defaults() -> None:
    found = study()
    assert found == Correction(population=Digits(), subgroup=LowLight(), platforms=("mlp",))
    assert (found.proxies, found.members, found.queries) == (("cnn",), (200,), (50,))
    assert (found.epsilons, found.norm, found.answers) == ((8 / 255,), "linf", "labels")
    assert found.seeds == (0,)
    assert found.adaptive == ("jpeg", "blur", "resize")
    assert found.label_free == ("additive", "gain", "filter", "combined")


def test_a_learner_is_handed_in_as_text_or_as_an_object() -> None:
    texts = study(platform=["forest:n_estimators=3", "mlp"], proxy="sgd:epochs=2")
    assert study(platform=[Forest(n_estimators=3), "mlp"], proxy=SGD(epochs=2)) == texts


def test_what_is_none_is_as_if_left_out() -> None:
    assert study(members=None, photos=None, crafting=None, group=None) == study()


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ({"members": "10, 30"}, "members", (10, 30)),
        ({"members": 10}, "members", (10,)),
        ({"members": [10, "30"]}, "members", (10, 30)),
        ({"queries": "1e2"}, "queries", (100,)),
        ({"epsilon": "8/255, 0.1"}, "epsilons", (8 / 255, 0.1)),
        ({"epsilon": 16 / 255}, "epsilons", (16 / 255,)),
        ({"epsilon": ["4/255", 0.1]}, "epsilons", (4 / 255, 0.1)),
        ({"epsilon": "2", "norm": "l2"}, "epsilons", (2.0,)),
        ({"seeds": 3}, "seeds", (0, 1, 2)),
        ({"seeds": "3"}, "seeds", (0, 1, 2)),
        ({"seeds": [7, 5]}, "seeds", (7, 5)),
        ({"platform": ["mlp", "forest"]}, "platforms", ("mlp", "forest")),
        ({"platform": "cnn:epochs=3,hidden=4"}, "platforms", ("cnn:epochs=3,hidden=4",)),
        ({"proxy": "cnn+mlp"}, "proxies", ("cnn+mlp",)),
        ({"proxy": ["cnn", "cnn+mlp"]}, "proxies", ("cnn", "cnn+mlp")),
        ({"adaptive": "none"}, "adaptive", ()),
        ({"adaptive": ""}, "adaptive", ()),
        ({"adaptive": "all"}, "adaptive", ADAPTIVE),
        ({"adaptive": "blur,private"}, "adaptive", ("blur", "private")),
        ({"label_free": "gain"}, "label_free", ("gain",)),
        ({"label_free": []}, "label_free", ()),
        ({"members": "10,30,10"}, "members", (10, 30)),  # what is named twice counts once
        ({"seeds": [3, 3]}, "seeds", (3,)),
        ({"epsilon": "8/255,8/255"}, "epsilons", (8 / 255,)),
        ({"platform": ["mlp", "mlp"]}, "platforms", ("mlp",)),
        ({"photos": "4"}, "photos", 4),
        ({"share": "0.1"}, "share", 0.1),
        ({"reserve": 0.3}, "reserve", 0.3),
        ({"answers": "scores"}, "answers", "scores"),
        ({"crafting": "steps=3,restarts=1"}, "crafting", Crafting(steps=3, restarts=1)),
        ({"crafting": {"steps": 3}}, "crafting", Crafting(steps=3)),
        ({"crafting": Crafting(side=7)}, "crafting", Crafting(side=7)),
        (
            {"extraction": "robust=true,distillation=hard"},
            "extraction",
            Extraction(robust=True, distillation="hard"),
        ),
        ({"population": {"name": "digits", "n": 9}}, "population", Digits(n=9)),
        ({"population": Digits(n=8)}, "population", Digits(n=8)),
        ({"subgroup": LowLight(0.5)}, "subgroup", LowLight(0.5)),
    ],
)
def test_words_and_what_they_stand_for(given: Any, field: str, expected: Any) -> None:
    assert getattr(study(**given), field) == expected


def test_a_saved_platform_may_be_named_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_platform(tmp_path, LookupClassifier({}, 0), Card("a", ("b",), (1, 1, 1)))
    assert study(platform=tmp_path).platforms == (str(tmp_path),)
    monkeypatch.chdir(tmp_path.parent)
    assert study(platform=Path(tmp_path.name)).platforms == (f"./{tmp_path.name}",)  # no name


@pytest.mark.parametrize("population", ["fairface", {"name": "fairface"}, FairFace(group="race")])
def test_a_group_names_the_column_and_the_subgroup(population: Any) -> None:
    found = make_correction(population=population, group="gender=Female", platform="mlp")
    assert found.population == FairFace(group="gender")
    assert found.subgroup == Attribute("Female")
    odd = make_correction(population="fairface:n=90", group="race=East Asian", platform="mlp")
    assert odd.subgroup == Attribute("East Asian")
    assert (odd.train_share, odd.measured_share) == (None, None)


def test_a_task_names_the_label() -> None:
    found = make_correction(
        population="fairface", group="race=Black", task="gender", platform="mlp"
    )
    assert found.population == FairFace(group="race", task="gender")


def test_shares_of_a_shift_and_of_a_group() -> None:
    assert (study().train_share, study().measured_share) == (0.02, 0.5)
    given = study(share=0.3, measured=0.4)
    assert (given.train_share, given.measured_share) == (0.3, 0.4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8/255", 8 / 255),
        (" 8 / 255 ", 8 / 255),
        ("0.1", 0.1),
        ("1e-2", 0.01),
        (0.5, 0.5),
        (1, 1.0),
    ],
)
def test_budgets(value: Any, expected: float) -> None:
    assert read_epsilon(value) == expected


@pytest.mark.parametrize("value", ["8/0", "a", "1/2/3", "-8/255", None, [1], "8/255/"])
def test_budgets_that_are_none(value: Any) -> None:
    with pytest.raises(InputError, match="Expected epsilon to be a number, a fraction such as"):
        read_epsilon(value)


# -------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"member": 3}, "known key of a correction, got 'member'.*Did you mean members"),
        ({"epsilons": 0.1}, "known key of a correction, got 'epsilons'.*epsilon"),
        ({"platforms": "mlp"}, "got 'platforms'. Did you mean platform"),
        ({"population": None}, "Expected a population, got none"),
        ({"population": ""}, "Expected a population, got none"),
        ({"population": "digitz"}, "got 'digitz'. Did you mean digits"),
        ({"subgroup": None}, r"Expected a subgroup, got none.*race=Black"),
        ({"subgroup": "low_lite"}, "Did you mean low-light"),
        ({"group": "race=Black"}, "either a subgroup or a group.*beside a subgroup"),
        ({"platform": None}, "Expected a platform, got none"),
        ({"platform": []}, "Expected a platform, got none"),
        ({"platform": "mlpp"}, "got 'mlpp'"),
        ({"proxy": "cnn+cmm"}, "got 'cmm'"),
        ({"members": 0}, "members=0 to be at least 1"),
        ({"members": "10,-1"}, "members=-1"),
        ({"members": 1.5}, "Expected members to be a whole number"),
        ({"members": ""}, "Expected members to be a whole number"),
        ({"members": []}, "Expected a number of members, got none"),
        ({"queries": 0}, "queries=0"),
        ({"epsilon": 0}, "epsilon=0 of at least 1/255"),
        ({"epsilon": "-0.1"}, "epsilon=-0.1"),
        ({"epsilon": "nan"}, "epsilon=nan"),
        ({"epsilon": 8}, "epsilon=8 .*at most 1"),
        ({"epsilon": "0.5/255"}, "a fraction such as 8/255"),
        ({"norm": "l1"}, "got 'l1'"),
        ({"answers": "logits"}, "got 'logits'"),
        ({"photos": 0}, "photos=0"),
        ({"reserve": 0}, r"reserve=0 in \(0, 1\)"),
        ({"reserve": 1}, r"reserve=1 in \(0, 1\)"),
        ({"reserve": "nan"}, "reserve=nan"),
        ({"seeds": 0}, "seeds=0 to be at least 1"),
        ({"seeds": [-1]}, "seeds=-1"),
        ({"seeds": []}, "Expected a seed, got none"),
        ({"adaptive": "jpg"}, "got 'jpg'. Did you mean jpeg"),
        ({"label_free": "bias"}, "known family of label-free changes, got 'bias'"),
        ({"crafting": "step=3"}, "'step'. Did you mean steps"),
        ({"crafting": "steps=0"}, "steps=0"),
        ({"extraction": "validation=1"}, "validation=1"),
        ({"platform": "http://127.0.0.1:1"}, "keys for http://127.0.0.1:1, got none.*key-file"),
        ({"platform": "forest", "adaptive": "private"}, "network for adaptive=private, got forest"),
    ],
)
def test_what_cannot_be_run_is_named_at_once(given: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        study(**given)


def test_a_group_without_a_value() -> None:
    with pytest.raises(InputError, match=r"a group as COLUMN=VALUE, got 'race'\. Write race=Black"):
        make_correction(population="fairface", group="race", platform="mlp")


@pytest.mark.parametrize("name", ["adversarial", "private", "retrained"])
def test_who_is_not_trained_here_cannot_be_trained_otherwise(tmp_path: Path, name: str) -> None:
    save_platform(tmp_path, LookupClassifier({}, 0), Card("a", ("b",), (1, 1, 1)))
    with pytest.raises(InputError, match=f"that is trained here for adaptive={name}"):
        study(platform=["mlp", str(tmp_path)], adaptive=["jpeg", name])


# ------------------------------------------------------------------------------------ plain data


def test_groups_come_in_a_fixed_order() -> None:
    found = study(seeds=2, platform=["mlp", "forest"], members="5,9", queries=[3, 4]).groups()
    assert len(found) == len(set(found)) == 16
    pools = [(5, 3), (5, 4), (9, 3)]
    assert found[:3] == [CellGroup(0, "mlp", "cnn", *pool) for pool in pools]
    assert [group.seed for group in found] == [0] * 8 + [1] * 8


def test_the_description_is_plain_and_whole() -> None:
    found = study(crafting="steps=3", epsilon="8/255,0.1", adaptive="none")
    plain = json.loads(json.dumps(found.describe()))
    assert plain["population"] == {"name": "digits", "n": None, "held_out": 0.25}
    assert plain["crafting"]["steps"] == 3
    assert plain["epsilon"] == [8 / 255, 0.1]
    assert make_correction(**plain) == found


@pytest.mark.parametrize(
    "change",
    [
        {"population": "digits:held_out=0.3"},
        {"subgroup": "blur"},
        {"share": 0.3},
        {"measured": 0.4},
        {"reserve": 0.4},
        {"answers": "scores"},
        {"norm": "l2"},
        {"crafting": "steps=3"},
        {"extraction": "variants=1"},
        {"label_free": "gain"},
        {"adaptive": "none"},
    ],
)
def test_whatever_decides_a_result_stands_in_its_cell(change: Any) -> None:
    group = study().groups()[0]
    cell = CorrectionCell(study(), group, 0.1, "id", 5)
    assert CorrectionCell(study(), group, 0.1, "id", 5).id == cell.id
    others = [
        CorrectionCell(study(**change), group, 0.1, "id", 5),
        CorrectionCell(study(), group, 0.2, "id", 5),
        CorrectionCell(study(), group, 0.1, "other", 5),
        CorrectionCell(study(), group, 0.1, "id", 6),
    ]
    for field, value in {"seed": 1, "proxy": "mlp", "members": 20, "queries": 5}.items():
        others.append(CorrectionCell(study(), replace(group, **{field: value}), 0.1, "id", 5))
    for other in others:
        assert other.describe() != cell.describe()
        assert other.id != cell.id


def test_a_source_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = study(platform=["mlp"])
    save_platform("mlp", LookupClassifier({}, 0), Card("a", ("b",), (1, 1, 1)))
    again = pickle.loads(pickle.dumps(found))
    assert isinstance(found.sources["mlp"], SizedLearner)
    assert again == found
    assert again.sources == found.sources  # on a worker too
    assert isinstance(study(platform=["mlp"]).sources["mlp"], SizedLearner)
    assert isinstance(study(platform=["./mlp"]).sources["./mlp"], SavedPlatform)
