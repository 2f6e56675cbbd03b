"""The thread that publishes: killed and taken up again, it stores everything once."""

import base64
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from coordinators import Coordinator, coordinator_at
from digits_campaign import Campaign, answer_all, begin
from sqlalchemy import select, text

from quorate.collective.publishing.crafting import CraftingCell, craft_change
from quorate.collective.publishing.runner import Publisher
from quorate.collective.publishing.settings import read_settings
from quorate.collective.publishing.signing import digest_of_file, public_key_of, verify_change
from quorate.collective.publishing.stored import members_of, read_answers
from quorate.collective.service import campaigns, publishing, questions
from quorate.collective.storage import schema
from quorate.collective.storage.database import Database
from quorate.executors.serial import SERIAL
from quorate.test_time.http.service import RefusedError
from quorate.test_time.perturbations.perturbation import from_bytes
from quorate.test_time.study.outcome import LABEL_FREE, PERTURBATION

KILLED = Path(__file__).with_name("killed_publisher.py")
PATIENCE = 60.0  # seconds


@dataclass
class Story:
    """A campaign from its pool to its publication."""

    coordinator: Coordinator
    campaign: Campaign
    pooled: int
    draft: Any
    publisher: Publisher


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    before = questions.CHANCE
    url = f"sqlite:///{tmp_path_factory.mktemp('coordinator') / 'coordinator.sqlite'}"
    with coordinator_at(url) as coordinator:
        campaign = begin(coordinator, random.Random(1))
        pooled = answer_all(coordinator, campaign)
        coordinator.do(publishing.Start(campaign.id, "craft"))
    crafts_until_it_is_killed(url)
    with coordinator_at(url) as coordinator:
        coordinator.clock[0] = 2000.0
        publisher = Publisher(coordinator.database, coordinator.writer, SERIAL, pause=0.05)
        assert job(coordinator, campaign.id).state == "running"  # as the killed server left it
        publisher.work()
        draft = coordinator.read(publishing.find_change, campaign.id)
        answer_all(coordinator, campaign)
        publisher.work()
        yield Story(coordinator, campaign, pooled, draft, publisher)
    questions.CHANCE = before


