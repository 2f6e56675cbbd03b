"""The ledger: nothing is asked twice, no budget overspent, nothing stored is ever harmed."""

import gc
import multiprocessing
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity_platform import images, parity, parity_scores

from quorate.errors import InputError, QuotaError, StoreError
from quorate.test_time.platforms import ledger_file
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.ledger_file import LedgerFile
from quorate.test_time.platforms.platform import EVALUATION, Answers

HERE = str(Path(__file__).parents[2] / "stand_ins")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "a.ledger") as opened:
        yield opened


def names(*numbers: int) -> list[bytes]:
    return [bytes([number]) * 32 for number in numbers]


def said(*labels: int) -> Answers:
    return Answers(np.array(labels, dtype=np.int64))


def where(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


# ------------------------------------------------------------------------------ digests


def test_a_digest_tells_shape_and_every_pixel() -> None:
    x = np.arange(12, dtype=np.uint8).reshape(1, 3, 2, 2)
    other = x.copy()
    other[0, 2, 1, 1] ^= 1
    assert len({*digests(x), *digests(other), *digests(x.reshape(1, 1, 3, 4))}) == 3
    assert digests(x.transpose(0, 1, 3, 2).copy().transpose(0, 1, 3, 2)) == digests(x)  # any layout
    assert digests(x[:0]) == []


# ------------------------------------------------------------------------------ reserving


def test_a_budget_is_spent_in_order_and_per_key(ledger: Ledger) -> None:
    plan = ledger.reserve("p", names(1, 2, 3, 4, 5), ["a", "a", "b", "a", "b"], 2)
    assert where(plan.ask) == where(plan.fresh) == [0, 1, 2, 4]
    assert where(plan.over) == [3]
    assert not plan.answered.any()
    assert plan.keys == ("a", "a", "b", "a", "b")
    assert ledger.spent_by_key("p") == {"a": 2, "b": 2}
    assert (ledger.spent("p"), ledger.spent("p", "a"), ledger.spent("p", "c")) == (4, 2, 0)
    assert ledger.spent("another platform") == 0


def test_what_a_crashed_attempt_reserved_is_asked_again_and_not_counted_again(
    ledger: Ledger,
) -> None:
    ledger.reserve("p", names(1, 2), ["a", "a"], 2)
    plan = ledger.reserve("p", names(2, 1, 3), ["b", "a", "a"], 2)
    assert where(plan.ask) == [0, 1]
    assert where(plan.over) == [2]
    assert not plan.fresh.any()
    assert plan.keys[:2] == ("a", "a")  # asked under the key that it was counted on
    assert ledger.spent_by_key("p") == {"a": 2}


def test_an_answer_by_anyone_is_an_answer_for_everyone(ledger: Ledger) -> None:
    ledger.reserve("p", names(1), ["a"], 1)
    ledger.answer("p", names(1), ["a"], said(2))
    plan = ledger.reserve("p", names(1), ["b"], 0)
    assert where(plan.answered) == [0]
    found, answers = ledger.answers("p", names(9, 1))
    assert (where(found), answers.labels.tolist(), answers.probabilities) == ([1], [2], None)
    elsewhere, _ = ledger.answers("q", names(1))
    assert not elsewhere.any()
    assert ledger.spent("p") == 1


def test_evaluation_has_no_budget_and_pays_for_nobody(ledger: Ledger) -> None:
    plan = ledger.reserve("p", names(1, 2), [EVALUATION, EVALUATION], 0)
    assert plan.fresh.all()
    ledger.answer("p", names(1, 2), [EVALUATION] * 2, said(0, 1))
    assert (ledger.spent("p"), ledger.spent("p", purpose="evaluation")) == (0, 2)
    assert ledger.spent("p", EVALUATION) == 2
    # What measuring has seen, the collective has not paid for:
    assert where(ledger.answers("p", names(1))[0]) == []
    assert ledger.reserve("p", names(1), ["a"], 1).fresh.all()
    ledger.answer("p", names(1), ["a"], said(0))
    # and measuring may look at what the collective knows.
    ledger.reserve("p", names(3), ["a"], None)
    ledger.answer("p", names(3), ["a"], said(1))
    assert ledger.reserve("p", names(3), [EVALUATION], 0).answered.all()
    assert where(ledger.answers("p", names(1, 2, 3), "evaluation")[0]) == [0, 1, 2]
    assert (ledger.spent("p"), ledger.spent("p", EVALUATION)) == (2, 2)


def test_what_was_not_metered_is_taken_back_but_never_an_answer(ledger: Ledger) -> None:
    ledger.reserve("p", names(1, 2), ["a", "a"], 2)
    ledger.answer("p", names(1), ["a"], said(0))
    ledger.release("p", names(1, 2), ["a", "a"])
    assert ledger.spent("p", "a") == 1
    assert where(ledger.reserve("p", names(2, 3), ["a", "a"], 2).fresh) == [0]


def test_a_lower_budget_than_was_spent_leaves_nothing(ledger: Ledger) -> None:
    ledger.reserve("p", names(1, 2, 3), ["a"] * 3, None)
    plan = ledger.reserve("p", names(1, 4), ["a"] * 2, 1)
    assert (where(plan.ask), where(plan.over)) == ([0], [1])


def test_copies_in_one_reservation_are_refused(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="Expected every question once"):
        ledger.reserve("p", names(1, 1), ["a", "a"], 2)
    assert ledger.spent("p") == 0


def test_more_questions_than_one_query_takes(ledger: Ledger) -> None:
    x = images(1500)
    asked = digests(x)
    assert ledger.reserve("p", asked, ["a"] * 1500, 1200).fresh.sum() == 1200
    ledger.answer("p", asked[:1200], ["a"] * 1200, Answers(parity(x[:1200])))
    found, answers = ledger.answers("p", asked[::-1])
    assert found.sum() == 1200
    assert np.array_equal(answers.labels, parity(x[:1200])[::-1])


# ------------------------------------------------------------------------------ answers


def test_answers_come_back_to_the_bit(ledger: Ledger) -> None:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(7), size=300)  # (300, 7)
    asked = digests(images(300))
    ledger.reserve("p", asked, ["a"] * 300, None)
    ledger.answer("p", asked, ["a"] * 300, Answers(scores.argmax(1), scores))
    found, back = ledger.answers("p", asked)
    assert found.all()
    assert back.probabilities is not None
    assert back.probabilities.tobytes() == scores.tobytes()
    assert np.array_equal(back.labels, scores.argmax(1))
    assert (back.labels.dtype, back.probabilities.flags.writeable) == (np.int64, True)


