"""Ids tell what a cell reads and whose code it runs: what has changed is measured again."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import quorate
from quorate import catalog, spec
from quorate.errors import InputError
from quorate.membership_inference.audit import make_audit
from quorate.membership_inference.study import make_membership_study
from quorate.runs.cell import Cell, PlainCell, Work
from quorate.runs.store import Store
from quorate.scenarios.bias.cell import measure_cell as measure_bias
from quorate.scenarios.collectives.cell import measure_cell as measure_collectives
from quorate.scenarios.navigation.cell import measure_state
from quorate.scenarios.navigation.scenario import Navigation
from quorate.scenarios.privacy.cell import measure as measure_privacy
from quorate.scenarios.running import ScenarioCell
from quorate.studies.study import make_study
from quorate.studies.trial import Trial
from quorate.test_time.attacks.simba import SimBA
from quorate.test_time.perturbations.perturbation import Perturbation, save
from quorate.test_time.platforms.in_process import CARD
from quorate.test_time.study.cell import CorrectionCell
from quorate.test_time.study.comparison_cell import AttackCell, PoolCell
from quorate.test_time.study.deployment import PlatformCell
from quorate.test_time.study.first_sample import SampleCell
from quorate.test_time.study.settings import make_correction

NET = """<NUMBER OF ZONES> 2
<NUMBER OF NODES> 3
<FIRST THRU NODE> 1
<NUMBER OF LINKS> 4
<END OF METADATA>
~ init_node term_node capacity length free_flow_time b power ;
1 3 100 1 5 0.15 4 ;
3 2 100 1 5 0.15 4 ;
2 3 100 1 5 0.15 4 ;
3 1 100 1 5 0.15 4 ;
"""
TRIPS = """<NUMBER OF ZONES> 2
<TOTAL OD FLOW> {total}
<END OF METADATA>
Origin 1
 2 : {total} ;
