"""Methods from outside the package: classes handed in or registered, and entry points."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import quorate
from quorate import catalog, spec
from quorate.catalog import CATALOG
from quorate.errors import InputError
from quorate.knowledge import Knowledge
from quorate.protocols import Learner, Signal, Strategy
from quorate.report.listing import listing
from quorate.spec import param
from quorate.strategies.planting import Planting
from quorate.table import Array, Labels, Rng, Submission, Table


@dataclass(frozen=True)
class Shifted(Signal):
    """Adds one number to every feature."""

    name: ClassVar[str] = "shifted"
    idempotent: ClassVar[bool] = False
    by: float = param(1.0, "what is added")

    def plant(self, people: Table) -> Array:
        return people.x + np.float32(self.by)


@dataclass(frozen=True)
class Relabel(Strategy):
    """Everyone claims the first label."""

    name: ClassVar[str] = "relabel_all"

    def apply(self, members: Table, known: Knowledge, rng: Rng) -> Table:
        return replace(members, y=np.zeros_like(members.y))

    @property
    def goal(self) -> Any:
        return Planting(signal=Shifted()).goal


@dataclass(frozen=True)
class Majority(Learner):
    """Gives everyone the label that most of the people handed in."""

    name: ClassVar[str] = "majority"
    ties: str = param("first", "which label wins a tie")

    def fit(self, data: Submission, rng: Rng) -> Any:
        return One(int(np.bincount(data.mixed().y).argmax()))


@dataclass(frozen=True)
class One:
    label: int
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x: Array) -> Labels:
        return np.full(len(x), self.label, dtype=np.int64)


METHODS: dict[str, Any] = {
    "population": "gaussian:n=40,held_out=20",
    "alphas": "0,0.5",
    "seeds": 1,
}


# ------------------------------------------------------------------------------ classes registered


def test_a_class_of_ones_own_may_be_called_own() -> None:
    @dataclass(frozen=True)
    class Own(Majority):
        name: ClassVar[str] = "own"

    quorate.register(Own)
    methods = METHODS | {"strategy": "planting:signal=columns,x2=3"}
    curves = quorate.curve(**methods, learner=["own", GaussianNB()])
    assert {one.learner.partition(":")[0] for one in curves} == {"own", "handed-in"}


def test_a_registered_class_is_named_in_text_and_listed() -> None:
    assert quorate.register(Majority) is Majority  # as a decorator
    assert catalog.build("learners", "majority:ties=last") == Majority("last")
    assert "majority" in CATALOG["learners"]
    assert catalog.registered() == (Majority,)
    (shown,) = (entry for entry in listing("learners")["learners"] if entry["name"] == "majority")
    assert shown["meaning"] == Majority.__doc__
    assert (shown["distribution"], shown["origin"]) == (None, "yours")
    quorate.register(Relabel)  # its name is found with - as with _
    for spelt in ("relabel_all", "relabel-all"):
        assert catalog.build("strategies", spelt) == Relabel()


def test_the_kind_is_that_of_the_role() -> None:
    kinds = {Shifted: "signals", Relabel: "strategies", Majority: "learners"}
    assert {cls: catalog.kind_of(cls) for cls in kinds} == kinds


def test_what_cannot_be_registered_is_answered() -> None:
    class Bare(Learner):
        name: ClassVar[str] = "bare"

    @dataclass(frozen=True)
    class Roleless:
        name: ClassVar[str] = "roleless"

    @dataclass(frozen=True)
    class Nameless(Learner):
        def fit(self, data: Submission, rng: Rng) -> Any:
            raise NotImplementedError

    for wrong, said in (
        (Bare, r"frozen dataclass with a name, got .*Bare.* Write @dataclass\(frozen=True\)"),
        (Roleless, r"inherits one of Population, .*got Roleless\. .*class Roleless\(Strategy\)"),
        (Nameless, "frozen dataclass with a name, got"),
        (Majority(), "frozen dataclass with a name, got"),
    ):
        with pytest.raises(InputError, match=said):
            quorate.register(wrong)  # type: ignore[type-var]
    assert catalog.registered() == ()


def test_a_name_belongs_to_one_class() -> None:
    def defined(called: str) -> type:
        @dataclass(frozen=True)
        class Again(Learner):
            """Learns nothing."""

            name: ClassVar[str] = called

            def fit(self, data: Submission, rng: Rng) -> Any:
                raise NotImplementedError

        return Again

    taken = r"Expected a name of its own for test_own_classes:.*Again, got 'sgd', which "
    with pytest.raises(InputError, match=taken + r"quorate\.learners\.networks\.sgd:SGD has"):
        quorate.register(defined("sgd"))
    with pytest.raises(InputError, match="got 'sgd'"):
        quorate.curve(**METHODS, strategy="planting:signal=columns,x2=3", learner=defined("sgd")())
    quorate.register(Majority)
    with pytest.raises(InputError, match=r"which test_own_classes:Majority has"):
        quorate.register(defined("majority"))
    first, second = defined("again"), defined("again")  # a notebook's cell that is run twice
    quorate.register(first)
    quorate.register(second)
    assert CATALOG["learners"]["again"] is second


# ----------------------------------------------------------------------------- objects handed in


def test_the_classes_of_an_object_handed_in_are_known_afterwards() -> None:
    plan = Planting(signal=Shifted(by=3), target="rare")
    made = catalog.build("strategies", plan)
    assert made is plan
    assert catalog.registered() == (Shifted,)
    for back in (spec.text(plan), spec.describe(plan)):
        assert catalog.build("strategies", back) == plan
    with pytest.raises(InputError, match=r"Expected one of the strategies, got majority, one of "):
        catalog.build("strategies", Majority())


def test_an_object_stands_for_its_text_where_text_is_asked_for() -> None:
    plain = {"name": "participation", "learner": Majority(ties="last"), "strategy": Relabel()}
    made = catalog.build("scenarios", plain)
    assert (made.learner, made.strategy) == ("majority:ties=last", "relabel_all")
    assert set(catalog.registered()) == {Majority, Relabel}


def test_a_stored_study_is_loaded_once_its_classes_are_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = quorate.curve(out=tmp_path, **METHODS, strategy=Relabel(), learner=Majority())
    assert set(catalog.registered()) == {Relabel, Majority}
    monkeypatch.setattr(catalog, "_registered", {kind: {} for kind in catalog.BUILT_IN})
    with pytest.raises(InputError, match=r"got 'relabel_all'.*quorate\.register is called on it"):
        quorate.load(tmp_path)
    quorate.register(Relabel)
    with pytest.raises(InputError, match="Expected a known learner, got 'majority'"):
        quorate.load(tmp_path)
    quorate.register(Majority)
    assert quorate.load(tmp_path).to_json() == ran.to_json()


SCRIPT = '''
"""Everything is defined here, and nothing can be imported by a worker."""
import os, sys
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

import quorate
from quorate import catalog
from quorate.protocols import Learner, Strategy
from quorate.signals.columns import Columns
from quorate.strategies.planting import Planting


@dataclass(frozen=True)
class Relabel(Strategy):
    """Everyone claims the first label."""

    name: ClassVar[str] = "relabel"

    def apply(self, members, known, rng):
        return replace(members, y=np.zeros_like(members.y))

    @property
    def goal(self):
        return Planting("1", Columns({"x2": 3})).goal


@dataclass(frozen=True)
class Constant(Learner):
    """Gives everyone one label."""

    name: ClassVar[str] = "constant"
    label: int = 1

    def fit(self, data, rng):
        return Model(self.label)


@dataclass(frozen=True)
class Model:
    label: int
    record: ClassVar[dict[str, Any]] = {}

    def predict(self, x):
        return np.full(len(x), self.label, dtype=np.int64)


@dataclass(frozen=True)
class ByName(Learner):
    """Knows another learner by its text alone, as cells of plain data do."""

    name: ClassVar[str] = "by-name"
    text: str = "constant:label=0"

    def fit(self, data, rng):
        assert os.getpid() != int(os.environ["PARENT"])
        return catalog.build("learners", self.text).fit(data, rng)


if __name__ == "__main__":
    os.environ["PARENT"] = str(os.getpid())
    curves = quorate.curve(
        out=sys.argv[1], jobs=2, strategy=Relabel(), learner=[Constant(), ByName()],
        population="gaussian:n=40,held_out=20", alphas="0,0.5", seeds=1,
    )
    cells = curves.to_json()["cells"]
    print(sorted({(row["learner"], row["success"]) for row in cells}))
    print(quorate.load(sys.argv[1]).to_json() == curves.to_json())
'''


def test_a_class_of_a_script_reaches_worker_processes(tmp_path: Path) -> None:
    """As an object in a cell, and by its name alone."""
    script, out = tmp_path / "own.py", tmp_path / "out"
    script.write_text(SCRIPT)
    run = subprocess.run([sys.executable, script, out], capture_output=True, text=True)
    assert run.stdout.splitlines() == [
        "[('by-name', 0.0), ('constant', 1.0)]",
        "True",
    ], run.stderr


# ---------------------------------------------------------------------------------- entry points


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """A function that lets a distribution of some name be installed, with its entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def install_(name: str, points: dict[str, dict[str, str]], source: str = "") -> None:
        about = tmp_path / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            line
            for group, named in points.items()
            for line in (f"[quorate.{group}]", *(f"{key} = {at}" for key, at in named.items()))
        ]
        (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
        (tmp_path / f"{name}.py").write_text(source)
        catalog._installed.cache_clear()

    catalog._installed.cache_clear()
    yield install_
    catalog._installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("outside")]:
        del sys.modules[name]


