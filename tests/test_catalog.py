"""Everything that can be named: text and plain data of any parameters come back as the method."""

import importlib
import json
import re
import typing
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from quorate import catalog, spec
from quorate.catalog import BUILT_IN, CATALOG
from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.learners.private.dp_sgd import DPSGD
from quorate.learners.scikit.scikit_learn import ScikitLearn
from quorate.populations.own_table import OwnTable
from quorate.signals.columns import Columns
from quorate.signals.patch import Patch
from quorate.spec.declaration import default_of
from quorate.strategies.planting import Planting
from quorate.subgroups.attribute import Attribute

EVERY = [(kind, CATALOG[kind][name]) for kind, names in BUILT_IN.items() for name in names]
# Some libraries draw random numbers while they are imported, as a method that is drawn may need it.
LIBRARIES_DRAW = "ignore:Do not use the `random` module inside strategies"
# Without those that take parameters of any name
CLOSED = [
    (kind, cls)
    for kind, cls in EVERY
    if not any(field.metadata.get("takes_rest") for field in spec.parameters(cls).values())
]
# With quotes of one kind only: both in one value cannot be written as text.
WORDS = st.just("none") | st.text("abc 9.,()=':/\\é", max_size=10)
# Of a list, which is quoted as a whole: no quotes.
PARTS = st.just("none") | st.text("abc 9.,()=:/é", max_size=10)
# What text in a mapping can spell: numbers, and words that are no number or truth value.
SPELT = st.none() | st.integers() | st.floats(allow_nan=False) | st.text("abc_ ,()", max_size=6)
BY_TYPE: Mapping[Any, st.SearchStrategy[Any]] = {
    int: st.integers(2, 50),
    float: st.floats(0.01, 0.99),
    bool: st.booleans(),
    str: WORDS,
}
BY_NAME: Mapping[tuple[str, str], st.SearchStrategy[Any]] = {
    ("patch", "place"): st.sampled_from(["top-left", "centre", "2x13"]),
    ("composite", "digits"): st.sampled_from(["0/1", "9/4"]),
    ("composite", "photos"): st.sampled_from(["automobile/truck", "a, b/c"]),
    ("slurm", "time"): st.sampled_from(["01:00:00", "2-12:00:00", "90"]),
    ("slurm", "memory"): st.sampled_from(["4GB", "0", "", "512MB"]),
}
PATIENCE = st.sampled_from(["90s", "30m", "12h", "2d"])


def values(cls: Any, key: str, annotation: Any) -> st.SearchStrategy[Any]:
    """Values of one parameter of a method class."""
    kind = spec.parameters(cls)[key].metadata.get("kind")
    if (cls.name, key) in BY_NAME:
        return BY_NAME[cls.name, key]
    if key == "patience" and annotation is str:
        return PATIENCE
    if key == "knowledge":
        return st.sampled_from(["50", "all"])
    if kind:
        one = st.one_of([methods(CATALOG[kind][name]) for name in BUILT_IN[kind]])
        several = typing.get_origin(annotation) is tuple
        if type(None) in typing.get_args(annotation):
            one = st.none() | one
        return st.lists(one, max_size=2).map(tuple) if several else one
    return values_of_type(annotation)


def values_of_type(annotation: Any) -> st.SearchStrategy[Any]:
    origin, options = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return st.sampled_from(options)
    if origin is tuple:
        one = PARTS if options[0] is str else values_of_type(options[0])
        return st.lists(one, max_size=3).map(tuple)
    if options and typing.get_origin(options[0]) is Literal:  # or an object of the user's own
        return values_of_type(options[0])
    if type(None) in options:
        (inner,) = (option for option in options if option is not type(None))
        return st.none() | values_of_type(inner)
    if origin is not None:  # the only other one is a mapping
        return st.dictionaries(st.sampled_from(["a", "x2", "name", "target"]), SPELT, max_size=3)
    return BY_TYPE[annotation]


@st.composite
def methods(draw: st.DrawFn, cls: Any) -> Any:
    """Methods of a class with any parameters that it accepts.

    What a scenario takes as text or as a list follows rules of its own, and stays as it is.
    """
    given_ = {
        key: draw(values(cls, key, annotation))
        for key, annotation in spec.hints(cls).items()
        if key in spec.parameters(cls)
        if not (cls.name in BUILT_IN["scenarios"] and re.search(r"str\b|tuple", str(annotation)))
        if spec.is_required(spec.parameters(cls)[key]) or draw(st.booleans())
    }
    try:
        return cls(**given_)
    except InputError:
        reject()


@pytest.mark.parametrize(("kind", "cls"), EVERY, ids=lambda part: getattr(part, "name", part))
@pytest.mark.filterwarnings(LIBRARIES_DRAW)
def test_text_and_data_come_back_as_the_method(kind: str, cls: Any) -> None:
    @settings(max_examples=20 if kind == "scenarios" else 25)
    @given(methods(cls))
    def comes_back(method: Any) -> None:
        check_round_trip(kind, method)

    comes_back()


def check_round_trip(kind: str, method: Any) -> None:
    plain = spec.describe(method)
    for back in (spec.text(method), plain, json.loads(json.dumps(plain)), method):
        again = catalog.build(kind, back)
        assert again == method
        assert type(again) is type(method)
        assert spec.content_id(spec.describe(again)) == spec.content_id(plain)
    told = [
        key
        for key, field in spec.parameters(type(method)).items()
        if not (field.metadata.get("later") and getattr(method, key) == default_of(field))
    ]
    assert list(plain) == ["name", *told]


