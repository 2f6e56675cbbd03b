"""One person's attacks, for many people at once, beside other libraries' at equal queries.

``python -m benchmarks.attacks`` prints a table of seconds and one of success, ``--json`` one JSON
object. Figures, not tests. A small convolutional network that was trained on a few digits, enlarged
to 3x32x32; every question to it is counted, and in the rows of seconds both sides ask as many. One
thread on both sides.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.rows import Row, parser_of, print_rows
from quorate.runtime.progress import status
from quorate.runtime.provenance import provenance
from quorate.table import Labels, Mask
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.boundary import Boundary
from quorate.test_time.attacks.hopskipjump import HopSkipJump
from quorate.test_time.attacks.simba import SimBA
from quorate.test_time.attacks.square import Square
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Answers, Card, Pixels, to_features, to_pixels

CLASSES = tuple("0123456789")
LEARNED_FROM = 120  # digits: few, so that enough of the others are misread
PEOPLE, ROWS = 64, 401  # of the rows of seconds: ART's SimBA asks 2 x 200 + 1
EPSILON = 10  # levels of 1/255: where about a half can be corrected
QUERIES = 400  # of the rows of success
Z = 1.959964  # of a 95% interval


# ------------------------------------------------------------------------------- people and model


@functools.cache
def people() -> tuple[Pixels, Labels]:
    """Return every digit, (n, 3, 32, 32), each pixel four times as high and wide, and its label."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = np.kron(digits.images, np.ones((4, 4)))[:, None] / 16  # (n, 1, 32, 32)
    large = 0.25 + 0.5 * large  # grey: ε does not run into black or white
    x = np.rint(255 * np.repeat(large, 3, axis=1)).astype(np.uint8)
    return x, digits.target.astype(np.int64)


@functools.cache
def model() -> nn.Sequential:
    """Return the network: two convolutions with stride 2, 8 and 16 channels, 13,000 weights."""
    x, y = (torch.from_numpy(some) for some in people())
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16 * 8 * 8, 10)),
    )
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    features, labels = x[:LEARNED_FROM].float() / 255, y[:LEARNED_FROM]
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(features), labels).backward()
        optimizer.step()
    return net.eval()


class Watched(nn.Module):
    """The network on the pixel scale [0, 1], with a count of its rows and seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.net, self.rows, self.seconds = model(), 0, 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        started = time.perf_counter()
        logits: Tensor = self.net(x)
        self.rows += len(x)
        self.seconds += time.perf_counter() - started
        return logits


class InProcessPlatform:
    """The platform: the same network, behind 8-bit questions."""

    def __init__(self) -> None:
        self.model = Watched()
        self.card = Card("digits", CLASSES, (3, 32, 32), "scores")

    def ask(self, x: Pixels, keys: Sequence[str]) -> Answers:
        """Return the scores of each image."""
        with torch.inference_mode():
            logits = self.model(torch.from_numpy(to_features(x)))
            scores = logits.double().softmax(dim=1).numpy()
        return Answers(scores.argmax(axis=1), scores)


@functools.cache
def misread() -> tuple[Pixels, Labels, Pixels]:
    """Return everyone who is misread, their true label, and a start: a digit of it, read right."""
    x, y = people()
    read = InProcessPlatform().ask(x, [""] * len(x)).labels
    wrong = np.flatnonzero((read != y) & (np.arange(len(x)) >= LEARNED_FROM))
    starts = np.stack([x[np.flatnonzero((read == y) & (y == label))[0]] for label in y[wrong]])
    return x[wrong], y[wrong], starts


def unlikely() -> tuple[Pixels, Labels]:
    """Return images and a label that none reaches within one level: all spend every query."""
    x, _ = people()
    scores = InProcessPlatform().ask(x[:PEOPLE], [""] * PEOPLE).probabilities
    assert scores is not None
    return x[:PEOPLE], scores.argmin(axis=1)


# ---------------------------------------------------------------------------------------- seconds


@dataclass(frozen=True)
class Timed:
    """Seconds of one run, those inside the network, and how many rows it was asked."""

    seconds: float
    inside: float
    rows: int


def timed(watched: Watched, run: Callable[[], object]) -> Timed:
    """Run, and return what it took."""
    started = time.perf_counter()
    run()
    return Timed(time.perf_counter() - started, watched.seconds, watched.rows)


def ours(attack: Attack, x: Pixels, y: Labels, budget: int) -> Timed:
    """Return what our attack takes, within one level."""
    platform = InProcessPlatform()
    meter = Meter(platform, budget, [str(i) for i in range(len(x))])
    return timed(platform.model, lambda: attack.run(meter, x, y, 1, np.random.default_rng(0)))


def art_simba(x: Pixels, y: Labels, budget: int) -> Timed:
    """Return what ART's SimBA takes: two queries a step, after one of everyone."""
    from art.attacks.evasion import SimBA as ARTSimBA
    from art.estimators.classification import PyTorchClassifier

    watched = Watched()
    classifier = PyTorchClassifier(
        nn.Sequential(watched, nn.Softmax(dim=1)),
        nn.CrossEntropyLoss(),
        (3, 32, 32),
        10,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )
    attack = ARTSimBA(
        classifier, attack="px", max_iter=budget // 2, epsilon=1 / 255, targeted=True, verbose=False
    )
    goal = np.eye(10, dtype=np.float32)[y]
    return timed(watched, lambda: attack.generate(to_features(x), goal))


