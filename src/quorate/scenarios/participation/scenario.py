"""Participation as a game on a measured curve: parameters, and running it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.scenarios.participation.game import PlayedCurve, Terms, play
from quorate.scenarios.participation.measured_curve import Measured, choose, measured_curves
from quorate.scenarios.participation.result import Course, Participated
from quorate.spec import param
from quorate.theory.acquaintances import Kind, acquaintances
from quorate.theory.best_response import (
    expected_under_doubt,
    rounds_of_responses,
    settled_size,
    worth_of_acting,
)
from quorate.validate import at_least, in_interval

EMBEDDED = "ε = 1"  # of the curves that come with quorate, the one that is played on


@dataclass(frozen=True)
class Participation:
    """Does joining pay? Who acts on a measured S(α), what tips it, and what a pledge changes.

    Acting costs k and brings all of S, staying out brings γS. Nothing is trained. Source: derived,
    and for privacy the words of Solanki et al. (arXiv:2505.05707 v2, section 5).

    Raises:
        InputError: a parameter is out of range, or several curves fit.
        StoreError: the folder holds no measured curve.
    """

    name: ClassVar[str] = "participation"

    folder: str = param("", "folder of measured curves; else MNIST's, which come with quorate")
    learner: str | None = param(
        None, "whose curve: its text or name; else the first, with the others beside it"
    )
    strategy: str | None = param(None, "which strategy's curve; needed where there are several")
    cost: float = param(0.1, "k, what acting costs, in units of full success, at least 0")
    share: float = param(0.5, "γ, what of the outcome reaches who stays out, in [0, 1]")
    reach: float | None = param(None, "who may act, of all people; else the largest measured size")
    belief: float = param(0.001, "how many are expected to act, of all people: the median")
    spread: float = param(0.5, "standard deviation of its logarithm, at least 0")
    target: float = param(0.9, "S*, the success that α* is read at, in [0, 1]")
    threshold: float | None = param(None, "α* to be pledged, in [0, 1]; else as measured")
    defectors: float = param(0.1, "share of those who pledged that do not act, in [0, 1)")
    noise: float = param(0.2, "standard deviation of the logarithm of the estimated α*")
    network: Kind = param("small-world", "who sees whom: complete, ring, small-world, random")
    acquaintances: int = param(10, "how many people each person sees act or not, on average")
    starts: tuple[float, ...] = param((0.0, 0.001, 0.01, 0.1, 0.5), "who begins, of who may act")
    rounds: int = param(60, "of responses on the network, at most")
    seed: int = param(0, "of the network, and of who begins")

    def __post_init__(self) -> None:
        at_least("cost", self.cost, 0, "It is in units of full success, as in 0.1.")
        in_interval("share", self.share, 0, 1, "1: who stays out gets as much as who acts.")
        in_interval("belief", self.belief, 0, 1, "It is a fraction of all people.")
        at_least("spread", self.spread, 0, "0: everyone knows how many act.")
        in_interval("target", self.target, 0, 1, "It is a success rate.")
        if self.threshold is not None:
            in_interval("threshold", self.threshold, 0, 1, "It is a fraction of all people.")
        if self.reach is not None:
            in_interval("reach", self.reach, 0, 1, "Someone may act.", open_low=True)
        in_interval("defectors", self.defectors, 0, 1, "Somebody acts.", open_high=True)
        at_least("noise", self.noise, 0, "0: α* is known.")
        at_least("starts", len(self.starts), 1, "Name one share of people who begin.")
        for start in self.starts:
            in_interval("starts", start, 0, 1, "Each is a share of those who may act.")
        at_least("rounds", self.rounds, 1, "Let people respond once or more.")
        at_least("seed", self.seed, 0, "Seeds count from 0.")

    @property
    def terms(self) -> Terms:
        """What acting costs and brings, and what people believe."""
        return Terms(
            self.cost, self.share, self.belief, self.spread,
            self.defectors, self.noise, self.threshold, self.target,
        )  # fmt: skip

    def run(self, out: Path | None, executor: Executor) -> Participated:
        """Play it on the chosen curve, and on those of the platform's other learners."""
        curves = measured_curves(self.folder)
        learner = self.learner or (None if self.folder else EMBEDDED)
        chosen = choose(curves, learner, self.strategy)
        family = [curve for curve in curves if curve.family == chosen.family]
        played = [play(curve, self.terms, self._may_act(curve)) for curve in family]
        game = played[family.index(chosen)]
        return Participated(game, tuple(played), self._courses(game), self.network)

    def _may_act(self, curve: Measured) -> int:
        """Return n, how many may act.

        Raises:
            InputError: more than were measured, or nobody.
        """
        largest = float(curve.alphas[-1])
        reach = largest if self.reach is None else self.reach
        may_act = math.floor(reach * curve.people + 1e-9)  # 0.3·60,000 is 18,000
        if reach > largest or may_act < 1:
            raise InputError(
                f"Expected reach={reach:g} to be one person or more and at most {largest:g}, the "
                f"largest size measured of {curve.called}. Measure larger sizes, or ask fewer."
            )
        return may_act

    def _courses(self, game: PlayedCurve) -> tuple[Course, ...]:
        """Return where it goes from each start, by acquaintances and one at a time."""
        mean, streams = game.mean, np.random.SeedSequence(self.seed).spawn(3)
        known, order, who = (np.random.default_rng(stream) for stream in streams)
        network = acquaintances(self.network, mean.may_act, self.acquaintances, known)
        worth = expected_under_doubt(worth_of_acting(mean.success, self.share), self.spread)
        first = order.permutation(mean.may_act)  # who begins: more starters include fewer
        found = []
        for start in self.starts:
            begin = round(start * mean.may_act)
            shares = rounds_of_responses(
                worth, mean.costs, network, first < begin, self.rounds, who
            )
            end = settled_size(mean.success, mean.costs, self.share, begin)
            found.append(Course(start, shares, len(shares) <= self.rounds, end))
        return tuple(found)
