"""Forms: bound to their page and its visitor, sent once, and forgiving of mistakes."""

import re
from typing import Any

import pytest
from web_visitors import UNLIMITED, Visitors, fields_of, visitors_of

from quorate.collective.service import campaigns
from quorate.collective.serving import opened
from quorate.collective.web.site import Settings


def send(site: Visitors, path: str, cookie: str, data: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if cookie:
        named["cookie"] = cookie
    return site.client.post(path, data=data, headers=named, follow_redirects=False)


def pledges(site: Visitors, campaign: str) -> int:
    return int(site.client.get(f"/c/{campaign}/live.json").json()["pledges"])


def test_a_form_needs_the_token_of_its_own_visitor(site: Visitors) -> None:
    people = site.campaign_with_people()
    mine, other = people.secrets["member"], people.secrets["other"]
    path, cookie = f"/c/{people.campaign}/pledge", f"member={mine}"
    for token in ("", "0" * 64, site.form_token(other), "é" * 8):
        answer = send(site, path, cookie, {"form": token})
        assert (answer.status_code, "Open the page again" in answer.text) == (403, True)
    assert pledges(site, people.campaign) == 0
    assert send(site, path, cookie, {"form": site.form_token(mine)}).status_code == 303
    assert pledges(site, people.campaign) == 1


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://["}, False),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"origin": "http://testserver"}, True),
        ({}, True),
    ],
)
def test_other_sites_cannot_send_forms(
    site: Visitors, headers: dict[str, str], passes: bool
) -> None:
    """Even with the right token, and on forms without one, such as that of joining."""
    people = site.campaign_with_people()
    mine = people.secrets["member"]
    data = {"form": site.form_token(mine)}
    answer = send(site, f"/c/{people.campaign}/pledge", f"member={mine}", data, **headers)
    assert answer.status_code == (303 if passes else 403)
    join = f"/c/{people.campaign}/join/{people.token}"
    answer = send(site, join, "", {"agreed": "yes"}, **headers)
    assert answer.status_code == (200 if passes else 403)


def test_a_form_sent_twice_is_done_once(site: Visitors) -> None:
    people = site.campaign_with_people()
    path = f"/c/{people.campaign}/join/{people.token}"
    page = site.client.get(path)
    data = {**fields_of(page.text), "agreed": "yes"}
    first, again = (send(site, path, "", data) for _ in range(2))
    secrets = [re.search(r"<code>(.+)</code>", one.text) for one in (first, again)]
    assert secrets[0] is not None
    assert secrets[0][1] == secrets[1][1]  # type: ignore[index]
    another = send(site, path, "", {**fields_of(site.client.get(path).text), "agreed": "yes"})
    assert secrets[0][1] not in another.text
    assert site.client.get(f"/c/{people.campaign}/live.json").json()["members"] == 4


def test_an_ended_campaign_says_why_and_asks_for_nothing(site: Visitors) -> None:
    people = site.campaign_with_people()
    page = f"/c/{people.campaign}"
    assert "What joining gains and costs" in site.client.get(page).text
    site.do(campaigns.End(people.campaign, "The <platform> has changed."))
    text = site.client.get(page).text
    assert "The &lt;platform&gt; has changed." in text
    assert "What joining gains and costs" not in text
    site.client.cookies.set("member", people.secrets["member"])
    outcomes = site.client.get(f"{page}/outcomes").text
    site.client.cookies.clear()
    assert "has ended: nothing is reported any more" in outcomes


def test_the_form_begins_with_rules(site: Visitors) -> None:
    site.client.get(f"/new/{site.coordinator.setup}")
    assert "Pledge only if you will act" in site.client.get("/new/training").text


def test_a_cookie_is_kept_from_scripts_other_sites_and_other_campaigns(site: Visitors) -> None:
    people = site.campaign_with_people()
    path = f"/c/{people.campaign}/join/{people.token}"
    cookie = send(site, path, "", {"agreed": "yes"}).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Path=/c/{people.campaign};" in cookie
    assert "Secure" not in cookie  # this site is asked without TLS


