"""CPU seconds of one person's attacks, for many people at once, beside other libraries'.

Each pair of ours and a peer's is run alternately, on the network and on a stand-in whose answers
cost next to nothing: what is left there is the attack's own.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.attacks_platform import InProcessPlatform, Watched, network, people, stand_in
from quorate.table import Labels
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.hopskipjump import HopSkipJump
from quorate.test_time.attacks.simba import SimBA
from quorate.test_time.attacks.square import Square
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Pixels, to_features, to_pixels

PEOPLE, ROWS = 64, 401  # ART's SimBA asks 2 x 200 + 1
LEAPS = 3  # of ART's HopSkipJump: 100, 141 and 173 probes, and what lies between them


@dataclass(frozen=True)
class Task:
    """What both sides are given: images, labels that none reaches within a level, and starts."""

    net: nn.Module
    x: Pixels
    y: Labels
    starts: Pixels

    @classmethod
    def of(cls, net: nn.Module) -> Task:
        """Return the task of a network; starts are people of the label whom it reads rightly."""
        x, y = people()
        scores = InProcessPlatform(net).ask(x, [""] * len(x)).probabilities
        assert scores is not None
        goal = scores[:PEOPLE].argmin(axis=1)
        right = scores.argmax(axis=1) == y
        starts = [x[np.flatnonzero(right & (y == label))[0]] for label in goal]
        return cls(net, x[:PEOPLE], goal, np.stack(starts))

    def take(self, n: int) -> Task:
        """Return the task of the first n people."""
        return Task(self.net, self.x[:n], self.y[:n], self.starts[:n])


@dataclass(frozen=True)
class Timed:
    """CPU seconds of one run, those inside the network, and how many rows it was asked."""

    seconds: float
    inside: float
    rows: int

    @property
    def per_row(self) -> float:
        """Microseconds a row, in all."""
        return 1e6 * self.seconds / self.rows


@dataclass(frozen=True)
class Pair:
    """Ours and a peer's, run alternately.

    Args:
        attack, peer: which.
        platform: network or stand-in.
        mine, its: of each repeat.
    """

    attack: str
    peer: str
    platform: str
    mine: Sequence[Timed]
    its: Sequence[Timed]

    @property
    def ratios(self) -> list[float]:
        """The peer's seconds a row over ours, of each repeat, least first."""
        both = zip(self.mine, self.its, strict=True)
        return sorted(theirs.per_row / ours.per_row for ours, theirs in both)

    @property
    def inside(self) -> float:
        """Share of our seconds that the network itself takes."""
        return statistics.median(one.inside / one.seconds for one in self.mine)

    @property
    def limit(self) -> float:
        """The ratio if all of ours but the network took no time: none can be larger (Amdahl)."""
        both = zip(self.mine, self.its, strict=True)
        return statistics.median(
            theirs.per_row / (1e6 * ours.inside / ours.rows) for ours, theirs in both
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "attack": self.attack,
            "peer": self.peer,
            "platform": self.platform,
            "microseconds_a_row": statistics.median(one.per_row for one in self.mine),
            "peers_microseconds_a_row": statistics.median(one.per_row for one in self.its),
            "rows": [one.rows for one in self.mine],
            "peers_rows": [one.rows for one in self.its],
            "ratios": self.ratios,
            "inside": self.inside,
            "limit": self.limit,
        }


def timed(watched: Watched, run: Callable[[], object]) -> Timed:
    """Run, and return what it took."""
    started = time.process_time()
    run()
    return Timed(time.process_time() - started, watched.seconds, watched.rows)


def ours(attack: Attack, task: Task) -> Timed:
    """Return what our attack takes, within one level."""
    platform = InProcessPlatform(task.net)
    meter = Meter(platform, ROWS, [str(i) for i in range(len(task.x))])
    rng = np.random.default_rng(0)
    starts = task.starts if attack.needs_start else None
    return timed(platform.model, lambda: attack.run(meter, task.x, task.y, 1, rng, starts))


# ------------------------------------------------------------------------------------------- peers


def _art_classifier(watched: Watched) -> Any:
    from art.estimators.classification import PyTorchClassifier

    return PyTorchClassifier(
        nn.Sequential(watched, nn.Softmax(dim=1)),
        nn.CrossEntropyLoss(),
        (3, 32, 32),
        10,
        clip_values=(0.0, 1.0),
        device_type="cpu",
    )


def art_simba(task: Task) -> Timed:
    """Return what ART's SimBA takes: two queries a step, after one of everyone."""
    from art.attacks.evasion import SimBA as ARTSimBA

    watched = Watched(task.net)
    attack = ARTSimBA(
        _art_classifier(watched),
        attack="px",
        max_iter=ROWS // 2,
        epsilon=1 / 255,
        targeted=True,
        verbose=False,
    )
    goal = np.eye(10, dtype=np.float32)[task.y]
    return timed(watched, lambda: attack.generate(to_features(task.x), goal))


