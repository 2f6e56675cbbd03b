"""The generic properties hold for everything in the catalog, and the checks can fail."""

from __future__ import annotations

import copy
import dataclasses
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from quorate.catalog import BUILT_IN, build
from quorate.checks import CheckFailedError, check
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import Serial
from quorate.protocols import Learner, Signal, Strategy
from quorate.strategies.planting import Planting
from quorate.subgroups.low_light import LowLight
from quorate.subgroups.shift import Shift
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.platforms.platform import Gives

# Small settings, so that a check takes a moment; a method not listed is checked at its defaults.
EXAMPLES = {
    "columns": ["columns:x2=3", "columns:core=1,shortcut=-1"],
    "grid": ["grid", "grid:spacing=2,value=0,strength=1"],
    "offset": ["offset:x2=3", "offset:core=1,shortcut=-1"],
    "networks/grid": ["grid", "grid:rows=4"],
    "patch": ["patch:size=2", "patch:size=1,place=0x3,value=0.5", "patch:place=centre"],
    "planting": ["planting:size=2", "planting:target=0,signal=columns,x2=3"],
    "planting-features": ["planting-features:target=3,size=2"],
    "planted": ["planted:target=2,size=2"],
    "sgd": ["sgd:epochs=1", "sgd:model=cnn,epochs=1", "sgd:model=logistic,epochs=1"],
    "dp-sgd": [
        "dp-sgd:epochs=1,batch_size=50",
        "dp-sgd:epochs=1,batch_size=50,model=cnn",
        "dp-sgd:epsilon=inf,epochs=1,model=mlp",
    ],
    "group-dro": ["group-dro:epochs=1"],
    "cvar-dro": ["cvar-dro:epochs=1"],
    "chi2-dro": ["chi2-dro:epochs=1"],
    "jtt": ["jtt:epochs=1,first_epochs=1"],
    "lff": ["lff:epochs=1"],
    "lisa": ["lisa:epochs=1"],
    "importance-weighted": ["importance-weighted:epochs=1"],
    "label-smoothing": ["label-smoothing:epochs=1"],
    "adversarial-training": ["adversarial-training:epochs=1,steps=2"],
    "sklearn": [
        "sklearn",
        "sklearn:estimator=RandomForestClassifier,n_estimators=5",
        "sklearn:estimator=KNeighborsClassifier,n_neighbors=3",
    ],
    "logistic": ["logistic", "logistic:C=0.1"],
    "svm": ["svm", "svm:kernel=linear,C=0.1", "svm:gamma=0.5"],
    "knn": ["knn", "knn:n_neighbors=3,weights=distance"],
    "naive-bayes": ["naive-bayes"],
    "tree": ["tree", "tree:max_depth=3,criterion=entropy"],
    "forest": ["forest:n_estimators=5"],
    "boosting": ["boosting:max_iter=3"],
    "dp-forest": ["dp-forest:trees=5", "dp-forest:epsilon=inf,trees=1,depth=1"],
    "dp-boosting": ["dp-boosting:trees=5", "dp-boosting:epsilon=inf,trees=1,learning_rate=1"],
    "robust-aggregation": [
        "robust-aggregation:epochs=1",
        "robust-aggregation:rule=trimmed-mean,shards=5,learner=(group-dro:model=logistic,epochs=1)",
    ],
    "loss-trimming": [
        "loss-trimming:rounds=2,epochs=1",
        "loss-trimming:learner=dp-sgd,epochs=1,batch_size=50",
        "loss-trimming:learner=(spectral-signatures:learner=sklearn)",
    ],
    "spectral-signatures": [
        "spectral-signatures:epochs=1",
        "spectral-signatures:learner=(robust-aggregation:epochs=1)",
    ],
    "knn-cleaning": ["knn-cleaning:epochs=1", "knn-cleaning:action=relabel,learner=sklearn"],
    "early-stopping": [
        "early-stopping:epochs=2",
        "early-stopping:members=0,learner=(robust-aggregation:epochs=2)",
    ],
    "fine-tuned": [
        "fine-tuned:public=(gaussian:n=90),pretraining=(sgd:epochs=1),learner=(sgd:epochs=1)",
        "fine-tuned:public=(gaussian:n=90),pretraining=(sgd:epochs=1),learner=naive-bayes",
    ],
    "coarsened": [
        "coarsened:epochs=1",
        "coarsened:pool=3,learner=forest",
        "coarsened:pool=1,step=0.25,learner=svm",
    ],
    "worst-case": ["worst-case", "worst-case:eps=0.05,reading=huber"],
    "digits": ["digits", "digits:n=50,held_out=0.5"],
    "gaussian": ["gaussian:n=50", "gaussian:rare=0.5,d=2"],
    "unequal": ["unequal:n=50", "unequal:minority_share=0.5,d=2"],
    "low-light": ["low-light", "low-light:brightness=0.1"],
    "blur": ["blur", "blur:sigma=0.5"],
    "jpeg": ["jpeg", "jpeg:quality=50"],
    "low-contrast": ["low-contrast", "low-contrast:contrast=0"],
    "attribute": ["attribute:value=rare", "attribute:value=majority"],
    "finite": ["finite:n=50", "finite:labels=3,values=4"],
}
AT_LEAST = dict.fromkeys(["scenarios", "networks", "settings", "logs"], 5)  # properties; else 8
NEED_FILES = {
    "composite",
    "noisy-labels",
    "waterbirds",
    "birds",
    "mnist",
    "cifar10",
    "cifar100",
    "fairface",
    "adult",
    "bank",
    "compas",
    "images",
    "perturbed",
    "table",
    "tntp",
}