def test_the_first_answer_stays_and_another_one_is_a_contradiction(ledger: Ledger) -> None:
    asked, keys = names(1, 2), ["a", "a"]

    def tell(labels: list[int], scores: list[list[float]]) -> None:
        ledger.answer("p", asked, keys, Answers(np.array(labels), np.array(scores)))

    ledger.reserve("p", asked, keys, None)
    tell([0, 1], [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1]])
    tell([0, 1], [[0.60001, 0.29999, 0.1], [0.1, 0.8, 0.1]])
    assert ledger.contradictions("p") == 0  # rounding is none
    tell([0, 2], [[0.6, 0.3, 0.1], [0.1, 0.1, 0.8]])
    assert ledger.contradictions("p") == 1
    ledger.charge("p", asked, "b", Answers(np.array([0, 1]), np.array([[0.7, 0.2, 0.1]] * 2)), None)
    assert ledger.contradictions("p") == 3  # scores alone may differ
    assert ledger.contradictions("q") == 0
    _, first = ledger.answers("p", asked)
    assert first.labels.tolist() == [0, 1]
    assert first.probabilities is not None
    assert first.probabilities.tolist() == [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1]]


def test_a_late_answer_to_what_measuring_has_asked_is_compared(ledger: Ledger) -> None:
    ledger.reserve("p", names(1), [EVALUATION], None)
    ledger.answer("p", names(1), [EVALUATION], said(0))
    ledger.reserve("p", names(1), ["a"], None)
    ledger.answer("p", names(1), ["a"], said(1))
    assert ledger.contradictions("p") == 1
    assert ledger.answers("p", names(1))[1].labels.tolist() == [1]  # what the collective was told


