"""One person's attacks, for many people at once, beside other libraries' at equal queries.

``python -m benchmarks.attacks`` prints a table of seconds and one of success, ``--json`` one JSON
object. Figures, not tests. A small convolutional network that was trained on a few digits, enlarged
to 3x32x32; every question to it is counted, and the table of seconds is of CPU time a question. One
thread on both sides.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.attacks_platform import LEARNED_FROM, InProcessPlatform, Watched, network, people
from benchmarks.attacks_seconds import AtBudget, measure_seconds, print_pairs, run_torchattacks
from benchmarks.rows import parser_of
from quorate.runtime.progress import status
from quorate.runtime.provenance import provenance
from quorate.table import Labels, Mask
from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.boundary import Boundary
from quorate.test_time.attacks.hopskipjump import HopSkipJump
from quorate.test_time.attacks.square import Square
from quorate.test_time.platforms.meter import Meter
from quorate.test_time.platforms.platform import Pixels, to_features

EPSILON = 10  # levels of 1/255: where about a half can be corrected
QUERIES = 400  # of the rows of success
Z = 1.959964  # of a 95% interval


@functools.cache
def misread() -> tuple[Pixels, Labels, Pixels]:
    """Return everyone who is misread, their true label, and a start: a digit of it, read right."""
    x, y = people()
    read = InProcessPlatform().ask(x, [""] * len(x)).labels
    wrong = np.flatnonzero((read != y) & (np.arange(len(x)) >= LEARNED_FROM))
    starts = np.stack([x[np.flatnonzero((read == y) & (y == label))[0]] for label in y[wrong]])
    return x[wrong], y[wrong], starts


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


class Counted(nn.Module):
    """The network for attacks that ask about everyone at once, until their budget is spent.

    It notes who was read as y within ε, on the images as they were asked, unrounded.
    """

    def __init__(self, x: Pixels, y: Labels, budget: int) -> None:
        super().__init__()
        self.net, self.budget, self.asked = network(), budget, 0
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
        found = run_torchattacks(watched, x, y, EPSILON, QUERIES, seed)
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
    parser.add_argument("--repeats", type=int, default=3, help="of each pair's seconds, or 0")
    parser.add_argument("--seeds", type=int, default=3, help="of each success, or 0 for none")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)  # single images, as peers ask, are slower with more
    with status("success"):
        rates = measure_success(given.seeds) if given.seeds else []
    with status("seconds"):
        pairs = measure_seconds(given.repeats) if given.repeats else []
    if given.json:
        plain: dict[str, Any] = {
            "hardware": provenance(),
            "seconds": [pair.to_json() for pair in pairs],
            "rates": [{**vars(rate), "interval": rate.interval} for rate in rates],
        }
        print(json.dumps(plain, ensure_ascii=False, indent=1))
        return
    if pairs:
        print_pairs(pairs)
    if rates:
        print_rates(rates)


if __name__ == "__main__":
    main()
