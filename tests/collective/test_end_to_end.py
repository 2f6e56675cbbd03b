"""A collective as people meet it: phones, a real browser, and a coordinator in its own process.

Three members join, pledge, reach the quorum, answer by hand, see what is stored, and one leaves.
axe-core looks at every page.
"""

from pathlib import Path

from benchmarks.coordinator_served import ServedCoordinator
from browser import Visitors, axe

from quorate.collective.client.record import check_record, read_record


def test_three_members_meet_on_their_phones(visitor: Visitors, tmp_path: Path) -> None:
    with ServedCoordinator(str(tmp_path / "coordinator.sqlite"), tmp_path) as served:
        campaign, _, token = served.campaign(quorum=3, questions=200)
        page_of = f"{served.url}/c/{campaign}"
        phones = [visitor("phone", scheme) for scheme in ("light", "dark", "light")]
        for number, page in enumerate(phones, 1):
            page.goto(f"{page_of}/join/{token}")
            assert axe(page) == []
            page.get_by_label("I have read the rules").check()
            page.get_by_role("button", name="Join").click()
            page.wait_for_url("**/c/**")
            assert axe(page) == []
            page.get_by_role("link", name="Go on to the campaign").click()
            assert axe(page) == []
            page.get_by_role("button", name="Pledge to act").click()
            page.wait_for_load_state()
            told = served.ask("GET", f"/api/v1/campaigns/{campaign}")
            assert (told["members"], told["pledges"]) == (number, number)
            assert told["state"] == ("acting" if number == 3 else "open")
        for page in phones:
            page.goto(f"{page_of}/ask")
            assert axe(page) == []
            page.get_by_role("button", name="Give me pictures").click()
            page.wait_for_selector("img.question")
            assert axe(page) == []
            page.locator("button[name=label][value='7']").click()
            page.wait_for_load_state()
        assert served.ask("GET", f"/api/v1/campaigns/{campaign}")["answers"] == 3
        last = phones[-1]
        for path in ("/me", "/record", "/outcomes"):
            last.goto(f"{page_of}{path}")
            assert axe(last) == [], path
        last.goto(f"{page_of}/me")
        last.get_by_label("Delete everything that is stored about me").check()
        last.get_by_role("button", name="Delete").click()
        last.wait_for_load_state()
        assert axe(last) == []
        told = served.ask("GET", f"/api/v1/campaigns/{campaign}")
        assert (told["members"], told["pledges"], told["answers"]) == (2, 2, 2)
        assert check_record(read_record(page_of)).holds