def art_square(task: Task) -> Timed:
    """Return what ART's Square takes: three queries a square, after three of everyone.

    It is turned towards a label by its own parameters, criterion and loss.
    """
    from art.attacks.evasion import SquareAttack

    watched = Watched(task.net)
    classifier = _art_classifier(watched)

    def margin(x: Any, y: Any) -> Any:
        scores = np.log(np.maximum(classifier.predict(x, batch_size=PEOPLE), 1e-30))
        of_y = (scores * y).sum(axis=1)
        return np.where(y > 0, -np.inf, scores).max(axis=1) - of_y

    attack = SquareAttack(
        classifier,
        adv_criterion=lambda scores, y: scores.argmax(axis=1) == y.argmax(axis=1),
        loss=margin,
        max_iter=(ROWS - 3) // 3,
        eps=1 / 255,
        batch_size=PEOPLE,
        verbose=False,
    )
    goal = np.eye(10, dtype=np.float32)[task.y]
    return timed(watched, lambda: attack.generate(to_features(task.x), goal))


def art_hopskipjump(task: Task) -> Timed:
    """Return what ART's HopSkipJump takes: as many leaps as about our rows allow."""
    from art.attacks.evasion import HopSkipJump as ARTHopSkipJump

    watched = Watched(task.net)
    attack = ARTHopSkipJump(
        _art_classifier(watched),
        batch_size=256,
        targeted=True,
        norm=np.inf,
        max_iter=LEAPS,
        verbose=False,
    )
    goal, starts = np.eye(10, dtype=np.float32)[task.y], to_features(task.starts)
    return timed(watched, lambda: attack.generate(to_features(task.x), goal, x_adv_init=starts))


def torchattacks_square(task: Task) -> Timed:
    """Return what torchattacks' Square takes: one query for the stripes, one an iteration."""
    watched = Watched(task.net)
    return timed(watched, lambda: run_torchattacks(watched, task.x, task.y, 1, ROWS, seed=0))


def run_torchattacks(
    watched: Watched, x: Pixels, y: Labels, epsilon: int, budget: int, seed: int
) -> Pixels:
    """Return the images that torchattacks' Square ends at, in whole levels."""
    import torchattacks

    torch.manual_seed(seed)
    attack = torchattacks.Square(watched, eps=epsilon / 255, n_queries=budget - 1)
    attack.set_mode_targeted_by_label(quiet=True)
    found: Tensor = attack(torch.from_numpy(to_features(x)), torch.from_numpy(y))
    return to_pixels(found.numpy())


class AtBudget(Exception):  # noqa: N818, not an error
    """Everyone has asked as often as they may."""


class Ending(Watched):
    """A network that answers until everyone has asked as often as they may."""

    def __init__(self, net: nn.Module, people: int) -> None:
        super().__init__(net)
        self.people = people

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits, (n, k)."""
        if self.rows >= ROWS * self.people:
            raise AtBudget
        return super().forward(x)


def foolbox_hopskipjump(task: Task) -> Timed:
    """Return what foolbox's HopSkipJump takes, from the same starts."""
    from foolbox.attacks.hop_skip_jump import HopSkipJumpAttack
    from foolbox.criteria import TargetedMisclassification
    from foolbox.models.pytorch import PyTorchModel

    watched = Ending(task.net, len(task.x)).eval()
    wrapped = PyTorchModel(watched, bounds=(0, 1))
    goal = TargetedMisclassification(torch.from_numpy(task.y))
    x, starts = (torch.from_numpy(to_features(some)) for some in (task.x, task.starts))

    def run() -> None:
        with contextlib.suppress(AtBudget):
            HopSkipJumpAttack(constraint="linf").run(wrapped, x, goal, starting_points=starts)

    return timed(watched, run)


# ---------------------------------------------------------------------------------------- measured


PAIRS: tuple[tuple[Attack, str, Callable[[Task], Timed]], ...] = (
    (SimBA(), "ART", art_simba),
    (Square(), "ART", art_square),
    (Square(), "torchattacks", torchattacks_square),
    (HopSkipJump(), "ART", art_hopskipjump),
    (HopSkipJump(), "foolbox", foolbox_hopskipjump),
)


def measure_seconds(repeats: int) -> list[Pair]:
    """Return every pair on the network and on the stand-in, each run so often, alternately."""
    found = []
    for platform, net in (("network", network()), ("stand-in", stand_in())):
        task = Task.of(net)
        for attack, peer, run in PAIRS:
            ours(attack, task.take(2))  # two people warm up
            run(task.take(2))
            mine, its = [], []
            for _ in range(repeats):
                mine.append(ours(attack, task))
                its.append(run(task))
            assert {one.rows for one in mine} == {ROWS * PEOPLE}, "somebody stopped early"
            found.append(Pair(attack.name, peer, platform, mine, its))
    return found


def print_pairs(pairs: Sequence[Pair]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    title = f"{PEOPLE} images, {ROWS} rows each; CPU microseconds a row, medians"
    table = Table(title=title)
    for name in ("platform", "attack", "peer", "ours", "the peer's", "ratio", "from", "to"):
        table.add_column(name, justify="right")
    table.add_column("of ours in the network", justify="right")
    table.add_column("largest ratio possible", justify="right")
    for pair in pairs:
        ours_, theirs = (
            statistics.median(one.per_row for one in some) for some in (pair.mine, pair.its)
        )
        table.add_row(
            *(pair.platform, pair.attack, pair.peer, f"{ours_:.1f}", f"{theirs:.1f}"),
            *(f"{value:.3g}" for value in (statistics.median(pair.ratios), pair.ratios[0])),
            f"{pair.ratios[-1]:.3g}",
            f"{pair.inside:.0%}",
            f"{pair.limit:.3g}",
        )
    Console(width=140).print(table)
