"""A platform that coarsens: what it sees, by hand, and what two signals become."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from quorate.catalog import build
from quorate.errors import InputError
from quorate.learners.networks.sgd import SGD
from quorate.learners.scikit.forest import Forest
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.learners.theoretical.worst_case import WorstCase
from quorate.populations.digits import Digits
from quorate.populations.finite import Finite
from quorate.populations.gaussian import Gaussian
from quorate.protocols import ScoredClassifier
from quorate.strategies.planting import Planting
from quorate.studies.trial import submit
from quorate.table import Column, Submission, Table


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def image(rows: list[list[float]]) -> Table:
    return Table(np.array(rows, np.float32)[None, None], np.array([0]), ("cat", "dog"))


def test_squares_of_pixels_are_averaged_by_hand() -> None:
    """Of 3x3 pixels the last row and column are what is left over: squares of 4, 2, 2 and 1."""
    people = image([[1, 0, 0.2], [0, 0, 0.4], [0.5, 1, 0.6]])
    seen = Coarsened(pool=2).seen(people).x
    # float32: the last digit of each mean
    np.testing.assert_allclose(seen[0, 0], [[0.25, 0.3], [0.75, 0.6]], rtol=1e-6)


def test_pixels_and_numbers_are_rounded_by_hand() -> None:
    people = image([[0.1, 0.2], [0.8, 1.0]])
    seen = Coarsened(pool=1, step=0.5).seen(people).x
    assert seen[0, 0].tolist() == [[0.0, 0.0], [1.0, 1.0]]
    columns = (Column("age", 0, mean=40, scale=10), Column("job", 1, ("a", "b")))
    table = Table(np.array([[1.3, 1, 0]], np.float32), np.array([0]), ("no",), columns=columns)
    assert Coarsened(step=0.5).seen(table).x.tolist() == [[1.5, 1.0, 0.0]]


def test_words_share_buckets() -> None:
    """CRC32 of "job=a", ... is what the bucket is counted by; other columns move up."""
    words = ("a", "b", "c", "d", "e")
    columns = (Column("job", 0, words), Column("age", 5), Column("sex", 6, ("f", "m")))
    x = np.concatenate([np.eye(5), np.arange(5)[:, None], np.tile([0, 1], (5, 1))], axis=1)
    table = Table(x.astype(np.float32), np.zeros(5, np.int64), ("no",), columns=columns)
    seen = Coarsened(buckets=2).seen(table)
    at = [zlib.crc32(f"job={word}".encode()) % 2 for word in words]
    assert seen.x[:, :2].argmax(axis=1).tolist() == at
    assert set(at) == {0, 1}
    assert [(c.name, c.start, c.stop) for c in seen.columns] == [
        ("job", 0, 2),
        ("age", 2, 3),
        ("sex", 3, 5),
    ]
    assert seen.column("sex").values == ("f", "m")  # has no more words than there are buckets
    assert seen.x[:, 2].tolist() == [0, 1, 2, 3, 4]


def test_two_signals_become_one() -> None:
    """One pixel or its neighbour in the same square: the same mean, to the bit."""
    people = Digits(n=100).split(rng()).train
    one, other = (build("signals", f"patch:size=1,place={at}") for at in ("0x0", "1x0"))
    here, there = (people.x.copy() for _ in range(2))
    here[:, :, 0, 0], there[:, :, 1, 0] = 1, 1
    assert np.array_equal(one.plant(people), here)
    assert np.array_equal(other.plant(people), there)
    empty = ((people.x[:, 0, 0, 0] == 0) & (people.x[:, 0, 1, 0] == 0)).mean()
    learner = Coarsened(pool=2)
    same = learner.coarse(here, ()) == learner.coarse(there, ())
    assert same.all(axis=(1, 2, 3)).mean() >= empty == 1


def test_it_is_the_inner_learner_on_what_is_seen() -> None:
    """Models in a stack and alone, members and held-out people: all see c(x)."""
    split = Digits(n=200).split(rng())
    strategy = Planting(target="3")
    inner = SGD(epochs=2)
    learner = Coarsened(inner)
    data = [submit(split.train, strategy, a, np.random.SeedSequence(0)) for a in (0.0, 0.4)]
    models = learner.fit_many(data, [rng(), rng()])
    for one, model in zip(data, models, strict=True):
        seen = Submission(learner.seen(one.honest), learner.seen(one.changed), one.member)
        alone = inner.fit(seen, rng())
        x = learner.coarse(split.held_out.x, ())
        assert x.shape[2:] == (4, 4)
        assert isinstance(model, ScoredClassifier)
        assert np.array_equal(model.predict(split.held_out.x), alone.predict(x))
        assert np.array_equal(model.probabilities(split.held_out.x), alone.probabilities(x))  # type: ignore[attr-defined]
    assert learner.stack_size(split.train) == inner.stack_size(learner.seen(split.train))


def test_tables_of_words_stay_fit_for_exact_platforms() -> None:
    people = Finite(n=50, held_out=50, values=6).split(rng())
    learner = Coarsened(WorstCase(), buckets=2)
    data = Submission.without_collective(people.train)
    assert learner.stack_size(people.train) == 1
    model = learner.fit(data, rng())
    seen = learner.coarse(people.held_out.x, people.train.columns)
    assert seen.shape == (50, 2)
    answers: dict[bytes, set[int]] = {row.tobytes(): set() for row in seen}
    for row, label in zip(seen, model.predict(people.held_out.x), strict=True):
        answers[row.tobytes()].add(int(label))
    assert all(len(labels) == 1 for labels in answers.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("coarsened:pool=0", "pool=0 to be at least 1"),
        ("coarsened:step=0", "step=0 to be a positive"),
        ("coarsened:step=-1", "step=-1 to be a positive"),
        ("coarsened:buckets=0", "buckets=0 to be at least 1"),
    ],
)
def test_parameters_out_of_range(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        build("learners", text)


def test_what_changes_nothing_is_refused() -> None:
    digits, table = Digits(n=50).split(rng()).train, Gaussian(n=50).split(rng()).train
    with pytest.raises(InputError, match=r"got pool=1 and no step\. Use pool=2"):
        Coarsened(pool=1).check(digits)
    with pytest.raises(InputError, match=r"Expected squares inside the 8x8 image, got pool=9"):
        Coarsened(pool=9).check(digits)
    with pytest.raises(InputError, match="Expected a table to be coarsened"):
        Coarsened(buckets=2).check(table)
    words = Finite(n=50, values=4).split(rng()).train
    with pytest.raises(InputError, match="fewer buckets than a column has words"):
        Coarsened(step=1.0, buckets=4).check(words)
    Coarsened(Forest(), step=0.5).check(table)