def test_images_are_kept_where_they_are_handed_in(ledger: Ledger) -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 3, 4, 2), dtype=np.uint8)
    asked, keys = digests(x), ["a", "b", "a", EVALUATION, "a"]
    assert ledger.kept("p")[0].shape == (0, 0, 0, 0)
    ledger.reserve("p", asked, keys, None, x)
    ledger.answer("p", asked[:4], keys[:4], said(2, 1, 0, 2))
    kept, answers = ledger.kept("p")  # neither measuring's nor the unanswered one
    assert np.array_equal(kept, x[:3])
    assert answers.labels.tolist() == [2, 1, 0]


# ------------------------------------------------------------------------------ the server's meter


def test_charging_is_all_or_nothing_and_a_paid_question_is_free(ledger: Ledger) -> None:
    ledger.charge("p", names(1, 2), "a", said(0, 1), 3)
    with pytest.raises(QuotaError, match="at most 1 new questions from a, got 2"):
        ledger.charge("p", names(1, 3, 4), "a", said(0, 1, 2), 3)
    assert ledger.spent("p", "a") == 2
    ledger.charge("p", names(1, 3), "a", said(0, 1), 3)
    assert ledger.spent("p", "a") == 3
    ledger.charge("p", names(1, 2, 3), "a", said(0, 1, 1), 3)  # free
    ledger.charge("p", names(1), "b", said(0), 1)  # another key pays for itself
    assert ledger.spent_by_key("p") == {"a": 3, "b": 1}
    found, answers = ledger.paid("p", names(1, 2, 4), "b")
    assert (where(found), answers.labels.tolist()) == ([0], [0])


# ------------------------------------------------------------------------------ many at once


