"""Digits on coloured paper."""

import numpy as np
import pytest

import quorate
from quorate.errors import InputError
from quorate.populations.coloured_digits import ColouredDigits
from quorate.populations.digits import Digits, all_digits
from quorate.table import Table


def drawn(**parameters: float) -> tuple[Table, Table]:
    split = ColouredDigits(**parameters).split(np.random.default_rng(0))  # type: ignore[arg-type]
    return split.train, split.held_out


def test_everyone_is_a_digit_on_one_paper() -> None:
    """Ink 1 is white on any paper, ink 0 is the paper, and the digits are those of `digits`."""
    train, _ = drawn()
    grey = Digits().split(np.random.default_rng(0)).train
    assert train.x.shape == (len(grey), 3, 8, 8)
    assert train.y.tolist() == (grey.y % 2).tolist()
    assert train.group is not None
    colour = train.group % 2
    for i in range(20):
        paper = [0.8, 0.2, 0.2] if colour[i] == 0 else [0.2, 0.2, 0.8]
        for c in range(3):
            expected = [[ink + (1 - ink) * paper[c] for ink in row] for row in grey.x[i, 0]]
            assert np.allclose(train.x[i, c], expected, atol=1e-6)  # float32
    assert train.groups == ("even on red", "even on blue", "odd on red", "odd on blue")


def test_colours_agree_with_labels_in_training_alone() -> None:
    train, held_out = drawn(agreement=0.9)
    for people, share in ((train, 0.9), (held_out, 0.5)):
        assert people.group is not None
        agree = float((people.group % 2 == people.y).mean())
        spread = (share * (1 - share) / len(people)) ** 0.5
        assert abs(agree - share) < 4 * spread


def test_nobody_is_in_training_and_held_out() -> None:
    train, held_out = drawn()
    assert len(train) + len(held_out) == len(all_digits())


def test_the_shortcut_misleads_plain_training_more_than_group_dro() -> None:
    curves = quorate.curve(
        population="coloured-digits",
        strategy="planting:target=odd,size=2",
        learner=["sgd:epochs=20", "group-dro:epochs=20"],
        alphas="0",
        seeds=2,
    )
    frame = curves.to_frame()
    worst = frame.groupby("learner")["worst_group_accuracy"].mean()
    assert worst["group-dro:epochs=20"] > worst["sgd:epochs=20"] + 0.1


def test_agreement_is_a_probability() -> None:
    with pytest.raises(InputError, match=r"Expected agreement=1\.5 in \[0, 1\]"):
        ColouredDigits(agreement=1.5)
