"""What members agree on, and what is left out, by hand."""

import numpy as np
import pytest

from quorate.collective.pool.agreed import agree
from quorate.collective.pool.compared import MemberAnswers
from quorate.collective.pool.reliability import Reliability
from quorate.errors import InputError

X = np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1)
PHOTO = np.array([0, 0, 1, 1, 2, 2])


def of(rows: list[tuple[int, int, int]]) -> MemberAnswers:
    question, member, label = np.array(rows).T
    return MemberAnswers(question, member, label, np.arange(4), np.zeros(6, dtype=int))


def keeping(*members: int) -> Reliability:
    return Reliability(np.isin(np.arange(4), members), (), 0.01, 0.0)


def test_what_is_agreed_by_hand() -> None:
    # (question, member, label). 0: agreed by 0 and 1. 1: disputed. 2: of 3, who is left out, alone.
    # 3: 3 contradicts 2, and has no say. 4: of 1 alone. 5: nobody.
    rows = [(4, 1, 7), (0, 0, 3), (0, 1, 3), (1, 0, 2), (1, 2, 4), (2, 3, 9), (3, 2, 5), (3, 3, 6)]
    found = agree(of(rows), keeping(0, 1, 2), X, PHOTO)
    assert found.question.tolist() == [0, 3, 4]
    assert found.pool.answers.labels.tolist() == [3, 5, 7]
    assert found.pool.answers.probabilities is None
    assert found.pool.member.tolist() == [0, 2, 1]
    assert found.pool.photo.tolist() == [0, 1, 2]
    assert found.pool.x.ravel().tolist() == [0, 3, 4]
    assert (found.left_out, found.answers_left_out) == ((4,), 2)
    assert (found.disputed, found.unanswered, found.confirmed) == (1, 2, 1)
    assert found.pool.notes == (
        "1 member is left out, since answers contradict everyone else's: 4. These gave 2 answers.",
        "1 questions are left out, since members gave different answers.",
        "2 questions are left out, since nobody answered whose answers are used.",
    )


def test_every_question_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        pairs = rng.permutation(24)[: rng.integers(4, 24)]
        made = MemberAnswers(
            pairs // 4, pairs % 4, rng.integers(2, size=len(pairs)), np.arange(4), np.zeros(6, int)
        )
        kept = rng.random(4) < 0.8
        naive = {
            q: {
                int(made.label[i]) for i in np.flatnonzero(made.question == q) if kept[pairs[i] % 4]
            }
            for q in range(6)
        }
        agreed = {q: labels.pop() for q, labels in naive.items() if len(labels) == 1}
        if not agreed:
            continue
        found = agree(made, Reliability(kept, (), 0.01, 0.0), X, PHOTO)
        labels = found.pool.answers.labels.tolist()
        assert dict(zip(found.question.tolist(), labels, strict=True)) == agreed
        assert len(agreed) + found.disputed + found.unanswered == 6


def test_with_everyone_kept_nothing_is_noted() -> None:
    found = agree(of([(q, 0, 1) for q in range(6)]), keeping(0, 1, 2, 3), X, PHOTO)
    assert found.pool.notes == ()


def test_nothing_agreed() -> None:
    with pytest.raises(InputError, match="Expected answers that members agree on, got none"):
        agree(of([(0, 3, 1)]), keeping(0), X, PHOTO)
    with pytest.raises(InputError, match="each of 6 questions, got 5 and 6"):
        agree(of([(0, 0, 1)]), keeping(0), X[:5], PHOTO)
