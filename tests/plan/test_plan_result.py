"""A plan's page stands alone, says what was found in plain words, and hands the data over."""

import csv
import io
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from quorate.planning import wording as words
from quorate.planning.certify import Objective, certify
from quorate.planning.details import PlanDetails, plan_details
from quorate.planning.member_column import MemberColumn
from quorate.planning.members import Members
from quorate.planning.reach import Reach
from quorate.planning.result import Plan
from quorate.planning.simulate import SimulatedMass, Simulation
from quorate.planning.suggest import Suggestions, suggest
from quorate.report.files import write_result
from quorate.report.terminal import print_result
from quorate.theory.certificates.counts import AssumedPlatform

SIMULATED = (
    SimulatedMass("sgd", 0.02, 0.01, 0.02, 0.95),
    SimulatedMass("dp-sgd:epsilon=1,max_grad_norm=1", math.inf, 0.5, math.inf, 0.25),
    SimulatedMass("naive-bayes", 0.0, 0.0, 0.0, 1.0),
    SimulatedMass("jtt:upweight=5", math.nan, math.nan, math.nan, math.nan),
)


def members_of(n: int) -> Members:
    """Return people with a channel (phone, web; a hundredth web) and an age in two."""
    rng = np.random.default_rng(5)
    codes = np.c_[rng.random(n) < 0.01, rng.integers(0, 2, n)].astype(np.int32)
    labels = (rng.random(n) < 0.2).astype(np.int32)
    columns = (MemberColumn("channel", ("phone", "web")), MemberColumn("age", ("old", "young")))
    return Members(codes, labels, columns, ("no", "yes"))


PEOPLE = members_of(3000)
WEB = Objective({"channel": "web"}, "yes", 20_000)


def plan_of(
    objective: Objective = WEB,
    members: Members = PEOPLE,
    rows: tuple[SimulatedMass, ...] = SIMULATED,
) -> Plan:
    simulation = Simulation(rows, None, ("Simulated on few rows.",))
    details = plan_details(members, objective)
    return Plan("members.csv", certify(members, objective), details, simulation)


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = suggest(PEOPLE, "yes", AssumedPlatform(20_000), 2)
    assert isinstance(found, Suggestions)
    return replace(plan_of(), suggestions=found)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plan")
    assert write_result(plan, out) == out / "plan.html"
    return out


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "plan.html").read_text(encoding="utf-8")


def text_of(page: str) -> str:
    visible = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", visible)).split())


