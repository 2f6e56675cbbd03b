"""Acting on the site: what a member is asked to do, the page as a file, and confirming it."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from browser import Visitors as BrowserVisitors
from browser import axe
from web_visitors import PLAN, Visitors, fields_of

from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.planned import compile_plan
from quorate.collective.acting.rows import apply_to_rows
from quorate.collective.plans import TestPlan, TrainingPlan
from quorate.collective.service import pledges
from quorate.collective.web.acting_page import act_page

if TYPE_CHECKING:
    from playwright.sync_api import Route

HERE = "http://127.0.0.1"
NASTY = '</script><img src=x onerror=alert(1)>"'


def member_of(site: Visitors, plan: TrainingPlan = PLAN, pledged: bool = True) -> tuple[str, str]:
    """Return a campaign whose quorum is reached, and the secret of a member."""
    id_, _ = site.campaign(plan, quorum=1)
    token = site.invitation(id_)
    first, secret = site.member(token), site.member(token)
    for one in (first, secret) if pledged else (first,):
        site.do(pledges.Pledge(id_, one.partition(".")[0]))
    return id_, secret


def page(site: Visitors, id_: str, secret: str, path: str = "act") -> str:
    answer = site.client.get(f"/c/{id_}/{path}", headers={"cookie": f"member={secret}"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_page_carries_the_instruction(site: Visitors):
    plan = replace(PLAN, signal=f'"channel={NASTY}"', target=NASTY)
    id_, secret = member_of(site, plan)
    text = page(site, id_, secret)
    held = re.search(r'<script type="application/json" id="instruction">(.*?)</script>', text)
    assert held is not None
    one = Instruction.from_plain(json.loads(held[1]))
    assert one == compile_plan(plan)
    assert one.claim == NASTY
    for sentence in one.sentences():
        assert f"<li>{html.escape(sentence)}</li>" in text.replace("&#34;", "&quot;").replace(
            "&#39;", "&#x27;"
        )
    assert NASTY not in text


def test_the_page_is_to_be_had_as_one_file(site: Visitors):
    id_, secret = member_of(site)
    assert page(site, id_, secret, "act.html") == act_page(compile_plan(PLAN))


def test_a_member_confirms_and_takes_it_back(site: Visitors):
    id_, secret = member_of(site)
    for rows, said in (("1,200", "You have confirmed 1,200."), ("0", "")):
        text = page(site, id_, secret)
        answer = site.client.post(
            f"/c/{id_}/act",
            headers={"cookie": f"member={secret}"},
            data={**fields_of(text), "rows": rows},
            follow_redirects=False,
        )
        assert answer.headers["location"] == f"/c/{id_}/act"
        after = page(site, id_, secret)
        assert said in after
        assert ("You have confirmed" in after) == bool(said)


def test_who_has_not_pledged_is_asked_to(site: Visitors):
    id_, secret = member_of(site, pledged=False)
    text = page(site, id_, secret)
    assert "pledge first" in text
    assert "Confirm</button>" not in text


def test_no_campaign_is_made_whose_members_could_not_act(site: Visitors):
    setup = {"authorization": f"Bearer {site.coordinator.setup}"}
    draft = {"title": "T", "why": "W", "rules": "R", "quorum": 1, "deadline": 4e9}
    plan = {"kind": "training", "platform_size": 9, "label": "y", "target": "a", "signal": "a=1"}

    def create(**changes: object):
        body = {**draft, "plan": {**plan, **changes}}
        return site.client.post("/api/v1/campaigns", headers=setup, json=body)

    refused = create(strategy="swapping")
    assert refused.status_code == 422
    assert "each member takes values from other members" in refused.json()["error"]["message"]
    refused = create(strategy="planting", instruction={"format": "no"})
    assert refused.status_code == 422
    made = create(strategy="planting").json()
    told = site.client.get(f"/api/v1/campaigns/{made['campaign']}").json()
    assert Instruction.from_plain(told["plan"]["instruction"]).columns == (("a", "1"),)


def test_test_time_asks_nobody_to_change_their_data(site: Visitors):
    plan = TestPlan(
        platform="P",
        subgroup="S",
        classes=("a", "b"),
        shape=(1, 2, 2),
        queries=1,
        epsilon="8/255",
    )
    people = site.campaign_with_people(plan)
    answer = site.try_route(people, "member", "GET", "/c/{campaign}/act")
    assert answer.status_code == 409


def test_in_a_browser_under_the_policy_of_the_site(
    site: Visitors, visitor: BrowserVisitors, tmp_path: Path
):
    """The site answers through Playwright's own router, with its headers; nothing is uploaded."""
    id_, secret = member_of(site)
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(f"{route.request.method} {urlsplit(route.request.url).path}")
        found = site.client.get(
            route.request.url.removeprefix(HERE), headers={"cookie": f"member={secret}"}
        )
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.content)

    page = visitor("phone", "light")
    page.route("**/*", answer)
    page.goto(f"{HERE}/c/{id_}/act")
    assert axe(page) == []
    before = len(asked)
    content = b"a,y,z\n0,no,x\n1,yes,x\n0,yes,x\n"
    (tmp_path / "mine.csv").write_bytes(content)
    page.get_by_label("Choose a CSV file").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("button", name="Change my file").click()
    page.get_by_text("2 of 3 rows are changed.").wait_for()
    assert axe(page) == []
    assert page.get_by_label("How many rows did you hand in?").input_value() == "2"
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the changed file").click()
    download.value.save_as(tmp_path / "saved.csv")
    wanted, _ = apply_to_rows(compile_plan(PLAN), content)
    assert (tmp_path / "saved.csv").read_bytes() == wanted
    assert asked[before:] == []  # once it is loaded, the page asks nobody for anything
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
