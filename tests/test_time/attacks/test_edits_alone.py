"""A member alone who tries photo edits on their own picture."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import pytest
from linear_platform import LinearPlatform

from quorate.errors import InputError
from quorate.test_time.attacks.edits import Edits
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Answers, Card, Pixels
from quorate.test_time.search.space import COST_OF_A_STOP, drawn_order, sliders

SHAPE = (1, 8, 8)


def run(
    platform: LinearPlatform, x: Pixels, epsilon: int, budget: int, seed: int = 0
) -> AttackOutcome:
    meter = Meter(platform, budget, [f"p{i}" for i in range(len(x))])
    y = np.ones(len(x), np.int64)
    return Edits().run(meter, x, y, epsilon, np.random.default_rng(0))


def pictures(n: int) -> Pixels:
    """Return dark pictures, (n, 1, 8, 8)."""
    return np.random.default_rng(0).integers(60, size=(n, *SHAPE), dtype=np.uint8)


@pytest.mark.parametrize("epsilon", [8, 255])
def test_it_asks_every_setting_once_within_the_budget_of_change_and_then_ends(epsilon: int) -> None:
    platform = LinearPlatform(np.ones(SHAPE, int), 10**6, "labels")  # nothing helps
    x = pictures(2)
    attempt = run(platform, x, epsilon, 10_000)
    assert not attempt.corrected.any()
    for i in range(2):
        edited = [one.apply(x[i : i + 1])[0].astype(int) for one in sliders().pipelines]
        wanted = {
            tuple(np.minimum(np.maximum(one, x[i] - float(epsilon)), x[i] + float(epsilon)).ravel())
            for one in edited
        }
        asked = [tuple(question) for question in platform.asked_by(f"p{i}")]
        assert set(asked) == wanted
        assert len(asked) == len(wanted) > 100
    assert platform.asked_by("p0") != platform.asked_by("p1")


def test_whoever_needs_more_light_finds_it_and_whoever_may_not_change_much_does_not() -> None:
    x = np.full((1, *SHAPE), 30, np.uint8)
    platform = LinearPlatform(np.ones(SHAPE, int), 64 * 119, "labels")  # 30 times 4 is enough
    attempt = run(platform, x, 255, 300)
    assert attempt.corrected.all()
    assert attempt.x_adv.min() == attempt.x_adv.max() >= 120
    assert not run(platform, x, 89, 400).corrected.any()
    assert run(platform, x, 90, 400).corrected.all()  # any that goes further is cut to 120


def test_usual_pictures_come_first() -> None:
    """A dark picture is brightened before it is darkened."""
    first, last = [], []
    x = pictures(6)
    platform = LinearPlatform(np.ones(SHAPE, int), 10**6, "labels")
    run(platform, x, 255, 400)
    for i in range(6):
        means = [float(np.mean(question)) for question in platform.asked_by(f"p{i}")]
        first.append(np.mean(means[:20]))
        last.append(np.mean(means[-20:]))
    assert np.mean(first) > 1.3 * np.mean(last)


class Guessing:
    """A platform that sees nothing: its label is a digest of the picture."""

    def __init__(self) -> None:
        self.card = Card("guessing", tuple("0123456789"), SHAPE, "labels")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        said = [hashlib.sha256(image.tobytes()).digest()[0] % 10 for image in x]
        return Answers(np.array(said, dtype=np.int64))


def test_choosing_by_the_answer_lets_the_label_in() -> None:
    """Of a platform that only guesses, everyone gets their label in the end: 1 − .9^q."""
    x = pictures(25)
    meter = Meter(Guessing(), 30, [str(i) for i in range(25)])
    found = Edits().run(meter, x, np.arange(25) % 10, 255, np.random.default_rng(0))
    for queries, share in zip((7, 30), found.curve([7, 30]), strict=True):
        chance = 1 - 0.9**queries  # .52 and .96
        slack = 4 * math.sqrt(chance * (1 - chance) / 25)  # four standard deviations of 25 people
        assert abs(share - chance) <= slack


def test_settings_are_drawn_first_by_their_odds() -> None:
    expected = COST_OF_A_STOP * np.log([1.0, 2.0, 5.0])  # of 8: 1/8, 2/8, 5/8
    rng = np.random.default_rng(0)
    orders = np.array([drawn_order(expected, rng) for _ in range(4000)])
    first = np.bincount(orders[:, 0], minlength=3) / 4000
    slack = 4 * math.sqrt(0.25 / 4000)
    assert np.abs(first - [1 / 8, 2 / 8, 5 / 8]).max() < slack
    # and the second by the odds of those left: after the last, 1/3 and 2/3
    second = orders[orders[:, 0] == 2, 1]
    assert abs((second == 1).mean() - 2 / 3) < 4 * math.sqrt(0.25 / len(second))


def test_pictures_that_edits_do_not_fit_are_refused_in_a_line() -> None:
    x = np.zeros((1, 2, 8, 8), np.uint8)
    platform = LinearPlatform(np.ones((2, 8, 8), int), 1, "labels")
    with pytest.raises(InputError, match=r"Expected grey or RGB pictures .* got 2 channels"):
        run(platform, x, 8, 10)
