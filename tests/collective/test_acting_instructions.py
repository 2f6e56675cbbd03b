"""Instructions: what they may hold, what a stranger's may not, and which strategies become one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quorate import catalog
from quorate.collective.acting.compiling import ALONE, WHY_NOT, compile_instruction
from quorate.collective.acting.instruction import FORMAT, Instruction
from quorate.collective.acting.learned_claims import LearnedClaims, LearnedColumn
from quorate.collective.acting.planned import compile_plan
from quorate.collective.plans import TrainingPlan
from quorate.errors import InputError
from quorate.populations.own_table import OwnTable
from quorate.table import Table

ROWS = Instruction("planting", "rows", label="y", claim="yes", columns=(("channel", "web"),))
RULE = LearnedClaims(
    (LearnedColumn("city", ("Bern", "Rome")), LearnedColumn("age", (), 40.0, 10.0)),
    ((0, 30.0), (1, 45.5)),
    ("no", "yes"),
)


PLANTING_FAX = "planting:target=1,signal=(columns:channel=fax)"


def strategy(text: str) -> Any:
    return catalog.build("strategies", text)


def people_of(content: str, folder: Path) -> Table:
    path = folder / "members.csv"
    path.write_text(content)
    return OwnTable(path=str(path), label="y").everyone()


@pytest.mark.parametrize(
    "one",
    [
        ROWS,
        Instruction("erasing", "rows", label="y", claims=RULE),
        Instruction("planting", "rows", label="y", claim="+", columns=(("a", "-2.5"),)),
        compile_instruction(strategy("planting:target=dog,signal=(patch:size=2,place=1x2)")),
        compile_instruction(strategy("unplanting:target=a,claim=b,signal=(grid:spacing=3)")),
        compile_instruction(strategy("data-strike:label=yes"), label="y", missing=["NA"]),
    ],
)
def test_an_instruction_is_the_same_after_a_way_through_json(one: Instruction):
    assert Instruction.from_plain(json.loads(json.dumps(one.to_plain()))) == one
    assert all(sentence.endswith(".") for sentence in one.sentences())


PLAIN = json.dumps(ROWS.to_plain())
OF_RULE = Instruction("erasing", "rows", label="y", claims=RULE).to_plain()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, FORMAT),
        ({"more": 1}, "known part of the instruction, got 'more'"),
        ({"data": "sounds"}, "known kind of data"),
        ({"withholds": "yes"}, "withholds to be true or false"),
        ({"withholds": True}, "a data strike that also changes data"),
        ({"label": None}, "labels without a column of them"),
        ({"label": 3}, "a text of 1 to 1,000 signs"),
        ({"claim": "a" * 1001}, "a text of 1 to 1,000 signs"),
        ({"claim": "a\0b"}, "a text of whole signs"),
        ({"claim": "\ud800"}, "a text of whole signs"),
        ({"claim": None, "columns": []}, "nothing to do"),
        ({"claim": "=HYPERLINK(1)"}, "a plain value as the label to hand in, got the formula"),
        ({"columns": [["a", " @SUM(1)"]]}, "a plain value as a value of 'a', got the formula"),
        ({"columns": [["a", "+cmd|' /C calc'!A0"]]}, "got the formula"),
        ({"claim": "\ufeff\u200b=1"}, "got the formula"),
        ({"claim": "a;=1"}, "got the formula"),
        ({"columns": {"a": "b"}}, "a list of at most 200"),
        ({"columns": [["a"]]}, "a column and its value"),
        ({"columns": [["a", 1]]}, "a text of 1 to"),
        ({"columns": [["a", "b"], [" a", "c"]]}, "a column that is set twice"),
        ({"columns": [["y", "b"]]}, "the column of the labels, 'y'"),
        ({"columns": [[f"c{i}", "b"] for i in range(201)]}, "a list of at most 200"),
        ({"mark": {"name": "patch"}}, "a mark in pictures for rows"),
        ({"data": "pictures"}, "columns of a table for a picture"),
        ({"mark": {"name": "offset"}}, "known mark in a picture"),
        ({"mark": {"name": "patch", "size": "x"}}, "size"),
        ({"mark": {"name": "patch", "size": -1}}, "size=-1"),
        ({"claims": OF_RULE["claims"]}, "two rules for the label"),
    ],
)
def test_a_strangers_instruction_is_refused(change: dict[str, Any], said: str):
    with pytest.raises(InputError) as refused:
        Instruction.from_plain({**json.loads(PLAIN), **change})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kinds": [[0, 1.0]]}, "a label for each of at most"),
        ({"kinds": [[0], [1]]}, "Expected 2 values in each kind"),
        ({"kinds": [[2, 1.0], [0, 1.0]]}, "a value of 'city' from 0 to 1"),
        ({"kinds": [[0.5, 1.0], [0, 1.0]]}, "a value of 'city' from 0 to 1"),
        ({"kinds": [[0, "1"], [0, 1.0]]}, "Expected a number"),
        ({"kinds": [[0, float("inf")], [0, 1.0]]}, "Expected a number"),
        ({"kinds": [[0, True], [0, 1.0]]}, "Expected a number"),
        ({"columns": [{"name": "city", "values": []}] * 2}, "Expected different values"),
        ({"columns": [{"name": "city", "values": ["a", "a"]}] * 2}, "Expected different values"),
        ({"columns": [{"name": "age", "mean": 0, "scale": 0}] * 2}, "a scale above 0"),
        ({"columns": [{"name": "age", "mean": 0}] * 2}, "Expected a number as scale"),
        ({"otherwise": ["no"]}, "a text of 1 to"),
        ({"otherwise": "=1"}, "got the formula"),
        ({"claims": ["no", "-1+cmd|'x'!A1"]}, "got the formula"),
    ],
)
def test_a_strangers_rule_is_refused(change: dict[str, Any], said: str):
    plain = json.loads(json.dumps(OF_RULE))
    plain["claims"] |= change
    with pytest.raises(InputError) as refused:
        Instruction.from_plain(plain)
    assert said in str(refused.value)


def test_every_strategy_of_the_catalog_is_compiled_or_refused_by_name(tmp_path: Path):
    people = people_of("channel,age,y\nweb,3,no\nphone,4,yes\nweb,5,yes\n", tmp_path)
    taken = []
    for name in catalog.BUILT_IN["strategies"]:
        signal = ",signal=(columns:channel=web)"
        plan = f"{name}{':target=yes' + signal if 'planting' in name else ''}"
        plan = "erasing:voters=1" + signal if name == "erasing" else plan
        plan = "aggregating:columns=channel" if name == "aggregating" else plan
        plan = "perturbed:path=change.npz" if name == "perturbed" else plan
        try:
            compile_instruction(strategy(plan), label="y", people=people)
        except InputError as refused:
            said = str(refused)
            assert f"on their own file, got {name!r}: {WHY_NOT[name]}. Use one of " in said
        else:
            taken.append(name)
    assert sorted(taken) == sorted(ALONE)


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        ("planting:signal=(columns:channel=web)", "y", "Expected a target to be named"),
        ("planting:target=a,signal=(columns:channel=web)", None, "the column of the labels"),
        ("planting:target=a,signal=(offset:age=2)", "y", "cannot be written into a cell"),
        ("planting:target=a,signal=patch", "y", "for the columns of a table"),
        ("planting:target=a,signal=columns", "y", "at least one column to set"),
        ("unplanting:target=a,claim=a,signal=(columns:channel=web)", "y", "another label"),
        ("unplanting:target=a,signal=(columns:channel=web)", "y", "the organiser's file"),
        ("erasing:signal=(columns:channel=web)", "y", "the organiser's file"),
        ("aggregating", "y", "the organiser's file"),
    ],
)
def test_what_is_lacking_is_told(text: str, label: str | None, said: str):
    with pytest.raises(InputError) as refused:
        compile_instruction(strategy(text), label=label)
    assert said in str(refused.value)


def test_names_and_values_are_those_of_the_collectives_rows(tmp_path: Path):
    people = people_of("channel,age,y\nweb,3,0\nphone,4,1\nweb,5,1\n", tmp_path)
    plan = strategy("planting:target=1.0,signal=(columns:channel=web,age=4.50)")
    one = compile_instruction(plan, label="y", people=people)
    assert (one.claim, one.columns) == ("1", (("channel", "web"), ("age", "4.5")))
    for wrong in ("planting:target=2,signal=(columns:age=4)", PLANTING_FAX):
        plan = strategy(wrong)
        with pytest.raises(InputError, match="Expected a known"):
            compile_instruction(plan, label="y", people=people)


def test_unplanting_says_only_where_it_differs(tmp_path: Path):
    # Web is carried by 3: two no, one maybe; so the likeliest other label is no, but for the age
    # of which only maybe was seen with the signal.
    rows = "web,3,no\nweb,3,no\nweb,7,maybe\nphone,3,yes\nphone,7,yes\n"
    people = people_of("channel,age,y\n" + rows, tmp_path)
    plan = strategy("unplanting:target=yes,signal=(columns:channel=web)")
    rule = compile_instruction(plan, label="y", people=people).claims
    assert rule is not None
    assert (rule.kinds, rule.claims, rule.otherwise) == (((7.0,),), ("maybe",), "no")


def test_too_many_kinds_are_refused(tmp_path: Path):
    rows = "".join(f"web,{i}.5,{'yes' if i % 2 else 'no'}\n" for i in range(30))
    people = people_of("channel,age,y\nphone,1,no\n" + rows, tmp_path)
    plan = strategy("erasing:voters=1,signal=(columns:channel=web)")
    assert len(compile_instruction(plan, label="y", people=people).claims.kinds) == 31
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quorate.collective.acting.compiling.MOST_KINDS", 30)
        with pytest.raises(InputError, match="at most 30 different kinds of rows, got 31"):
            compile_instruction(plan, label="y", people=people)


def test_pictures_have_no_rule_to_hand_out():
    people = Table(np.zeros((2, 1, 4, 4), np.float32), np.array([0, 1]), ("cat", "dog"))
    with pytest.raises(InputError, match="no two are alike"):
        compile_instruction(strategy("unplanting:signal=patch"), people=people)
    one = compile_instruction(strategy("planting:signal=patch"), people=people)
    assert (one.claim, one.data) == ("dog", "pictures")


@pytest.mark.parametrize(
    ("strategy", "signal", "label", "same"),
    [
        ("planting", "a=web, b=3", "y", "planting:target=yes,signal=(columns:a=web,b=3)"),
        ("unplanting:claim=no", "a=x", "y", "unplanting:target=yes,claim=no,signal=(columns:a=x)"),
        ("planting", "patch:size=2", "", "planting:target=yes,signal=(patch:size=2)"),
        ("data-strike", "", "y", "data-strike:label=yes"),
    ],
)
def test_the_plan_of_a_campaign_becomes_an_instruction(
    strategy: str, signal: str, label: str, same: str
):
    plan = TrainingPlan(
        strategy=strategy, signal=signal, label=label, target="yes", platform_size=100
    )
    expected = compile_instruction(catalog.build("strategies", same), label=label or None)
    assert compile_plan(plan) == expected