SOURCE = """
from dataclasses import dataclass
from typing import ClassVar
from quorate.protocols import Learner

def line(called):
    @dataclass(frozen=True)
    class One(Learner):
        '''Learns nothing.'''
        name: ClassVar[str] = called
        def fit(self, data, rng):
            raise NotImplementedError
    return One

Outside, Tree, Other = line("outside"), line("tree"), line("other")
"""


def test_a_distribution_s_methods_are_found_and_listed(install: Install, quorate: Any) -> None:
    install("outside", {"learners": {"outside": "outside:Outside"}}, SOURCE)
    assert "outside" in CATALOG["learners"]
    assert catalog.build("learners", "outside") == sys.modules["outside"].Outside()
    assert catalog.build("learners", sys.modules["outside"].Outside()).name == "outside"
    assert catalog.registered() == ()  # it was there before
    printed = quorate("list", "learners")[1]
    assert "\n  outside  Learns nothing. (outside 1.0)\n" in printed
    with pytest.raises(InputError, match=r"Known: .*, outside, "):
        catalog.build("learners", "outsidde")


OBJECTS = """
from sklearn.naive_bayes import GaussianNB

model = GaussianNB()


def mark(rows):
    '''Adds a mark.'''
    return rows.assign(x2=1.0)
"""


