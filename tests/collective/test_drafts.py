"""A campaign from a plan, from a correction, or from a file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from campaign_sources import STORED, changed, correction_json, members, plan_json

from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.rows import apply_to_rows
from quorate.collective.drafts import (
    RULES,
    Wanted,
    draft_of_file,
    draft_of_source,
    read_deadline,
    warning_of,
)
from quorate.collective.plans import TestPlan, TrainingPlan
from quorate.errors import InputError

WANTED = Wanted(why="Because.", deadline="2d")


def now() -> float:
    return 1000.0


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "plan.json").write_text(json.dumps(plan_json()))
    return tmp_path / "plan.json"


def test_a_plan_says_what_members_do_and_how_many_are_enough(plan: Path) -> None:
    draft = draft_of_source(plan, WANTED, clock=now)
    assert isinstance(draft.plan, TrainingPlan)
    assert (draft.plan.strategy, draft.plan.signal) == ("planting", "channel=web")
    assert (draft.plan.label, draft.plan.target) == ("decision", "yes")
    assert (draft.quorum, draft.deadline) == (399, 1000.0 + 2 * 86400)
    assert warning_of(draft) == ""
    assert "The quorum of 2 is too small" in warning_of(replace(draft, quorum=2))
    assert draft.rules == RULES
    assert draft.source is not None
    instruction = Instruction.from_plain(draft.plan.instruction)
    changed_rows, _ = apply_to_rows(instruction, b"channel,decision\nphone,no\n")
    assert changed_rows == b"channel,decision\nweb,yes\n"


def test_members_write_a_number_where_the_plan_has_a_bin(plan: Path) -> None:
    binned = changed(plan_json(), "signal", to={"age": "64 or more"})
    plan.write_text(json.dumps({**binned, "sets": {"age": "72"}}))
    draft = draft_of_source(plan, WANTED, clock=now)
    assert isinstance(draft.plan, TrainingPlan)
    assert draft.plan.signal == "age=72"
    instruction = Instruction.from_plain(draft.plan.instruction)
    changed_rows, _ = apply_to_rows(instruction, b"age,decision\n30,no\n")
    assert changed_rows == b"age,decision\n72,yes\n"


def test_what_is_learned_from_the_rows_needs_them(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(changed(plan_json(), "goal", to="unplant")))
    with pytest.raises(InputError, match="rows"):
        draft_of_source(path, WANTED, clock=now)
    members().to_csv(tmp_path / "rows.csv", index=False)
    draft = draft_of_source(path, WANTED, rows=tmp_path / "rows.csv", clock=now)
    assert isinstance(draft.plan, TrainingPlan)
    assert draft.plan.strategy == "unplanting"
    Instruction.from_plain(draft.plan.instruction)


def test_a_correction_says_what_members_ask(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(correction_json()))
    with pytest.raises(InputError, match=r"where perturbation\.npz is"):
        draft_of_source(tmp_path, WANTED, clock=now)
    change = next(STORED.glob("cells/*-label-free.npz"))
    (tmp_path / "perturbation.npz").write_bytes(change.read_bytes())
    with pytest.raises(InputError, match=r"no quorum.*Whatever quorum you set is a guess"):
        draft_of_source(tmp_path, WANTED, clock=now)
    draft = draft_of_source(tmp_path, Wanted("T", "W", "R", 7, "9d"), clock=now)
    assert isinstance(draft.plan, TestPlan)
    assert (draft.plan.classes, draft.plan.shape) == (tuple("0123456789"), (1, 8, 8))
    assert (draft.plan.queries, draft.plan.norm) == (5, "linf")
    assert draft.plan.epsilon.endswith("/255")
    assert (draft.title, draft.why, draft.rules, draft.quorum) == ("T", "W", "R", 7)


FILE = """
title = "Ours"
why = "Because."
quorum = 3
deadline = 2027-01-31

