"""The scenario ``participation``: a game on a measured curve, its parameters, and playing it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.runs.kept_tables import KeptTables
from quorate.runtime.progress import bar, status
from quorate.scenarios.participation.game import GameTerms, play
from quorate.scenarios.participation.measured_curve import MeasuredCurve, choose_curve, read_curves
from quorate.scenarios.participation.responses import follow_responses
from quorate.scenarios.participation.result import ParticipationResult
from quorate.scenarios.scenario import Scenario
from quorate.spec import make_tuples, param
from quorate.theory.acquaintances import Kind
from quorate.validate import LARGEST, MOST_ROUNDS, at_least, in_interval

EMBEDDED = "ε = 1"  # of the curves that come with quorate, the one that is played on


@dataclass(frozen=True)
class Participation(Scenario):
    """Does joining pay? Who acts on a measured S(α), what tips it, and what a pledge changes.

    Data leverage, such as a data strike or data poisoning, is a collective action problem:
    acting costs k and brings all of S, staying out (free riding) brings γS. A pledge is an
    assurance contract: it binds once enough have pledged. Nothing is trained. Source: derived, and
    for privacy the words of Solanki et al. (arXiv:2505.05707 v2, section 5).

    Raises:
        InputError: a parameter is out of range, or several curves fit.
        StoreError: the folder holds no measured curve.
    """

    name: ClassVar[str] = "participation"

    folder: str = param(
        "", "Folder of measured curves; by default MNIST's, which come with quorate."
    )
    learner: str | None = param(
        None,
        "Learner whose curve is played on, by its text or name; by default the first, with the "
        "others beside it.",
    )
    strategy: str | None = param(
        None, "Strategy whose curve is played on; needed where there are several."
    )
    cost: float = param(0.1, "Cost k of acting, in units of full success, at least 0.")
    share: float = param(0.5, "Share γ of the success that reaches those who stay out, in [0, 1].")
    reach: float | None = param(
        None, "Fraction of all people who may act, in (0, 1]; by default the largest size measured."
    )
    belief: float = param(
        0.001, "Median belief about how many act, as a fraction of all people, in [0, 1]."
    )
    spread: float = param(0.5, "Standard deviation of the logarithm of that belief, at least 0.")
    target: float = param(0.9, "S*, the success at which α* is read off the curve, in [0, 1].")
    threshold: float | None = param(None, "Pledged size α*, in [0, 1]; by default as measured.")
    defectors: float = param(0.1, "Fraction of those who pledged that do not act, in [0, 1).")
    noise: float = param(
        0.2, "Standard deviation of the logarithm of the estimated α*, at least 0."
    )
    network: Kind = param("small-world", "Network of who sees whom act.")
    acquaintances: int = param(
        10, "Number of people whom each person sees act or not, on average; even."
    )
    starts: tuple[float, ...] = param(
        (0.0, 0.001, 0.01, 0.1, 0.5),
        "Fractions of those who may act that act at first; a list follows each.",
    )
    rounds: int = param(60, "Most rounds of responses on the network.")
    seed: int = param(0, "Seed of the network, and of who begins.")

    def __post_init__(self) -> None:
        make_tuples(self)
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
        at_least("rounds", self.rounds, 1, "Let people respond once or more.", most=MOST_ROUNDS)
        at_least("seed", self.seed, 0, "Seeds count from 0.", most=LARGEST)

    def run(self, out: Path | None, executor: Executor) -> ParticipationResult:
        """Play it on the chosen curve, and on those of the platform's other learners."""
        curves = read_curves(self.folder)
        learner = self.learner or (None if self.folder else EMBEDDED)
        chosen = choose_curve(curves, learner, self.strategy)
        terms = GameTerms(**{one.name: getattr(self, one.name) for one in fields(GameTerms)})
        family = [curve for curve in curves if curve.family == chosen.family]
        learners = []
        with bar(len(family), "Playing the game on each curve") as progress:
            for curve in family:
                learners.append(play(curve, terms, self._may_act(curve)))
                progress.advance(1)
        games = learners[family.index(chosen)]
        how = self.network, self.acquaintances, self.rounds, self.seed
        with status("Following who acts, from each start"):
            courses = follow_responses(games.mean, self.starts, *how)
        return ParticipationResult(games, tuple(learners), courses, self.network)

    def read_back(self, tables: KeptTables) -> ParticipationResult:
        """Return the game, played again on the curves in its folder: no row holds all of it."""
        return self.run(None, SERIAL)

    def _may_act(self, curve: MeasuredCurve) -> int:
        """Return n, how many may act; more than were measured, or nobody, is an InputError."""
        largest = float(curve.alphas[-1])
        reach = largest if self.reach is None else self.reach
        may_act = math.floor(reach * curve.people + 1e-9)  # 0.3·60,000 is 18,000
        if reach > largest or may_act < 1:
            raise InputError(
                f"Expected reach={reach:g} to be one person or more and at most {largest:g}, the "
                f"largest size measured of {curve.called}. Measure larger sizes, or ask fewer."
            )
        return may_act