def test_a_distribution_may_name_estimators_and_functions(install: Install, quorate: Any) -> None:
    points = {"learners": {"bayes": "outside:model"}, "signals": {"own_mark": "outside:mark"}}
    install("outside", points, OBJECTS)
    for text in ("bayes", "knn-cleaning:learner=bayes"):
        made = catalog.build("learners", text)
        assert "model=bayes " in spec.text(made)
        assert catalog.build("learners", spec.text(made)) == made
    assert catalog.build("learners", "bayes").called == "bayes"
    mark = spec.text(catalog.build("signals", "own-mark"))
    assert mark.startswith("handed-in:function=own-mark ")
    assert "\n  own-mark  Adds a mark. (outside 1.0)\n" in quorate("list", "signals")[1]
    (shown,) = (one for one in listing("signals")["signals"] if one["name"] == "own-mark")
    assert (shown["origin"], shown["parameters"]) == ("outside 1.0", [])
    with pytest.raises(InputError, match="parameter of handed-in, got 'size'"):
        catalog.build("learners", "bayes:size=3")


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"learners": {"lost": "nowhere:Lost"}}, "No module named 'nowhere'"),
        ({"learners": {"lost": "outside:Lost"}}, "has no attribute 'Lost'"),
        ({"learners": {"lost": "outside:line"}}, "Expected lost to take X, y"),
        ({"learners": {"lost": "outside:Other"}}, "a class called 'other' among the learners"),
        ({"strategies": {"other": "outside:Other"}}, "'other' among the learners"),
    ],
)
def test_a_broken_entry_point_names_its_distribution_and_breaks_nothing_else(
    install: Install, quorate: Any, points: dict[str, dict[str, str]], said: str
) -> None:
    install("outside", points, SOURCE)
    ((kind, line),) = points.items()
    (name,) = line
    with pytest.raises(InputError, match=r"of outside 1\.0 to be usable") as caught:
        catalog.build(kind, name)
    assert said in str(caught.value)
    assert "Mend outside 1.0, or uninstall it." in str(caught.value)
    assert catalog.build("learners", "forest").name == "forest"
    assert name not in [*CATALOG[kind], *(cls.name for cls in CATALOG[kind].values())]
    code, printed, _ = quorate("list")
    assert code == 0
    assert str(caught.value) in printed
    assert "\n  forest  " in printed


def test_an_entry_point_cannot_take_a_name(install: Install) -> None:
    install("outside", {"learners": {"tree": "outside:Tree", "other": "outside:Other"}}, SOURCE)
    install("another", {"learners": {"other": "another:Other"}}, SOURCE)
    assert catalog.build("learners", "tree").name == "tree"
    assert type(catalog.build("learners", "tree")).__module__ == "quorate.learners.scikit.tree"
    shown = {
        (entry["name"], entry["distribution"]): entry.get("error", "")
        for entry in listing("learners")["learners"]
    }
    assert shown["tree", None] == ""
    assert shown["tree", "outside 1.0"].startswith(
        "Expected a name of its own for outside:Tree of outside 1.0, got 'tree', which "
        "quorate.learners.scikit.tree:Tree has among the learners."
    )
    assert "which another:Other of another 1.0 has" in shown["other", "outside 1.0"]
    with pytest.raises(InputError, match=r"Expected a name of its own for .*got 'other'"):
        catalog.build("learners", "other")
