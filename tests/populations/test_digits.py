"""The digits that come inside scikit-learn."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quorate.errors import InputError
from quorate.populations.digits import Digits
from quorate.table import Split


def split(seed: int = 0, **parameters: float) -> Split:
    return Digits(**parameters).split(np.random.default_rng(seed))  # type: ignore[arg-type]


def test_every_digit_is_on_one_side() -> None:
    drawn = split()
    # a quarter of 1,797 is 449.25
    assert (len(drawn.train), len(drawn.held_out)) == (1348, 449)
    assert drawn.train.x.shape == (1348, 1, 8, 8)
    ours = np.concatenate([drawn.train.x, drawn.held_out.x]).reshape(-1, 64)
    theirs = load_digits().data / 16  # 0 to 16 in the source; a sixteenth is exact
    assert sorted(map(tuple, ours)) == sorted(map(tuple, theirs))


def test_labels_stay_with_their_images() -> None:
    source = load_digits()
    known = {tuple(row): y for row, y in zip(source.data / 16, source.target, strict=True)}
    drawn = split()
    found = [known[tuple(row)] for row in drawn.held_out.x.reshape(-1, 64)]
    assert drawn.held_out.y.tolist() == found
    assert drawn.train.classes == tuple("0123456789")


def test_the_seed_decides_who_is_held_out() -> None:
    assert split(1).held_out.y.tolist() == split(1).held_out.y.tolist()
    assert split(1).held_out.y.tolist() != split(2).held_out.y.tolist()


def test_fewer_people_can_be_asked_for() -> None:
    few = split(n=100, held_out=0.5)
    assert (len(few.train), len(few.held_out)) == (100, 898)  # round(898.5) is the even one
    everyone = split(held_out=0.5)
    assert few.train.x.tolist() == everyone.train.x[:100].tolist()


def test_the_source_is_not_changed_by_who_uses_it() -> None:
    drawn = split()
    drawn.train.x[:] = 0
    assert split().train.x.max() == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": 1349}, r"Expected n=1349 between 1 and the 1348 people there are\. Leave n out"),
        ({"n": 0}, "Expected n=0 between 1 and the 1348 people there are"),
        ({"held_out": 0}, r"Expected held_out=0 in \(0, 1\)\. Use a fraction such as 0\.25"),
        ({"held_out": 1}, r"Expected held_out=1 in \(0, 1\)"),
        ({"held_out": float("nan")}, r"Expected held_out=nan in \(0, 1\)"),
        ({"held_out": 0.0001}, "Expected people on both sides of the split, got 1797 people with"),
        ({"held_out": 0.9999}, "Expected people on both sides of the split"),
    ],
)
def test_sizes_out_of_range_are_answered(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        split(**parameters)
