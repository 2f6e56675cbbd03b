"""What somebody might try who wants to break a coordinator: each thing is tried."""

import json
import logging
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_coordinator import served_coordinator
from web_visitors import UNLIMITED, Visitors, visitors_of

from quorate.collective.plans import TestPlan
from quorate.collective.service import campaigns, members, pledges
from quorate.collective.serving import opened
from quorate.collective.web.limits import Rates
from quorate.collective.web.site import Settings

EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}"


def test_texts_of_an_organiser_are_text_on_every_page(site: Visitors) -> None:
    plan = TestPlan(
        platform=EVIL,
        subgroup=EVIL,
        classes=(EVIL, "b"),
        shape=(1, 2, 2),
        queries=9,
        epsilon="8/255",
        rate="",
    )
    id_, organiser = site.campaign(plan, quorum=1, title=EVIL, why=EVIL, rules=EVIL)
    token = site.invitation(id_)
    member = site.member(token)
    site.do(pledges.Pledge(id_, member.partition(".")[0]))
    pages = ("", f"/join/{token}", "/enter", "/me", "/ask", "/outcomes", "/record", "/organise")
    site.do(campaigns.End(id_, EVIL))
    for page in (*pages, "/organise/pool"):
        cookies = f"member={member}; organiser={organiser}"
        html = site.client.get(f"/c/{id_}{page}", headers={"cookie": cookies}).text
        found = Tags()
        found.feed(html)
        assert EVIL in found.text or page in ("/organise", "/me")
        for tag, attributes in found.tags:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            if tag in ("script", "img", "link"):
                source = attributes.get("src") or attributes.get("href") or ""
                assert source.startswith(("/static/", "/c/"))


