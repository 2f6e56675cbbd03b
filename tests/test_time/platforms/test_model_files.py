"""Every model that a platform can be: kept in files, and the same to the bit when it is read."""

import copy
import dataclasses
import io
import json
import re
import warnings
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from quorate import catalog, spec
from quorate.catalog import BUILT_IN
from quorate.errors import FitFailedError, InputError
from quorate.learners.base.network_classifier import NetworkClassifier
from quorate.learners.base.recorded import with_record
from quorate.learners.base.scikit_learner import PlainEstimator
from quorate.learners.theoretical.worst_case import LookupClassifier
from quorate.populations.digits import Digits
from quorate.populations.same_people import KnownRows
from quorate.protocols import Classifier, ScoredClassifier
from quorate.table import Submission, Table
from quorate.test_time.platforms.estimator_files import read_estimator, write_estimator
from quorate.test_time.platforms.in_process import ESTIMATOR, MODEL, load_platform, save_platform
from quorate.test_time.platforms.model_files import write_model
from quorate.test_time.platforms.platform import Card
from quorate.test_time.study.sources import read_learner

PUBLIC = "digits:n=90,held_out=0.05"
QUICK = {"epochs": 1, "n_estimators": 3, "trees": 3, "max_iter": 7, "public": PUBLIC}
NO_PLATFORM = {"worst-case"}  # takes no pictures
MORE = (  # networks of each shape, estimators that nothing in the catalog names, and what is inside
    *("cnn:epochs=1", "resnet:epochs=1,hidden=2", "naive-bayes", "tree"),
    *(f"sklearn:estimator={name}" for name in ("RidgeClassifier", "LinearSVC", "NearestCentroid")),
    "sklearn:estimator=KNeighborsClassifier,algorithm=kd_tree",
    "sklearn:estimator=KNeighborsClassifier,algorithm=ball_tree,n_neighbors=3",
    "sklearn:estimator=GradientBoostingClassifier,n_estimators=2",
    "sklearn:estimator=BaggingClassifier,n_estimators=2,max_features=0.5",
    "sklearn:estimator=AdaBoostClassifier,n_estimators=2",
    "sklearn:estimator=MLPClassifier,max_iter=2",
    "sklearn:estimator=SGDClassifier,loss=hinge",
    "sklearn:estimator=GaussianProcessClassifier",
    "coarsened:learner=forest,n_estimators=2",
    "coarsened:learner=svm,pool=1,step=0.5",
    "loss-trimming:learner=logistic",
    "knn-cleaning:learner=dp-forest,trees=2",
    "early-stopping:learner=group-dro,epochs=2,groups_known=training",
    f"fine-tuned:learner=forest,n_estimators=2,public=({PUBLIC}),pretraining=(sgd:epochs=1)",
    f"fine-tuned:learner=logistic,public=({PUBLIC}),pretraining=(sgd:model=cnn,epochs=1)",
)


def words_of(name: str) -> str:
    """A learner of the catalog with parameters that make it quick; the inner one's too."""
    own = {**spec.parameters(catalog.CATALOG["learners"][name])}
    given = [
        f"{key}=({value})" if key == "public" else f"{key}={value}"
        for key, value in QUICK.items()
        if key in own
    ]
    given += ["epochs=1"] if "learner" in own else []
    given += ["pretraining=(sgd:epochs=1)"] if "pretraining" in own else []
    return f"{name}:{','.join(given)}" if given else name


EVERY = [words_of(name) for name in BUILT_IN["learners"] if name not in NO_PLATFORM]


@pytest.fixture(scope="module")
def people() -> Table:
    """90 digits of three kinds, in two groups, none of them public."""
    public = Digits(n=90, held_out=0.05).split(np.random.default_rng(0))
    train = Digits().split(np.random.default_rng(0)).train
    seen = [KnownRows.of(side).among(train) for side in (public.train, public.held_out)]
    train = train.take(np.flatnonzero((train.y < 3) & ~seen[0] & ~seen[1])[:90])
    group = np.arange(90) % 2
    return Table(train.x, train.y, ("0", "1", "2"), group, ("left", "right"))