def test_many_threads_spend_exactly_the_budget(ledger: Ledger) -> None:
    asked = digests(images(400))
    fresh: list[int] = []

    def reserve(start: int) -> None:
        for i in range(start, 400, 8):
            fresh.append(int(ledger.reserve("p", [asked[i]], ["a"], 50).fresh.sum()))

    threads = [threading.Thread(target=reserve, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(fresh), sum(fresh), ledger.spent("p", "a")) == (400, 50, 50)


def spend(path: Path, begin: Any, results: Any) -> None:
    """Reserve every one of 120 questions on one key, one by one: run in processes."""
    asked = digests(images(120))
    begin.wait(60)
    with Ledger(path) as ledger:
        results.put(sum(int(ledger.reserve("p", [d], ["a"], 70).fresh[0]) for d in asked))


def test_processes_that_make_one_ledger_together_spend_exactly_the_budget(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=spend, args=(tmp_path / "a.ledger", begin, results))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    counts = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert sum(counts) == 70
    with Ledger(tmp_path / "a.ledger") as ledger:
        assert ledger.spent("p", "a") == 70


def test_one_asks_at_a_time_and_readers_do_not_wait(ledger: Ledger) -> None:
    other = pickle.loads(pickle.dumps(ledger))  # as another process opens it
    inside: list[str] = []

    def ask() -> None:
        with other.asking():
            inside.append("other")

    with ledger.asking():
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(0.05)
        assert other.spent("p") == 0
        inside.append("first")
    thread.join(10)
    other.close()
    assert inside == ["first", "other"]


# ------------------------------------------------------------------------------ killed

WRITER = f"""
import sys
sys.path.insert(0, {HERE!r})
from parity_platform import images, parity
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.platform import Answers
x = images(60_000)
with Ledger(sys.argv[1]) as ledger:
    for start in range(0, len(x), 3):
        asked, keys = digests(x[start : start + 3]), ["a", "b", "a"]
        with ledger.asking():
            plan = ledger.reserve("p", asked, keys, None)
            if plan.ask.any():
                print("reserved", start, flush=True)
                ledger.answer("p", asked, list(plan.keys), Answers(parity(x[start : start + 3])))
                print("answered", start, flush=True)
"""


def test_a_writer_killed_at_four_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path, rng, said_so = tmp_path / "a.ledger", np.random.default_rng(0), {"reserved": 0}
    for _ in range(4):
        lines = int(rng.integers(5, 60))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            told = [process.stdout.readline() for _ in range(lines)]
            time.sleep(rng.uniform(0, 0.004))  # between two lines, too
            process.kill()
            told += process.stdout.readlines()
        for line in told:
            what, _, start = line.strip().partition(" ")
            if start.isdigit():
                said_so[what] = int(start) + 3  # questions that the process knew of
        with Ledger(path) as ledger:
            asked = digests(images(60_000)[: ledger.spent("p")])
            found, answers = ledger.answers("p", asked)
            spent = ledger.spent("p")
            # Everything it said is there; at most one batch more, cut off before it could say so.
            assert said_so["reserved"] <= spent <= said_so["reserved"] + 3
            assert said_so.get("answered", 0) <= found.sum() <= said_so.get("answered", 0) + 3
            assert spent % 3 == found.sum() % 3 == 0  # never a part of a batch
            assert found[: found.sum()].all()
            assert np.array_equal(answers.labels, parity(images(60_000)[: found.sum()]))
            assert ledger.spent_by_key("p") == {"a": spent // 3 * 2, "b": spent // 3}
            with ledger.asking():  # the dead do not hold the place
                pass
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()


# ------------------------------------------------------------------------------ files not ours


def _foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE question (id TEXT)")
    db.close()


def _filled(path: Path) -> None:
    with Ledger(path) as ledger:
        x = images(300)
        ledger.charge("p", digests(x), "a", Answers(parity(x), parity_scores(x)), None)


def _newer(path: Path) -> None:
    _filled(path)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(LedgerFile.migrations) + 1}")
    db.close()


def _text(path: Path) -> None:
    path.write_text("This is no database, but a letter to a friend." * 100)


def _flipped(path: Path) -> None:
    _filled(path)
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(255 - byte for byte in content[4096:])  # every page but the first
    path.write_bytes(content)


def _cut(path: Path) -> None:
    _filled(path)
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])


def _without_a_column(path: Path) -> None:
    _filled(path)
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE question DROP COLUMN scores")
    db.close()


def _shortened_scores(path: Path) -> None:
    _filled(path)
    db = sqlite3.connect(path)
    db.execute("UPDATE question SET scores = x'0011' WHERE number = 7")
    db.commit()
    db.close()


HARMED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another program's": (_foreign, "another program's database"),
    "newer": (_newer, "newer quorate"),
    "text": (_text, "whole quorate ledger"),
    "corrupt": (_flipped, "whole quorate ledger"),
    "truncated": (_cut, "whole quorate ledger"),
    "another layout": (_without_a_column, "whole quorate ledger"),
    "scores of odd length": (_shortened_scores, "whole quorate ledger"),
}


@pytest.mark.parametrize("kind", HARMED)
def test_a_file_that_is_no_whole_ledger_is_named_and_left_as_it_is(
    tmp_path: Path, kind: str
) -> None:
    harm, named = HARMED[kind]
    path = tmp_path / "a.ledger"
    harm(path)
    before = path.read_bytes()

    def use() -> None:
        with Ledger(path) as ledger:
            ledger.paid("p", digests(images(300)), "a")
            ledger.charge("p", digests(images(300)), "b", said(*[0] * 300), None)

    with pytest.raises(StoreError, match=named) as error:
        use()
    message = str(error.value)
    assert message.startswith("Expected")
    assert str(path) in message
    del error
    gc.collect()
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "a.ledger", tmp_path / "folder"):
        with pytest.raises(StoreError, match="Expected to write to"):
            Ledger(path)


