"""A member asks the platform: nothing is asked twice, and the key goes to the platform alone."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity_platform import CLASSES, SHAPE, Parity, images, parity
from stub_platform import Asked, http, predictions, serving

from quorate.collective.client.access import Access
from quorate.collective.client.asking import ask, ask_by_hand, slower
from quorate.collective.plans import TestPlan, TrainingPlan, to_plain
from quorate.errors import CoordinatorError, InputError, PlatformError, QuotaError
from quorate.test_time.platforms.encoding import from_png, to_base64, to_png
from quorate.test_time.platforms.platform import Answers, Pixels

PLAN = TestPlan(
    platform="P", subgroup="S", classes=CLASSES, shape=SHAPE, queries=40, epsilon="8/255"
)


@dataclass
class Pool:
    """A coordinator's questions to one member: handed out in order, held until they are answered.

    Args:
        x: the pictures, (n, c, h, w).
        refuses: counts down; the request for answers that brings it to 0 fails.
    """

    x: Pixels
    plan: Any = field(default_factory=lambda: to_plain(PLAN))
    given: int = 0
    answers: dict[str, int] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    refuses: int = 0

    def __call__(self, asked: Asked) -> bytes:
        self.secrets.add(asked.headers.get("authorization", ""))
        if asked.method == "GET":
            return http(200, {"plan": self.plan})
        plain = json.loads(asked.body)
        if asked.path.endswith("/me/questions"):
            self.given = min(len(self.x), self.given + plain["count"])
            held = [i for i in range(self.given) if f"q{i}" not in self.answers]
            found = [{"question": f"q{i}", "png": to_base64(to_png(self.x[i]))} for i in held]
            return http(200, {"questions": found, "left": len(self.x) - self.given})
        self.refuses -= 1
        if self.refuses == 0:
            return http(501, b"no")
        for one in plain["answers"]:
            assert one["question"] not in self.answers
            self.answers[one["question"]] = one["label"]
        return http(200, {"counted": len(plain["answers"])})


def access_to(url: str) -> Access:
    return Access("member", url, "abc", "m.SECRET")


def honest(x: Pixels) -> dict[str, int]:
    return {f"q{i}": int(label) for i, label in enumerate(parity(x))}


def test_every_question_is_answered_once(tmp_path: Path) -> None:
    pool, platform = Pool(images(37)), Parity()
    with serving(pool) as stub:
        first = ask(access_to(stub.url), platform, tmp_path / "a.ledger", count=5)
        assert (first.answered, len(pool.answers)) == (5, 5)
        done = ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert (done.answered, done.left) == (32, 0)
    assert pool.answers == honest(pool.x)
    assert len(platform.seen) == 37
    assert {key for _, key in platform.seen} == {"member"}


def test_who_was_stopped_asks_nothing_twice(tmp_path: Path) -> None:
    """The platform has answered, and the answers never reached the pool: they are in the ledger."""
    pool, platform = Pool(images(30), refuses=2), Parity()
    with serving(pool) as stub:
        with pytest.raises(CoordinatorError, match="501"):
            ask(access_to(stub.url), platform, tmp_path / "a.ledger")
        assert (len(pool.answers), len(platform.seen)) == (16, 30)
        ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert pool.answers == honest(pool.x)
    assert len(platform.seen) == 30


class Fails(Parity):
    """Answers a number of questions, and then fails."""

    def __init__(self, after: int, error: Callable[[], BaseException]) -> None:
        super().__init__()
        self.after, self.error = after, error

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        if len(self.seen) >= self.after:
            raise self.error()
        return super().ask(x, keys)


@pytest.mark.parametrize("error", [lambda: PlatformError("down"), KeyboardInterrupt])
def test_what_was_answered_before_a_failure_is_kept(
    tmp_path: Path, error: Callable[[], BaseException]
) -> None:
    pool, platform = Pool(images(30)), Fails(16, error)
    with serving(pool) as stub:
        with pytest.raises(type(error())):
            ask(access_to(stub.url), platform, tmp_path / "a.ledger")
        assert pool.answers == honest(pool.x[:16])
        platform.after = 100
        ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert pool.answers == honest(pool.x)
    assert len(platform.seen) == 30  # those under way when it failed were reserved, and asked again


def test_the_budget_is_the_plan_s_whatever_the_coordinator_hands_out(tmp_path: Path) -> None:
    pool, platform = Pool(images(60)), Parity()
    with serving(pool) as stub:
        done = ask(access_to(stub.url), platform, tmp_path / "a.ledger")
        assert (done.answered, len(platform.seen)) == (40, 40)
        with pytest.raises(QuotaError, match="budget"):
            ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert len(platform.seen) == 40


def test_labels_are_told_by_name(tmp_path: Path) -> None:
    """The plan has the classes in another order than the platform."""
    plan = to_plain(PLAN) | {"classes": ["eel", "cat", "owl", "dog"]}
    pool = Pool(images(9), plan=plan)
    with serving(pool) as stub:
        ask(access_to(stub.url), Parity(), tmp_path / "a.ledger")
    place = {0: 1, 1: 3, 2: 0}  # cat, dog, eel
    assert pool.answers == {name: place[label] for name, label in honest(pool.x).items()}


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"shape": [1, 3, 3]}, "Expected a platform that takes pictures of shape"),
        ({"classes": ["cat", "dog"]}, "got one with eel"),
    ],
)
def test_another_platform_is_refused_before_it_is_asked(
    tmp_path: Path, plan: dict[str, Any], said: str
) -> None:
    pool, platform = Pool(images(3), plan=to_plain(PLAN) | plan), Parity()
    with serving(pool) as stub, pytest.raises(InputError, match=said):
        ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert platform.seen == []


HOSTILE_PLANS: list[Any] = [
    None,
    {},
    {"kind": "x"},
    {**to_plain(PLAN), "shape": [1, 10**6, 10**6]},
    {**to_plain(PLAN), "shape": [1.5, 2, 3]},
    {**to_plain(PLAN), "shape": 5},
    {**to_plain(PLAN), "classes": [1, 2]},
    {**to_plain(PLAN), "classes": ["a", "a"]},
    {**to_plain(PLAN), "queries": "many"},
    {**to_plain(PLAN), "queries": 10**9},
    to_plain(
        TrainingPlan(strategy="planting", signal="a=1", label="y", target="t", platform_size=9)
    ),
]


@pytest.mark.parametrize("plan", HOSTILE_PLANS)
def test_a_plan_that_cannot_be_is_one_message(tmp_path: Path, plan: Any) -> None:
    pool, platform = Pool(images(3), plan=plan), Parity()
    with serving(pool) as stub, pytest.raises(CoordinatorError):
        ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert platform.seen == []


PNG = to_base64(to_png(images(1)[0]))
HOSTILE_QUESTIONS: list[Any] = [
    {"questions": [], "left": "3"},
    {"questions": {}, "left": 3},
    {"questions": [3], "left": 3},
    {"questions": [{"question": "../x", "png": PNG}], "left": 3},
    {"questions": [{"question": "q", "png": PNG}] * 2, "left": 3},
    {"questions": [{"question": "q", "png": "?"}], "left": 3},
    {"questions": [{"question": "q", "png": to_base64(b"GIF89a")}], "left": 3},
    {"questions": [{"question": f"q{i}", "png": PNG} for i in range(500)], "left": 3},
    {
        "questions": [
            {"question": "q", "png": to_base64(to_png(np.zeros((1, 900, 900), np.uint8)))}
        ],
        "left": 3,
    },
]


@pytest.mark.parametrize("answer", HOSTILE_QUESTIONS)
def test_questions_that_cannot_be_are_one_message(tmp_path: Path, answer: Any) -> None:
    def says(asked: Asked) -> bytes:
        return http(200, {"plan": to_plain(PLAN)} if asked.method == "GET" else answer)

    platform = Parity()
    with serving(says) as stub, pytest.raises(CoordinatorError):
        ask(access_to(stub.url), platform, tmp_path / "a.ledger")
    assert platform.seen == []


def test_by_hand_the_member_enters_what_the_platform_says(tmp_path: Path) -> None:
    pool, picture = Pool(images(5)), tmp_path / "question.png"

    def look(names: Sequence[str]) -> str | None:
        if len(pool.answers) == 3:
            return None
        return names[parity(from_png(picture.read_bytes(), SHAPE)[None])[0]]

    with serving(pool) as stub:
        done = ask_by_hand(access_to(stub.url), picture, look)
    assert done.answered == 3
    assert pool.answers == honest(pool.x[:3])


@pytest.mark.parametrize(
    ("ours", "plan", "wanted"),
    [(None, "", None), ("none", "", None), ("61/min", "1/s", "1/s"), ("59/min", "1/s", "59/min")],
)
def test_the_slower_rate_counts(ours: str | None, plan: str, wanted: str | None) -> None:
    assert slower(ours, plan) == wanted


def test_the_command_keeps_the_key_from_the_coordinator(
    quorate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pool = Pool(images(8), plan=to_plain(PLAN) | {"rate": "1000/s"})
    (tmp_path / "key.txt").write_text("mine PLATFORM-KEY\n")
    with serving(pool) as stub, serving(predictions) as platform:
        (tmp_path / "member-abc.json").write_text(access_to(stub.url).to_json())
        asked = ("member", "ask", "--platform", platform.url, "--key-file", "key.txt")
        code, out, err = quorate(*asked, "--json")
        assert (code, err) == (0, "")
        assert json.loads(out) == {"answered": 8, "left": 0}
        code, out, _ = quorate(*asked)
        assert (code, "nothing more to ask for you now" in out) == (0, True)
    assert pool.answers == honest(pool.x)
    assert pool.secrets == {"Bearer m.SECRET"}
    assert {one.headers["authorization"] for one in platform.asked} == {"Bearer PLATFORM-KEY"}
    assert len(platform.asked) == 8  # the plan's rate counts questions: one a request
    with sqlite3.connect(tmp_path / "member-abc.ledger") as ledger:
        assert not any("PLATFORM-KEY" in line or "SECRET" in line for line in ledger.iterdump())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "either --platform or --by-hand, got neither"),
        (("--platform", "http://a", "--by-hand", "a.png"), "got both"),
        (("--platform", "http://127.0.0.1:9"), "Expected your own key for the platform, got none"),
        (("--platform", "http://127.0.0.1:9", "--key-file", "two.txt"), "Say which is yours"),
        (("--platform", "http://127.0.0.1:9", "--count", "0"), "Ask at least one question"),
    ],
)
def test_mistakes_are_explained(
    quorate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.txt").write_text("a KEY1\nb KEY2\n")
    with serving(Pool(images(3))) as stub:
        (tmp_path / "member-abc.json").write_text(access_to(stub.url).to_json())
        code, _, err = quorate("member", "ask", *words)
    assert code == 2
    assert said in err
    assert not {"KEY1", "SECRET"} & set(err.replace(".", " ").split())