def texts() -> list[tuple[str, str]]:
    return [
        (kind, text)
        for kind, names in BUILT_IN.items()
        if kind != "executors"  # tests/executors/test_every_executor.py
        for name in names
        if name not in NEED_FILES
        for text in EXAMPLES.get(f"{kind}/{name}", EXAMPLES.get(name, [name]))
    ]


@pytest.mark.parametrize(("kind", "text"), texts())
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_catalog(kind: str, text: str) -> None:
    assert len(check(build(kind, text))) >= AT_LEAST.get(kind, 8)


def test_table_of_ones_own(tmp_path) -> None:
    frame = pd.DataFrame({"age": range(40), "job": ["a", "b"] * 20, "y": ["no", "yes"] * 20})
    frame.to_csv(tmp_path / "people.csv", index=False)
    check(build("populations", f"table:path={tmp_path}/people.csv,label=y,group=job"))


@pytest.mark.parametrize("name", ["mnist", "composite", "noisy-labels"])
def test_first_rows_of_real_files(name: str, few_rows) -> None:
    few_rows("ylecun/mnist", 300)
    few_rows("uoft-cs/cifar10", 300)
    assert len(check(build("populations", f"{name}:n=100,held_out=50"))) >= 8


def test_a_thing_of_no_kind_is_refused() -> None:
    with pytest.raises(InputError, match="inherits one of"):
        check(3)


# Methods with one fault each: the checks can fail.


@dataclass(frozen=True)
class Mutating(Strategy):
    """Writes into its input."""

    name: ClassVar[str] = "mutating"

    def apply(self, members, known, rng):
        members.x[:] = 0
        return members

    @property
    def goal(self):
        return Planting().goal


@dataclass(frozen=True)
class Forgetful(Strategy):
    """Draws from a generator of its own."""

    name: ClassVar[str] = "forgetful"

    def apply(self, members, known, rng):
        own = np.random.default_rng()
        return replace(members, x=own.random(members.x.shape).astype(np.float32))

    @property
    def goal(self):
        return Planting().goal


@dataclass(frozen=True)
class Growing(Signal):
    """Grows at every planting."""

    name: ClassVar[str] = "growing"

    def plant(self, people):
        return people.x + np.float32(1)


@dataclass(frozen=True)
class Modest(Signal):
    """Says that it is not idempotent, and is."""

    name: ClassVar[str] = "modest"
    idempotent: ClassVar[bool] = False

    def plant(self, people):
        return np.zeros_like(people.x)


@dataclass(frozen=True)
class Loose(Learner):
    """Predicts by what stands beside a person."""

    name: ClassVar[str] = "loose"

    def fit(self, data, rng):
        return _Loose()


class _Loose:
    record: ClassVar[dict] = {}

    def predict(self, x):
        return np.full(len(x), len(x) % 2, dtype=np.int64)


