"""A collective's pool: answered questions, also where keys ran out on the way."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_platform import LinearPlatform

from quorate.errors import PlatformError
from quorate.test_time.extraction.pool import QueryPool, collect
from quorate.test_time.extraction.questions import Questions, make_questions
from quorate.test_time.platforms.answers import PartialError
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import Answers, Gives, Pixels

WEIGHTS = np.random.default_rng(7).integers(-3, 4, size=(1, 8, 8))


def platform(gives: Gives = "labels") -> LinearPlatform:
    return LinearPlatform(WEIGHTS, 0, gives)


def questions(members: int = 4, queries: int = 5, each: int = 2) -> Questions:
    photos = np.random.default_rng(0).integers(
        0, 256, size=(members * each, 1, 8, 8), dtype=np.uint8
    )
    return make_questions(photos, members, each, queries, seed=3)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quorate.test_time.extraction.pool.ASKED_AT_ONCE", 7)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("gives", ["labels", "scores"])
def test_every_question_is_asked_once_under_its_own_key(gives: Gives) -> None:
    asked, below = questions(), platform(gives)
    pool = collect(below, asked)
    assert [key for key, _ in below.asked] == asked.keys()
    assert (np.stack([x for _, x in below.asked]) == asked.x).all()
    assert (pool.x == asked.x).all()
    assert (pool.member == asked.member).all()
    assert (pool.photo == asked.photo).all()
    assert pool.notes == ()
    expected = platform(gives).ask(asked.x, asked.keys())
    assert (pool.answers.labels == expected.labels).all()
    if expected.probabilities is None:
        assert pool.answers.probabilities is None
    else:
        assert pool.answers.probabilities is not None
        assert (pool.answers.probabilities == expected.probabilities).all()


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("gives", ["labels", "scores"])
def test_keys_that_run_out_leave_the_rest(tmp_path: Path, gives: Gives) -> None:
    asked, below = questions(members=4, queries=5), platform(gives)
    with Ledger(tmp_path / "ledger") as ledger:
        pool = collect(MeteredPlatform(below, ledger, 3), asked)
        assert below.counts == {f"member-{i:04}": 3 for i in range(1, 5)}
        kept = np.flatnonzero(np.tile(np.arange(5) < 3, 4))  # the first three of each member
        assert (pool.x == asked.x[kept]).all()
        assert (pool.member == asked.member[kept]).all()
        expected = platform(gives).ask(asked.x[kept], ["any"] * 12)
        assert (pool.answers.labels == expected.labels).all()
        if gives == "scores":
            assert pool.answers.probabilities is not None
            assert (pool.answers.probabilities == expected.probabilities).all()
        (note,) = pool.notes
        assert note == (
            "8 of 20 questions unanswered, since keys have no queries left: member-0001, "
            "member-0002, member-0003, ... (4 in all)."
        )
        collect(MeteredPlatform(below, ledger, 3), asked)  # again: nothing is spent twice
        assert below.counts.total() == 12


def test_a_note_names_the_keys(tmp_path: Path) -> None:
    asked = questions(members=1, queries=3)
    with Ledger(tmp_path / "ledger") as ledger:
        pool = collect(MeteredPlatform(platform(), ledger, 2), asked)
    assert pool.notes == (
        "1 of 3 questions unanswered, since keys have no queries left: member-0001.",
    )


def test_nothing_answered_is_an_error(tmp_path: Path) -> None:
    with (
        Ledger(tmp_path / "ledger") as ledger,
        pytest.raises(PlatformError, match="Expected answers to the members' questions, got none"),
    ):
        collect(MeteredPlatform(platform(), ledger, 0), questions())


class Failing(LinearPlatform):
    """Answers some rows of each call, then fails."""

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        found = super().ask(x[:2], keys[:2])
        raise PartialError("Expected an answer, got none.", np.arange(len(x)) < 2, found)


def test_a_platform_that_fails_is_no_platform_whose_keys_ran_out(tmp_path: Path) -> None:
    asked, below = questions(), Failing(WEIGHTS, 0, "labels")
    with Ledger(tmp_path / "ledger") as ledger:
        with pytest.raises(PartialError, match="Expected an answer"):
            collect(MeteredPlatform(below, ledger, 5), asked)
        mended = platform()  # what was answered is stored
        pool = collect(MeteredPlatform(mended, ledger, 5), asked)
    assert len(pool) == 20
    assert mended.counts.total() == 18


# ------------------------------------------------------------------------------------ parts of it


def a_pool(photo: Any, member: Any) -> QueryPool:
    n = len(photo)
    answers = Answers(np.arange(n) % 2, np.eye(2)[np.arange(n) % 2])
    x = np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)
    return QueryPool(x, answers, np.array(member), np.array(photo), ("a note",))


def test_some_of_a_pool() -> None:
    pool = a_pool([0, 1, 2, 2], [0, 0, 1, 1])
    some = pool.take(np.array([3, 0]))
    assert some.x.reshape(-1).tolist() == [3, 0]
    assert some.photo.tolist() == [2, 0]
    assert some.member.tolist() == [1, 0]
    assert some.answers.labels.tolist() == [1, 0]
    assert some.answers.probabilities is not None
    assert some.answers.probabilities.tolist() == [[0, 1], [1, 0]]
    assert some.notes == ("a note",)
    assert pool.without(np.array([0])).x.reshape(-1).tolist() == [2, 3]
    assert len(pool.without(np.array([0, 1]))) == 0
    assert len(pool.without(np.array([], dtype=np.int64))) == 4


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=40).filter(lambda photo: len({*photo}) > 1),
    st.sampled_from([0.01, 0.1, 0.5, 0.99]),
    st.integers(0, 99),
)
def test_variants_of_a_photo_are_held_out_together(
    photo: list[int], fraction: float, seed: int
) -> None:
    pool = a_pool(photo, [0] * len(photo))
    apart = pool.held_out(fraction, np.random.default_rng(seed))
    assert apart.dtype == bool
    sides = Counter[int]()
    for p in set(photo):
        (side,) = {bool(a) for a, q in zip(apart, photo, strict=True) if p == q}
        sides[side] += 1
    n = len({*photo})
    assert sides[True] == min(n - 1, max(1, min(3, n // 3), round(fraction * n)))
    assert sides[False] >= 1
    again = pool.held_out(fraction, np.random.default_rng(seed))
    assert (apart == again).all()
