"""The HTTP client: every status, every bad answer, other people's APIs, and nothing paid twice."""

import base64
import dataclasses
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from parity_platform import CLASSES, InProcessPlatform, Parity, images, parity, parity_scores
from PIL import Image

from quorate.errors import InputError, PlatformError, QuotaError
from quorate.test_time.http.api import API, QUORATE_API, find, read_api
from quorate.test_time.http.app import app
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.http.server import read_keys
from quorate.test_time.platforms.answers import PartialError, PartialQuotaError
from quorate.test_time.platforms.encoding import digests, from_base64, from_png
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import EVALUATION, Platform

HERE = str(Path(__file__).parents[2] / "stand_ins")
KEYS = {"a": "secret-a", "b": "secret-b", EVALUATION: "secret-e"}
CARD = {"id": "parity", "classes": list(CLASSES), "shape": [1, 2, 3], "gives": "labels"}
BARE = {"model_path": "", "classes": CLASSES, "shape": (1, 2, 3), "scores_at": ""}
Handler = Callable[[httpx.Request], httpx.Response]


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def connect() -> Iterator[Callable[..., HTTPPlatform]]:
    """A function that returns a client of a handler or an app, whose waits take no time."""
    opened: list[HTTPPlatform] = []

    def start(to: Handler | httpx.BaseTransport, **options: Any) -> HTTPPlatform:
        transport = to if isinstance(to, httpx.BaseTransport) else httpx.MockTransport(to)
        passing = Time()
        options = {"clock": passing.clock, "sleep": passing.sleep, "keys": KEYS} | options
        opened.append(HTTPPlatform("http://platform", transport=transport, **options))
        opened[-1].time = passing  # type: ignore[attr-defined]
        return opened[-1]

    yield start
    for platform in opened:
        platform.close()


def sent_images(request: httpx.Request) -> np.ndarray:
    plain = json.loads(request.content)["images"]
    return np.stack([from_png(from_base64(one), (1, 2, 3)) for one in plain])


def key_of(request: httpx.Request) -> str:
    secret = request.headers["authorization"].removeprefix("Bearer ")
    return next(name for name, known in KEYS.items() if known == secret)


def honest(request: httpx.Request) -> httpx.Response:
    """Answers as a quorate platform does."""
    if request.url.path == "/v1/model":
        return httpx.Response(200, json=CARD)
    labels = parity(sent_images(request)).tolist()
    return httpx.Response(200, json={"predictions": [{"index": label} for label in labels]})


def predicting(answer: Callable[[httpx.Request], httpx.Response]) -> Handler:
    """A platform whose card is fine, and whose answers are ``answer``'s."""

    def handle(request: httpx.Request) -> httpx.Response:
        return honest(request) if request.url.path == "/v1/model" else answer(request)

    return handle


# ------------------------------------------------------------------------------ asking


@pytest.mark.parametrize("in_flight", [1, 4])
def test_answers_stand_in_the_order_of_the_images(
    connect: Callable[..., HTTPPlatform], in_flight: int
) -> None:
    rng, requests = np.random.default_rng(0), []

    def slow(request: httpx.Request) -> httpx.Response:
        time.sleep(rng.uniform(0, 0.004))  # they come back in any order
        requests.append((key_of(request), len(sent_images(request))))
        return honest(request)

    platform = connect(predicting(slow), in_flight=in_flight)
    assert isinstance(platform, Platform)
    x, keys = images(90), ["a", "b", "b"] * 30
    answers = platform.ask(x, keys)
    assert np.array_equal(answers.labels, parity(x))
    assert answers.probabilities is None
    assert Counter(requests) == {("a", 16): 1, ("a", 14): 1, ("b", 16): 3, ("b", 12): 1}
    assert "secret" not in repr(platform)


