"""A metered platform: asks what is not known, within the budget, and loses no answer."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from parity_platform import CLASSES, SHAPE, Parity, images, parity, parity_scores

from quorate.errors import InputError, PlatformError, QuotaError, StoreError
from quorate.test_time.platforms.answers import PartialError, PartialQuotaError
from quorate.test_time.platforms.encoding import digests
from quorate.test_time.platforms.ledger import Ledger
from quorate.test_time.platforms.metered import MeteredPlatform
from quorate.test_time.platforms.platform import EVALUATION, Answers, Pixels, Platform


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "a.ledger") as opened:
        yield opened


class Says(Parity):
    """Answers with what a function makes of the images."""

    def __init__(self, say: Callable[[Pixels, Sequence[str]], Answers], gives: str = "labels"):
        super().__init__(gives)
        self.say = say

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        super().ask(x, keys)
        return self.say(x, keys)


def keys_of(n: int, members: int = 4) -> list[str]:
    return [f"member-{i % members}" for i in range(n)]


# ------------------------------------------------------------------------------ asking


@pytest.mark.parametrize("gives", ["labels", "scores"])
@pytest.mark.parametrize("rows_at_once", [1, 3, 256])
def test_answers_are_the_platforms_and_nothing_is_asked_twice(
    ledger: Ledger, gives: str, rows_at_once: int
) -> None:
    platform = Parity(gives)
    metered = MeteredPlatform(platform, ledger, rows_at_once=rows_at_once)
    assert isinstance(metered, Platform)
    assert metered.card == platform.card
    x = images(20)[np.random.default_rng(0).integers(0, 20, 50)]  # with copies, in any order
    for _ in range(2):
        answers = metered.ask(x, keys_of(50))
        assert np.array_equal(answers.labels, parity(x))
        if gives == "scores":
            assert np.array_equal(answers.probabilities, parity_scores(x))
        else:
            assert answers.probabilities is None
    assert len(platform.seen) == len({image for image, _ in platform.seen}) == len(set(digests(x)))
    assert ledger.spent("parity") == len(platform.seen)


def test_nothing_asked_is_nothing_answered(ledger: Ledger) -> None:
    answers = MeteredPlatform(Parity("scores"), ledger).ask(images(0), [])
    assert len(answers) == 0
    assert answers.probabilities is not None
    assert answers.probabilities.shape == (0, 3)


def test_the_budget_is_spent_to_the_last_query_and_the_error_keeps_what_came(
    ledger: Ledger,
) -> None:
    platform = Parity("scores")
    metered = MeteredPlatform(platform, ledger, budget=3, rows_at_once=4)
    x, keys = images(10), ["a"] * 5 + ["b"] * 5
    with pytest.raises(QuotaError, match="Expected answers to 10 questions, got 6") as spent:
        metered.ask(x, keys)
    assert "budget of 3 queries a key is spent for 2 keys (a, b)" in str(spent.value)
    assert isinstance(spent.value, PartialQuotaError)
    assert np.flatnonzero(spent.value.answered).tolist() == [0, 1, 2, 5, 6, 7]
    assert np.array_equal(spent.value.answers.labels, parity(x)[spent.value.answered])
    assert np.array_equal(spent.value.answers.probabilities, parity_scores(x)[spent.value.answered])
    assert [key for _, key in platform.seen] == ["a"] * 3 + ["b"] * 3
    assert np.array_equal(metered.ask(x[:3], ["c"] * 3).labels, parity(x[:3]))  # c pays nothing
    assert len(platform.seen) == 6
    assert ledger.spent_by_key("parity") == {"a": 3, "b": 3}


def test_a_budget_of_nothing_still_gives_what_is_known(ledger: Ledger) -> None:
    MeteredPlatform(Parity(), ledger).ask(images(2), ["a", "a"])
    poor = MeteredPlatform(Parity(), ledger, budget=0)
    assert len(poor.ask(images(2), ["b", "b"])) == 2
    with pytest.raises(QuotaError):
        poor.ask(images(3), ["b"] * 3)


def test_one_input_in_two_rows_is_paid_by_whoever_can(ledger: Ledger) -> None:
    platform = Parity()
    metered = MeteredPlatform(platform, ledger, budget=1)
    x = images(2)[[0, 1, 1]]
    answers = metered.ask(x, ["a", "a", "b"])
    assert np.array_equal(answers.labels, parity(x))
    assert [key for _, key in platform.seen] == ["a", "b"]


def test_evaluation_is_metered_apart(ledger: Ledger) -> None:
    platform = Parity()
    metered = MeteredPlatform(platform, ledger, budget=2)
    x = images(6)
    answers = metered.ask(x, [EVALUATION, "a", EVALUATION, "a", EVALUATION, EVALUATION])
    assert np.array_equal(answers.labels, parity(x))
    assert (ledger.spent("parity"), ledger.spent("parity", EVALUATION)) == (2, 4)
    assert len(metered.ask(x[[1, 3]], [EVALUATION] * 2)) == 2  # known to the collective: not asked
    assert len(platform.seen) == 6
    with pytest.raises(QuotaError):  # known to measuring only: not given away
        metered.ask(x[:1], ["a"])


def test_what_is_kept_is_what_the_collective_asked(ledger: Ledger) -> None:
    x = images(5)
    MeteredPlatform(Parity(), ledger, keep_pixels=True).ask(x, ["a", "b", EVALUATION, "a", "a"])
    MeteredPlatform(Parity(), ledger).ask(images(2, first=9), ["a", "a"])
    kept, answers = ledger.kept("parity")
    assert np.array_equal(kept, x[[0, 1, 3, 4]])
    assert np.array_equal(answers.labels, parity(kept))


def test_wrong_questions_are_refused_before_they_count(ledger: Ledger) -> None:
    metered = MeteredPlatform(Parity(), ledger)
    for x, keys in [
        (images(2).astype(np.float32), ["a", "a"]),
        (images(2, shape=(1, 3, 2)), ["a", "a"]),
        (images(2), ["a"]),
    ]:
        with pytest.raises(InputError, match="Expected"):
            metered.ask(x, keys)
    assert ledger.spent("parity") == 0
    for wrong in ({"budget": -1}, {"rows_at_once": 0}):
        with pytest.raises(InputError, match="Expected"):
            MeteredPlatform(Parity(), ledger, **wrong)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ bad answers

NAN = np.array([[np.nan, 0.5, 0.5], [0.1, 0.8, 0.1]])
BAD: dict[str, tuple[str, Answers, str]] = {
    "too few": ("labels", Answers(np.array([1])), "Expected 2 labels from parity"),
    "none": ("labels", Answers(np.zeros(0, dtype=np.int64)), "Expected 2 labels"),
    "not whole": ("labels", Answers(np.array([0.0, 1.0])), "got float64"),  # type: ignore[arg-type]
    "outside": ("labels", Answers(np.array([3, -1])), r"Expected labels in \[0, 2\].*got -1, 3"),
    "no scores": ("scores", Answers(np.array([0, 1])), "got labels only"),
    "flat": ("scores", Answers(np.array([0, 1]), np.array([0.5, 0.5])), r"got \(2,\)"),
    "few scores": ("scores", Answers(np.array([0, 1]), np.full((2, 2), 0.5)), r"\(2, 3\)"),
    "NaN": ("scores", Answers(np.array([1, 1]), NAN), "got nan, 0.5, 0.5 for image 0"),
    "logits": ("scores", Answers(np.array([0, 1]), np.eye(3)[:2] * 4), "If these are logits"),
    "negative": ("scores", Answers(np.array([0, 1]), np.array([[2.0, -1, 0]] * 2)), "sum to 1"),
}


@pytest.mark.parametrize("kind", BAD)
def test_answers_that_are_none_are_named_and_not_stored(ledger: Ledger, kind: str) -> None:
    gives, answers, named = BAD[kind]
    with pytest.raises(PlatformError, match=named) as error:
        MeteredPlatform(Says(lambda x, keys: answers, gives), ledger).ask(images(2), ["a", "b"])
    assert not isinstance(error.value, QuotaError)
    assert not ledger.answers("parity", digests(images(2)))[0].any()
    assert ledger.spent("parity") == 2  # it was asked, and may have been metered


def test_scores_of_a_platform_that_gives_labels_are_left_out(ledger: Ledger) -> None:
    says = Says(lambda x, keys: Answers(parity(x).astype(np.int32), parity_scores(x)))
    answers = MeteredPlatform(says, ledger).ask(images(2), ["a", "b"])
    assert answers.probabilities is None
    assert answers.labels.dtype == np.int64
    with pytest.raises(InputError, match=r"got answers without\. Use another ledger"):
        MeteredPlatform(Parity("scores"), ledger).ask(images(2), ["a", "b"])


# ------------------------------------------------------------------------------ failures


def test_a_platform_that_fails_midway_loses_nothing_and_is_resumed(ledger: Ledger) -> None:
    left = [3]  # calls until it fails

    def fail() -> None:
        left[0] -= 1
        if left[0] == 0:
            raise failure

    x, keys = images(20), keys_of(20)
    for failure in (PlatformError("Expected an answer, got none."), KeyboardInterrupt(), OSError()):
        left[0] = 3
        platform = Parity(before=fail)
        with Ledger(ledger.path.with_name(type(failure).__name__)) as fresh:
            with pytest.raises(type(failure)) as error:
                MeteredPlatform(platform, fresh, budget=5, rows_at_once=4).ask(x, keys)
            if isinstance(error.value, PartialError):
                assert error.value.answered.tolist() == [True] * 8 + [False] * 12
                assert np.array_equal(error.value.answers.labels, parity(x[:8]))
            assert fresh.answers("parity", digests(x))[0].sum() == 8
            answers = MeteredPlatform(platform, fresh, budget=5, rows_at_once=4).ask(x, keys)
            assert np.array_equal(answers.labels, parity(x))
            assert len(platform.seen) == 20  # the failed call saw nothing; none is asked twice
            assert set(fresh.spent_by_key("parity").values()) == {5}


def test_an_error_with_answers_hands_them_on(ledger: Ledger) -> None:
    """Rows 0 and 3 were answered, 1 surely not metered, 2 perhaps."""

    def say(x: Pixels, keys: Sequence[str]) -> Answers:
        answered = np.array([True, False, False, True])
        raise PartialError(
            "Expected it all.",
            answered,
            Answers(parity(x[answered])),
            np.array([False, True, False, False]),
        )

    with pytest.raises(PartialError, match="Expected it all") as error:
        MeteredPlatform(Says(say), ledger).ask(images(4), ["a", "b", "c", "d"])
    assert error.value.answered.tolist() == [True, False, False, True]
    assert error.value.answers.labels.tolist() == [0, 0]
    assert ledger.spent_by_key("parity") == {"a": 1, "c": 1, "d": 1}


def test_a_key_that_the_platform_holds_spent_does_not_stop_the_others(ledger: Ledger) -> None:
    def say(x: Pixels, keys: Sequence[str]) -> Answers:
        fine = np.array([key != "poor" for key in keys])
        if not fine.all():
            raise PartialQuotaError("poor is spent", fine, Answers(parity(x[fine])), ~fine)
        return Answers(parity(x))

    x, keys = images(9), ["rich", "poor", "fair"] * 3
    with pytest.raises(PartialQuotaError, match=r"for 1 key \(poor\)") as error:
        MeteredPlatform(Says(say), ledger, rows_at_once=2).ask(x, keys)
    assert error.value.answered.tolist() == [True, False, True] * 3
    assert ledger.spent_by_key("parity") == {"rich": 3, "fair": 3}


def test_a_question_that_never_came_to_be_asked_is_not_counted(ledger: Ledger) -> None:
    def say(x: Pixels, keys: Sequence[str]) -> Answers:
        raise InputError("Expected a known key.")

    ledger.reserve("parity", digests(images(1)), ["a"], None)  # by an attempt that crashed
    with pytest.raises(InputError):
        MeteredPlatform(Says(say), ledger).ask(images(3), ["a"] * 3)
    assert ledger.spent("parity") == 1


def test_a_changing_platform_is_noted(ledger: Ledger) -> None:
    MeteredPlatform(Parity(), ledger).ask(images(3), [EVALUATION] * 3)
    other = Says(lambda x, keys: Answers((parity(x) + 1) % len(CLASSES)))
    MeteredPlatform(other, ledger).ask(images(2), ["a"] * 2)
    assert ledger.contradictions("parity") == 2


# ------------------------------------------------------------------------------ many at once


def test_threads_on_one_key_spend_exactly_its_budget(ledger: Ledger) -> None:
    platform = Parity(before=lambda: time.sleep(0.005))  # long enough for others to come between
    metered = MeteredPlatform(platform, ledger, budget=50, rows_at_once=3)
    x = images(60)
    got: list[int] = []

    def ask(seed: int) -> None:
        mine = x[np.random.default_rng(seed).permutation(60)]
        with pytest.raises(PartialQuotaError) as error:
            metered.ask(mine, ["a"] * 60)
        assert np.array_equal(error.value.answers.labels, parity(mine)[error.value.answered])
        got.append(int(error.value.answered.sum()))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert max(got) == 50
    assert ledger.spent("parity", "a") == 50
    assert len(platform.seen) == len(set(platform.seen)) == 50


def test_a_platform_of_another_shape_is_another_question(ledger: Ledger) -> None:
    flat = Parity(shape=(1, 1, 6))
    MeteredPlatform(flat, ledger).ask(images(1, shape=(1, 1, 6)), ["a"])
    MeteredPlatform(Parity(shape=SHAPE), ledger).ask(images(1), ["a"])
    assert ledger.spent("parity", "a") == 2


@pytest.mark.parametrize(
    "change",
    [
        "label = 3",
        "label = -1",
        "label = NULL",
        "scores = CAST(x'000000000000f87f' || substr(scores, 9) AS BLOB)",
    ],
)
def test_answers_of_a_ledger_that_the_platform_cannot_have_given_are_not_used(
    ledger: Ledger, change: str
) -> None:
    """Three labels, 0 to 2, and scores that are numbers: what a damaged file says is no answer."""
    metered = MeteredPlatform(Parity("scores"), ledger)
    metered.ask(images(4), keys_of(4))
    ledger._db.execute(f"UPDATE question SET {change} WHERE number = 2")
    with pytest.raises(StoreError, match=r"Expected a whole .*ledger.* (Restore|restore) "):
        metered.ask(images(4), keys_of(4))
    with pytest.raises(StoreError, match="whole"):
        metered.ask(images(4), [EVALUATION] * 4)
    assert ledger.spent("parity") == 4