def test_behind_tls_cookies_travel_by_tls_alone(tmp_path: Any) -> None:
    settings = Settings("https://collective.example.org", rates=UNLIMITED)
    with opened(str(tmp_path / "c.sqlite"), settings) as found, visitors_of(found) as site:
        people = site.campaign_with_people()
        path = f"/c/{people.campaign}/join/{people.token}"
        origin = {"origin": "https://collective.example.org"}
        answer = send(site, path, "", {"agreed": "yes"}, **origin)
        assert "Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"]
        assert (
            send(site, path, "", {"agreed": "yes"}, origin="http://testserver").status_code == 403
        )
        page = site.client.get(
            f"/c/{people.campaign}/organise",
            headers={"cookie": f"organiser={people.secrets['organiser']}"},
        )
        assert f"https://collective.example.org/c/{people.campaign}" in page.text


def test_whoever_has_saved_a_secret_is_known_again(site: Visitors) -> None:
    people = site.campaign_with_people()
    mine = people.secrets["member"]
    page = f"/c/{people.campaign}"
    saved = send(site, f"{page}/me/secret", f"member={mine}", {"form": site.form_token(mine)})
    assert saved.headers["content-disposition"].startswith("attachment")
    assert saved.json()["secret"] == mine
    for sent in (
        {"files": {"file": ("member.json", saved.content)}},
        {"files": {"file": ("member.txt", mine.encode())}},
        {"data": {"secret": f" {mine} "}},
    ):
        answer = site.client.post(f"{page}/enter", follow_redirects=False, **sent)  # type: ignore[arg-type]
        assert (answer.status_code, f"member={mine}" in answer.headers["set-cookie"]) == (303, True)
    site.client.cookies.clear()
    organiser = people.secrets["organiser"]
    answer = send(site, f"{page}/enter", "", {"secret": organiser})
    assert f"organiser={organiser}" in answer.headers["set-cookie"]
    foreign = people.secrets["foreign_member"]
    assert send(site, f"{page}/enter", "", {"secret": foreign}).status_code == 401


def test_a_member_deletes_everything_and_is_gone(site: Visitors) -> None:
    people = site.campaign_with_people()
    mine = people.secrets["member"]
    cookie, data = f"member={mine}", {"form": site.form_token(mine), "sure": "yes"}
    path = f"/c/{people.campaign}/me/delete"
    answer = send(site, path, cookie, data)
    assert (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"]) == (200, True)
    assert (
        site.client.get(f"/c/{people.campaign}/me", headers={"cookie": cookie}).status_code == 401
    )
    assert site.client.get(f"/c/{people.campaign}/live.json").json()["members"] == 1


def test_what_was_typed_is_there_again_after_a_mistake(site: Visitors) -> None:
    setup = site.coordinator.setup
    site.client.get(f"/new/{setup}")
    given = {
        "title": "Say <where> you come from",
        "why": "Because.",
        "rules": "Be fair.",
        "strategy": "planting",
        "signal": "channel=web",
        "label": "approved",
        "target": "yes",
        "platform_size": "2,000",
        "success": "90",
        "quorum": "many",
        "deadline": "2100-01-01T10:00",
    }
    blank = site.client.get("/new/training")
    wrong = site.client.post("/new/training", data={**given, **fields_of(blank.text)})
    assert wrong.status_code == 422
    assert "Expected a whole number" in wrong.text
    assert "Say &lt;where&gt; you come from" in wrong.text
    assert 'value="channel=web"' in wrong.text
    right = site.client.post(
        "/new/training", data={**given, "quorum": "5", **fields_of(wrong.text)}
    )
    site.client.cookies.clear()
    assert "The campaign is created" in right.text
    campaign = re.search(r"/c/([a-z2-7]{16})", right.text)
    assert campaign is not None
    told = site.client.get(f"/api/v1/campaigns/{campaign[1]}").json()
    assert told["title"] == given["title"]
    assert told["plan"]["platform_size"] == 2000
    assert told["plan"]["instruction"]["columns"] == [["channel", "web"]]