def test_our_files_carry_our_mark(ledger: Ledger) -> None:
    ledger.close()
    header = ledger.path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == LedgerFile.application_id
    assert LedgerFile.application_id.to_bytes(4, "big") == b"QUOL"
    assert int.from_bytes(header[60:64], "big") == len(LedgerFile.migrations)


def test_an_empty_file_is_a_new_ledger(tmp_path: Path) -> None:
    (tmp_path / "a.ledger").touch()
    with Ledger(tmp_path / "a.ledger") as ledger:
        assert ledger.spent("p") == 0


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let SQLite itself run out of room: SQLITE_FULL, as on a full disk."""
    connect = sqlite3.connect

    def limit(pages: int) -> None:
        def connect_small(*args: object, **options: object) -> sqlite3.Connection:
            db = connect(*args, **options)  # type: ignore[call-overload]
            if pages:
                db.execute(f"PRAGMA max_page_count = {pages}")
            return db  # type: ignore[no-any-return]

        monkeypatch.setattr(ledger_file.sqlite3, "connect", connect_small)

    return limit


def test_a_full_disk_keeps_what_is_stored_and_counts_nothing_more(
    tmp_path: Path, small_disk: Callable[[int], None]
) -> None:
    small_disk(30)
    kept = 0
    with Ledger(tmp_path / "a.ledger") as ledger:
        with pytest.raises(StoreError, match="full") as full:  # noqa: PT012 - one of them fails
            for start in range(0, 20_000, 50):
                asked = digests(images(50, start))
                ledger.charge("p", asked, "a", Answers(parity(images(50, start))), None)
                kept += 50
        assert "make room" in str(full.value)
        assert ledger.spent("p") == kept > 50
    small_disk(0)
    with Ledger(tmp_path / "a.ledger") as ledger:
        assert ledger.spent("p") == kept
        ledger.charge("p", names(1), "a", said(0), None)
        assert ledger.spent("p") == kept + 1


def test_a_ledger_held_by_another_program_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LedgerFile, "patience", 0.05)
    with Ledger(tmp_path / "a.ledger") as ledger:
        other = sqlite3.connect(tmp_path / "a.ledger", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program at work"):
            ledger.reserve("p", names(1), ["a"], None)
        other.execute("ROLLBACK")
        other.close()
        assert ledger.reserve("p", names(1), ["a"], None).fresh.all()


# ------------------------------------------------------------------------------ taken over


def test_a_ledger_takes_over_what_another_one_has_answered_and_counts_it_once(
    tmp_path: Path,
) -> None:
    names = [bytes([i]) * 16 for i in range(4)]
    keys = ["member-1", "member-1", "member-2", "member-2"]
    with Ledger(tmp_path / "ours") as ours, Ledger(tmp_path / "other") as other:
        other.charge("p", names[:3], keys[:3], Answers(np.array([1, 2, 3])), None)
        other.reserve("p", names[3:], keys[3:], None)  # never answered: nobody knows whether it is
        ours.charge("p", names[:1], keys[:1], Answers(np.array([7])), None)
        ours.reserve("p", names[1:2], keys[1:2], None)
        for _ in range(2):
            ours.take_over(other)
            assert ours.spent_by_key("p") == {"member-1": 2, "member-2": 1}
            known, answers = ours.answers("p", names)
            assert known.tolist() == [True, True, True, False]
            assert answers.labels.tolist() == [7, 2, 3]  # what was answered here stays
            assert ours.contradictions("p") == 0
