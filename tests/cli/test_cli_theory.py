"""quorate bound: one command for each bound, from the registry."""

from __future__ import annotations

import json
import math
import re
import shlex
import sys
from typing import Any, get_args

import pytest

from quorate.cli import entry as cli
from quorate.errors import InputError
from quorate.theory.bounds import BOUNDS, Bound, bound_called
from quorate.theory.several import Mistake, errors_of
from quorate.theory.suboptimality import Reading, suboptimality_constant

EXAMPLES = {
    # name: the bound and the critical mass of its example in the help, worked by hand
    "planting": (1 - 99 * 0.0008, 0.0008 / 0.1008),
    "feature-only": (1 - 0.00075 / 0.025, 0.00075 / 0.025),
    "unplanting": (1 - 9 * 0.005, 0.005 / 0.105),
    "several": (1 - (0.87 * 0.0008 + 0.01) / 0.08, (0.97 * 0.0008 + 0.01 + 0.002) / 0.1008),
    "erasing": (1 - 2 * 4 * 0.01, 0.02 / 0.12),
    "hold": (0.95 * 0.1 - 0.05 * 0.9, 0.1),
    "jtt": (5 / 23, 2 / 7),  # members weigh 5, others 2
    "cvar": (0.25, 0.1),
}


def run(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Any, str, str]:
    monkeypatch.setattr(sys, "argv", ["quorate", *shlex.split(words)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    printed = capsys.readouterr()
    return stop.value.code or 0, printed.out, printed.err


def test_every_bound_has_an_example_worked_by_hand() -> None:
    assert {bound.name for bound in BOUNDS} == set(EXAMPLES)
    assert len({bound.name for bound in BOUNDS}) == len(BOUNDS)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_the_example_in_the_help(bound: Bound, monkeypatch, capsys) -> None:
    code, out, err = run(f"bound {bound.name} {bound.example} --json", monkeypatch, capsys)
    assert (code, err) == (0, "")
    found = json.loads(out)
    at, enough = EXAMPLES[bound.name]
    # Rounding of a few operations on numbers of size 1.
    assert found["bound"] == pytest.approx(at, abs=1e-14)
    assert found["critical_mass"] == pytest.approx(enough, abs=1e-14)
    assert found["status"] == "derived"
    assert found["reading"] == ("tv" if "reading" in {p.name for p in bound.parameters} else None)
    code, out, _ = run(f"bound {bound.name} -h", monkeypatch, capsys)
    assert code == 0
    assert f"quorate bound {bound.name} {bound.example}" in out


def test_the_help_says_what_its_symbols_are(monkeypatch, capsys) -> None:
    _, out, _ = run("bound several -h", monkeypatch, capsys)
    for mistake in get_args(Mistake):
        said = re.search(rf"^ *{mistake}: n = (.*), m = (.*), l = (.*)$", out, re.MULTILINE)
        assert said is not None
        for written, value in zip(said.groups(), errors_of(0.3, mistake), strict=True):
            formula = written.replace("2ρ", "2*ρ").replace("−", "-").replace("ρ", "0.3")
            assert eval(formula) == pytest.approx(value)
    said = re.search(
        r"\(tv, c = (.*?)\) or huber contamination \(c = (.*?)\)\.", " ".join(out.split())
    )
    assert said is not None
    for written, reading in zip(said.groups(), get_args(Reading), strict=True):
        formula = written.replace("2ε", "2*ε").replace("−", "-").replace("ε", "0.3")
        assert eval(formula) == pytest.approx(suboptimality_constant(0.3, reading))


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_each_is_the_inverse_of_the_other(bound: Bound) -> None:
    words = shlex.split(bound.example)
    named = zip(words[::2], words[1::2], strict=True)
    given = {name.lstrip("-").replace("-", "_"): float(value) for name, value in named}
    alpha = given.pop("alpha")
    values = {p.name: given.get(p.name, p.default) for p in bound.parameters}
    at = bound.answer(alpha, None, values)["bound"]
    assert bound.answer(None, at, values)["critical_mass"] == pytest.approx(alpha, abs=1e-12)


def test_the_promised_answer_of_the_issue(monkeypatch, capsys) -> None:
    words = "bound planting --alpha 0.01 --xi 0.001 --delta 0.8 --eps 0.02 --reading tv --json"
    code, out, _ = run(words, monkeypatch, capsys)
    found = json.loads(out)
    assert code == 0
    assert found["bound"] == pytest.approx(1 - 99 * 0.0008 - 4, abs=1e-12)  # not clipped
    assert found["critical_mass"] == pytest.approx(0.0408 / 0.1008, abs=1e-15)
    assert (found["reading"], found["status"], found["target"]) == ("tv", "derived", 0.9)


def test_in_words(monkeypatch, capsys) -> None:
    _, out, _ = run("bound planting --alpha .01 --xi .001 --delta .8", monkeypatch, capsys)
    assert out.splitlines() == [
        "success at α = 0.01: ≥ 0.9208",
        "enough for success 0.9: α = 0.007937",
        "status: derived, reading tv",
    ]
    vacuous = "bound planting --alpha 0 --xi 1 --delta 1 --eps .2 --target 1"
    _, out, _ = run(vacuous, monkeypatch, capsys)
    assert out.splitlines()[:2] == [
        "success at α = 0: nothing is promised",
        "enough for success 1: no size is enough; in reach is success 0.6, with everyone (α = 1)",
    ]
    none = "bound feature-only --xi .1 --p .2 --eps .3"  # c/p = .6/.2
    _, out, _ = run(none, monkeypatch, capsys)
    said = "no size is enough, and nothing is promised to any"
    assert out.splitlines()[0] == f"enough for success 0.9: {said}"
    _, out, _ = run("bound jtt --member-error 1 --honest-error 0", monkeypatch, capsys)
    assert out.splitlines()[0] == "enough for effective size 0.5: α = 0.1667"


EXACT = (
    "bound exact --population finite:values=6,labels=3,concentration=2 "
    "--strategy planting:signal=columns,x=3,target=1"
)


def test_on_a_known_law_the_exact_size_stands_before_the_closed_form(monkeypatch, capsys) -> None:
    code, out, err = run(f"{EXACT} --alpha .1 --unknown 0:.01", monkeypatch, capsys)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "success at α = 0.1: ≥ 1 (closed form: ≥ 0.6532)",
        "enough for success 0.9: α = 0.03644 (closed form: α = 0.2932)",
        "status: derived, reading tv",
    ]
    _, out, _ = run(f"{EXACT} --alpha .1 --unknown 0:.01 --json", monkeypatch, capsys)
    found = json.loads(out)
    assert found["critical_mass"] == pytest.approx(0.03644, abs=1e-5)
    assert found["closed_form"]["critical_mass"] == pytest.approx(0.2932, abs=1e-4)
    assert (found["in_reach"], found["status"]) == (None, "derived")
    beside = "--rival planting:signal=columns,x=3,target=0 --rival-size .05 --known"
    enough = []
    for known in ("plan", "label", "size"):
        _, out, _ = run(f"{EXACT} {beside} {known} --json", monkeypatch, capsys)
        enough.append(json.loads(out)["critical_mass"])
    assert enough == sorted(enough)
    _, out, _ = run(f"{EXACT} --unknown .6", monkeypatch, capsys)
    said = "no size is enough for good: all whom the others leave are promised nothing"
    assert out.splitlines()[0] == f"enough for success 0.9: {said} (closed form: none)"


def test_members_who_do_harm_are_not_said_to_be_promised_nothing(monkeypatch, capsys) -> None:
    """Nine of ten err: the label leads without members, and more of them lose it."""
    harm = "bound exact --population finite:values=2,labels=3,concentration=0.5,law_seed=21"
    harm += " --strategy planting:signal=columns,x=1,target=1 --error .9 --mistake label --eps .2"
    _, out, _ = run(f"{harm} --alpha .05", monkeypatch, capsys)
    assert out.splitlines()[0].startswith("success at α = 0.05: ≥ 1 ")
    said = "no size is enough for good: all whom the others leave are promised nothing"
    assert out.splitlines()[1].startswith(f"enough for success 0.9: {said} ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"{EXACT} --rival planting", "Error: Expected a rival together with its size"),
        (f"{EXACT} --known all", "Expected a known knowledge of a rival, got 'all'"),
        ("bound exact --population digits --strategy planting", "whose law is known"),
        ("bound planting --xi 2 --delta 1", "Error: Expected xi=2 in [0, 1]"),
        ("bound planting --delta 1", "Missing option '--xi'"),
        ("bound planting --xi .1 --delta 1 --reading l2", "Expected a known reading, got 'l2'"),
        ("bound erasing --tau .1 --eps .1", "Error: Expected eps=0 for erasing, got eps=0.1"),
        ("bound sowing", "No such command 'sowing'"),
        ("bound several --xi .1 --delta 1 --unknown few", "Expected unknown to be a share"),
        ("bound several --xi .1 --delta 1 --unknown .3:.1", "Expected unknown=0.1 in [0.3, 1]"),
        ("bound several --xi .1 --delta 1 --mistake nap", "Expected a known mistake, got 'nap'"),
        (
            "bound several --xi .1 --delta 1 --unknown .6 --opposed .5",
            "Expected the sum of the sizes=1.1 in [0, 1]",
        ),
    ],
)
def test_a_mistake_is_one_message(words: str, said: str, monkeypatch, capsys) -> None:
    code, out, err = run(words, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.name)