def fitted(words: str, people: Table) -> Classifier:
    if words.partition(":")[0] in ("cnn", "resnet"):
        learner = read_learner(words, 100).learner
    else:
        learner = catalog.build("learners", words)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so few steps do not suffice
        learner.check(people)
        data = Submission.without_collective(people)
        # oneDNN's backward pass of a residual network on pictures of 8x8 pixels writes past its
        # memory on some processors, and ends the process at times.
        with torch.backends.mkldnn.flags(enabled="resnet" not in words):
            return learner.fit(data, np.random.default_rng(0))


def card_of(people: Table) -> Card:
    c, h, w = people.x.shape[1:]
    return Card("a", people.classes, (c, h, w))


@pytest.mark.parametrize("words", [*EVERY, *MORE])
def test_a_model_is_the_same_when_it_is_read(words: str, people: Table, tmp_path: Path) -> None:
    model = fitted(words, people)
    save_platform(tmp_path, model, card_of(people))
    again = load_platform(tmp_path).model
    x = Digits().split(np.random.default_rng(1)).held_out.x
    assert (again.predict(x) == model.predict(x)).all()
    assert isinstance(again, ScoredClassifier) == isinstance(model, ScoredClassifier)
    if isinstance(model, ScoredClassifier) and isinstance(again, ScoredClassifier):
        assert (again.probabilities(x) == model.probabilities(x)).all()
    assert json.dumps(dict(again.record)) == json.dumps(dict(model.record))
    assert {path.name for path in tmp_path.iterdir()} <= {"card.json", MODEL, ESTIMATOR}


def test_the_models_that_no_picture_leads_to(tmp_path: Path) -> None:
    """The worst case, and a model whose record was replaced around it."""
    x = np.array([[[[1.0]]], [[[2.0]]], [[[3.0]]]], np.float32)
    lookup = LookupClassifier({x[0].tobytes(): 1, x[1].tobytes(): 2}, 0, {"spent": 0.5})
    save_platform(tmp_path, lookup, Card("a", ("a", "b", "c"), (1, 1, 1)))
    again = load_platform(tmp_path).model
    assert again.predict(x).tolist() == [1, 2, 0]
    assert with_record(again, {"a": (1, 2)}).record == {"a": (1, 2)}


# --------------------------------------------------------------------- what is made to do harm


def test_an_own_class_of_any_kind_is_refused(people: Table) -> None:
    from sklearn.linear_model import LogisticRegression
    from torch import nn

    from quorate.engine.own_network import make_network

    class Own(LogisticRegression):  # type: ignore[misc]
        pass

    class Layer(nn.Flatten):
        pass

    estimator = Own().fit(people.x.reshape(90, -1), people.y)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    with_dropout = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 3))
    dilated = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2), nn.Flatten(), nn.Linear(16, 3))
    write_model(NetworkClassifier(flat))
    for model in (
        PlainEstimator(estimator),
        NetworkClassifier(with_dropout),
        NetworkClassifier(dilated),
        NetworkClassifier(nn.Sequential(Layer(), nn.Linear(64, 3))),
        NetworkClassifier(make_network(lambda: flat, (1, 8, 8), 3, np.random.default_rng(0))),
        with_record(fitted("tree", people), {"object": object()}),
    ):
        with pytest.raises(InputError, match="Expected plain data, arrays and models of quorate"):
            write_model(model)


def rewritten(content: bytes, change: Callable[[Any], Any], compressed: bool = False) -> bytes:
    """Return a file of skops with another schema."""
    file = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", kind) as new:
        for name in old.namelist():
            body = old.read(name)
            if name == "schema.json":
                body = json.dumps(change(json.loads(body))).encode()
            new.writestr(name, body)
    return file.getvalue()