class Tags(HTMLParser):
    """The elements of a page, as a browser would see them, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_json_that_holds_a_script_is_not_run(site: Visitors) -> None:
    id_, _ = site.campaign(title=EVIL)
    answer = site.client.get(f"/api/v1/campaigns/{id_}")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 422, "Expected JSON"),
        (b"[]", 422, "one JSON object"),
        (b"\xff\xfe", 422, "Expected JSON"),
        (b'{"reason": "a", "deep": ' + b"[" * 30 + b"]" * 30 + b"}", 422, "deep"),
        (b"[" * 60_000, 422, "Expected JSON"),
        (b'{"reason": NaN}', 422, "Expected JSON"),
        (b'{"reason": 1e999}', 422, "number without end"),
        (b'{"reason": "a\\u0000b"}', 422, "control character"),
        (b'{"reason": "\\ud800"}', 422, "control character"),
        (b'{"reason": ' + b"9" * 5000 + b"}", 422, "Expected"),
        (b'{"reason": ""}', 422, "Expected a text"),
        (b'{"reason": ["a"]}', 422, "Expected a text"),
        (b'{"reason": "' + b"a" * 70_000 + b'"}', 413, "at most"),
    ],
)
def test_malformed_bodies_are_refused_with_a_fix(
    site: Visitors, body: bytes, status: int, said: str
) -> None:
    id_, organiser = site.campaign()
    answer = site.client.post(
        f"/api/v1/campaigns/{id_}/end",
        content=body,
        headers={"authorization": f"Bearer {organiser}"},
    )
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    assert site.client.get(f"/api/v1/campaigns/{id_}").json()["state"] == "open"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nno form", 422),
        ("multipart/form-data", b"--x\r\n", 422),
        ("multipart/form-data; boundary=x", b"--x\r\n" * 5000, 422),
        ("application/x-www-form-urlencoded", b"a=%ff", 422),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(100)), 422),
        ("application/x-www-form-urlencoded", b"secret=a%00b", 422),
        ("text/plain", b"secret=a", 422),
        ("application/x-www-form-urlencoded", b"a" * 70_000, 413),
    ],
)
def test_malformed_forms_get_a_page(site: Visitors, kind: str, body: bytes, status: int) -> None:
    id_, _ = site.campaign()
    answer = site.client.post(f"/c/{id_}/enter", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "text/html; charset=utf-8",
    )
    assert "Expected" in answer.text


def test_a_secret_file_may_hold_what_no_text_can(site: Visitors) -> None:
    id_, _ = site.campaign()
    files = {"file": ("secret.json", b'{"secret": "a.\\ud800"}')}
    assert site.client.post(f"/c/{id_}/enter", files=files).status_code == 401


@pytest.mark.parametrize("key", ["", " ", "a" * 15, "a" * 129, "é" * 16, "a b" * 9])
def test_idempotency_keys_are_plain_and_long(site: Visitors, key: str) -> None:
    people = site.campaign_with_people()
    answer = site.client.put(
        f"/api/v1/campaigns/{people.campaign}/me/pledge",
        headers={
            "authorization": f"Bearer {people.secrets['member']}",
            "idempotency-key": key.encode("latin-1"),  # type: ignore[dict-item]
        },
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_key")


def test_addresses_may_hold_what_no_database_can(database_url: str) -> None:
    with opened(database_url, Settings(rates=UNLIMITED)) as found, visitors_of(found) as site:
        people = site.campaign_with_people()
        api = f"/api/v1/campaigns/{people.campaign}"
        headers = {"authorization": f"Bearer {people.secrets['organiser']}"}
        for odd in ("%00", "%ff", "%ed%a0%80", "a%00" * 4):
            for method, path in (
                ("DELETE", f"{api}/invitations/{odd}"),
                ("POST", f"/api/v1/invitations/{odd}/join"),
                ("GET", f"/api/v1/campaigns/{odd}"),
                ("GET", f"/c/{people.campaign}/join/{odd}"),
                ("GET", f"/c/{odd}/ask/{odd}.png"),
            ):
                assert site.client.request(method, path, headers=headers).status_code == 404


def test_a_repeated_request_is_done_once_and_a_key_is_for_one_request(site: Visitors) -> None:
    people = site.campaign_with_people()
    api = f"/api/v1/campaigns/{people.campaign}"
    headers = {
        "authorization": f"Bearer {people.secrets['organiser']}",
        "idempotency-key": "0123456789abcdef",
    }
    first, again = (
        site.client.post(f"{api}/invitations", json={"cap": 3}, headers=headers).json()
        for _ in range(2)
    )
    assert first == again
    other = site.client.post(f"{api}/invitations", json={"cap": 4}, headers=headers)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")
    end = site.client.post(f"{api}/end", json={"reason": "x"}, headers=headers)
    assert end.status_code == 409
    # Another sender's equal key is another key.
    headers["authorization"] = f"Bearer {people.secrets['member']}"
    assert site.client.put(f"{api}/me/pledge", headers=headers).json()["pledged"] is True


def test_a_deletion_that_is_repeated_gets_its_first_answer(site: Visitors) -> None:
    people = site.campaign_with_people()
    headers = {
        "authorization": f"Bearer {people.secrets['member']}",
        "idempotency-key": "0123456789abcdef",
    }
    path = f"/api/v1/campaigns/{people.campaign}/me"
    for _ in range(2):
        assert site.client.delete(path, headers=headers).json() == {"deleted": True}
    headers["idempotency-key"] = "another-0123456789"
    assert site.client.delete(path, headers=headers).status_code == 401
    assert site.client.get(path, headers=headers).status_code == 401


def test_nothing_is_left_of_whoever_has_left(site: Visitors) -> None:
    """The answer to the request to join names the member, too."""
    from sqlalchemy import select

    from quorate.collective.storage import schema

    people = site.campaign_with_people()
    joined = site.client.post(f"/api/v1/invitations/{people.token}/join").json()
    headers = {"authorization": f"Bearer {joined['secret']}"}
    path = f"/api/v1/campaigns/{people.campaign}/me"
    site.client.put(f"{path}/pledge", headers=headers)
    assert site.client.delete(path, headers=headers).status_code == 200
    with site.coordinator.database.read() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)).all():
                assert joined["member"] not in str(row)


def test_wrong_secrets_are_few_and_right_ones_pass(tmp_path: Any) -> None:
    rates = Rates(secret="none", address="none", failures="5/min")
    settings = Settings(rates=rates)
    with opened(str(tmp_path / "c.sqlite"), settings) as found, visitors_of(found) as site:
        people = site.campaign_with_people()
        path = f"/api/v1/campaigns/{people.campaign}/me"
        member = people.secrets["member"].partition(".")[0]
        tried = [
            site.client.get(path, headers={"authorization": f"Bearer {member}.{i}"})
            for i in range(7)
        ]
        assert [one.status_code for one in tried] == [401] * 5 + [429] * 2
        assert int(tried[-1].headers["retry-after"]) <= 12
        links = site.client.get(f"/c/{people.campaign}/join/nothing-such")
        assert links.status_code == 429
        right = {"authorization": f"Bearer {people.secrets['member']}"}
        assert site.client.get(path, headers=right).status_code == 200
        # So does a browser that was also somebody who has left since.
        both = f"organiser={people.secrets['organiser']}; member={member}.gone"
        page = site.client.get(f"/c/{people.campaign}/organise", headers={"cookie": both})
        assert page.status_code == 200


def test_rates_are_of_a_secret_or_an_address(tmp_path: Any) -> None:
    rates = Rates(secret="3/min", address="4/min", failures="none")
    settings = Settings(rates=rates, hops=1)
    with opened(str(tmp_path / "c.sqlite"), settings) as found, visitors_of(found) as site:
        people = site.campaign_with_people()
        path = f"/api/v1/campaigns/{people.campaign}"

        def ask(secret: str, *addresses: str) -> int:
            headers = {"x-forwarded-for": ", ".join(addresses)}
            if secret:
                headers["authorization"] = f"Bearer {secret}"
            return site.client.get(path, headers=headers).status_code

        one, other = people.secrets["member"], people.secrets["other"]
        assert [ask(one, "1.1.1.1") for _ in range(4)] == [200] * 3 + [429]
        assert ask(other, "1.1.1.1") == 200
        # What the proxy has added counts, not what the sender made up before it.
        assert [ask("", f"9.9.9.{i}", "1.1.1.1") for i in range(5)] == [200] * 4 + [429]
        assert ask("", "1.1.1.2") == 200
        # An IPv6 network is one address.
        assert [ask("", f"2001:db8::{i}") for i in range(5)] == [200] * 4 + [429]
        assert ask("", "2001:db8:0:1::1") == 200


def test_without_a_proxy_nobody_says_from_where_they_come(tmp_path: Any) -> None:
    """Not on this machine either, where servers like to believe those who speak for others."""
    rates = Rates(secret="none", address="none", failures="3/min")
    with served_coordinator(tmp_path / "c.sqlite", Settings(rates=rates)) as served:
        tried = [
            httpx.get(
                f"{served.url}/new/wrong{i}",
                headers={"x-forwarded-for": f"9.9.9.{i}"},
                trust_env=False,
            )
            for i in range(5)
        ]
    assert [one.status_code for one in tried] == [401] * 3 + [429] * 2


def test_a_failure_shows_nothing_of_the_inside_and_logs_no_secret(
    site: Visitors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    people = site.campaign_with_people()

    def fails(*_: object) -> None:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(members, "find_invitation", fails)
    with caplog.at_level(logging.DEBUG):
        page = site.client.get(
            f"/c/{people.campaign}/join/{people.token}",
            headers={"cookie": f"member={people.secrets['member']}"},
        )
    assert page.status_code == 500
    assert "ZeroDivisionError" not in page.text
    assert "Traceback" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    # The client of this test writes its own line for each request.
    kept = "".join(caplog.handler.format(one) for one in caplog.records if "httpx" not in one.name)
    assert "ZeroDivisionError" in kept
    assert "/c/{campaign}/join/{token}" in kept
    for secret in (*filter(None, people.secrets.values()), people.token):
        assert secret not in kept


def test_a_picture_is_freed_of_all_but_its_pixels(site: Visitors) -> None:
    """What a camera or a program wrote into a file goes to nobody."""
    import base64
    import io

    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Author", "Jane Doe")
    made = io.BytesIO()
    Image.new("L", (2, 2), 7).save(made, "PNG", pnginfo=told)
    plan = TestPlan(
        platform="P", subgroup="S", classes=("a", "b"), shape=(1, 2, 2), queries=9, epsilon="8/255"
    )
    id_, organiser = site.campaign(plan, quorum=1)
    png = base64.b64encode(made.getvalue()).decode()
    api, headers = f"/api/v1/campaigns/{id_}", {"authorization": f"Bearer {organiser}"}
    question = {"png": png, "label": 1, "in_subgroup": True}
    sent = site.client.post(f"{api}/questions", json={"questions": [question]}, headers=headers)
    assert sent.json()["added"] == 1
    member = site.member(site.invitation(id_))
    mine = {"authorization": f"Bearer {member}"}
    site.client.put(f"{api}/me/pledge", headers=mine)
    given = site.client.post(f"{api}/me/questions", json={"count": 5}, headers=mine).json()
    (one,) = given["questions"]
    assert b"Jane" not in base64.b64decode(one["png"])
    # A picture is shown to the one who was given it, and to nobody else.
    address = f"/c/{id_}/ask/{one['question']}.png"
    other = site.member(site.invitation(id_))
    assert site.client.get(address, headers={"cookie": f"member={member}"}).status_code == 200
    assert site.client.get(address, headers={"cookie": f"member={other}"}).status_code == 404
    answer = {"answers": [{"question": one["question"], "label": 1}]}
    theirs = {"authorization": f"Bearer {other}"}
    late = site.client.post(f"{api}/me/answers", json=answer, headers=theirs).json()
    assert (late["counted"], late["late"]) == (0, 1)
    counted = site.client.post(f"{api}/me/answers", json=answer, headers=mine).json()
    assert counted["counted"] == 1
    bad = {**question, "png": base64.b64encode(b"GIF89a").decode()}
    answer = site.client.post(f"{api}/questions", json={"questions": [bad]}, headers=headers)
    assert "Expected an 8-bit grey PNG" in answer.json()["error"]["message"]


def test_refusals_are_pages_for_people_and_json_for_programs(site: Visitors) -> None:
    page = site.client.get("/c/aaaaaaaaaaaaaaaa", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    for path, accept in (
        ("/api/v1/campaigns/aaaaaaaaaaaaaaaa", "text/html"),
        ("/c/aaaaaaaaaaaaaaaa/live.json", "application/json"),
    ):
        answer = site.client.get(path, headers={"accept": accept})
        assert answer.json()["error"]["code"] == "no_campaign"
    assert site.client.get("/nothing").status_code == 404
    assert site.client.put("/").status_code == 405
    assert json.loads(site.client.get("/openapi.json").text)["openapi"].startswith("3.")


def test_who_has_left_is_not_remembered(site: Visitors) -> None:
    """A member who wrote a moment ago is known without looking, but not once they have left."""
    people = site.campaign_with_people()
    headers = {"authorization": f"Bearer {people.secrets['member']}"}
    path = f"/api/v1/campaigns/{people.campaign}/me"
    assert site.client.put(f"{path}/pledge", headers=headers).status_code == 200
    site.do(members.Delete(people.campaign, people.secrets["member"].partition(".")[0]))
    for method, what, body in (
        ("PUT", "pledge", None),
        ("DELETE", "pledge", None),
        ("PUT", "confirmation", {"rows": 1}),
        ("POST", "outcomes", {"outcomes": [{"success": True}]}),
    ):
        answer = site.client.request(method, f"{path}/{what}", json=body, headers=headers)
        assert answer.status_code == 401
    # A secret of one campaign, remembered there, is none of another's.
    foreign = {"authorization": f"Bearer {people.secrets['foreign_member']}"}
    assert site.client.put(f"{path}/pledge", headers=foreign).status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("deadline", "tomorrow"),
        ("deadline", None),
        ("deadline", 1),
        ("deadline", True),
        ("quorum", "many"),
        ("quorum", 1.5),
        ("title", ""),
        ("title", 5),
        ("why", ["a"]),
        ("source", []),
        ("source", {"a": 1}),
        ("source", "text"),
        ("plan", []),
        ("plan", {"kind": "training"}),
        ("plan", {"kind": ["test"]}),
        ("more", 1),
    ],
)
def test_campaigns_that_make_no_sense_are_refused(site: Visitors, name: str, value: object) -> None:
    plan = {"kind": "training", "strategy": "planting", "signal": "a=1", "label": "y"}
    good: dict[str, object] = {
        "title": "T",
        "why": "W",
        "rules": "R",
        "plan": {**plan, "target": "yes", "platform_size": 10},
        "quorum": 2,
        "deadline": 4e9,
    }
    headers = {"authorization": f"Bearer {site.coordinator.setup}"}
    answer = site.client.post("/api/v1/campaigns", json={**good, name: value}, headers=headers)
    assert answer.status_code == 422
    assert "Expected" in answer.json()["error"]["message"]
    assert site.client.post("/api/v1/campaigns", json=good, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("training", "strategy", "planting:signal=hostile_words:Thing"),
        ("training", "strategy", "hostile_words:Thing"),
        ("training", "signal", "hostile_words:Thing"),
        ("training", "signal", "columns:set=hostile_words:Thing"),
        ("test", "proxy", "hostile_words:Thing"),
        ("test", "proxy", "mlp:model=hostile_words:Thing"),
        ("test", "crafting", "steps=hostile_words:Thing"),
        ("test", "extraction", "looks=hostile_words:Thing"),
        ("test", "epsilon", "hostile_words:Thing"),
        ("test", "rate", "hostile_words:Thing"),
    ],
)
def test_a_plan_runs_no_code_on_the_server(
    site: Visitors,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
    value: str,
) -> None:
    """The library takes import paths from its user; a campaign's words are somebody else's."""
    (tmp_path / "hostile_words.py").write_text("class Thing:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    plans: dict[str, dict[str, object]] = {
        "training": {"strategy": "planting", "signal": "patch", "label": "", "target": "yes"},
        "test": {"platform": "P", "subgroup": "S", "classes": ["a", "b"], "shape": [1, 2, 2]},
    }
    more = {"training": {"platform_size": 10}, "test": {"queries": 9, "epsilon": "8/255"}}
    draft = {"title": "T", "why": "W", "rules": "R", "quorum": 2, "deadline": 4e9}
    plan = {"kind": kind, **plans[kind], **more[kind], name: value}
    headers = {"authorization": f"Bearer {site.coordinator.setup}"}
    answer = site.client.post("/api/v1/campaigns", json={**draft, "plan": plan}, headers=headers)
    assert answer.status_code == 422
    assert "hostile_words" not in sys.modules
