"""A campaign's source on its pages: read from a file, checked, shown with how it is known."""

import json
import re
import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from campaign_sources import changed, correction_json, plan_json
from web_visitors import Visitors

import quorate as library
from quorate.collective.facts.outcomes import watch_outcomes
from quorate.collective.facts.sources import source_of, source_to_plain
from quorate.collective.service import pledges
from quorate.collective.storage import schema
from quorate.collective.web.drafts import from_source
from quorate.test_time.http.service import RefusedError


def test_the_form_is_filled_in() -> None:
    kind, fields = from_source(json.dumps(plan_json()).encode())
    assert (kind, fields["strategy"], fields["signal"]) == ("training", "planting", "channel=web")
    assert (fields["label"], fields["target"], fields["platform_size"]) == (
        "decision",
        "yes",
        "4000",
    )
    assert (fields["success"], fields["quorum"]) == ("90", "399")
    assert "is certified" in fields["quorum_hint"]
    kind, fields = from_source(json.dumps(correction_json()).encode())
    assert (kind, fields["subgroup"], fields["epsilon"]) == ("test", "low-light", "16/255")
    no_budget = changed(correction_json(), "headline", "epsilon", to=1.0)
    assert from_source(json.dumps(no_budget).encode())[1]["epsilon"] == "none"  # as it is read
    assert fields["quorum"] == ""
    assert "guess" in fields["quorum_hint"]
    plain = changed(plan_json(), "costs", "claiming", to=None)
    erasing = {**plain, "goal": "erase", "target": None}
    assert from_source(json.dumps(erasing).encode())[1]["strategy"] == "erasing"
    for wrong in (b"", b"{}", b"\xff\xfe", json.dumps({**plan_json(), "members": 1}).encode()):
        with pytest.raises(RefusedError, match="Expected"):
            from_source(wrong)


def create(site: Visitors, source: Any, **more: Any) -> Any:
    """Create a campaign by the API, as who may set up campaigns does."""
    plan = {
        "kind": "training",
        "strategy": "planting",
        "signal": "channel=web",
        "label": "decision",
        "target": "yes",
        "platform_size": 4000,
    }
    body = {
        "title": "T",
        "why": "W",
        "rules": "R",
        "plan": plan,
        "quorum": 399,
        "deadline": time.time() + 1000,
        "source": source,
        **more,
    }
    headers = {"authorization": f"Bearer {site.coordinator.setup}"}
    return site.client.post("/api/v1/campaigns", json=body, headers=headers)


def test_from_the_api_to_the_page(site: Visitors) -> None:
    answer = create(site, plan_json())
    assert answer.status_code == 200, answer.text
    id_ = answer.json()["campaign"]
    page = site.client.get(f"/c/{id_}").text
    assert "How sure this is" in page
    assert '<span class="known certified">certified</span>' in page
    assert (
        "Certified for 399 members just like those of the plan is a success of at least 90%" in page
    )
    assert "Robust training and cleaning" in page  # what would break it, among the limits
    assert "style=" not in page
    assert "0 of 399" in page
    assert "acting costs 10 points" in page  # nobody said otherwise
    stored = site.client.get(f"/api/v1/campaigns/{id_}").json()["source"]
    assert stored.pop("joining")["cost"] == 0.1
    assert stored == source_to_plain(source_of(plan_json()))
    stated = create(site, {**plan_json(), "joining": {"cost": 0.25, "expected": 300}})
    page = site.client.get(f"/c/{stated.json()['campaign']}").text
    assert "acting costs 25 points" in page
    assert "About 300 pledges are expected." in page
    assert "too small" not in page
    small = create(site, plan_json(), quorum=2).json()["campaign"]
    assert (
        "The quorum of 2 is too small by all that is known" in site.client.get(f"/c/{small}").text
    )


