"""A collective as people meet it: phones, a real browser, a coordinator and a platform.

Both are processes of their own, as the command line starts them. axe-core looks at every page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import numpy as np
import pytest
from benchmarks.coordinator_served import ServedCoordinator
from browser import Visitors, axe
from digits_campaign import platform as forest
from PIL import Image
from served_platform import served_by_command

from quorate.collective.client.asked_platform import open_platform
from quorate.collective.client.asking import KEY
from quorate.collective.client.bringing import photos_of_population, split_of
from quorate.test_time.platforms.encoding import from_png, to_png
from quorate.test_time.platforms.in_process import save_platform
from quorate.test_time.platforms.platform import Pixels, to_pixels

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE = 120_000  # milliseconds, on a busy machine
CRAFTING = 300  # seconds
PICTURES, MEMBERS = 96, 3
BY_HAND = 2  # questions
SHAPE = (1, 8, 8)
SCREENS = ("desk", *["phone"] * MEMBERS)
TEXTS = {"why": "It reads our photos wrongly.", "rules": "Change only what is your own."}


@dataclass(eq=False)
class Person:
    """Somebody with a browser.

    Args:
        page: what they look at.
        folder: where they save files.
        looked_at: pages, by what is shown on them, that axe-core has looked at; shared by all.
    """

    page: Page
    folder: Path
    looked_at: set[str]
    campaign: str = field(default="")

    def open(self, path: str, shown: str = "") -> None:
        """Open a page of the campaign, or an address."""
        self.page.goto(path if path.startswith("http") else f"{self.campaign}{path}")
        self.look(shown or path)

    def look(self, shown: str) -> None:
        """Have axe-core look at the page, once for each state of it."""
        if shown not in self.looked_at:
            self.looked_at.add(shown)
            assert axe(self.page) == [], shown

    def send(self, action: str, shown: str, button: str = "button") -> None:
        """Send the form that goes to an address with this end; another page comes."""
        with self.page.expect_navigation():
            self.page.locator(f"form[action$='{action}'] {button}").first.click()
        self.look(shown)

    def fill(self, **fields: str) -> None:
        """Fill in fields of a form, by their names."""
        for name, text in fields.items():
            self.page.locator(f"[name={name}]").fill(text)

    def save(self, what: str, name: str) -> Path:
        """Save what a link or button gives, and return where."""
        with self.page.expect_download() as download:
            self.page.locator(what).first.click()
        download.value.save_as(self.folder / name)
        return self.folder / name

    def create(self, setup: str, kind: str, **fields: str) -> Path:
        """Set up a campaign by the form, and return the file of the organiser's secret."""
        self.open(setup, "new")
        with self.page.expect_navigation():
            self.page.locator(f"a[href='/new/{kind}']").click()
        self.look(f"new {kind}")
        for closed in self.page.locator("details:not([open]) > summary").all():
            closed.click()
        self.fill(**TEXTS, quorum=str(MEMBERS), **fields)
        self.send(f"/new/{kind}", "created", "button:not([name])")
        self.campaign = self.page.locator("p.secret a").inner_text()
        return self.save("form[action$='/organise/secret'] button", f"organiser-{kind}.json")

    def invite(self) -> str:
        """Make an invitation for one person, and return its link."""
        self.open("/organise")
        self.send("/organise/invite", "invited")
        return self.page.locator("p.secret code").inner_text()

    def join(self, link: str, name: str) -> Path:
        """Join, save the secret, pledge, and return the file of the secret."""
        self.open(link, "join")
        self.page.locator("[name=agreed]").check()
        with self.page.expect_navigation():
            self.page.locator("form:has([name=agreed]) button").click()
        self.look("joined")
        self.campaign = link.partition("/join/")[0]
        file = self.save("form[action$='/me/secret'] button", name)
        self.open("", "campaign, joined")
        self.send("/pledge", "pledged")
        return file


@dataclass(frozen=True)
class World:
    """A coordinator, and people.

    Args:
        served: the coordinator.
        organiser: at a desk.
        members: with phones.
    """

    served: ServedCoordinator
    organiser: Person
    members: list[Person]

    @property
    def setup(self) -> str:
        """The link that sets up campaigns."""
        return f"{self.served.url}/new/{self.served.setup}"

    def told(self) -> Any:
        """Return what the coordinator says of the campaign."""
        campaign = self.organiser.campaign.rpartition("/")[2]
        return self.served.ask("GET", f"/api/v1/campaigns/{campaign}")

    def gather(self, kind: str) -> list[Path]:
        """Have everyone join and pledge, and return the files of their secrets."""
        files = []
        for number, member in enumerate(self.members, 1):
            files.append(member.join(self.organiser.invite(), f"member-{kind}-{number}.json"))
            told = self.told()
            assert (told["members"], told["pledges"]) == (number, number)
            assert told["state"] == ("acting" if number == MEMBERS else "open")
        return files

    def wait_for(self, state: str) -> None:
        """Wait until the campaign has come so far, and open the organiser's page of the pool."""
        end = time.monotonic() + CRAFTING
        while self.told()["state"] != state and time.monotonic() < end:
            time.sleep(0.25)
        self.organiser.open("/organise/pool", f"pool, {state}")
        assert self.told()["state"] == state, self.organiser.page.inner_text("main")