def torchattacks_square(x: Pixels, y: Labels, budget: int) -> Timed:
    """Return what torchattacks' Square takes: one query for the stripes, one an iteration."""
    watched = Watched()
    return timed(watched, lambda: _torchattacks(watched, x, y, 1, budget, seed=0))


def _torchattacks(
    watched: Watched, x: Pixels, y: Labels, epsilon: int, budget: int, seed: int
) -> Pixels:
    """Return the images that torchattacks' Square ends at, in whole levels."""
    import torchattacks

    torch.manual_seed(seed)
    attack = torchattacks.Square(watched, eps=epsilon / 255, n_queries=budget - 1)
    attack.set_mode_targeted_by_label(quiet=True)
    found: Tensor = attack(torch.from_numpy(to_features(x)), torch.from_numpy(y))
    return to_pixels(found.numpy())


def measure_seconds(repeats: int) -> list[Row]:
    """Return the rows of seconds; both sides ask 64 x 401 rows."""
    x, y = unlikely()
    works: tuple[tuple[Attack, str, Callable[..., Timed], float | None], ...] = (
        (SimBA(), "ART", art_simba, 50),
        (Square(), "torchattacks", torchattacks_square, None),
    )
    rows = []
    for attack, peer, run, target in works:
        mine, its = [], []
        for few in (x[:2], *[x] * repeats):  # two people warm up
            mine.append(ours(attack, few, y[: len(few)], ROWS))
            its.append(run(few, y[: len(few)], ROWS))
        # torchattacks asks about everyone once more before and after
        rows_each = {one.rows / PEOPLE for one in (*mine[1:], *its[1:])}
        assert rows_each <= {ROWS, ROWS + 2}, f"unequal queries: {rows_each}"
        work = f"{attack.name}, {PEOPLE} images, {ROWS} rows each"
        rows.append(_row(work, peer, mine[1:], its[1:], target, lambda one: one.seconds))
        outside = f"{work}, without the network's seconds"
        rows.append(
            _row(outside, peer, mine[1:], its[1:], None, lambda one: one.seconds - one.inside)
        )
    return rows


def _row(
    work: str,
    peer: str,
    mine: Sequence[Timed],
    its: Sequence[Timed],
    target: float | None,
    value: Callable[[Timed], float],
) -> Row:
    ours_seconds, peer_seconds = (statistics.median(map(value, some)) for some in (mine, its))
    return Row(work, ours_seconds, peer, peer_seconds, target)


# ---------------------------------------------------------------------------------------- success


@dataclass(frozen=True)
class Rate:
    """How many of n people were corrected, over all seeds, with Wilson's 95% interval.

    Args:
        work, who: the attack and whose it is.
        corrected, n: people, those of every seed taken together.
        rows: mean queries each.
    """

    work: str
    who: str
    corrected: int
    n: int
    rows: float

    @property
    def interval(self) -> tuple[float, float]:
        """Both ends, in [0, 1] (Wilson 1927)."""
        rate, slack = self.corrected / self.n, Z**2 / self.n
        middle = (rate + slack / 2) / (1 + slack)
        half = Z * math.sqrt(rate * (1 - rate) / self.n + slack / self.n / 4) / (1 + slack)
        return middle - half, middle + half


class AtBudget(Exception):  # noqa: N818, not an error
    """Everyone has asked as often as they may."""


class Counted(nn.Module):
    """The network for attacks that ask about everyone at once, until their budget is spent.

    It notes who was read as y within ε, on the images as they were asked, unrounded.
    """

    def __init__(self, x: Pixels, y: Labels, budget: int) -> None:
        super().__init__()
        self.net, self.budget, self.asked = model(), budget, 0
        self.x, self.y = torch.from_numpy(to_features(x)), torch.from_numpy(y)
        self.corrected: Mask = np.zeros(len(x), dtype=bool)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        if self.asked == self.budget:
            raise AtBudget
        self.asked += 1
        logits: Tensor = self.net(x)
        near = (x - self.x).abs().amax(dim=(1, 2, 3)) <= EPSILON / 255 + 1e-6
        self.corrected |= (near & (logits.argmax(dim=1) == self.y)).numpy()
        return logits