def test_a_target_out_of_reach_names_one_in_reach(bound: Bound) -> None:
    """What is in reach has a size that is enough, and anything better has none."""
    words = shlex.split(bound.example)
    given = {
        k.lstrip("-").replace("-", "_"): float(v)
        for k, v in zip(words[::2], words[1::2], strict=True)
    }
    del given["alpha"]
    values = {p.name: given.get(p.name, p.default) for p in bound.parameters}
    assert bound.answer(None, None, values)["in_reach"] is None  # a size is enough
    if bound.name not in ("planting", "unplanting", "feature-only"):
        return  # everything that can be asked for is in reach, or others leave less room
    values["eps"] = 0.02
    found = bound.answer(None, 0.999, values)
    most = found["in_reach"]
    # c = .04: with everyone 1 − .04; of feature-only 1 − (.75·.001 + .04)/.25.
    by_hand = 1 - 0.04075 / 0.25 if bound.name == "feature-only" else 0.96
    assert most == pytest.approx(by_hand, abs=1e-15)
    assert bound.answer(None, most - 1e-9, values)["critical_mass"] == pytest.approx(1, abs=1e-6)
    assert bound.answer(None, most + 1e-9, values)["critical_mass"] is None


def test_sizes_of_others_may_be_intervals(monkeypatch, capsys) -> None:
    """The worse end counts: of those elsewhere the lower one, of the others the upper one."""
    words = "bound several --alpha .2 --xi .1 --delta .5 {} --json"
    by_hand = {
        "--opposed 0.05:0.1": 1 - 0.7 * 0.05 / 0.1,
        "--unknown 0:0.1": 1 - (0.7 * 0.05 + 0.1) / 0.2,
        "--elsewhere 0.1:0.3": 1 - 0.7 * 0.05 / 0.2,
        "--error 0.25 --mistake label": 1 - 0.8 * 0.05 / 0.1,
    }
    for others, expected in by_hand.items():
        code, out, _ = run(words.format(others), monkeypatch, capsys)
        assert code == 0
        assert json.loads(out)["bound"] == pytest.approx(expected, abs=1e-14)
    # .2 unknown, D = 0: 1 − .2/α, which is .75 for the .8 who are left.
    none = "bound several --xi 0 --delta 0 --unknown .1:.2"
    _, out, _ = run(none, monkeypatch, capsys)
    said = "no size is enough; in reach is success 0.75, with all whom the others leave (α = 0.8)"
    assert out.splitlines()[0] == f"enough for success 0.9: {said}"
    _, out, _ = run(f"{none} --target .6", monkeypatch, capsys)
    assert out.splitlines()[0] == "enough for success 0.6: α = 0.5"


def test_no_number_is_null_and_names_are_suggested() -> None:
    values = {"xi": 0.5, "p": 0.0, "eps": 0.0, "reading": "tv"}
    found = bound_called("feature-only").answer(0.5, 0.9, values)
    assert (found["bound"], found["critical_mass"]) == (None, None)
    assert math.isclose(bound_called("cvar").answer(0.1, None, {"level": 0.2})["bound"], 0.5)
    with pytest.raises(InputError, match="Did you mean planting"):
        bound_called("plantin")
