"""What every attack must do, tried on three people and a platform that sees brightness alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quorate.checks.properties import draws, hold
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.outcome import AttackOutcome
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Answers, Card, Pixels, Platform, check_questions

SHAPE = (1, 8, 8)
LEVEL, THRESHOLD, EPSILON, BUDGET = 98, 100, 8, 40  # of 255; of people's pixels and of mean ones


class _Brightness(Platform):
    """Says 1 of an image whose mean is above a threshold, else 0, and notes who asked what."""

    def __init__(self) -> None:
        self.asked: dict[str, list[bytes]] = {}

    @property
    def card(self) -> Card:
        """What the platform says of itself."""
        return Card("brightness", ("dark", "bright"), SHAPE, "scores")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the label, and how sure the platform is."""
        check_questions(x, keys, self.card)
        for key, image in zip(keys, x, strict=True):
            self.asked.setdefault(key, []).append(image.tobytes())
        above = x.mean(axis=(1, 2, 3)) - THRESHOLD  # (n,)
        bright = 1 / (1 + np.exp(-above / 10))
        return Answers((above > 0).astype(np.int64), np.stack([1 - bright, bright], axis=1))


def check_attack(attack: Attack) -> list[str]:
    """Check an attack; return the names of the properties."""
    x = np.full((3, *SHAPE), LEVEL, dtype=np.uint8)
    before = x.copy()
    (outcome, asked), (_, again) = (_run(attack, x, "abc") for _ in range(2))
    _, alone = _run(attack, x[1:2], "b")
    spent = [len(asked.get(key, [])) for key in "abc"]
    counted = outcome.queries.tolist() == spent and max(spent) <= BUDGET
    within = np.abs(outcome.x_adv.astype(int) - x).max() <= EPSILON
    return [
        hold(np.array_equal(before, x), attack, "leaves people's images as they are"),
        hold(asked == again, attack, "asks the same for the same seed"),
        hold(asked.get("b") == alone.get("b"), attack, "asks for each person as if alone"),
        hold(counted, attack, "counts its queries, and keeps to its budget"),
        hold(bool(within), attack, "stays within ε"),
    ]


def _run(attack: Attack, x: Pixels, keys: str) -> tuple[AttackOutcome, dict[str, list[bytes]]]:
    platform = _Brightness()
    meter = Meter(platform, BUDGET, list(keys))
    starts = np.full_like(x, THRESHOLD + EPSILON) if attack.needs_start else None
    y = np.ones(len(x), dtype=np.int64)
    return attack.run(meter, x, y, EPSILON, draws(), starts), platform.asked
