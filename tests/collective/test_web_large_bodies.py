"""What an organiser sends may be large: it keeps nobody waiting, and has an end."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from served_coordinator import served_coordinator
from web_visitors import Visitors, visitors_of

from quorate.collective.plans import TestPlan
from quorate.collective.web import questions


def plan(side: int = 2) -> TestPlan:
    return TestPlan(
        platform="P",
        subgroup="S",
        classes=("a", "b"),
        shape=(1, side, side),
        queries=9,
        epsilon="8/255",
    )


def test_others_are_answered_while_a_large_body_is_read(tmp_path: Path) -> None:
    with served_coordinator(tmp_path / "c.sqlite") as served:
        with visitors_of(served.coordinator) as site:
            id_, organiser = site.campaign(plan())
        took = []
        body = b'{"questions": [' + b"1," * 3_000_000 + b"1]}"
        headers = {"authorization": f"Bearer {organiser}"}
        with ThreadPoolExecutor() as threads, httpx.Client(trust_env=False) as client:
            address = f"{served.url}/api/v1/campaigns/{id_}/questions"
            sent = threads.submit(
                httpx.post, address, content=body, headers=headers, timeout=60, trust_env=False
            )
            while not sent.done():
                began = time.monotonic()
                assert client.get(f"{served.url}/healthz").status_code == 200
                took.append(time.monotonic() - began)
        assert sent.result().status_code == 422
        assert sum(took) > 1.5 * max(took)  # were all kept waiting, one answer would take all of it


def test_pictures_of_one_request_have_a_size_together(
    site: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a few bytes can be a large picture."""
    monkeypatch.setattr(questions, "MOST_LEVELS", 100)
    id_, organiser = site.campaign(plan(side=5))
    one = {"png": base64.b64encode(b"no picture").decode(), "label": 0, "in_subgroup": True}
    answer = site.client.post(
        f"/api/v1/campaigns/{id_}/questions",
        json={"questions": [one] * 5},
        headers={"authorization": f"Bearer {organiser}"},
    )
    assert (answer.status_code, "a list of at most 4" in answer.text) == (422, True)
    files = [("pictures", ("a.png", b"no picture"))] * 5
    answer = site.client.post(
        f"/c/{id_}/organise/questions",
        data={"form": site.form_token(organiser), "label": "0"},
        files=files,
        headers={"cookie": f"organiser={organiser}"},
    )
    assert (answer.status_code, "Expected 1 to 4 pictures" in answer.text) == (422, True)