def test_only_what_is_listed_is_read_of_an_estimator(people: Table) -> None:
    content = write_estimator(fitted("logistic", people).estimator)  # type: ignore[attr-defined]
    assert content is not None
    assert read_estimator(rewritten(content, lambda plain: plain), 64).classes_.tolist() == [
        0,
        1,
        2,
    ]

    def named(module: str, name: str, loader: str) -> Callable[[Any], Any]:
        what = {"__module__": module, "__class__": name, "__loader__": loader, "content": None}

        def change(plain: Any) -> Any:
            plain["content"]["content"]["C"] = what
            return plain

        return change

    for change, said in (
        (named("os", "system", "FunctionNode"), r"os\.system"),
        (named("builtins", "eval", "TypeNode"), r"builtins\.eval"),
        (named("operator", "methodcaller", "OperatorFuncNode"), r"operator\.methodcaller"),
        (named("functools", "partial", "PartialNode"), r"functools\.partial"),
        (named("sklearn.pipeline", "Pipeline", "ObjectNode"), r"sklearn\.pipeline\.Pipeline"),
        (named("builtins", "str", "MethodNode"), "MethodNode"),
        (named("builtins", "str", "FunctionNode"), "FunctionNode"),
    ):
        with pytest.raises(ValueError, match=said):
            read_estimator(rewritten(content, change), 64)

    def repeated(plain: Any) -> Any:
        fields = plain["content"]["content"]
        fields["leaf_size"] = {
            **plain["content"],
            "content": {str(n): fields["_fit_X"] for n in range(99)},
        }
        return plain

    with pytest.raises(ValueError, match="the same part again and again"):
        read_estimator(rewritten(harmed("knn", people, lambda one: None), repeated), 64)
    with pytest.raises(ValueError, match="compressed"):
        read_estimator(rewritten(content, lambda plain: plain, compressed=True), 64)


def harmed(words: str, people: Table, harm: Callable[[Any], None]) -> bytes:
    estimator = copy.deepcopy(fitted(words, people).estimator)  # type: ignore[attr-defined]
    harm(estimator)
    content = write_estimator(estimator)
    assert content is not None
    return content


def lead(tree: Any, field: str, value: int) -> None:
    """Make the root of a tree ask another feature, or lead elsewhere."""
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)


def lead_predictor(estimator: Any, field: str, value: int) -> None:
    estimator._predictors[0][0].nodes[field][0] = value


HARMS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("tree", lambda one: lead(one.tree_, "left_child", 10**6)),
    ("tree", lambda one: lead(one.tree_, "right_child", 0)),
    ("tree", lambda one: lead(one.tree_, "feature", 64)),
    ("tree", lambda one: lead(one.tree_, "feature", -5)),
    ("forest:n_estimators=2", lambda one: lead(one.estimators_[1].tree_, "left_child", -7)),
    (
        "sklearn:estimator=BaggingClassifier,n_estimators=2,max_features=0.5",
        lambda one: lead(one.estimators_[0].tree_, "feature", 40),
    ),
    ("boosting:max_iter=1", lambda one: lead_predictor(one, "left", 10**6)),
    ("boosting:max_iter=1", lambda one: lead_predictor(one, "right", 0)),
    ("boosting:max_iter=1", lambda one: lead_predictor(one, "feature_idx", 64)),
    ("boosting:max_iter=1", lambda one: lead_predictor(one, "is_categorical", 1)),
    ("svm", lambda one: one.__dict__.update(_n_support=np.array([10**6, -(10**6), 3], np.int32))),
    ("svm", lambda one: one.__dict__.update(_dual_coef_=one._dual_coef_[:, :1])),
    ("svm", lambda one: one.__dict__.update(support_vectors_=one.support_vectors_[:, :1])),
    ("knn", lambda one: one.__dict__.update(_y=one._y + 10**6)),
    ("knn", lambda one: one.__dict__.update(_y=one._y[:1])),
    ("knn", lambda one: one.__dict__.update(_fit_X=one._fit_X[:, :1])),
    (
        "sklearn:estimator=GradientBoostingClassifier,n_estimators=2",
        lambda one: one.__dict__.update(estimators_=np.tile(one.estimators_, (1, 5))),
    ),
)