def test_scores_come_back_to_the_bit(connect: Callable[..., HTTPPlatform], tmp_path: Path) -> None:
    served = app(Parity("scores"), tmp_path / "platform.ledger", KEYS)
    platform, x = connect(InProcessPlatform(served)), images(20)
    answers = platform.ask(x, ["a"] * 20)
    assert platform.card.gives == "scores"
    assert np.array_equal(answers.probabilities, parity_scores(x))
    labels_only = connect(
        InProcessPlatform(served), api=dataclasses.replace(QUORATE_API, scores_at="")
    )
    assert labels_only.card.gives == "labels"
    assert labels_only.ask(x, ["a"] * 20).probabilities is None


def test_the_server_says_how_many_images_it_takes(
    connect: Callable[..., HTTPPlatform], tmp_path: Path
) -> None:
    served = app(Parity(), tmp_path / "platform.ledger", KEYS, images_at_once=3)
    x = images(10)
    assert np.array_equal(connect(InProcessPlatform(served)).ask(x, ["a"] * 10).labels, parity(x))


def test_wrong_questions_are_never_sent(connect: Callable[..., HTTPPlatform]) -> None:
    sent: list[httpx.Request] = []
    platform = connect(predicting(lambda request: sent.append(request) or honest(request)))
    with pytest.raises(InputError, match=r"got none for c, d\. Add a line for each") as error:
        platform.ask(images(4), ["a", "c", "d", "c"])
    assert "secret-" not in str(error.value)
    for x, keys in [(images(2), ["a"]), (images(2, shape=(1, 3, 2)), ["a", "a"])]:
        with pytest.raises(InputError, match="Expected"):
            platform.ask(x, keys)
    assert not sent
    assert len(platform.ask(images(0), [])) == 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"url": "localhost:8000"}, "Begin with http"),
        ({"url": "ftp://host"}, "Begin with http"),
        ({"url": "http://"}, "Begin with http"),
        ({"keys": {}}, "at least one key"),
        ({"keys": {"a": "hidden\nline"}}, "the secret of a"),
        ({"keys": {"a": "hiddén"}}, "the secret of a"),
        ({"rate": "quick"}, "such as 5/s"),
        ({"timeout": 0}, "timeout=0"),
        ({"retries": -1}, "retries=-1"),
        ({"in_flight": 0}, "in_flight=0"),
    ],
)
def test_wrong_arguments_are_named(wrong: Mapping[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=re.escape(named)) as error:
        HTTPPlatform(**({"url": "http://platform", "keys": KEYS} | wrong))
    assert "hidd" not in str(error.value)


# ------------------------------------------------------------------------------ statuses


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        (400, "API's description"),
        (401, "Give the right key"),
        (403, "Give a key that may ask"),
        (404, "Check the address"),
        (405, "paths"),
        (413, "images_at_once lower"),
        (415, "encoding"),
        (422, "shape"),
        (301, "which leads to http://elsewhere"),
        (418, "ask its operator"),
        (501, "ask its operator"),
    ],
)
def test_a_refusal_is_not_tried_again_and_tells_no_secret(
    connect: Callable[..., HTTPPlatform], status: int, fix: str
) -> None:
    sent = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        body = {"error": {"message": "Incorrect key: secret-a"}}
        return httpx.Response(status, json=body, headers={"location": "http://elsewhere"})

    platform = connect(predicting(refuse))
    with pytest.raises(PartialError, match="Expected an answer") as error:
        platform.ask(images(2), ["a", "a"])
    message = str(error.value)
    assert len(sent) == 1
    assert "key a, got" in message
    assert str(status) in message
    assert fix in message
    assert "secret" not in message
    assert not isinstance(error.value, QuotaError)
    assert not error.value.answered.any()
    assert error.value.refused.all() == (status < 500)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(connect: Callable[..., HTTPPlatform], status: int) -> None:
    left = [3]

    def flaky(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        return httpx.Response(status, text="busy") if left[0] >= 0 else honest(request)

    platform = connect(predicting(flaky))
    assert platform.ask(images(2), ["a", "a"]).labels.tolist() == [0, 1]
    slept = platform.time.slept  # type: ignore[attr-defined]
    assert len(slept) == 3
    assert all(0 <= wait <= 0.5 * 2**i for i, wait in enumerate(slept))


FAILURES = {
    "timeout": httpx.ReadTimeout("slow"),
    "connection": httpx.ConnectError("refused"),
    "lost": httpx.RemoteProtocolError("gone"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failing_line_is_tried_again_and_then_given_up(
    connect: Callable[..., HTTPPlatform], kind: str
) -> None:
    left = [4]

    def fail(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        if left[0] >= 0:
            raise FAILURES[kind]
        return honest(request)

    platform = connect(predicting(fail), retries=4)
    assert len(platform.ask(images(1), ["a"])) == 1
    left[0] = 1000
    with pytest.raises(PartialError, match="after 5 tries") as error:
        platform.ask(images(1), ["a"])
    assert left[0] == 995
    assert type(FAILURES[kind]).__name__ in str(error.value)
    # What never reached the platform was not metered; what was sent may have been.
    assert error.value.refused.tolist() == [kind == "connection"]
    assert sum(platform.time.slept) <= 60 * 8  # type: ignore[attr-defined]


@pytest.mark.parametrize("date", [False, True])
def test_a_wait_that_the_server_asks_for_is_kept(
    connect: Callable[..., HTTPPlatform], date: bool
) -> None:
    left = [30]  # more than the retries: waiting as told is not failing

    def limit(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        if left[0] < 0:
            return honest(request)
        when = format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)
        body = {"error": {"code": "rate_limited"}}
        return httpx.Response(429, json=body, headers={"retry-after": when if date else "12"})

    platform = connect(predicting(limit), retries=2)
    assert len(platform.ask(images(1), ["a"])) == 1
    slept = platform.time.slept  # type: ignore[attr-defined]
    assert len(slept) == 30
    assert all(10 < wait <= 12.25 for wait in slept)


def test_a_server_that_asks_to_wait_for_ever_is_not_waited_for(
    connect: Callable[..., HTTPPlatform],
) -> None:
    tell = httpx.Response(429, headers={"retry-after": "86400"}, text="come back tomorrow")
    platform = connect(predicting(lambda _: tell))
    with pytest.raises(PartialError, match="come back tomorrow") as error:
        platform.ask(images(1), ["a"])
    assert not platform.time.slept  # type: ignore[attr-defined]
    assert error.value.refused.all()


def test_the_clients_rate_is_kept_whatever_is_in_flight(
    connect: Callable[..., HTTPPlatform],
) -> None:
    passing, moments, lock = Time(), [], threading.Lock()

    def note(request: httpx.Request) -> httpx.Response:
        with lock:
            moments.append(passing.now)
        return honest(request)

    api = API(**BARE, images_at_once=1, image_at="images.*")  # type: ignore[arg-type]
    platform = connect(
        note, api=api, rate="2/s", in_flight=1, clock=passing.clock, sleep=passing.sleep
    )
    platform.ask(images(10), ["a"] * 10)
    assert np.allclose(moments, [0, 0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4])  # sums of 0.5


def test_a_spent_key_does_not_stop_the_others(
    connect: Callable[..., HTTPPlatform], tmp_path: Path
) -> None:
    served = app(Parity(), tmp_path / "platform.ledger", KEYS, budget=20)
    platform, x = connect(InProcessPlatform(served)), images(60)
    platform.ask(x[40:50], ["b"] * 10)
    keys = ["a"] * 30 + ["b"] * 30
    with pytest.raises(
        PartialQuotaError, match="of its 20 are spent, and do not come back"
    ) as error:
        platform.ask(x, keys)
    answered = error.value.answered
    # a's first 20; b's ten that are paid for already, and ten more: whatever its batches are.
    assert answered[:30].sum() == 20
    assert answered[30:].sum() == 20
    assert answered[40:50].all()
    assert np.array_equal(error.value.answers.labels, parity(x)[answered])
    assert np.array_equal(error.value.refused, ~answered)


@pytest.mark.parametrize(
    ("status", "text", "api"),
    [
        (402, "payment required", {}),
        (403, "monthly quota reached", {"exhausted_status": 403, "exhausted_code": "quota"}),
        (429, "anything", {"exhausted_code": ""}),
    ],
)
def test_other_ways_to_say_that_nothing_is_left(
    connect: Callable[..., HTTPPlatform], status: int, text: str, api: Any
) -> None:
    platform = connect(
        predicting(lambda _: httpx.Response(status, text=text)),
        api=dataclasses.replace(QUORATE_API, **api),
    )
    with pytest.raises(PartialQuotaError, match="Expected queries left for a"):
        platform.ask(images(1), ["a"])
    assert not platform.time.slept  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------ bad answers


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("", "Expected JSON"),
        ("<html>busy</html>", "got '<html>busy</html>'"),
        ("{", "Expected JSON"),
        ("[" * 5000, "Expected JSON"),
        ("null", "Expected JSON"),
        ("7", "Expected 'predictions' of predictions.*.index in the answer, got 7"),
        ('{"labels": [1, 2]}', "got only labels"),
        ('{"predictions": {"index": 1}}', "Expected a list at predictions"),
        ('{"predictions": [{"index": 1}]}', "Expected 2 labels at predictions.*.index of"),
        ('{"predictions": [{"index": 1}, {"label": "dog"}]}', "got only label"),
        ('{"predictions": [{"index": 1}, {"index": 3}]}', "among 0, 1, 2 from parity, got 3"),
        ('{"predictions": [{"index": 1}, {"index": -1}]}', "got -1"),
        ('{"predictions": [{"index": 1}, {"index": true}]}', "got True"),
        ('{"predictions": [{"index": 1}, {"index": 1.0}]}', "got 1.0"),
        ('{"predictions": [{"index": "dog"}, {"index": null}]}', "got 'dog', None"),
        ('{"predictions": [{"index": [1]}, {"index": {}}]}', "got [1], {}"),
    ],
)
def test_an_answer_that_cannot_be_read_is_named(
    connect: Callable[..., HTTPPlatform], answer: str, named: str
) -> None:
    platform = connect(predicting(lambda _: httpx.Response(200, text=answer)))
    with pytest.raises(PartialError, match=re.escape(named)) as error:
        platform.ask(images(2), ["a", "a"])
    assert not error.value.refused.any()  # it may have been metered
    assert str(error.value).startswith("Expected")


@pytest.mark.parametrize(
    ("scores", "named"),
    [
        ("[0.1, 0.8]", "got (1, 2)"),
        ("[0.1, 0.8, 0.9]", "sum to 1"),
        ("[0.1, NaN, 0.9]", "sum to 1"),
        ('[0.1, "0.8", 0.1]', "Expected numbers as scores, got '0.8'"),
        ("[0.1, 0.8, null]", "Expected numbers as scores, got 'None'"),
        ("0.8", "as a list or by label"),
        ('{"cat": 0.5, "dog": 0.5}', "got none for eel"),
    ],
)
def test_scores_that_cannot_be_read_are_named(
    connect: Callable[..., HTTPPlatform], scores: str, named: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/model":
            return httpx.Response(200, json=CARD | {"gives": "scores"})
        head, tail = '{"predictions": [{"index": 1, "scores": ', "}]}"
        return httpx.Response(200, text=head + scores + tail)

    with pytest.raises(PartialError, match=re.escape(named)):
        connect(answer).ask(images(1), ["a"])


@pytest.mark.parametrize(
    "change",
    [{"id": 7}, {"classes": "cat"}, {"shape": [2, 3]}, {"shape": [1, 0, 3]}, {"gives": "x"}],
)
def test_a_card_that_is_none_is_named(
    connect: Callable[..., HTTPPlatform], change: dict[str, Any]
) -> None:
    platform = connect(lambda _: httpx.Response(200, json=CARD | change))
    with pytest.raises(PlatformError, match="Expected a model's id, classes, shape and gives"):
        platform.ask(images(1), ["a"])


# ------------------------------------------------------------------------------ other people's APIs


def decoded(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_an_api_of_one_image_with_names_and_scores_by_name(
    connect: Callable[..., HTTPPlatform], tmp_path: Path
) -> None:
    (tmp_path / "api.toml").write_text(
        """
        predict_path = "/classify"
        model_path = ""
        key_name = "X-Key"
        key_format = "{key}"
        image_at = "input.image"
        prefix = "data:image/png;base64,"
        images_at_once = 1
        label_at = "predictions.0.label"
        label_as = "name"
        scores_at = "scores"
        id = "theirs"
        classes = ["cat", "dog", "eel"]
        shape = [3, 2, 2]
        extra = { model = "v2" }
        """
    )
    x = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 2), dtype=np.uint8)
    seen = []

    def theirs(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        assert (request.url.path, request.headers["x-key"]) == ("/classify", "secret-b")
        assert body["model"] == "v2"
        head, _, text = body["input"]["image"].partition(",")
        assert head == "data:image/png;base64"
        seen.append(decoded(text).transpose(2, 0, 1))
        scores = parity_scores(seen[-1][None])[0]
        return httpx.Response(
            200,
            json={
                "predictions": [{"label": CLASSES[int(scores.argmax())]}],
                "scores": dict(zip(reversed(CLASSES), scores[::-1].tolist(), strict=True)),
            },
        )

    platform = connect(theirs, api=read_api(tmp_path / "api.toml"), in_flight=1)
    answers = platform.ask(x, ["b"] * 5)
    assert np.array_equal(np.stack(seen), x)  # lossless
    assert np.array_equal(answers.labels, parity(x))
    assert np.array_equal(answers.probabilities, parity_scores(x))
    assert (platform.card.id, platform.card.gives) == ("theirs", "scores")


@pytest.mark.parametrize("layout", ["hwc", "chw", "hw"])
def test_an_api_that_takes_pixels_and_a_key_in_the_address(
    connect: Callable[..., HTTPPlatform], layout: str
) -> None:
    x = images(5)
    axes = {"hwc": (0, 3, 1, 2), "chw": (0, 1, 2, 3)}

    def theirs(request: httpx.Request) -> httpx.Response:
        assert request.url.params["api_key"] == "k-secret-a"
        got = np.array([one["px"] for one in json.loads(request.content)["instances"]])
        got = got[:, None] if layout == "hw" else got.transpose(axes[layout])
        assert got.shape[1:] == (1, 2, 3)
        return httpx.Response(200, json=[[CLASSES[i]] for i in parity(got.astype(np.uint8))])

    api = API(
        key_in="query",
        key_name="api_key",
        key_format="k-{key}",
        encoding="pixels",
        layout=layout,
        image_at="instances.*.px",
        label_at="*.0",
        label_as="name",
        images_at_once=2,
        **BARE,
    )  # type: ignore[arg-type]
    platform = connect(theirs, api=api)
    assert np.array_equal(platform.ask(x, ["a"] * 5).labels, parity(x))
    assert platform.card.id == "http://platform"


def test_an_api_that_takes_a_file(connect: Callable[..., HTTPPlatform], tmp_path: Path) -> None:
    """Our own server's page for people, spoken to as another's API."""
    api = API(
        predict_path="/v1/predict/image",
        encoding="multipart",
        image_at="image",
        images_at_once=1,
        extra={"note": 1},
        label_at="predictions.0.label",
        label_as="name",
        **BARE,
    )  # type: ignore[arg-type]
    platform = connect(
        InProcessPlatform(app(Parity(), tmp_path / "platform.ledger", KEYS)), api=api
    )
    assert np.array_equal(platform.ask(images(4), ["a"] * 4).labels, parity(images(4)))


def test_labels_that_nobody_knows_are_listed(connect: Callable[..., HTTPPlatform]) -> None:
    api = API(label_as="name", label_at="results.*.label", **BARE)  # type: ignore[arg-type]
    told = {"results": [{"label": name} for name in ("dog", "frog", "Cat", "frog")]}
    with pytest.raises(PartialError, match=r"among 'cat', 'dog', 'eel' .*, got 'frog', 'Cat'"):
        connect(lambda _: httpx.Response(200, json=told), api=api).ask(images(4), ["a"] * 4)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("model_path = ''", ["classes (two or more", "shape ([c, h, w]"]),
        ("model_path = ''\nclasses = ['a', 'a']\nshape = [3, 0, 2]", ["classes", "shape"]),
        ("encodin = 'pixels'\nkey_inn = 'x'", ["Did you mean encoding?", "Did you mean key_in?"]),
        ("encoding = 'jpeg'\nkey_in = 'cookie'", ["encoding='jpeg' (one of", "key_in='cookie'"]),
        ("images_at_once = '3'", ["images_at_once to be a whole number, got '3'"]),
        ("images_at_once = true", ["a whole number, got True"]),
        ("shape = [1.5, 2, 3]", ["shape to be a list of whole numbers"]),
        ("classes = 'cat'\nextra = 3", ["a list of texts", "extra to be a table, got 3"]),
        ("images_at_once = 0", ["images_at_once=0 (at least 1)"]),
        ("label_at = 'label'", ["label_at='label' (one * for several images"]),
        ("label_at = ''\nscores_at = 'a..b'", ["label_at=''", "scores_at='a..b'"]),
        ("image_at = 'a.*.*'", ["image_at='a.*.*'"]),
        ("key_format = 'Bearer'", ["key_format='Bearer'"]),
        ("label_at = ", ["to be TOML"]),
    ],
)
def test_a_bad_description_lists_all_that_is_wrong(
    tmp_path: Path, content: str, named: list[str]
) -> None:
    path = tmp_path / "api.toml"
    path.write_text(content)
    with pytest.raises(InputError, match="Expected") as error:
        read_api(path)
    for part in [*named, str(path)]:
        assert part in str(error.value)
    with pytest.raises(InputError, match="Give a TOML file"):
        read_api(tmp_path / "nowhere.toml")


def test_an_empty_description_is_quorates_own(tmp_path: Path) -> None:
    (tmp_path / "api.toml").write_text("")
    assert read_api(tmp_path / "api.toml") == QUORATE_API
    with pytest.raises(PlatformError, match=r"Expected '2' of a\.2 in the answer"):
        find("a.2", {"a": [1, 2]})


# ------------------------------------------------------------------------------ with a ledger


def test_a_failed_run_is_resumed_and_spends_nothing_twice(
    connect: Callable[..., HTTPPlatform], tmp_path: Path
) -> None:
    """The server breaks off after some requests; one answer is lost on the way back."""
    platform = Parity()
    inside = InProcessPlatform(app(platform, tmp_path / "platform.ledger", KEYS, budget=40))
    left = [6]

    def breaking(request: httpx.Request) -> httpx.Response:
        left[0] -= 1
        response = inside.handle_request(request)
        if left[0] == 0:
            raise httpx.ReadTimeout("lost on the way back: it was metered")
        return response if left[0] > 0 else httpx.Response(503)

    x, keys = images(80), ["a", "b"] * 40
    with Ledger(tmp_path / "client.ledger") as ledger:
        api = dataclasses.replace(QUORATE_API, images_at_once=5)
        client = connect(breaking, api=api, retries=1)
        metered = MeteredPlatform(client, ledger, budget=40, rows_at_once=20)
        with pytest.raises(PartialError, match="503") as error:
            metered.ask(x, keys)
        assert 20 <= error.value.answered.sum() < 80
        assert np.array_equal(error.value.answers.labels, parity(x)[error.value.answered])
        left[0] = 1000
        assert np.array_equal(metered.ask(x, keys).labels, parity(x))
        assert ledger.spent_by_key("parity") == {"a": 40, "b": 40}
    with Ledger(tmp_path / "platform.ledger") as theirs:
        assert theirs.spent_by_key("parity") == {"a": 40, "b": 40}
    assert len(platform.seen) == len(set(platform.seen)) == 80
    inside.close()


def test_what_the_server_holds_spent_is_not_counted_here(
    connect: Callable[..., HTTPPlatform], tmp_path: Path
) -> None:
    inside = InProcessPlatform(app(Parity(), tmp_path / "platform.ledger", KEYS, budget=7))
    with Ledger(tmp_path / "client.ledger") as ledger:
        metered = MeteredPlatform(connect(inside), ledger, rows_at_once=5)
        with pytest.raises(PartialQuotaError) as error:
            metered.ask(images(30), ["a", "b", EVALUATION] * 10)
        assert error.value.answered.sum() == 7 + 7 + 10
        assert ledger.spent_by_key("parity") == {"a": 7, "b": 7}
        assert ledger.spent("parity", EVALUATION) == 10


# ------------------------------------------------------------------------------ a real server

SERVER = f"""
import sys, time
sys.path.insert(0, {HERE!r})
from parity_platform import Parity
from quorate.test_time.http.server import serve
serve(Parity(before=lambda: time.sleep(0.01)), sys.argv[1], 3, budget=60, port=int(sys.argv[2]))
"""
CLIENT = f"""
import sys
sys.path[:0] = [{HERE!r}, {str(Path(__file__).parent)!r}]
from test_http_client import ask_all
ask_all(*sys.argv[1:])
"""


def ask_all(url: str, keys: str | Path, mine: str | Path) -> np.ndarray:
    """Put 180 questions under three keys, and return the labels."""
    members = [f"member-{i % 3 + 1:04}" for i in range(180)]
    with HTTPPlatform(url, read_keys(keys)) as platform, Ledger(mine) as ledger:
        return (
            MeteredPlatform(platform, ledger, 60, rows_at_once=9).ask(images(180), members).labels
        )


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_spent(path: Path, n: int) -> None:
    end = time.monotonic() + 60
    with Ledger(path) as ledger:
        while ledger.spent("parity") < n:
            assert time.monotonic() < end, "nothing moved"
            time.sleep(0.005)


def test_client_and_server_killed_midway_spend_nothing_twice(tmp_path: Path) -> None:
    """Over a real line: kill -9 of the client, then of the server; the same command goes on."""
    folder, mine = tmp_path / "served", tmp_path / "client.ledger"
    server = start(SERVER, folder, 0)
    assert server.stdout is not None
    line = server.stdout.readline()
    match = re.search(r"http://127\.0\.0\.1:(\d+)", line)
    assert match, line + (server.communicate()[1] if server.poll() is not None else "")
    assert str(folder / "keys.txt") in server.stdout.readline()

    client = start(CLIENT, match[0], folder / "keys.txt", mine)
    wait_until_spent(mine, 40)
    client.kill()
    client.communicate()

    with ThreadPoolExecutor(1) as pool:
        labels = pool.submit(ask_all, match[0], folder / "keys.txt", mine)
        wait_until_spent(mine, 100)
        server.kill()
        server.communicate()
        server = start(SERVER, folder, match[1])  # the client meanwhile tries again
        assert np.array_equal(labels.result(60), parity(images(180)))

    with Ledger(mine) as ledger, Ledger(folder / "platform.ledger") as theirs:
        each = {f"member-{i:04}": 60 for i in (1, 2, 3)}
        assert ledger.spent_by_key("parity") == theirs.spent_by_key("parity") == each
        assert ledger.contradictions("parity") == 0
        assert ledger.answers("parity", digests(images(180)))[0].all()
    usage = httpx.get(
        f"{match[0]}/v1/usage",
        headers={"Authorization": f"Bearer {read_keys(folder / 'keys.txt')['member-0002']}"},
    )
    assert usage.json() == {"key": "member-0002", "spent": 60, "left": 0, "budget": 60}
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=30)
    assert errors == ""
    assert server.returncode == 0
