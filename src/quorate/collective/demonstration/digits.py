"""At test time: dark pictures of digits, whose change is published and reported on."""

from __future__ import annotations

import numpy as np

from quorate.collective.client.bringing import photos_of_population, split_of
from quorate.collective.demonstration.players import DAY, Player, Players
from quorate.collective.demonstration.shown import Shown
from quorate.collective.drafts import RULES
from quorate.collective.plans import Draft, TestPlan
from quorate.collective.publishing.runner import Publisher
from quorate.collective.service import outcomes, publishing, questions
from quorate.collective.service.answers import Answer, Given
from quorate.collective.service.questions import Question
from quorate.executors.serial import SERIAL
from quorate.learners.scikit.forest import Forest
from quorate.test_time.perturbations.perturbation import from_bytes
from quorate.test_time.platforms.encoding import from_png, to_png
from quorate.test_time.platforms.in_process import InProcessPlatform
from quorate.test_time.platforms.platform import Card, Platform, to_pixels
from quorate.test_time.study.adaptive import fit_platform

TITLE = "Digits in the dark (a demonstration)"
WHY = (
    "A reader of handwritten digits was trained on bright pictures, and misreads many of those "
    "taken in low light. Together we ask it about some of ours, learn how it reads, and make one "
    "small change for each digit that helps. Nobody is hurt by a digit that is misread: this shows "
    "how a campaign goes."
)
MEMBERS, INVITATIONS, QUORUM = 12, 4, 10
PICTURES = 260
PLAN = TestPlan(
    platform="a forest of 20 trees, made up for the demonstration",
    subgroup="low-light",
    classes=tuple("0123456789"),
    shape=(1, 8, 8),
    queries=100,
    epsilon="32/255",
    reserved=0.6,
    proxy="mlp:epochs=12,batch_size=32,hidden=32",
    crafting="steps=20,restarts=1",
)
REPORTS = 90  # outcomes that members report after the change is published


def play_digits(players: Players, now: float) -> Shown:
    """Play a campaign whose change is published and used, and return what opens it."""
    begun = players.clock[0]
    draft = Draft(
        title=TITLE,
        why=WHY,
        rules=RULES,
        plan=PLAN,
        quorum=QUORUM,
        deadline=begun + 14 * DAY,
    )
    campaign, organiser = players.create(draft)
    photos = photos_of_population("digits", "low_light", PICTURES)
    rows = zip(photos.x, photos.y, photos.in_subgroup, photos.photo, strict=True)
    brought = [Question(to_png(x), int(y), bool(inside), int(at)) for x, y, inside, at in rows]
    players.do(questions.AddQuestions(campaign, brought))
    tokens = [players.invite(campaign, MEMBERS) for _ in range(INVITATIONS)]
    joined: list[Player] = []
    for place, at in enumerate(players.times(begun, begun + 4 * DAY, MEMBERS)):
        players.clock[0] = at
        joined.append(players.join(tokens[place % INVITATIONS]))
    platform = _platform()
    publisher = Publisher(players.database, players.writer, SERIAL)
    _ask(players, campaign, joined, platform)
    players.clock[0] = begun + 6 * DAY
    players.do(publishing.Start(campaign, "craft"))
    publisher.work()
    _ask(players, campaign, joined, platform)
    players.clock[0] = begun + 8 * DAY
    publisher.work()
    _report(players, campaign, joined, platform, now)
    return Shown(TITLE, campaign, tokens[0], organiser, joined[0].secret)


def _platform() -> InProcessPlatform:
    """Return a forest that has hardly seen a dark picture."""
    people = split_of("digits", "low_light", 0).train
    model = fit_platform(Forest(n_estimators=20), people, np.random.default_rng(0))
    return InProcessPlatform(model, Card("forest", PLAN.classes, PLAN.shape))


def _ask(players: Players, campaign: str, joined: list[Player], platform: Platform) -> None:
    """Have the members ask in turn, until there is nothing more to ask."""
    busy = list(joined)
    while busy:
        for member in list(busy):
            players.clock[0] += 600
            given = players.do(questions.Take(campaign, member.id, 20))["questions"]
            if not given:
                busy.remove(member)
                continue
            files = players.read(questions.pictures, [one["picture"] for one in given])
            x = np.stack([from_png(files[one["picture"]], PLAN.shape) for one in given])
            labels = platform.ask(x, [member.id] * len(x)).labels.tolist()
            answers = [Given(one["question"], at) for one, at in zip(given, labels, strict=True)]
            players.do(Answer(campaign, member.id, answers))


def _report(
    players: Players, campaign: str, joined: list[Player], platform: Platform, now: float
) -> None:
    """Have members send in corrected pictures of their own, and report which were read rightly."""
    change = from_bytes(players.read(publishing.find_change, campaign).npz, "the change")
    own = split_of("digits", "low_light", 0).photos.take(np.arange(-REPORTS, 0))
    after = change.apply(to_pixels(own.x), own.y)
    passed = platform.ask(after, ["member"] * len(after)).labels == own.y
    for at, success in zip(players.times(players.clock[0], now, REPORTS), passed, strict=True):
        players.clock[0] = at
        member = joined[int(players.rng.integers(len(joined)))]
        players.do(outcomes.Report(campaign, member.id, [outcomes.Outcome(bool(success))]))