@pytest.mark.parametrize(("words", "harm"), HARMS)
def test_numbers_that_would_reach_beyond_an_array_are_refused(
    words: str, harm: Callable[[Any], None], people: Table
) -> None:
    read_estimator(harmed(words, people, lambda one: None), 64)
    with pytest.raises(ValueError, match="numbers that do not fit together in"):
        read_estimator(harmed(words, people, harm), 64)


def test_a_tree_of_other_sizes_than_it_says_is_refused(people: Table) -> None:
    content = harmed("tree", people, lambda one: None)

    def change(plain: Any) -> Any:
        text = re.sub(r'("node_count": \{[^}]*"content": ")\d+"', r'\g<1>1"', json.dumps(plain))
        assert text != json.dumps(plain)
        return json.loads(text)

    with pytest.raises(ValueError, match="numbers that do not fit together in Tree"):
        read_estimator(rewritten(content, change), 64)

    def with_outputs(plain: Any) -> Any:
        plain["content"]["content"]["tree_"]["__reduce__"]["args"]["content"][2]["content"] = "9999"
        return plain

    with pytest.raises(ValueError, match="a tree of several outputs"):
        read_estimator(rewritten(content, with_outputs), 64)


@pytest.mark.parametrize("words", ["sgd:epochs=1,model=cnn", "dp-forest:trees=2", "tree", "svm"])
def test_whatever_is_changed_in_a_file_is_refused_or_read(
    words: str, people: Table, tmp_path: Path
) -> None:
    """A bounded fuzzer: bytes are changed, and the card says that this is right."""
    save_platform(tmp_path, fitted(words, people), card_of(people))
    rng = np.random.default_rng(0)
    files = {
        name: (tmp_path / name).read_bytes()
        for name in (MODEL, ESTIMATOR)
        if (tmp_path / name).exists()
    }
    card = json.loads((tmp_path / "card.json").read_text())
    x = people.x[:5]
    for _ in range(40):
        name = list(files)[int(rng.integers(len(files)))]
        content = bytearray(files[name])
        at = int(rng.integers(len(content) - 8))
        content[at : at + 4] = rng.integers(0, 256, 4, dtype=np.uint8).tobytes()
        (tmp_path / name).write_bytes(content)
        card["files"] = {**card["files"], name: sha256(content).hexdigest()}
        (tmp_path / "card.json").write_text(json.dumps(card))
        try:
            labels = load_platform(tmp_path).model.predict(x)
            assert labels.shape == (5,)
        except (InputError, FitFailedError):
            pass
        (tmp_path / name).write_bytes(files[name])
        card["files"][name] = sha256(files[name]).hexdigest()


def test_trees_that_do_not_fit_together_are_refused(people: Table, tmp_path: Path) -> None:
    model: Any = fitted("dp-forest:trees=2", people)
    for change in (
        {"column": model.trees.column + 64},
        {"column": model.trees.column[:1]},
        {"depth": 10**9},
        {"right": model.trees.right[:, :, :0]},
    ):
        trees = dataclasses.replace(model.trees, **change)
        save_platform(tmp_path, dataclasses.replace(model, trees=trees), card_of(people))
        with pytest.raises(InputError, match="trees whose parts do not fit together"):
            load_platform(tmp_path)


def test_a_layer_that_makes_much_of_little_is_refused(people: Table, tmp_path: Path) -> None:
    from torch import nn

    card = card_of(people)
    far = nn.Conv2d(1, 1, 3, padding=10**6)
    large = nn.AdaptiveAvgPool2d(10**6)  # type: ignore[arg-type]
    for layer in (far, large):
        with pytest.raises(ValueError, match="a layer that makes pictures larger"):
            write_model(NetworkClassifier(nn.Sequential(layer)))
    wide = NetworkClassifier(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)))
    save_platform(tmp_path, wide, dataclasses.replace(card, shape=(1, 4, 4)))
    with pytest.raises(InputError, match="Expected a platform in"):
        load_platform(tmp_path)