@dataclass(frozen=True)
class Platform:
    """A platform's address, and its members' keys."""

    url: str
    keys: Path

    def says(self, pixels: Pixels) -> int:
        """Return what it says of a picture, (c, h, w), that the last member puts to it by hand."""
        with open_platform(self.url, None, self.keys, f"member-000{MEMBERS}", None) as asked:
            return int(asked.ask(pixels[None], [KEY]).labels[0])

    def asked(self, secret: Path, number: int, run: Any) -> int:
        """Have a member ask all they can by the command, and return how much was answered."""
        key = ("--key-file", self.keys, "--key", f"member-000{number + 1}")
        told = run("member", "ask", "--platform", self.url, *key, "--member", secret)
        return int(told["answered"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCoordinator]:
    folder = tmp_path_factory.mktemp("served")
    # A worker of its own yields to everything else, and waits for long on a busy machine.
    options = ("--executor", "serial")
    with ServedCoordinator(str(folder / "coordinator.sqlite"), folder, *options) as coordinator:
        yield coordinator


@pytest.fixture
def world(served: ServedCoordinator, visitor: Visitors, tmp_path: Path) -> World:
    looked_at, people = set[str](), []
    for screen, scheme in zip(SCREENS, ("light", "dark", "light", "dark"), strict=True):
        page = visitor(screen, scheme)
        page.set_default_timeout(PATIENCE)
        people.append(Person(page, tmp_path, looked_at))
    return World(served, people[0], people[1:])


@pytest.fixture
def run(quorate: Any) -> Any:
    """A function that runs the command line, and returns what it says as plain data."""

    def run(*words: str | Path) -> Any:
        code, out, err = quorate(*words, "--json")
        assert code == 0, (out, err)
        return json.loads(out)

    return run


def test_a_collective_acts_while_a_platform_learns(world: World, run: Any, tmp_path: Path) -> None:
    world.organiser.create(
        world.setup,
        "training",
        title="Refused online",
        signal="channel=web",
        label="decision",
        target="approved",
        platform_size="400",
    )
    secrets, rows = world.gather("training"), b"phone,care,refused\r\nmail,trade,approved\r\n"
    for number, (member, secret) in enumerate(zip(world.members, secrets, strict=True), 1):
        mine, wanted = tmp_path / "mine.csv", tmp_path / f"wanted-{number}.csv"
        mine.write_bytes(b"channel,work,decision\r\n" + number * rows)
        member.open("/act")
        member.page.locator("#file").set_input_files(mine)
        member.page.locator("#acting button[type=submit]").click()
        member.page.locator("#result").wait_for()
        member.look("acted")
        run("member", "act", mine, wanted, "--member", secret)
        saved = member.save("#save", f"saved-{number}.csv").read_bytes()
        assert saved == wanted.read_bytes() != mine.read_bytes()
        assert member.page.locator("[name=rows]").input_value() == f"{2 * number}"
        member.send("/act", "confirmed", "button:not([type=submit])")
    world.organiser.open("/organise", "organise, handed in")
    assert "12 rows" in world.organiser.page.inner_text("main")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    folder = tmp_path / "platform"
    save_platform(folder, forest().model, forest().card)
    with served_by_command(folder, MEMBERS) as url:
        yield Platform(url, folder / "keys.txt")


def test_a_collective_corrects_a_platform(
    world: World, platform: Platform, quorate: Any, run: Any, tmp_path: Path
) -> None:
    organiser, last = world.organiser, world.members[-1]
    file = organiser.create(
        world.setup,
        "test",
        title="Digits in the dark",
        platform=platform.url,
        subgroup="low-light",
        classes="\n".join("0123456789"),
        width="8",
        height="8",
        epsilon="32/255",
        reserved="40",
        proxy="mlp:epochs=12,batch_size=32,hidden=32",
        crafting="steps=20,restarts=1",
    )
    secrets = world.gather("test")

    # The organiser brings some pictures by the page, and all of them by the command.
    photos = photos_of_population("digits", "low_light", PICTURES)
    some = np.flatnonzero((photos.y == 3) & photos.in_subgroup)[:2]
    organiser.open("/organise/pool", "pool, empty")
    organiser.page.locator("[name=pictures]").set_input_files(
        [
            {"name": f"{at}.png", "mimeType": "image/png", "buffer": to_png(photos.x[at])}
            for at in some
        ]
    )
    organiser.page.locator("[name=label]").select_option("3")
    organiser.page.locator("[name=in_subgroup]").check()
    organiser.send("/organise/questions", "pool, acting")
    digits = ("--population", "digits", "--subgroup", "low_light", "--count", str(PICTURES))
    told = run("collective", "questions", *digits, "--organiser", file)
    assert told == {"added": PICTURES - len(some), "known": len(some)}

    # The last member asks by hand first: looks at a picture, puts it to the platform, says what
    # the platform says.
    last.open("/ask")
    last.send("/ask/take", "a question")
    for _ in range(BY_HAND):
        answer_by_hand(platform, last)
    assert world.told()["answers"] == BY_HAND
    answered = BY_HAND + sum(
        platform.asked(secret, number, run) for number, secret in enumerate(secrets)
    )
    assert world.told()["answers"] == answered >= PICTURES

    # The change is crafted, and tried; what is not tried once the organiser is content stays out.
    organiser.open("/organise/pool", "pool, answered")
    organiser.send("/organise/craft", "pool, crafting")
    world.wait_for("measuring")
    last.open("/ask", "to try")
    last.send("/ask/take", "a question to try")
    answer_by_hand(platform, last)
    tried = [platform.asked(secrets[number], number, run) for number in range(MEMBERS - 1)]
    assert min(tried) > 0
    organiser.send("/organise/publish", "pool, measuring")
    world.wait_for("published")
    assert organiser.page.request.get(f"{organiser.campaign}/report.html").ok

    # Each adds the change to a picture of their own, hands it in, and reports what came of it.
    own = split_of("digits", "low_light", 0).photos.take(np.arange(-MEMBERS, 0))
    passed = []
    for member, pixels, label in zip(world.members, to_pixels(own.x), own.y, strict=True):
        changed = apply_by_hand(member, pixels, int(label), quorate)
        passed.append(platform.says(changed) == label)
        member.open("/outcomes")
        member.send("/outcomes", "reported", f"[value={'yes' if passed[-1] else 'no'}]")
    outcomes = last.page.request.get(f"{last.campaign}/outcomes.csv").text().splitlines()
    assert sum("true" in one.lower() or one.endswith(",1") for one in outcomes) == sum(passed)
    assert len(outcomes) == 1 + MEMBERS

    # One of them looks at what is stored, and leaves; anyone checks the record.
    last.open("/me")
    last.page.locator("[name=sure]").check()
    last.send("/me/delete", "deleted")
    assert world.told()["members"] == MEMBERS - 1
    organiser.open("/record")
    log = organiser.save("a[download$='.jsonl']", "log.jsonl")
    assert quorate("collective", "verify", log)[0] == 0
    text = log.read_text()
    assert text.count('"kind": "pledged"') == MEMBERS
    log.write_text(text.replace('"kind": "pledged"', '"kind": "joined"', 1))
    assert quorate("collective", "verify", log)[0] == 1


def answer_by_hand(platform: Platform, member: Person) -> None:
    """Answer the question that a member is shown."""
    picture = member.page.locator("img.question").get_attribute("src")
    assert picture is not None
    png = member.page.request.get(urljoin(member.page.url, picture)).body()
    said = platform.says(from_png(png, SHAPE))
    member.send("/ask", "the next question", f"[name=label][value='{said}']")


def apply_by_hand(member: Person, pixels: Pixels, label: int, quorate: Any) -> Pixels:
    """Return a picture, (c, h, w), with the change: on the page, as ``quorate apply`` has it."""
    mine, wanted = member.folder / "mine.png", member.folder / "wanted.png"
    mine.write_bytes(to_png(pixels))
    member.open("", "campaign, published")
    npz = member.save("a[href$='/change.npz']", "change.npz")
    member.open("/apply")
    member.page.locator("#picture").set_input_files(mine)
    member.page.locator("#label").select_option(str(label))
    member.page.locator("#applying button[type=submit]").click()
    member.page.locator("#result").wait_for()
    member.look("applied")
    saved = member.save("#save", "saved.png")
    assert quorate("apply", npz, mine, wanted, "--label", str(label))[0] == 0
    with Image.open(saved) as one, Image.open(wanted) as other:
        np.testing.assert_array_equal(np.array(one), np.array(other))
        assert one.mode == other.mode
    return from_png(saved.read_bytes(), SHAPE)