Origin 2
"""


# --------------------------------------------------------------------- files, in every kind of cell


def write_network(folder: Path, total: int = 100) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "town_net.tntp").write_text(NET)
    (folder / "town_trips.tntp").write_text(TRIPS.format(total=total))
    return str(folder)


def write_table(path: Path, flipped: int = 0) -> str:
    """Write 200 people; the labels of the first ``flipped`` are the other way round."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "sex", "y"])
        for i in range(200):
            rows.writerow([i % 7, "fm"[i % 2], ["nay", "yes"][(i // 2 + (i < flipped)) % 2]])
    return f"table:path={path},label=y,group=sex"


def write_pictures(folder: Path, shade: int = 10) -> str:
    """Write uncompressed pictures, whose size in bytes does not depend on what they show."""
    for number in range(24):
        label = folder / ["cat", "dog"][number % 2]
        label.mkdir(parents=True, exist_ok=True)
        value = np.full((8, 8), shade + number, dtype=np.uint8)
        Image.fromarray(value).save(label / f"{number}.bmp")
    return f"images:path={folder}"


def write_change(path: Path, level: int = 1) -> str:
    delta = np.full((2, 1, 8, 8), level / 255, dtype=np.float32)
    save(Perturbation("additive", {"delta": delta}, ("cat", "dog"), (1, 8, 8), 8 / 255), path)
    return f"perturbed:path={path}"


def write_platform(folder: Path, weight: int = 0) -> str:
    """Write a card and what stands for a model beside it, which an id is not asked to open."""
    folder.mkdir(exist_ok=True)
    card = {"id": "a1", "classes": ["cat", "dog"], "shape": [1, 8, 8], "gives": "labels"}
    (folder / CARD).write_text(json.dumps(card))
    (folder / "model.safetensors").write_bytes(bytes([weight]))
    return str(folder)


def write_api(path: Path, url: int = 1) -> str:
    path.write_text(f'predict_path = "/v{url}/predict"\n')
    return str(path)


Make = Callable[[int], Cell]  # writes the files in their first or second state, gives a cell


def trial(tmp_path: Path, **methods: str) -> Trial:
    plain = {"population": "digits:n=40", "strategy": "planting", "learner": "tree", "seeds": 1}
    return make_study(alphas="0.5", **{**plain, **methods}).cells()[0]


def correction(tmp_path: Path, which: int, **given: Any) -> Any:
    plain = {"population": write_pictures(tmp_path / "pictures"), "subgroup": "blur"}
    plain |= {"platform": "mlp:epochs=1", "adaptive": "none"}
    return make_correction(**{**plain, **given})


def correction_cell(of: Any) -> CorrectionCell:
    return CorrectionCell(of, of.groups()[0], 8 / 255, "the platform's id", 3)


def scenario_cell(made: Any, measure: Any, cells: Any) -> ScenarioCell:
    return ScenarioCell(cells[0], measure)


def bias(population: str) -> ScenarioCell:
    made = catalog.build("scenarios", {"name": "bias", "population": population})
    from quorate.compared_groups import ComparedGroups

    cells = made._cells(ComparedGroups(("f",), ("m",), "yes"))
    return ScenarioCell(cells[0], measure_bias)


def privacy(population: str) -> ScenarioCell:
    made = catalog.build("scenarios", {"name": "privacy", "population": population})
    return ScenarioCell(made._cells()[0], measure_privacy)


def collectives(**given: str) -> ScenarioCell:
    plain = {"population": "digits:n=40", "learners": "sgd:epochs=1"}
    made = catalog.build("scenarios", {"name": "collectives", **plain, **given})
    return ScenarioCell(made._cell(made.strategies, made.learners[0], 0), measure_collectives)


def membership(population: str) -> Cell:
    plain = {"population": population, "strategy": "planting", "learner": "logistic"}
    return make_membership_study(**plain, seeds=1, models=8).cells()[0]


def audit(**given: str) -> Cell:
    return make_audit(**{"population": "digits:n=40", "learner": "tree", **given}).cells()[0]


# By kind of record and what is read: a function that writes it, of a size that stays, and a cell.
READS: dict[tuple[str, str], Callable[[Path, int], Cell]] = {
    ("trial", "a table"): lambda at, n: trial(at, population=write_table(at / "t.csv", n)),
    ("trial", "a table within"): lambda at, n: trial(
        at, population=f"noisy-labels:population=({write_table(at / 't.csv', n)})"
    ),
    ("trial", "pictures"): lambda at, n: trial(at, population=write_pictures(at / "pets", 10 + n)),
    ("trial", "a change"): lambda at, n: trial(at, strategy=write_change(at / "c.npz", 1 + n)),
    ("trial", "a change within"): lambda at, n: trial(
        at, strategy=f"sequence:first=({write_change(at / 'c.npz', 1 + n)}),then=planting"
    ),
    ("trial", "a goal's change"): lambda at, n: trial(
        at, goal=f"recognised:changed=({write_change(at / 'c.npz', 1 + n)})"
    ),
    ("trial", "public people"): lambda at, n: trial(
        at, learner=f"fine-tuned:public=({write_table(at / 't.csv', n)})"
    ),
    ("membership", "a table"): lambda at, n: membership(write_table(at / "t.csv", n)),
    ("audit", "a table"): lambda at, n: audit(population=write_table(at / "t.csv", n)),
    ("audit", "public people"): lambda at, n: audit(
        learner=f"fine-tuned:public=({write_table(at / 't.csv', n)})"
    ),
    ("scenario", "a network"): lambda at, n: ScenarioCell(
        Navigation(write_network(at / "town", 100 + n), (3,)).state_cells()[0], measure_state
    ),
    ("scenario", "places"): lambda at, n: ScenarioCell(
        Navigation(network_with_places(at / "town", n), (3,)).state_cells()[0], measure_state
    ),
    ("scenario", "a table, bias"): lambda at, n: bias(write_table(at / "t.csv", n)),
    ("scenario", "a table, privacy"): lambda at, n: privacy(write_table(at / "t.csv", n)),
    ("scenario", "a table, collectives"): lambda at, n: collectives(
        population=write_table(at / "t.csv", n)
    ),
    ("scenario", "a change"): lambda at, n: collectives(
        strategies=f"{write_change(at / 'c.npz', 1 + n)},planting", cases="as-given"
    ),
    ("scenario", "public people"): lambda at, n: collectives(
        learners=f"fine-tuned:public=({write_table(at / 't.csv', n)})"
    ),
    ("correction", "pictures"): lambda at, n: correction_cell(
        correction(at, n, population=write_pictures(at / "pets", 10 + n))
    ),
    ("correction", "a platform"): lambda at, n: correction_cell(
        correction(at, n, platform=write_platform(at / "saved", n))
    ),
    ("correction", "an api"): lambda at, n: correction_cell(
        correction(
            at,
            n,
            platform="http://127.0.0.1:9",
            key_file="keys",
            api=write_api(at / "api.toml", 1 + n),
        )
    ),
    ("platform", "pictures"): lambda at, n: PlatformCell(
        correction(at, n, population=write_pictures(at / "pets", 10 + n)), 0, "mlp:epochs=1"
    ),
    ("attack", "a platform"): lambda at, n: AttackCell(
        correction_cell(correction(at, n, platform=write_platform(at / "saved", n))), SimBA(), 5, 5
    ),
    ("first sample", "a platform"): lambda at, n: SampleCell(
        correction_cell(correction(at, n, platform=write_platform(at / "saved", n)))
    ),
    ("pool", "a platform"): lambda at, n: PoolCell(
        correction_cell(correction(at, n, platform=write_platform(at / "saved", n))),
        5,
        None,  # type: ignore[arg-type]  # no part of the id
    ),
}


def network_with_places(folder: Path, number: int) -> str:
    write_network(folder)
    rows = "\n".join(f"{node} {number} {node} ;" for node in (1, 2, 3))
    (folder / "town_node.tntp").write_text(f"node X Y ;\n{rows}\n")
    return str(folder)


@pytest.mark.parametrize("what", READS, ids=" with ".join)
def test_what_a_cell_reads_is_part_of_its_id(what: tuple[str, str], tmp_path: Path) -> None:
    first = READS[what](tmp_path, 0)
    again = READS[what](tmp_path, 0)
    sizes = {file: file.stat().st_size for file in tmp_path.rglob("*") if file.is_file()}
    assert again.id == first.id
    changed = READS[what](tmp_path, 1)
    assert changed.id != first.id
    if what[1] not in ("a platform", "a change", "a goal's change", "a change within"):
        assert {file: file.stat().st_size for file in sizes} == sizes  # the bytes alone


def kinds_of_work() -> set[str]:
    """Return the kinds of all records that the library stores."""
    import importlib
    import pkgutil

    for module in pkgutil.walk_packages(quorate.__path__, "quorate."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(cls: type) -> Iterator[type]:
        for one in cls.__subclasses__():
            yield one
            yield from below(one)

    ours = [one for one in below(Work) if one.__module__.startswith("quorate.")]
    return {one.kind for one in ours if hasattr(one, "kind")}  # all but roles of several kinds


# A number, of the checks; and what a coordinator computes from its own database, where a plan may
# name no file.
READ_NOTHING = {"draw", "collective-change", "collective-trial"}


def test_no_kind_of_cell_is_left_out() -> None:
    assert {kind for kind, _ in READS} == kinds_of_work() - READ_NOTHING


def test_an_image_folder_s_names_count_too(tmp_path: Path) -> None:
    before = trial(tmp_path, population=write_pictures(tmp_path / "pets")).id
    os.rename(tmp_path / "pets" / "cat" / "0.bmp", tmp_path / "pets" / "dog" / "0.bmp")
    again = trial(tmp_path, population=f"images:path={tmp_path / 'pets'}")
    assert again.id != before


# ------------------------------------------------------ run again in one folder and one process


def travel_time(folder: Path, network: str) -> float:
    made = quorate.scenario(
        "navigation", out=folder, network=network, neighbourhood="3", reports="0", days=1
    )
    return float(made.result.rows()[0]["total_before"])


def test_a_network_that_has_changed_is_measured_again(tmp_path: Path) -> None:
    """n cars in each of 2 x 5 minutes: 10·n·(1 + 0.15·(n/100)⁴)."""
    network = write_network(tmp_path / "town", 100)
    assert travel_time(tmp_path / "out", network) == pytest.approx(1150.0)
    write_network(tmp_path / "town", 50)
    assert travel_time(tmp_path / "out", network) == pytest.approx(504.6875)
    write_network(tmp_path / "town", 100)
    assert travel_time(tmp_path / "out", network) == pytest.approx(1150.0)
    with Store(tmp_path / "out") as store:  # at rest, and the critical mass; twice each
        assert len(store.ids("scenario")) == 4


def test_a_table_that_has_changed_is_drawn_again_in_every_scenario(tmp_path: Path) -> None:
    people = write_table(tmp_path / "t.csv")
    given: dict[str, dict[str, Any]] = {
        "bias": {"strategies": "random", "learners": "tree", "alone": "none", "seeds": 1}
        | {
            "minority": "f",
            "positive": "yes",
            "alphas": "0",
            "at": 0.0,
            "knowledge": "all",
            "standard_error": 0.4,
        },
        "privacy": {"attribute": "sex", "ways": "swapping", "alphas": "0,0.5", "seeds": 1}
        | {"how_many": 1, "models": 0, "margin": 0.4},
    }
    rows = {}
    for flipped in (0, 90):
        write_table(tmp_path / "t.csv", flipped)
        for name, parameters in given.items():
            made = quorate.scenario(name, out=tmp_path / "out", population=people, **parameters)
            rows[name, flipped] = [
                {k: v for k, v in row.items() if k != "seconds"} for row in made.result.rows()
            ]
    assert rows["bias", 0] != rows["bias", 90]


def test_a_published_network_counts_where_it_is_another_one(
    tmp_path: Path, quorate_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def id_of() -> str:
        return ScenarioCell(Navigation("siouxfalls").state_cells()[0], measure_state).id

    monkeypatch.setenv("QUORATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path / "nowhere"))
    unread = id_of()
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    assert id_of() == unread  # as published
    shutil.copytree(quorate_data / "tntp" / "SiouxFalls", tmp_path / "tntp" / "SiouxFalls")
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    assert id_of() == unread
    trips = tmp_path / "tntp" / "SiouxFalls" / "SiouxFalls_trips.tntp"
    trips.write_text(trips.read_text().replace("100.0;", "050.0;"))
    assert id_of() != unread


def test_participation_reads_its_folder_anew(tmp_path: Path) -> None:
    """It stores nothing, so that nothing of it can be old."""
    cells = tmp_path / "curves" / "cells.csv"
    cells.parent.mkdir()
    head = "population,strategy,goal,learner,alpha,seed,people,success,epsilon\n"
    wins = []
    for success in ("1.0", "0.5"):
        rows = [f"p,s,g,l,{a},0,1000,{s},\n" for a, s in (("0", "0"), ("0.1", success))]
        cells.write_text(head + "".join(rows))
        made = quorate.scenario("participation", out=tmp_path / "out", folder=str(cells.parent))
        wins.append(made.to_json())
    assert wins[0] != wins[1]


# ----------------------------------------------------------------------------- people's own code


LEARNER = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from quorate.protocols import Learner

{constants}

def answer(n):
    return np.full(n, {helper}, dtype=np.int64)


class Base:
    def says(self, n):
        return answer(n) {base}


@dataclass(frozen=True)
class Own(Base, Learner):
    """Says one label."""

    name: ClassVar[str] = "{name}"
    label: int = {default}

    def fit(self, data, rng):
        return Model(self.says(len(data.honest)))


class Model:
    record = {{}}

    def __init__(self, answers):
        self.answers = answers

    def predict(self, x):
        return self.answers[:1].repeat(len(x)) {model}
'''
PARTS = {"constants": "", "helper": "0", "base": "", "default": "0", "model": "", "name": "own"}
EDITS = {
    "a helper": {"helper": "1"},
    "a base": {"base": "+ 1"},
    "the model": {"model": "+ 1"},
    "a constant": {"helper": "ONE", "constants": "ONE = 1"},
    "a list in capitals": {"helper": "SOME[0]", "constants": "SOME = [1, 2]"},
    "a function by default": {"helper": "one()", "constants": "def one(): return 1"},
    "a function around it": {
        "helper": "one()",
        "constants": """
import functools

def around(inner):
    @functools.wraps(inner)
    def more():
        return inner() + 1
    return more

@around
def one():
    return 0
""",
    },
    "what is kept in a cache": {
        "helper": "one()",
        "constants": "import functools\n@functools.cache\ndef one(): return 1",
    },
}


def typed(**parts: str) -> Any:
    """Return the class as one that is typed in: no file holds it."""
    module: dict[str, Any] = {"__name__": "typed"}
    source = LEARNER.format(**{**PARTS, **parts})
    exec(compile(source, "<typed>", "exec", dont_inherit=True), module)
    return module["Own"]


def curve_of(learner: Any, out: Path | None = None, **more: Any) -> Any:
    given = {"population": "gaussian:n=40,held_out=20", "strategy": "planting:signal=columns,x2=3"}
    return quorate.curve(out=out, **{**given, **more}, learner=learner, alphas="0.5", seeds=1)


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_class_that_was_edited_is_run_again(edit: dict[str, str], tmp_path: Path) -> None:
    before = curve_of(typed()(), tmp_path)
    assert {one.id for one in curve_of(typed()(), tmp_path).outcomes} == {
        one.id for one in before.outcomes
    }
    after = curve_of(typed(**edit)(), tmp_path)
    assert before.outcomes[0].accuracy != after.outcomes[0].accuracy
    assert quorate.load(tmp_path).to_json() == after.to_json()  # what was run last, and no more
    back = curve_of(typed()(), tmp_path)
    assert back.outcomes[0].stored_at == before.outcomes[0].stored_at != ""
    assert quorate.load(tmp_path).to_json() == back.to_json()


@pytest.mark.parametrize(
    ("helper", "constants"),
    [
        (
            "one()",
            "def around(f):\n  def more():\n    return f() + {}\n  return more\n"
            "@around\ndef one():\n  return 0",
        ),
        (
            "int(MODEL.C)",
            "from sklearn.linear_model import LogisticRegression\nMODEL = LogisticRegression(C={})",
        ),
        ("Kind.ONE.value", "import enum\nclass Kind(enum.Enum):\n  ONE = {}"),
        ("one()", "import functools\none = functools.partial(int, {})"),
        ("one()", "class Two:\n  class Three:\n    four = {}\ndef one():\n  return Two.Three.four"),
        ("one()", "import numpy as np\nTABLE = np.array([{}])\ndef one():\n  return TABLE[0]"),
        ("one()", "def one(by={}):\n  return by"),
        ("one()", "def one(*, by={}):\n  return by"),
        ("one()", "def one():\n  return [lambda: {} for _ in range(1)][0]()"),
    ],
)
def test_whatever_the_code_uses_counts(helper: str, constants: str) -> None:
    one, two, again = (
        spec.code_digest(typed(helper=helper, constants=constants.format(value)))
        for value in (0, 5, 0)
    )
    assert one == again != two


def test_what_changes_as_the_code_runs_does_not_count() -> None:
    counting = """
calls, seen, _known = 0, [], {}

class Log:
    lines = 0

def one():
    global calls
    calls += 1
    seen.append(calls)
    _known[calls] = calls
    Log.lines += 1
    return 0
"""
    cls = typed(helper="one()", constants=counting)
    before = spec.code_digest(cls)
    first, second = curve_of(cls()), curve_of(cls())
    assert [one.id for one in first.outcomes] == [one.id for one in second.outcomes]
    assert spec.code_digest(cls) == before


def test_a_constant_that_was_edited_counts() -> None:
    one, two = ({"helper": "ONE", "constants": f"ONE = {number}"} for number in (0, 1))
    ids = [curve_of(typed(**parts)()).outcomes[0].id for parts in (one, two)]
    assert ids[0] != ids[1]


def test_a_comment_and_a_default_that_is_given_do_not_count_and_a_default_does() -> None:
    assert spec.code_digest(typed()) == spec.code_digest(typed(constants="# said\n\n\n"))
    assert spec.code_digest(typed()) != spec.code_digest(typed(default="1"))


def test_a_file_that_was_edited_counts_once_it_is_loaded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is what was loaded: the file alone changes nothing."""
    import importlib
    import sys

    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "ids_own_module.py"
    file.write_text(LEARNER.format(**PARTS))
    module = importlib.import_module(file.stem)
    first = spec.code_digest(module.Own)
    file.write_text(LEARNER.format(**{**PARTS, "helper": "1000"}))
    assert spec.code_digest(module.Own) == first
    del sys.modules[file.stem]
    importlib.invalidate_caches()
    assert spec.code_digest(importlib.import_module(file.stem).Own) != first
    del sys.modules[file.stem]


def test_every_kind_of_method_counts() -> None:
    """An own learner in each kind of cell that can hold one."""
    ids: dict[str, list[str]] = {}
    for helper in ("0", "1"):
        catalog.register(typed(helper=helper))
        cells: dict[str, Cell] = {
            "trial": make_study(
                population="digits:n=40", strategy="planting", learner="own", alphas="0.5", seeds=1
            ).cells()[0],
            "within": make_study(
                population="digits:n=40",
                strategy="planting",
                learner="knn-cleaning:learner=own",
                alphas="0.5",
                seeds=1,
            ).cells()[0],
            "collectives": collectives(learners="own"),
            "bias": ScenarioCell({"learner": "own", "seed": 0}, measure_bias),
            "platform": PlatformCell(
                make_correction(
                    population="digits", subgroup="blur", platform="own", adaptive="none"
                ),
                0,
                "own",
            ),
        }
        for name, cell in cells.items():
            ids.setdefault(name, []).append(cell.id)
    assert all(one != two for one, two in ids.values()), ids


def test_what_measures_a_cell_of_a_scenario_counts() -> None:
    def measured(by: int) -> Any:
        return lambda cell: {"found": by}

    cells = [ScenarioCell({"seed": 0}, measured(by)) for by in (1, 1, 2)]
    assert cells[0].id == cells[1].id != cells[2].id


def test_cells_that_read_nothing_have_the_ids_that_they_had() -> None:
    plain = {"learner": "sgd", "strategy": "rb-prob", "population": "unequal:n=1000", "seed": 0}
    assert ScenarioCell(plain, measure_bias).id == PlainCell(plain).id
    assert set(trial(Path()).describe()) == {
        *("version", "population", "data", "strategy", "goal", "learner", "alpha", "seed")
    }


def test_a_later_version_measures_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = {"learner": "sgd", "seed": 0}
    before = ScenarioCell(cell, measure_bias).id
    monkeypatch.setattr("quorate.scenarios.running.__version__", "99.0")
    assert ScenarioCell(cell, measure_bias).id != before


# ------------------------------------------------------------------- two classes with one name


def test_two_classes_of_one_name_are_refused_by_name() -> None:
    one, two = typed(), typed(helper="1")
    said = r"Expected one class called 'own' among the learners of a run, got two that differ"
    with pytest.raises(InputError, match=said):
        curve_of([one(), two()])
    with pytest.raises(InputError, match=said):
        curve_of({"first": one(), "second": two(label=1)})
    with pytest.raises(InputError, match=said):
        quorate.scenario("collectives", learners=[one(), two()], population="digits:n=40")
    with pytest.raises(InputError, match=said):
        quorate.scenario("bias", learners=[one(), two()])
    with pytest.raises(InputError, match=said):
        make_correction(population="digits", subgroup="blur", platform=[one(), two()])
    assert len(list(curve_of([typed()(), typed()()]))) == 1  # the same, defined twice


def test_one_name_in_two_kinds_is_no_matter() -> None:
    methods = typed()(), catalog.build("signals", "patch")
    assert list(catalog.code_of(methods)) == ["learners/own"]