@pytest.mark.parametrize(("kind", "cls"), CLOSED, ids=lambda part: getattr(part, "name", part))
def test_an_unknown_parameter_is_answered_with_all_that_there_are(kind: str, cls: Any) -> None:
    with pytest.raises(InputError, match=r"Expected a known parameter of .*, got 'zzz'") as caught:
        catalog.build(kind, f"{cls.name}:zzz=1")
    _, _, known = str(caught.value).partition("Known: ")
    assert set(spec.parameters(cls)) <= set(known.partition(". See")[0].split(", "))


def test_a_parameter_that_no_method_of_a_chain_has_is_answered_with_all_of_theirs() -> None:
    text = "loss-trimming:learner=robust-aggregation,zzz=1"
    with pytest.raises(InputError, match="with learner=robust-aggregation, learner=sgd,") as caught:
        catalog.build("learners", text)
    for known in ("fraction,", "rounds,", "rule (robust-aggregation)", "epochs (sgd)"):
        assert known in str(caught.value)


def test_what_an_inner_method_takes_is_not_handed_on_to_a_like_one_inside_it() -> None:
    # early-stopping has a learner of its own: given to both, the way inwards would have no end.
    found = catalog.build("strategies", "sequence:first=contrary,learner=early-stopping,patience=2")
    assert found.first.learner.name == "early-stopping"
    assert (found.first.learner.patience, found.first.learner.learner) == (2, SGD())


@pytest.mark.parametrize("kind", CATALOG)
def test_names_are_unique_and_unknown_ones_are_answered_with_all(kind: str) -> None:
    names = [*BUILT_IN[kind]]
    assert [CATALOG[kind][name].name for name in names] == names  # type: ignore[attr-defined]
    assert not any("_" in name for name in names)
    with pytest.raises(InputError) as caught:
        catalog.build(kind, "zzz")
    assert f"got 'zzz'. Known: {', '.join(sorted(names))}. See: quorate list {kind}" in str(
        caught.value
    )


@pytest.mark.parametrize(("kind", "cls"), EVERY, ids=lambda part: getattr(part, "name", part))
def test_a_line_says_where_its_class_stands_and_the_class_plays_the_role(
    kind: str, cls: Any
) -> None:
    assert BUILT_IN[kind][cls.name] == f"{cls.__module__}:{cls.__qualname__}"
    assert catalog.kind_of(cls) == kind
    if kind != "settings":  # which have none
        module, _, role = catalog.ROLES[kind].partition(":")
        assert getattr(importlib.import_module(module), role) in cls.__mro__


@pytest.mark.parametrize(("kind", "cls"), CLOSED, ids=lambda part: getattr(part, "name", part))
def test_an_underscore_in_a_name_is_read_as_a_hyphen(kind: str, cls: Any) -> None:
    needed = [k for k, field in spec.parameters(cls).items() if spec.is_required(field)]
    parameters = dict.fromkeys(needed, "a")
    spelt = cls.name.replace("-", "_")
    method = catalog.build(kind, {"name": spelt, **parameters})
    assert method == catalog.build(kind, {"name": cls.name, **parameters})
    assert spec.describe(method)["name"] == cls.name


@pytest.mark.parametrize(("kind", "cls"), EVERY, ids=lambda part: getattr(part, "name", part))
def test_every_parameter_says_what_it_means(kind: str, cls: Any) -> None:
    for key, field in spec.parameters(cls).items():
        text = field.metadata.get("help", "")
        assert re.fullmatch(r"[A-Z0-9].*[.?]", text, re.DOTALL), f"{kind} {cls.name}: {key}: {text}"


@pytest.mark.parametrize(
    ("kind", "text", "method"),
    [
        ("learners", "sgd:model=cnn,epochs=5", SGD(model="cnn", epochs=5)),
        (
            "learners",
            "dp-sgd:epsilon=1,max_grad_norm=0.1",
            DPSGD(epsilon=1.0, max_grad_norm=0.1),
        ),
        (
            "learners",
            "sklearn:estimator=RandomForestClassifier,n_estimators=50",
            ScikitLearn("RandomForestClassifier", {"n_estimators": 50}),
        ),
        ("strategies", "planting:target=8,size=2", Planting("8", Patch(size=2))),
        (
            "strategies",
            "planting:signal=columns,job=nurse,age=60",
            Planting(None, Columns({"job": "nurse", "age": 60})),
        ),
        ("subgroups", "attribute:value=Black", Attribute("Black")),
        ("populations", "table:path=a.csv,label=y,group=sex", OwnTable("a.csv", "y", "sex")),
    ],
)
def test_what_the_readme_writes(kind: str, text: str, method: Any) -> None:
    assert catalog.build(kind, text) == method
    assert catalog.build(kind, spec.text(method)) == method


def test_labels_show_what_tells_private_platforms_apart() -> None:
    assert spec.text(DPSGD()) == "dp-sgd:epsilon=1,max_grad_norm=1"
    assert spec.text(DPSGD(epsilon=float("inf"))) == "dp-sgd:epsilon=inf,max_grad_norm=1"
    assert spec.text(SGD()) == "sgd"
    assert spec.text(Planting("8", Patch(size=2))) == "planting:target=8,size=2"


def test_every_meaning_is_a_whole_sentence() -> None:
    """Pages and lists say it: what stands on two lines is not cut."""
    for kind, methods in CATALOG.items():
        for name, method in methods.items():
            assert spec.summary(method)[-1] in ".?", (kind, name)

    class Wrapped:
        """People of a neighbourhood report false congestion, so that
        it leads elsewhere.

        More is said below.
        """

    assert spec.summary(Wrapped).endswith("so that it leads elsewhere.")
