"""Answers that were paid for are kept, whatever ends a run, and nothing is paid for twice."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity_platform import images, parity
from stub_platform import Asked, Stub, http, predictions, serving

from quorate.errors import PlatformError, StoreError
from quorate.executors.processes import Processes
from quorate.test_time.http.api import API
from quorate.test_time.http.client import HTTPPlatform
from quorate.test_time.platforms.answers import PartialError
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform

N = 60
SLOWLY = 5000
KEYS = {name: f"secret-{name}" for name in ("a", "b", "evaluation")}
ONE = API(images_at_once=1, model_path="/v1/model")
FEW = API(images_at_once=4, model_path="/v1/model")
MEMBERS = ["a", "b"] * (N // 2)


@contextmanager
def metered(stub: Stub, path: Path, api: API = ONE, **options: Any) -> Iterator[MeteredPlatform]:
    options = {"retries": 0, "timeout": 20.0, "in_flight": 2} | options
    with HTTPPlatform(stub.url, KEYS, api, **options) as platform, Ledger(path) as ledger:
        yield MeteredPlatform(platform, ledger, budget=N)


def interrupt_main() -> None:
    """Ctrl-C, as the terminal sends it."""
    os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def paying(
    answer: Callable[[Asked, int], bytes], held: threading.Event | None = None
) -> Iterator[Stub]:
    """Serve a platform whose ``answer`` is given the number of the request, from 1."""
    counting = threading.Lock()
    count = [0]

    def counted(asked: Asked) -> bytes:
        with counting:
            count[0] += 1
            number = count[0]
        return answer(asked, number)

    with serving(counted) as stub:
        yield stub
        if held is not None:
            held.set()


def paid(stub: Stub) -> Counter[str]:
    """How often each question was asked, by its idempotency key."""
    return Counter(asked.headers["idempotency-key"] for asked in stub.asked)


@pytest.mark.parametrize("api", [ONE, FEW], ids=["one", "few"])
def test_after_ctrl_c_only_the_rest_is_paid(tmp_path: Path, api: API) -> None:
    """Interrupted after 20 paid answers: all are stored, and no image is asked twice."""
    rows = api.images_at_once

    def answer(asked: Asked, number: int) -> bytes:
        if number * rows == 20:
            interrupt_main()
        return predictions(asked)

    with paying(answer) as stub:
        with metered(stub, tmp_path / "ledger", api) as platform:
            with pytest.raises(KeyboardInterrupt):
                platform.ask(images(N), MEMBERS)
            there = platform.ledger.answers("parity", digests(images(N)))[0].sum()
            before = len(stub.asked) * rows
            assert 20 <= before < N
            assert there == before  # requests under way were waited for
            assert platform.ledger.spent("parity") == before  # the others are nobody's debt
        with metered(stub, tmp_path / "ledger", api) as platform:
            found = platform.ask(images(N), MEMBERS).labels
            assert np.array_equal(found, parity(images(N)))
            assert platform.ledger.spent_by_key("parity") == {"a": N // 2, "b": N // 2}
        assert sum(len(asked.labels()) for asked in stub.asked) == N
        assert set(paid(stub).values()) == {1}


@pytest.mark.parametrize("status", [400, 403, 500])
def test_after_an_error_what_others_were_answered_is_kept(tmp_path: Path, status: int) -> None:
    def answer(asked: Asked, number: int) -> bytes:
        return http(status, {}) if number == 21 else predictions(asked)

    with paying(answer) as stub:
        with metered(stub, tmp_path / "ledger") as platform:
            with pytest.raises(PartialError) as error:
                platform.ask(images(N), MEMBERS)
            assert error.value.answered.sum() >= 20
            there = platform.ledger.answers("parity", digests(images(N)))[0].sum()
            assert there == error.value.answered.sum() == len(stub.asked) - 1
            # What failed with a status of 500 may have been counted, and is owed.
            assert platform.ledger.spent("parity") == there + (status == 500)
        with metered(stub, tmp_path / "ledger") as platform:
            platform.ask(images(N), MEMBERS)
        again = paid(stub)
        assert len(again) == N
        assert sorted(again.values())[-2:] == [1, 2]  # the same request, under the same name


def test_an_answer_that_cannot_be_stored_stops_the_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = []
    keep = Ledger.answer

    def fill_up(self: Ledger, *given: Any) -> None:
        if len(stored) >= 10:
            raise StoreError("Expected room on the disk, got none.")
        stored.append(given)
        keep(self, *given)

    monkeypatch.setattr(Ledger, "answer", fill_up)
    with paying(lambda asked, _: predictions(asked)) as stub:
        with (
            metered(stub, tmp_path / "ledger") as platform,
            pytest.raises(StoreError, match="room"),
        ):
            platform.ask(images(N), MEMBERS)
        assert len(stub.asked) <= 13
        with Ledger(tmp_path / "ledger") as ledger:
            assert ledger.answers("parity", digests(images(N)))[0].sum() == 10
            assert ledger.spent("parity") == len(stub.asked)


def test_only_what_this_attempt_counted_is_taken_back(tmp_path: Path) -> None:
    """Two questions were sent by a run that was killed: a refusal now says nothing of then."""
    x = images(6)
    with Ledger(tmp_path / "ledger") as ledger:
        ledger.reserve("parity", digests(x[:2]), ["a", "a"], None)
    with paying(lambda asked, _: http(400, {})) as stub:
        for _ in range(2):
            with metered(stub, tmp_path / "ledger", FEW) as platform:
                with pytest.raises(PartialError):
                    platform.ask(x, ["a"] * 6)
                assert platform.ledger.spent("parity") == 2


def test_a_request_is_named_alike_on_retries_and_after_a_restart(tmp_path: Path) -> None:
    """Killed with a batch of three under way: the same three go again, under the same name."""
    x = images(9)
    names: list[list[str]] = []
    for attempt in range(3):

        def answer(asked: Asked, number: int, attempt: int = attempt) -> bytes:
            return predictions(asked) if attempt == 2 else http(500, {})

        with paying(answer) as stub, metered(stub, tmp_path / "ledger", FEW, in_flight=1) as mine:
            if attempt == 0:  # kill -9 leaves its reservations behind
                mine.ledger.reserve("parity", digests(x[:3]), ["a"] * 3, N)
            if attempt < 2:
                with pytest.raises(PlatformError):
                    mine.ask(x, ["a"] * 9)
            else:
                mine.ask(x, ["a"] * 9)
            names.append([asked.headers["idempotency-key"] for asked in stub.asked])
            sizes = [len(asked.labels()) for asked in stub.asked]
            assert sizes[0] == 3
    assert sizes == [3, 4, 2]  # what was left behind is no part of another request
    assert names[0][0] == names[1][0] == names[2][0]


def test_names_of_requests_differ_by_key_and_images_and_tell_neither() -> None:
    x = images(3)
    with (
        paying(lambda asked, _: predictions(asked)) as stub,
        HTTPPlatform(stub.url, KEYS, ONE) as one,
    ):
        one.ask(x, ["a", "a", "b"])
        one.ask(x[[0]], ["b"])
        one.ask(x[[0]], ["a"])
    found = paid(stub)
    assert sorted(found.values()) == [1, 1, 1, 2]
    assert all(len(name) == 64 and name.isalnum() for name in found)


def test_retries_carry_the_same_name() -> None:
    with (
        paying(lambda asked, n: predictions(asked) if n > 3 else http(503, {})) as stub,
        HTTPPlatform(stub.url, KEYS, ONE, retries=5, sleep=lambda _: None) as platform,
    ):
        platform.ask(images(1), ["a"])
    assert list(paid(stub).values()) == [4]


@pytest.mark.parametrize("demanded", ["1", "600"])
def test_ctrl_c_while_a_server_asks_to_wait_ends_at_once(tmp_path: Path, demanded: str) -> None:
    waiting = threading.Event()

    def answer(asked: Asked, number: int) -> bytes:
        if number <= 20:
            return predictions(asked)
        waiting.set()
        return http(429, {"error": "slow down"}, Retry_After=demanded)

    def press() -> None:
        waiting.wait(30)
        time.sleep(0.1)
        interrupt_main()

    with paying(answer) as stub, metered(stub, tmp_path / "ledger") as platform:
        pressing = threading.Thread(target=press)
        pressing.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            platform.ask(images(N), MEMBERS)
        assert time.monotonic() - began < 15  # of 600 seconds, on a busy machine
        pressing.join()
        assert not [t for t in threading.enumerate() if t.name == "asking"]
        assert platform.ledger.answers("parity", digests(images(N)))[0].sum() == 20
        assert platform.ledger.spent("parity") == 20


def test_ctrl_c_while_an_answer_does_not_come_ends_soon(tmp_path: Path) -> None:
    never, waiting = threading.Event(), threading.Event()

    def answer(asked: Asked, number: int) -> bytes:
        if number > 4:
            waiting.set()
            never.wait(60)
        return predictions(asked)

    def press() -> None:
        waiting.wait(30)
        interrupt_main()

    with paying(answer, never) as stub, metered(stub, tmp_path / "ledger") as platform:
        pressing = threading.Thread(target=press)
        pressing.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            platform.ask(images(N), MEMBERS)
        assert time.monotonic() - began < 15  # of 20 seconds that an answer may take
        pressing.join()
        assert platform.ledger.spent("parity") == len(stub.asked)  # those under way are owed
        assert platform.ledger.answers("parity", digests(images(N)))[0].sum() >= 3


def test_ctrl_c_of_the_command_line_ends_with_130(tmp_path: Path, quorate: Any) -> None:
    """A server that asks to wait for ten minutes, and Ctrl-C: code 130, and what to do next."""
    classes = [str(i) for i in range(10)]
    card = {"id": "d", "classes": classes, "shape": [1, 8, 8], "gives": "labels"}
    waiting = threading.Event()

    def answer(asked: Asked) -> bytes:
        waiting.set()
        return http(429, {}, Retry_After="600")

    def press() -> None:
        waiting.wait(120)
        time.sleep(0.1)
        interrupt_main()

    keys = tmp_path / "keys.txt"
    keys.write_text("member-0001 one\nmember-0002 two\nevaluation three\n")
    words = ["correct", "--population", "digits:n=300,held_out=0.05", "--subgroup", "low_light"]
    words += ["--share", "0.2", "--proxy", "mlp", "--members", "2", "--queries", "3"]
    with serving(answer, card) as stub:
        pressing = threading.Thread(target=press)
        pressing.start()
        to = ["--platform", stub.url, "--key-file", keys, "--adaptive", "none"]
        code, _, errors = quorate(*words, *to, "--out", tmp_path / "out")
        pressing.join()
    assert code == 130
    assert "Stopped. What was finished is stored" in errors
    assert not [thread for thread in threading.enumerate() if thread.name == "asking"]


def test_ctrl_c_reaches_worker_processes_in_time(tmp_path: Path) -> None:
    """Workers too keep what is under way, and give back what they have not sent."""
    with (
        paying(lambda asked, _: predictions(asked)) as stub,
        Processes(1).open() as pool,
        Ledger(tmp_path / "ledger") as ledger,
    ):
        pool.submit(ask_for, stub.url, tmp_path / "ledger")
        while len(stub.asked) < 20:
            time.sleep(0.002)
        pool.stop()  # type: ignore[attr-defined]
        there = ledger.answers("parity", digests(images(SLOWLY)))[0].sum()
        assert 20 <= there == len(stub.asked) < SLOWLY
        assert ledger.spent("parity") == there


def ask_for(url: str, path: Path) -> None:
    """Ask slowly, in another process."""
    with HTTPPlatform(url, KEYS, ONE, rate="100/s") as platform, Ledger(path) as ledger:
        MeteredPlatform(platform, ledger).ask(images(SLOWLY), ["a"] * SLOWLY)