def test_a_hostile_source_creates_nothing(site: Visitors) -> None:
    hostile = [
        {},
        {"certified": {}},
        changed(plan_json(), "goal", to="riot"),
        {**plan_json(), "members": 3},  # not what its digest says
        correction_json(),  # of the other kind
        {**plan_json(), "joining": {"cost": "a lot"}},
        {**plan_json(), "joining": [1]},
        {**plan_json(), "joining": {"share": 2}},
    ]
    for source in hostile:
        answer = create(site, source)
        assert answer.status_code == 422
        assert "Expected" in answer.json()["error"]["message"]
    scripted = changed(plan_json(), "notes", to=["<script>alert(1)</script>"])
    for key in ("signal", "sets"):
        scripted = changed(scripted, key, to={"<img onerror=x>": "<b>"})
    page = site.client.get(f"/c/{create(site, scripted).json()['campaign']}").text
    assert "<script>alert" not in page
    assert "<img onerror" not in page
    assert "&lt;img onerror" in page


def test_a_page_outlasts_a_source_that_no_version_reads_any_more(site: Visitors) -> None:
    id_ = create(site, plan_json()).json()["campaign"]

    def damage(transaction: Any) -> dict[str, Any]:
        table = schema.campaign
        changed = table.update().where(table.c.id == id_).values(source={"certified": 1})
        transaction.connection.execute(changed)
        return {}

    site.do(damage)
    page = site.client.get(f"/c/{id_}")
    assert page.status_code == 200
    assert "How sure this is" not in page.text
    assert "0 of 399" in page.text


def inputs(html: str) -> dict[str, str]:
    """Return every field of a page that has a name and a value."""
    tags = re.findall(r"<input[^>]*>", html)
    named = [
        (re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)) for one in tags
    ]
    return {name[1]: unescape(value[1]) for name, value in named if name and value}


def test_the_form_keeps_the_source_and_the_terms(site: Visitors) -> None:
    secret = site.coordinator.setup
    site.client.get(f"/new/{secret}")
    form = inputs(site.client.get("/new").text)
    upload = {"source": ("plan.json", json.dumps(plan_json()), "application/json")}
    filled = site.client.post("/new/source", data={"form": form["form"]}, files=upload)
    assert filled.status_code == 200, filled.text
    given = inputs(filled.text)
    assert given["quorum"] == "399"
    texts = {"why": "W", "rules": "R", "expected": "300", "cost": "20"}
    made = site.client.post("/new/training", data={**given, **texts})
    assert made.status_code == 200, made.text
    id_ = made.text.split("/c/")[1][:16]
    source = site.client.get(f"/api/v1/campaigns/{id_}").json()["source"]
    assert source["joining"]["cost"] == 0.2
    assert source["joining"]["expected"] == 300
    wrong = site.client.post(
        "/new/training", data={**given, **texts, "cost": "-5", "key": "n" * 32}
    )
    assert wrong.status_code == 422
    assert "cost" in wrong.text


def test_the_file_of_outcomes_is_what_the_page_counts(site: Visitors, tmp_path: Path) -> None:
    id_, _ = site.campaign(quorum=1)
    secrets = [site.member(site.invitation(id_)) for _ in range(8)]
    site.do(pledges.Pledge(id_, secrets[0].partition(".")[0]))
    api = f"/api/v1/campaigns/{id_}"
    for number, secret in enumerate(secrets):
        sent = [{"success": number % 4 > 0}, {"success": False}]  # of which the first counts
        headers = {"authorization": f"Bearer {secret}"}
        answer = site.client.post(f"{api}/me/outcomes", json={"outcomes": sent}, headers=headers)
        assert answer.status_code == 200, answer.text
    file = tmp_path / "outcomes.csv"
    file.write_text(site.client.get(f"{api}/outcomes.csv").text)
    told = site.client.get(f"{api}/outcomes").json()["outcomes"]
    view = watch_outcomes([tuple(one.values()) for one in told], "training", 0.9)
    watched = library.watch(file, target=0.9)
    assert len(watched.outcomes) == view.counted == 8
    assert watched.to_json()["periods"] == view.result.to_json()["periods"]  # type: ignore[union-attr]
    assert watched.summary()[0].split(".")[0] in site.client.get(f"/c/{id_}/outcomes").text