def test_every_file_is_there(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "plan.html",
        "plan.svg",
        "plan.png",
        "plan.pdf",
        "plan.json",
        "certified.csv",
        "growth.csv",
        "simulated.csv",
        "suggested.csv",
    }
    assert (folder / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_stands_alone(page: str, folder: Path) -> None:
    addresses = re.findall(r"""(?:src|href|action|data)=["']?([^"' >]+)""", page)
    assert addresses
    assert all(a.startswith(("data:", "#")) for a in addresses)
    assert not re.search(r"<(script|link|iframe|object|embed)\b|@import", page)
    offered = set(re.findall(r'download="([^"]+)"', page))
    assert offered == {path.name for path in folder.iterdir()} - {"plan.html"}


def test_the_page_says_what_an_organiser_asks(page: str, plan: Plan) -> None:
    text = text_of(page)
    headings = re.findall(r"<h2.*?>(.*?)</h2>", page)
    assert headings == [
        "How sure",
        "What to do",
        "Certified",
        "Simulated, not certified",
        "What the privacy budget ε leaves out",
        "Signals tried",
        "What it costs",
        "What would break it",
        "Read this as well",
        "Take it away",
        "Where the numbers come from",
    ]
    assert "Every member sets channel to 'web', and hands in the label 'yes'." in text
    assert f"{plan.certified.best.n_for_target:,} members just like these" in text
    assert "With 95% confidence, the 3,000 members of today" in text
    for breaker in ("Deduplication", "Robust training", "Others acting", "Private training"):
        assert f"{breaker}" in text
    for note in plan.notes:
        assert " ".join(note.split()) in text
    assert "No one's data left the machine" in text


def test_certified_and_simulated_are_told_apart(page: str, folder: Path) -> None:
    certified = page[page.index("<h2>Certified") : page.index("<h2>Simulated")]
    simulated = page[page.index("<h2>Simulated") : page.index("<h2>Signals")]
    assert "sgd" not in certified
    assert "bernstein" in certified
    assert "bernstein" not in simulated
    text = text_of(simulated)
    assert "Plain training sgd 2% 1% to 2% 400 0.950" in text  # 2% of 20,000 people
    assert "not reached more than 50% – 0.250" in text
    assert "naive-bayes already so 0% to 0% 0 1.000" in text
    assert "failed – – –" in text
    with (folder / "simulated.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["critical_mass"] for row in rows] == ["0.02", "", "0.0", ""]


def test_data_have_the_keys_that_are_promised(folder: Path, plan: Plan) -> None:
    data = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    kept = ("title", "sentences", "sections", "rows", "tables", "data", "digest")
    assert {key: value for key, value in data.items() if key not in kept} == plan.to_json()
    assert data["rows"] == [*data["by_radius"], *data["by_eps"], *data["by_gamma"]]
    assert data["data"]["certified"] is None  # the rows
    assert data["data"].keys() == plan.data().keys()
    assert data["tables"].keys() == {"Certified", "Simulated, not certified", "Signals tried"}
    certified = data["certified"]
    assert certified["confidence"] == 0.95
    assert certified["n_for_target"] == plan.certified.best.n_for_target
    assert certified["success"] == plan.certified.best.success
    assert certified["radius"].startswith("tightest: ")
    assert data["simulated"][0] == {
        "learner": "sgd",
        "critical_mass": 0.02,
        "low": 0.01,
        "high": 0.02,
        "success_now": 0.95,
    }
    assert data["signal"] == {"channel": "web"}
    assert data["notes"] == plan.notes


def test_what_is_out_of_reach_says_so() -> None:
    rows = [r for r in printed(plan_of(replace(WEB, eps=0.9), rows=())).splitlines() if "│" in r]
    assert sum("out of reach" in row for row in rows) >= 4  # every radius at ε = 0.9


def test_without_more_there_is_less(tmp_path: Path) -> None:
    """Nothing simulated and nothing searched: no heading, no file and no table for either."""
    write_result(plan_of(rows=()), tmp_path)
    assert not (tmp_path / "simulated.csv").exists()
    assert not (tmp_path / "suggested.csv").exists()
    page = (tmp_path / "plan.html").read_text(encoding="utf-8")
    assert "<h2>Simulated" not in page
    assert "<h2>Signals" not in page
    assert "Below:" not in text_of(page)


def printed(plan: Plan) -> str:
    out = io.StringIO()
    print_result(plan, Console(file=out, width=120, markup=False, highlight=False))
    return out.getvalue()


def test_the_terminal_says_the_same(plan: Plan) -> None:
    text = printed(plan)
    assert words.how_many(plan.certified) in text
    assert words.how_sure(plan.certified) in text
    assert "Simulated, not certified" in text
    assert "The best of 8 signals that were tried" in text  # two and two values, and four pairs
    for note in plan.notes:
        assert note in text
    rows = [line for line in text.splitlines() if "tightest" in line and "│" in line]
    assert len(rows) == 11  # at ε = 0, at five others, and at five Γ


def test_other_epsilons_stand_beside_the_one_that_is_assumed() -> None:
    rows = printed(plan_of(replace(WEB, eps=0.01), rows=())).splitlines()
    shown = [line.split("│")[2].strip() for line in rows if "tightest" in line and "│" in line]
    assert shown == ["0.01", "0", "0.001", "0.005", "0.02", "0.05", *["0.01"] * 5]
    gammas = [line.split("│")[3].strip() for line in rows if "tightest" in line and "│" in line]
    assert gammas == [*["1"] * 6, "1.1", "1.25", "1.5", "2", "3"]


def test_the_page_says_what_is_left_if_others_are_unlike_the_members() -> None:
    certified = plan_of(WEB, rows=()).certified
    assert certified.holds_to is not None
    assert certified.holds_to >= 1
    held = words.if_others_differ(replace(certified, holds_to=1.75))
    # Odds, as is certified: "twice as often" would promise more where rows are common.
    assert (
        "Even if the odds that one of the others has a row with the signal and another label than "
        "'yes' are 1.75 times a member's, and their odds of one with the label 'yes' as many times "
        "smaller, 90% is certified; beyond that it no longer is."
    ) in held
    barely = words.if_others_differ(replace(certified, holds_to=1.0))
    assert barely.endswith("more often than members, nothing is left to spare.")
    always = words.if_others_differ(replace(certified, holds_to=100.0))
    assert "100 times a member's" in always
    assert "beyond" not in always
    needed = words.if_others_differ(replace(certified, holds_to=None))
    most = certified.by_gamma[-1]
    assert needed.endswith(f"3 times: {words.number(most.n_for_target)}.")
    found = [row.n_for_target or 10**9 for row in (certified.best, *certified.by_gamma)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("changes", "to_do", "meaning"),
    [
        (
            {"goal": "plant-feature-only"},
            "Every member whose label is 'yes' sets channel to 'web'; members with another label "
            "stay clear of these values. Nobody changes a label.",
            "Success: the share of all people who get 'yes' once they set channel to 'web'.",
        ),
        (
            {"goal": "unplant"},
            "Every member sets channel to 'web', and hands in the likeliest label other than 'yes' "
            "for somebody like them: claims.csv says which.",
            "Success: the share of all people who do not get 'yes' once they set channel to 'web'.",
        ),
        (
            {"goal": "erase", "target": None},
            "Every member keeps their features, and hands in the label that somebody like them "
            "with channel at 'web' is likeliest to have: claims.csv says which.",
            "Success: the share of all people whose label stays the same if they set channel to "
            "'web'.",
        ),
    ],
)
def test_each_goal_has_its_words(changes: Mapping[str, Any], to_do: str, meaning: str) -> None:
    plan = plan_of(replace(WEB, **changes))
    assert words.what_to_do(plan.certified) == to_do
    assert words.what_it_means(plan.certified) == meaning
    title = words.title(plan.certified)
    assert title.startswith("A plan: channel=web ")
    assert len(words.costs(plan.certified, plan.details)) >= 1


def test_a_value_with_the_word_to_stays_as_it_is() -> None:
    age, kind = MemberColumn("age", ("below 30", "30 to 50")), MemberColumn("kind", ("a", "b"))
    members = replace(PEOPLE, columns=(age, kind))
    plan = certify(members, Objective({"age": "30 to 50"}, None, 20_000, goal="erase"))
    assert "with age at '30 to 50' is likeliest" in words.what_to_do(plan)


def test_bounds_are_rounded_down_and_all_is_everyone() -> None:
    certified = plan_of().certified

    def sure(success: float) -> str:
        return words.how_sure(replace(certified, best=replace(certified.best, success=success)))

    assert "have a success of 99.9% or more" in sure(0.99999)
    assert "have a success of 93.3% or more" in sure(0.93399)
    assert "have a success of 57% or more" in sure(0.57)  # .57·1000 is 569.9999999999999
    assert "reach everyone: a success of 100% (" in sure(1.0)
    assert "nothing is certified for the 3,000 members of today: the bound is 0.00" in sure(0.0)
    assert "the bound is none" in sure(-math.inf)


def test_the_verdict_comes_first_then_what_could_be() -> None:
    plan = plan_of()
    certified, details = plan.certified, plan.details
    assert plan.summary()[:2] == [
        "Certified: the 3,000 members of today have a success of 90% or more, with 95% confidence.",
        words.how_many(certified),
    ]

    def said(now: float, needed: int | None, eps: float, reach: Reach | None) -> list[str]:
        best = replace(certified.best, success=now, n_for_target=needed)
        asked = replace(certified.objective, eps=eps)
        changed = replace(certified, best=best, objective=asked)
        reaching = replace(details, reach=reach)
        return replace(plan, certified=changed, details=reaching).summary()

    assert said(0.4567, None, 0.0, Reach(0.7, 4300, 20_000))[:2] == [
        "Not certified: a success of 90% was asked for, and the 3,000 members of today have one of "
        "45.6% or more, with 95% confidence.",
        "However many members like these there are, up to all 20,000, a success of 90% cannot be "
        "certified. What can be is 70%, from 4,300 members just like these on (21.5% of the "
        "platform).",
    ]
    first, second, _ = said(-0.2, None, 0.0, None)
    assert first == (
        "Not certified: a success of 90% was asked for, and for the 3,000 members of today none is "
        "certified, with 95% confidence."
    )
    assert second.endswith("Another signal may do: --suggest 10 tries them, the best first.")
    assert " with ε = 0.02, " in said(-0.2, None, 0.03, None)[1]
    assert said(0.1, 4000, 0.0, None)[1].startswith(
        "4,000 members just like these (20% of the platform)"
    )


def test_one_is_not_many() -> None:
    certified = plan_of().certified
    one = replace(certified, members=1, best=replace(certified.best, n_for_target=1))
    assert words.how_many(one) == (
        "1 member just like these (0.005% of the platform) would be enough for a success of 90% to "
        "be certified. There is 1 now, so that is reached."
    )
    assert "the 1 member of today" in words.how_sure(one)
    none = replace(certified, best=replace(certified.best, n_for_target=None))
    assert words.how_many(none) == (
        "However many members like these there are, up to all 20,000, a success of 90% cannot be "
        "certified."
    )
    many = replace(certified, best=replace(certified.best, n_for_target=4000))
    assert words.how_many(many).endswith("certified. There are 3,000 now.")


def test_what_breaks_it_has_numbers() -> None:
    plan = plan_of()
    beside = PlanDetails({}, 1.0, 1, 0, [], np.array([10.0]), np.array([0.0]))
    found = words.what_breaks_it(plan.certified, beside, SIMULATED)
    assert found[0].startswith("Deduplication: all that members hand in is 1 different row;")
    assert "withstands no such rows beyond" in found[2]
    assert found[3].endswith("in simulation: sgd 2%; dp-sgd:epsilon=1,max_grad_norm=1 not reached.")
    assert "ε = 0.001: " in found[4]
    assert "ε = 0: " not in found[4]
    more = words.what_breaks_it(plan.certified, replace(beside, tolerated=1), SIMULATED[2:])
    assert "withstands 1 such row beyond" in more[2]
    assert more[3] == "Private training: noise drowns small groups."
    unknown = words.what_breaks_it(plan.certified, replace(beside, tolerated=None), ())
    assert "withstands" not in unknown[2]


def test_costs_say_who_bears_them() -> None:
    plan = plan_of()
    beside = replace(plan.details, having={"channel": 0.25}, claiming=0.8)
    assert words.costs(plan.certified, beside) == [
        "channel: 75% of the members change it.",
        "Label: 20% of the members hand in one that is not theirs.",
    ]
    only = certify(PEOPLE, replace(WEB, goal="plant-feature-only"))
    assert words.costs(only, beside) == ["channel: 75% of those who act change it."]
    against = certify(PEOPLE, replace(WEB, goal="unplant"))
    assert words.costs(against, beside)[1].startswith("Label: at least 20% of the members")
