"""Text to plain data, plain data to methods, and back. The methods here are made up."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate import catalog, spec
from quorate.errors import InputError
from quorate.spec import describing, param


@dataclass(frozen=True)
class Square:
    """A square."""

    name: ClassVar[str] = "square"
    size: int = param(3, "side, in pixels")
    colour: Literal["black", "white"] = param("black", "of its pixels")


@dataclass(frozen=True)
class Values:
    """Named values."""

    name: ClassVar[str] = "values"
    set: Mapping[str, Any] = field(default_factory=dict, metadata={"takes_rest": True})


@dataclass(frozen=True)
class Act:
    """An act with a mark.

    It has a second paragraph.
    """

    name: ClassVar[str] = "act"
    mark: Square | Values = param(Square(), "the mark", kind="marks")
    target: str | None = param(None, "label")
    rate: float = param(0.5, "in [0, 1]", shown=True)
    loud: bool = param(False, "or not")


@dataclass(frozen=True)
class Twice:
    """An act, done twice."""

    name: ClassVar[str] = "twice"
    act: Act = param(Act(), "what is done", kind="acts")
    rate: float = param(0.1, "in [0, 1]")


@dataclass(frozen=True)
class Load:
    """A file."""

    name: ClassVar[str] = "load"
    path: str = param(help="the file")
    n: int | None = param(None, "people")


CATALOG: spec.Catalog = {
    "acts": {"act": Act, "twice": Twice, "load": Load},
    "marks": {"square": Square, "values": Values},
    "strategies": {"act": Act},
}


def build(value: Any, kind: str = "acts") -> Any:
    return spec.build(kind, value, CATALOG)


# ------------------------------------------------------------------------------------ text to data


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("sgd", {"name": "sgd"}),
        (" sgd ", {"name": "sgd"}),
        ("sgd:", {"name": "sgd"}),
        ("sgd:a=1,b=x", {"name": "sgd", "a": "1", "b": "x"}),
        ("sgd: a = 1 , b = x ", {"name": "sgd", "a": "1", "b": "x"}),
        ("sgd:a=", {"name": "sgd", "a": ""}),
        ("sgd:a=1,", {"name": "sgd", "a": "1"}),
        ("t:path=C:\\a=b.csv", {"name": "t", "path": "C:\\a=b.csv"}),
        ("t:path='a,b (1).csv'", {"name": "t", "path": "a,b (1).csv"}),
        ('t:path="it\'s.csv"', {"name": "t", "path": "it's.csv"}),
        ("t:'a, b'=1", {"name": "t", "a, b": "1"}),
        ("t:a=none,b=None", {"name": "t", "a": None, "b": None}),
        ("t:a='none'", {"name": "t", "a": "none"}),
        ("p:s=(q)", {"name": "p", "s": {"name": "q"}}),
        ("p:s=(q:a=1,b=2),c=3", {"name": "p", "s": {"name": "q", "a": "1", "b": "2"}, "c": "3"}),
        ("p:s=(a=1,b=2)", {"name": "p", "s": {"a": "1", "b": "2"}}),
        (
            "p:s=(q:r=(t:a=1)),b=2",
            {"name": "p", "s": {"name": "q", "r": {"name": "t", "a": "1"}}, "b": "2"},
        ),
    ],
)
def test_text_is_parsed(text: str, plain: dict[str, Any]) -> None:
    assert spec.parse(text) == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"Expected name:key=value,\.\.\., got ''"),
        (":a=1", "Begin with a method's name"),
        ("sgd:a", r"Expected key=value in 'sgd:a', got 'a'\. Separate parameters by commas"),
        ("sgd:=1", "Expected key=value in 'sgd:=1', got '=1'"),
        ("sgd:a=1;b=2,c", "got 'c'"),
        ("sgd:a=1,a=2", "Expected 'a' once in 'sgd:a=1,a=2', got it twice"),
        ("sgd:name=x", r"Expected the name before the colon only, got name=x in 'sgd:name=x'"),
        ("sgd:a=(b", "Expected closed parentheses and quotes"),
        ("sgd:a=b)", "Expected closed parentheses and quotes"),
        ("sgd:a=b)(", "Expected closed parentheses and quotes"),
        ("sgd:a='b", "Expected closed parentheses and quotes"),
    ],
)
def test_text_that_is_not_a_method_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spec.parse(text)


# ---------------------------------------------------------------------------------- data to method


def test_a_method_is_built_from_text_and_from_data() -> None:
    made = Act(Square(size=5), target="8", rate=0.25, loud=True)
    assert build("act:mark=(square:size=5),target=8,rate=0.25,loud=TRUE") == made
    mark = {"name": "square", "size": 5}
    plain = {"name": "act", "mark": mark, "target": 8, "rate": 0.25, "loud": True}
    assert build(plain) == made
    assert build(made) is made


def test_unknown_parameters_go_to_the_method_inside() -> None:
    assert build("act:size=5,target=8") == Act(Square(size=5), target="8")
    assert build("act:mark=square,size=5") == Act(Square(size=5))
    assert build("act:mark=(square:colour=white),size=5") == Act(Square(5, "white"))
    assert build({"name": "act", "mark": Square(colour="white"), "size": 5}) == Act(
        Square(5, "white")
    )


def test_unknown_parameters_go_to_a_mapping() -> None:
    assert build("values:a=1,b=x", "marks") == Values({"a": 1, "b": "x"})
    assert build("values:set=(a=1),b=x", "marks") == Values({"a": 1, "b": "x"})
    assert build("act:mark=values,a=1,target=2") == Act(Values({"a": 1}), target="2")
    assert build("act:mark=(values:target=2)") == Act(Values({"target": 2}))
    assert build("values:set=(name=1)", "marks") == Values({"name": 1})


def test_text_in_a_mapping_becomes_the_number_that_it_spells_exactly() -> None:
    built = build("values:a=1,b=1.0,c=01,d=1e3,e=x,f=-2,g=true", "marks").set
    assert built == {"a": 1, "b": 1.0, "c": "01", "d": "1e3", "e": "x", "f": -2, "g": "true"}
    assert [type(v) for v in built.values()] == [int, float, str, str, str, int, str]


@pytest.mark.parametrize("text", ["act:target=none", "act:target=None"])
def test_none_is_no_value_where_there_may_be_none(text: str) -> None:
    assert build(text).target is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "atc",
            r"Expected a known act, got 'atc'\. Did you mean act\? Known: act, load, twice\. See: ",
        ),
        ({"rate": 1}, "Expected act to be named among its parameters, got none"),
        ({"name": 5}, "Expected a known act, got '5'"),
        ({"name": ["act"]}, "Expected a known act"),
        (5, r"Expected a method's name or its parameters, got 5\. Write name:key=value"),
        (None, "Expected a method's name or its parameters, got None"),
        ({"name": "act", "mark": 5}, "Expected a method's name or its parameters, got 5"),
        (
            {"name": "act", "mark": 5, "size": 1},
            "Expected a method's name or its parameters, got 5",
        ),
        ("act:mark=circle", r"Expected a known mark, got 'circle'\. Known: square, values"),
        ("act:mark=circle,size=1", r"Expected a known mark, got 'circle'"),
        ("load", r"Expected load to be given path, got nothing\. Write load:path=VALUE\."),
        ("load:n=3", r"Expected load to be given path, got \['n'\]"),
    ],
)
def test_what_is_not_a_method_is_answered(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(value)


@dataclass(frozen=True)
class Under:
    """A method whose name has an underscore."""

    name: ClassVar[str] = "un_der"


def test_underscores_and_hyphens_in_names_are_one() -> None:
    known = {"things": {"un-der": Under}}
    assert spec.build("things", "un-der", known) == spec.build("things", "un_der", known) == Under()
    with pytest.raises(InputError, match=r"got 'under'\. Did you mean un-der\? Known: un-der\."):
        spec.build("things", "under", known)


def test_the_kind_is_named_in_the_singular() -> None:
    with pytest.raises(InputError, match="Expected a known strategy, got 'x'"):
        build("x", "strategies")


def test_an_unknown_parameter_is_answered_with_the_valid_ones() -> None:
    message = (
        r"Expected a known parameter of load, got 'paht'\. Did you mean path\? Known: n, path\. See"
    )
    with pytest.raises(InputError, match=message):
        build("load:paht=x")


@pytest.mark.parametrize(("given", "near"), [("taget", "target"), ("sise", "size")])
def test_a_near_parameter_is_suggested_outside_and_inside(given: str, near: str) -> None:
    message = (
        rf"Expected a known parameter of act with mark=square, got '{given}'\. Did you mean "
        rf"{near}\? Known: colour \(square\), loud, mark, rate, size \(square\), target\."
    )
    with pytest.raises(InputError, match=message):
        build(f"act:{given}=8")


def test_an_unknown_parameter_is_answered_with_those_of_the_whole_chain() -> None:
    """Of the method, and of those that it is handed on to; each once, with whose it is."""
    message = (
        "Expected a known parameter of twice with act=act, mark=square, got 'zzz'. Known: act, "
        "colour (square), loud (act), mark (act), rate, size (square), target (act). See"
    )
    for text in ("twice:zzz=1", "twice:act=(act:loud=true),zzz=1", "twice:act=act,size=2,zzz=1"):
        with pytest.raises(InputError) as caught:
            build(text)
        assert str(caught.value).startswith(message)
    with pytest.raises(InputError, match=r"of act with mark=square, got 'zzz'\. Known: colour"):
        build("twice:act=(act:zzz=1)")
    assert build("twice:mark=values,zzz=1") == Twice(Act(Values({"zzz": 1})))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("act:size=two", "Expected size to be a whole number, got 'two'"),
        ("act:size=2.5", "Expected size to be a whole number, got '2.5'"),
        ("act:size=inf", "Expected size to be a whole number, got 'inf'"),
        ("act:size=none", "Expected size to be a whole number, got None"),
        ("act:size=(a=1)", "Expected size to be a whole number, got {'a': '1'}"),
        ("act:rate=half", "Expected rate to be a number, got 'half'"),
        ("act:rate=none", "Expected rate to be a number, got None"),
        ("act:loud=yes", "Expected loud to be true or false, got 'yes'"),
        ("act:target=(a=1)", "Expected target to be text, got {'a': '1'}"),
        ("act:colour=wite", "Expected a known value of colour, got 'wite'. Did you mean white? "),
        ("act:mark=(values:set=3)", "Expected set to be (NAME=VALUE,...), got '3'"),
    ],
)
def test_a_value_of_the_wrong_type_is_answered(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        build(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("value", "annotation", "converted"),
    [
        ("7", int, 7),
        ("7.0", int, 7),
        ("1e3", int, 1000),
        ("9007199254740993", int, 2**53 + 1),  # no float is this number
        (7, float, 7.0),
        ("inf", float, math.inf),
        ("true", bool, True),
        (False, bool, False),
        (8, str, "8"),
        (None, str | None, None),
        ("7", int | None, 7),
        ("tv", Literal["tv", "huber"], "tv"),
    ],
)
def test_values_are_converted(value: Any, annotation: Any, converted: Any) -> None:
    got = spec.convert(value, annotation, "key")
    assert got == converted
    assert type(got) is type(converted)


@pytest.mark.parametrize("annotation", [int, float, str])
def test_a_truth_value_is_not_a_number_or_text(annotation: type) -> None:
    with pytest.raises(InputError, match=r"Expected key to be .*, got True"):
        spec.convert(True, annotation, "key")


# ---------------------------------------------------------------------------------- method to data


def test_a_description_writes_every_parameter_out() -> None:
    assert spec.describe(Act(Values({"a": 1}))) == {
        "name": "act",
        "mark": {"name": "values", "set": {"a": 1}},
        "target": None,
        "rate": 0.5,
        "loud": False,
    }


def test_what_a_later_version_added_leaves_ids_as_they_were() -> None:
    @dataclass(frozen=True)
    class Grown:
        name: ClassVar[str] = "grown"
        size: int = param(2, "How large.")
        rounds: int = param(0, "How often.", later=True)

    assert spec.describe(Grown()) == {"name": "grown", "size": 2}
    assert spec.describe(Grown(rounds=1)) == {"name": "grown", "size": 2, "rounds": 1}
    assert spec.text(Grown(rounds=1)) == "grown:rounds=1"


def test_only_plain_data_can_be_described() -> None:
    with pytest.raises(InputError, match=r"Expected a parameter that is plain data, got .*object"):
        spec.describe(Load(object()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (Act(), "act:rate=0.5"),
        (Act(rate=1.0), "act:rate=1"),
        (Act(target="8", loud=True), "act:rate=0.5,target=8,loud=true"),
        (Act(Square(size=2)), "act:rate=0.5,size=2"),
        (Act(Values()), "act:rate=0.5,mark=values"),
        (Act(Values({"a": 1, "b": "x"})), "act:rate=0.5,mark=values,a=1,b=x"),
        (Act(Values({"target": 2})), "act:rate=0.5,mark=(values:target=2)"),
        (Values({"a": 1.0, "b": 0.25, "c": 2}), "values:a=1.0,b=0.25,c=2"),
        (Values({"set": 1}), "values:set=(set=1)"),
        (Values({"name": "Ann"}), "values:set=(name=Ann)"),
        (Load("a.csv"), "load:path=a.csv"),
        (Load("a,b.csv", 3), 'load:path="a,b.csv",n=3'),
        (Load("it's.csv"), 'load:path="it\'s.csv"'),
        (Load('a "b".csv'), "load:path='a \"b\".csv'"),
        (Load(" a"), 'load:path=" a"'),
        (Load("\t"), 'load:path="\t"'),
        (Load("None"), 'load:path="None"'),
        (Values({"a, b": None, "none": "none"}), 'values:"a, b"=none,"none"="none"'),
    ],
)
def test_text_is_short_and_comes_back(method: Any, text: str) -> None:
    kind = "marks" if isinstance(method, Values) else "acts"
    assert spec.text(method) == text
    assert build(text, kind) == method


# Quotes of both kinds in one value cannot be written.
words = st.just("none") | st.text("aZ9,()='\" :;\t\\é", max_size=8).filter(
    lambda s: not ("'" in s and '"' in s)
)
keys = st.text("abcdef", min_size=1, max_size=4) | st.sampled_from(
    ["name", "set", "target", "none", "a, b", "(c)", "it's"]
)
literals = st.none() | st.integers() | st.floats(allow_nan=False) | st.text("abc,() ", max_size=4)
marks = st.one_of(
    st.builds(Square, st.integers(), st.sampled_from(["black", "white"])),
    st.builds(Values, st.dictionaries(keys, literals, max_size=3)),
)
rates = st.floats(allow_nan=False).map(lambda rate: rate + 0.0)  # -0.0 is written 0
acts = st.one_of(
    st.builds(Act, marks, st.none() | words, rates, st.booleans()),
    st.builds(Load, words, st.none() | st.integers()),
)


@settings(max_examples=200)
@given(acts)
def test_every_method_survives_text_data_and_json(method: Any) -> None:
    plain = spec.describe(method)
    for back in (spec.text(method), plain, json.loads(json.dumps(plain))):
        again = build(back)
        assert again == method
        assert spec.content_id(spec.describe(again)) == spec.content_id(plain)


# ------------------------------------------------------------------------------------- content ids


def test_a_content_id_is_the_hash_of_canonical_json() -> None:
    canonical = '{"a":"é","b":[1,0.5,null,true]}'
    expected = hashlib.sha256(canonical.encode("utf-8")).hexdigest()[:32]
    assert spec.content_id({"b": [1, 0.5, None, True], "a": "é"}) == expected
    # python -c 'import hashlib; print(hashlib.sha256(b"{}").hexdigest()[:32])'
    assert spec.content_id({}) == "44136fa355b3678a1146ad16f7e8649e"


def test_different_data_have_different_ids() -> None:
    different = [{"a": 1}, {"a": 1.0}, {"a": "1"}, {"a": None}, {"a": True}, {"b": 1}, {}]
    assert len({spec.content_id(plain) for plain in different}) == len(different)


# ----------------------------------------------------------------------------------- introspection


def test_parameters_know_their_types_and_defaults() -> None:
    assert list(spec.parameters(Act)) == ["mark", "target", "rate", "loud"]
    assert spec.hints(Load)["n"] == int | None
    assert spec.default_of(spec.parameters(Values)["set"]) == {}
    assert spec.default_of(spec.parameters(Act)["rate"]) == 0.5
    assert spec.is_required(spec.parameters(Load)["path"])
    assert not spec.is_required(spec.parameters(Load)["n"])
    assert not spec.is_required(spec.parameters(Values)["set"])
    assert spec.summary(Act) == "An act with a mark."


def test_a_label_called_none_is_a_label() -> None:
    """Quoted, from Python and from plain data "none" is text; bare in text it is no value."""
    plan = catalog.build("strategies", "planting:target='none',size=2")
    assert plan.target == "none"
    assert spec.text(plan) == 'planting:target="none",size=2'
    for back in (spec.text(plan), spec.describe(plan)):
        assert catalog.build("strategies", back) == plan
    assert catalog.build("strategies", "planting:target=none").target is None


def test_a_column_with_a_comma_in_its_name() -> None:
    signal = catalog.build("signals", "columns:'a,b'=3")
    assert dict(signal.set) == {"a,b": 3}
    assert catalog.build("signals", spec.text(signal)) == signal


@dataclass(frozen=True)
class Dial:
    """A number, and more in a mapping."""

    name: ClassVar[str] = "dial"
    turn: float = param(0.5, "turns")
    more: Mapping[str, Any] | None = None


def test_texts_are_remembered_by_object_and_only_where_nothing_can_change() -> None:
    for turn in (1, True, 1.5):  # equal ones, written differently, and others
        assert spec.text(Dial(turn)) == spec.text(Dial(turn)) == f"dial:turn={str(turn).lower()}"
    open_ended = Dial(more={"a": 1})
    assert spec.text(open_ended) == "dial:more=(a=1)"
    open_ended.more["a"] = 2  # type: ignore[index]
    assert spec.text(open_ended) == "dial:more=(a=2)"


def test_remembered_texts_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describing, "MOST_TEXTS", 3)
    monkeypatch.setattr(describing, "_texts", {})
    dials = [Dial(turn) for turn in range(10)]
    assert [spec.text(dial) for dial in dials] == [f"dial:turn={turn}" for turn in range(10)]
    assert len(describing._texts) <= 3