@dataclass(frozen=True)
class Grey(Shift):
    """Leaves the 8-bit pixels, though its base class puts images on them."""

    name: ClassVar[str] = "grey"

    def change(self, x):
        return x

    def shift(self, x):
        return x / np.float32(np.pi)


@dataclass(frozen=True)
class Spilling(LowLight):
    """Darkens everyone."""

    name: ClassVar[str] = "spilling"

    def draw(self, people, share, rng):
        return replace(super().draw(people, share, rng), x=self.shift(people.x))


@dataclass(frozen=True)
class Stingy(LowLight):
    """Draws fewer people than it is asked for."""

    name: ClassVar[str] = "stingy"

    def draw(self, people, share, rng):
        return super().draw(people, share / 2, rng)


@dataclass(frozen=True)
class Nameless(LowLight):
    """Gives its group another name than its label."""

    name: ClassVar[str] = "nameless"

    def draw(self, people, share, rng):
        return replace(super().draw(people, share, rng), groups=("others", "dark"))


@dataclass(frozen=True)
class Unserialisable(Signal):
    """Holds data as a parameter."""

    name: ClassVar[str] = "unserialisable"
    data: object = dataclasses.field(default_factory=lambda: np.zeros(3))

    def plant(self, people):
        return people.x


@dataclass(frozen=True)
class Drawing(Attack):
    """Asks for what a generator of its own draws."""

    name: ClassVar[str] = "drawing"
    needs: ClassVar[Gives] = "labels"

    def search(self, case, rng):
        own = np.random.default_rng()
        while True:
            yield own.integers(case.low, case.high, endpoint=True, dtype=np.uint8)


@dataclass(frozen=True)
class Straying(Attack):
    """Says that it has found what lies beyond ε."""

    name: ClassVar[str] = "straying"
    needs: ClassVar[Gives] = "labels"

    def search(self, case, rng):
        yield case.x

    def run(self, meter, x, *args):
        return replace(super().run(meter, x, *args), x_adv=x + np.uint8(100))


@dataclass(frozen=True)
class Shuffling(Executor):
    """Computes one cell in the place of another."""

    name: ClassVar[str] = "shuffling"

    @contextmanager
    def open(self):
        with Serial().open() as this:
            pool, submit = copy.copy(this), this.submit
            pool.submit = lambda work, *args: (done if args else submit)(work, *args)
            yield pool


def done(work, *args):
    """A future of what work makes of other cells."""
    future = Future()
    answer = work(*args)
    found = [[replace(one, plain={**one.plain, "draw": 1.0}) for one in some] for some in answer[0]]
    future.set_result((found, answer[1]))
    return future


@dataclass(frozen=True)
class Swallowing(Executor):
    """Does not hand on an error."""

    name: ClassVar[str] = "swallowing"

    @contextmanager
    def open(self):
        with Serial().open() as this:
            pool, submit = copy.copy(this), this.submit

            def quiet(work, *args):
                future = submit(work, *args)
                if future.exception():
                    future = Future()
                    future.set_exception(InputError("Something went wrong."))
                return future

            pool.submit = quiet
            yield pool


@dataclass(frozen=True)
class Boasting(Executor):
    """Says that it has other machines, and has this one."""

    name: ClassVar[str] = "boasting"
    is_elsewhere: ClassVar[bool] = True

    def open(self):
        return Serial().open()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (Drawing(), "asks the same for the same seed"),
        (Straying(), "stays within ε"),
        (Shuffling(), "computes every cell as this process does"),
        (Boasting(), "says that it has other machines only where its pool does"),
        (Swallowing(), "hands on what work raises"),
        (Mutating(), "leaves its input as it is"),
        (Forgetful(), "does the same for the same seed"),
        (Growing(), "changes nothing the second time"),
        (Modest(), "or else says that it is not idempotent"),
        (Loose(), "predicts each person alone"),
        (Grey(), "changes nobody else, and its own to 8-bit pixels"),
        (Spilling(), "changes nobody else"),
        (Stingy(), "draws exactly the share asked for"),
        (Nameless(), "calls its groups others and its label"),
    ],
)
def test_faults_are_found(method, message: str) -> None:
    with pytest.raises(CheckFailedError, match=message):
        check(method)


def test_data_as_parameter_is_refused() -> None:
    with pytest.raises(InputError, match="plain data"):
        check(Unserialisable())