def crafts_until_it_is_killed(url: str) -> None:
    """Start a server's publisher, and kill it -9 while its worker crafts."""
    process = subprocess.Popen([sys.executable, str(KILLED), url], stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + PATIENCE
        while not under_way(url) and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()


def under_way(url: str) -> bool:
    with Database(url).engine.connect() as connection:  # a reader, which needs no lock
        found = connection.execute(text("SELECT message FROM job WHERE state = 'running'"))
        return "Learning from" in str(found.scalar())


def job(coordinator: Coordinator, campaign: str) -> Any:
    return coordinator.read(publishing.find_job, campaign)


def test_a_killed_server_goes_on_and_publishes_once(story: Story) -> None:
    coordinator, id_ = story.coordinator, story.campaign.id
    assert coordinator.row(id_).state == "published"
    log = coordinator.log(id_)
    kinds = [entry.kind for entry in log]
    for kind in ("crafting", "measuring", "published"):
        assert kinds.count(kind) == 1
    changes = coordinator.read(lambda c: c.execute(select(schema.change)).all())
    assert len(changes) == 1
    story.publisher.work()  # nothing is left to do
    assert coordinator.log(id_) == log
    assert job(coordinator, id_).message == "Published."


def test_the_same_pool_gives_the_same_change_in_any_process(story: Story) -> None:
    coordinator, id_ = story.coordinator, story.campaign.id
    row = coordinator.row(id_)
    plan = questions.plan_of(row)
    stored = coordinator.read(lambda connection: read_answers(connection, id_, plan, trial=False))
    crafted = story.draft.report["crafted"]
    assert stored.digest() == crafted["pool"]
    assert len(stored.label) == story.pooled
    again = craft_change(CraftingCell(stored, read_settings(plan), 60, 0.25))
    assert again.files[PERTURBATION] == story.draft.npz
    assert again.files[LABEL_FREE] == base64.b64decode(story.draft.report["free"])
    assert {**again.plain, "trial": None} == {**crafted, "trial": None}
    members = coordinator.read(members_of, id_)
    assert [one.id for one in members] == story.campaign.members


def test_the_published_change_is_signed_and_its_gap_closed_positive(story: Story) -> None:
    coordinator, id_ = story.coordinator, story.campaign.id
    change = coordinator.read(publishing.find_change, id_)
    signed = coordinator.read(publishing.find_signature, id_)
    key = coordinator.read(lambda c: c.execute(select(schema.server.c.signing_key)).scalar_one())
    log = coordinator.log(id_)
    verify_change(change.npz, change.report, signed, public_key_of(key), log)
    assert (signed.campaign, change.signature) == (id_, signed.signature)
    assert log[-1].facts["change"] == digest_of_file(change.npz)
    assert change.report["on_platform"]["gap_closed"] > 0
    assert log[-1].facts["gap_closed"] == change.report["on_platform"]["gap_closed"]
    published = from_bytes(change.npz, "it")
    crafted = from_bytes(story.draft.npz, "it")
    assert published.arrays["delta"].tolist() == crafted.arrays["delta"].tolist()
    assert published.about["measured"]["gap_closed"]["value"] > 0
    free = base64.b64decode(change.report["files"][LABEL_FREE])
    assert from_bytes(free, "it").label_free


def test_its_page_stands_alone_and_shows_texts_as_text(story: Story) -> None:
    page = story.coordinator.read(publishing.find_change, story.campaign.id).page
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "http-equiv" not in page
    for address in ('src="http', 'href="http', "url(http"):
        assert address not in page
    assert "on the surrogate" in page
    assert "T: a change for low-light people" in page


def test_without_enough_answers_members_go_on_answering(tmp_path: Path) -> None:
    with coordinator_at(f"sqlite:///{tmp_path / 'coordinator.sqlite'}") as coordinator:
        before = questions.CHANCE
        campaign = begin(coordinator, random.Random(2), asked=25, doubled=1.0)
        assert answer_all(coordinator, campaign, most=30, at_once=3) == 36  # of 50
        questions.CHANCE = before
        coordinator.do(publishing.Start(campaign.id, "craft"))
        publisher = Publisher(coordinator.database, coordinator.writer, SERIAL)
        publisher.work()
        failed = job(coordinator, campaign.id)
        assert failed.state == "failed"
        assert failed.message.startswith("Expected 30 answered questions or more to learn 10")
        assert coordinator.row(campaign.id).state == "acting"
        assert coordinator.log(campaign.id)[-1].facts == {"reason": failed.message}
        with pytest.raises(RefusedError, match="none yet"):
            coordinator.read(publishing.find_signature, campaign.id)
        assert answer_all(coordinator, campaign) == 14


def test_a_damaged_picture_and_an_ended_campaign_are_said_in_a_sentence(tmp_path: Path) -> None:
    with coordinator_at(f"sqlite:///{tmp_path / 'coordinator.sqlite'}") as coordinator:
        before = questions.CHANCE
        campaign = begin(coordinator, random.Random(2))
        answer_all(coordinator, campaign, most=80)
        questions.CHANCE = before
        publisher = Publisher(coordinator.database, coordinator.writer, SERIAL)
        with coordinator.database.engine.begin() as connection:
            connection.execute(schema.picture.update().values(png=b"<script>alert(1)</script>"))
        coordinator.do(publishing.Start(campaign.id, "craft"))
        publisher.work()
        assert (
            "Expected an 8-bit grey PNG, 8 wide and 8 high" in job(coordinator, campaign.id).message
        )
        coordinator.clock[0] += 1
        coordinator.do(publishing.Start(campaign.id, "craft"))
        coordinator.do(campaigns.End(campaign.id, "over"))
        publisher.work()
        assert job(coordinator, campaign.id).message == "The campaign is ended."
        assert coordinator.row(campaign.id).state == "ended"


def test_a_server_that_ends_does_not_wait_for_the_publisher(story: Story) -> None:
    started = time.monotonic()
    with Publisher(story.coordinator.database, story.coordinator.writer):
        pass
    assert time.monotonic() - started < 5