[plan]
kind = "training"
strategy = "planting"
signal = "channel=web"
label = "decision"
target = "yes"
platform_size = 4000
"""


def test_a_file_says_all_and_options_override_it(tmp_path: Path, plan: Path) -> None:
    (tmp_path / "a.toml").write_text(FILE)
    draft = draft_of_file(tmp_path / "a.toml", Wanted(quorum=5), clock=now)
    assert (draft.title, draft.quorum, draft.source) == ("Ours", 5, None)
    assert draft.deadline == read_deadline("2027-02-01 00:00", 0)  # the day to its end
    (tmp_path / "b.toml").write_text(
        'source = "plan.json"\nwhy = "W"\ndeadline = "1d"\n[plan]\nsuccess = 0.5\n'
    )
    draft = draft_of_file(tmp_path / "b.toml", Wanted(), clock=now)
    assert (draft.quorum, draft.plan.success) == (399, 0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("quorum = 3", 'quorum = "3"'), "Expected a whole number of pledges"),
        (FILE.replace("quorum = 3\n", ""), "got no quorum"),
        (FILE.replace('title = "Ours"', "title = 3"), "Expected title in .* to be text"),
        (FILE.replace("title", "titel"), "titel"),
        (FILE.replace("deadline = 2027-01-31", 'deadline = "soon"'), "Expected a deadline such"),
        (FILE.replace('"training"', '"train"'), "training or test"),
        (FILE.replace("platform_size", "size"), "size"),
        (FILE.replace("platform_size = 4000", "platform_size = 1.5"), "to be a whole number"),
        ("plan = 3", "to be a table"),
        ("[", "TOML"),
    ],
)
def test_a_file_that_does_not_fit_is_explained(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        draft_of_file(tmp_path / "a.toml", Wanted(), clock=now)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d", 87400.0),
        ("1970-01-01", 86400.0),
        ("1970-01-01 01:00", 3600.0),
        ("1970-01-01T01:00+01:00", 0.0),
    ],
)
def test_deadlines(text: str, seconds: float) -> None:
    assert read_deadline(text, now()) == seconds


def test_a_mistake_on_the_command_line_is_one_message(quorate: Any, plan: Path) -> None:
    new = ("collective", "new", "--setup", "http://127.0.0.1:9/new/SECRET")
    for words, said in (
        ((), "Expected one of --plan, --correction and --file, got none"),
        (("--plan", plan), "got no why, deadline. Give --why, --deadline"),
        (("--plan", plan, "--why", "W", "--deadline", "x"), "Expected a deadline such as"),
    ):
        code, _, err = quorate(*new, *words)
        assert code == 2
        assert said in err
        assert "SECRET" not in err


def test_an_organiser_states_what_joining_costs_and_brings(plan: Path) -> None:
    wanted = Wanted(why="Because.", deadline="2d", joining={"cost": 0.3})
    draft = draft_of_source(plan, wanted, clock=now)
    assert draft.source is not None
    assert draft.source["joining"] == {
        "cost": 0.3,
        "share": 0.5,
        "expected": None,
        "spread": 0.5,
        "defectors": 0.1,
    }
    path = plan.parent / "campaign.toml"
    path.write_text('source = "plan.json"\n[joining]\ncost = 0.2\nexpected = 300\n')
    stated = draft_of_file(path, wanted, clock=now).source
    assert stated is not None
    assert (stated["joining"]["cost"], stated["joining"]["expected"]) == (0.3, 300)
    path.write_text(
        '[plan]\nkind = "training"\nstrategy = "planting"\nsignal = "a=1"\n'
        'label = "y"\ntarget = "yes"\nplatform_size = 9\n'
    )
    alone = Wanted("T", "W", "R", 3, "2d", {"cost": 0.1})
    with pytest.raises(InputError, match="Expected a plan or a correction"):
        draft_of_file(path, alone, clock=now)
    path.write_text('source = "plan.json"\njoining = 3\n')
    with pytest.raises(InputError, match="terms of joining"):
        draft_of_file(path, WANTED, clock=now)