def our_rate(attack: Attack, seeds: int) -> Rate:
    """Return the success of ours."""
    x, y, starts = misread()
    corrected, rows = 0, 0
    for seed in range(seeds):
        platform = InProcessPlatform()
        meter = Meter(platform, QUERIES, [str(i) for i in range(len(x))])
        attempt = attack.run(meter, x, y, EPSILON, np.random.default_rng(seed), starts)
        assert meter.used.sum() == platform.model.rows
        corrected, rows = corrected + int(attempt.corrected.sum()), rows + platform.model.rows
    return Rate(attack.name, "ours", corrected, seeds * len(x), rows / seeds / len(x))


def torchattacks_rate(seeds: int) -> Rate:
    """Return the success of torchattacks' Square, read again in whole levels."""
    x, y, _ = misread()
    corrected, rows = 0, 0
    for seed in range(seeds):
        watched = Watched()
        found = _torchattacks(watched, x, y, EPSILON, QUERIES, seed)
        assert np.abs(found.astype(int) - x).max() <= EPSILON
        read = InProcessPlatform().ask(found, [""] * len(x)).labels
        corrected, rows = corrected + int((read == y).sum()), rows + watched.rows
    return Rate("square", "torchattacks", corrected, seeds * len(x), rows / seeds / len(x))


def foolbox_rate(attack: Attack, seeds: int) -> Rate:
    """Return the success of foolbox's attack of the same name, from the same starts."""
    from foolbox.attacks.boundary_attack import BoundaryAttack
    from foolbox.attacks.hop_skip_jump import HopSkipJumpAttack
    from foolbox.criteria import TargetedMisclassification
    from foolbox.models.pytorch import PyTorchModel

    x, y, starts = misread()
    peer = {
        "hopskipjump": HopSkipJumpAttack(constraint="linf"),
        "boundary": BoundaryAttack(),
    }[attack.name]
    corrected = 0
    for seed in range(seeds):
        torch.manual_seed(seed)
        counted = Counted(x, y, QUERIES).eval()
        wrapped = PyTorchModel(counted, bounds=(0, 1))
        goal = TargetedMisclassification(torch.from_numpy(y))
        with contextlib.suppress(AtBudget):
            peer.run(
                wrapped,
                torch.from_numpy(to_features(x)),
                goal,
                starting_points=torch.from_numpy(to_features(starts)),
            )
        corrected += int(counted.corrected.sum())
    return Rate(attack.name, "foolbox", corrected, seeds * len(x), QUERIES)


def measure_success(seeds: int) -> list[Rate]:
    """Return the rows of success, at equal budgets."""
    rates = [our_rate(Square(), seeds), torchattacks_rate(seeds)]
    for attack in (HopSkipJump(), Boundary()):
        rates += [our_rate(attack, seeds), foolbox_rate(attack, seeds)]
    return rates


def print_rates(rates: Sequence[Rate]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    n = len(misread()[0])
    table = Table(title=f"{n} misread people, ε = {EPSILON} levels, at most {QUERIES} queries each")
    for name in ("attack", "whose", "corrected", "95% interval", "mean queries"):
        table.add_column(name, justify="right")
    for rate in rates:
        low, high = rate.interval
        share = f"{rate.corrected}/{rate.n} = {rate.corrected / rate.n:.3f}"
        table.add_row(rate.work, rate.who, share, f"{low:.3f} to {high:.3f}", f"{rate.rows:.0f}")
    Console(width=140).print(table)


def main() -> None:
    """Measure, and print."""
    parser: argparse.ArgumentParser = parser_of("benchmarks.attacks", __doc__)
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement of seconds")
    parser.add_argument("--seeds", type=int, default=3, help="of each measurement of success")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # single images, as peers ask, are slower with more
    with status("success"):
        rates = measure_success(given.seeds)
    with status("seconds"):
        rows = measure_seconds(given.repeats)
    if given.json:
        plain: dict[str, Any] = {
            "hardware": provenance(),
            "rows": [row.to_json() for row in rows],
            "rates": [{**vars(rate), "interval": rate.interval} for rate in rates],
        }
        print(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    print_rows(rows, as_json=False)
    print_rates(rates)


if __name__ == "__main__":
    main()
