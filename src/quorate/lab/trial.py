"""One cell of a sweep: one collective of one size against one platform, once."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate import spec
from quorate.errors import FitFailedError
from quorate.lab.provenance import provenance
from quorate.protocols import Classifier, Goal, Learner, Population, Strategy
from quorate.table import Mask, Rng, Split, Submission, Table
from quorate.theory.planting import signal_law
from quorate.validate import at_least, in_interval
from quorate.version import __version__


@dataclass(frozen=True)
class Trial:
    """One cell: who, does what, judged how, against whom, how many, with which seed.

    Args:
        population, strategy, goal, learner: the methods.
        alpha: fraction of the platform's data that the collective controls, in [0, 1].
        seed: of the four streams draw, enlist, fit and test; at least 0.

    Raises:
        InputError: alpha or the seed is out of range.
    """

    population: Population
    strategy: Strategy
    goal: Goal
    learner: Learner
    alpha: float
    seed: int

    def __post_init__(self) -> None:
        in_interval("alpha", self.alpha, 0, 1, "To act with everyone, use alpha=1.")
        at_least("seed", self.seed, 0, "Use a non-negative whole number.")

    def describe(self) -> dict[str, Any]:
        """Return the cell as plain data: all that its outcome depends on."""
        return {
            "version": __version__,
            "population": spec.describe(self.population),
            "data": self.population.fingerprint(),
            "strategy": spec.describe(self.strategy),
            "goal": spec.describe(self.goal),
            "learner": spec.describe(self.learner),
            "alpha": self.alpha,
            "seed": self.seed,
        }

    @functools.cached_property
    def id(self) -> str:
        """Content id: equal cells have equal ids, whoever runs them and wherever."""
        return spec.content_id(self.describe())

    def run(self) -> Outcome:
        """Return what came of it; a training that failed is an outcome with its ``error``.

        The result depends on the cell alone: the work runs in one thread.

        Raises:
            InputError: the methods do not fit together, or not these people.
            DataUnavailableError: the population's data cannot be had.
        """
        draw, enlist_, fit, test = streams(self.seed)
        with _one_thread():
            people = draw_people(self.population, draw)
            started = time.perf_counter()
            submission = submit(people.train, self.strategy, self.alpha, enlist_)
            law = self._law(people.train)
            try:
                model = self.learner.fit(submission, np.random.default_rng(fit))
                measured = self._measure(model, people.held_out, test)
            except FitFailedError as failure:
                measured = {"error": str(failure)}
        return Outcome(
            id=self.id,
            population=spec.text(self.population),
            strategy=spec.text(self.strategy),
            goal=spec.text(self.goal),
            learner=spec.text(self.learner),
            alpha=self.alpha,
            seed=self.seed,
            members=int(submission.member.sum()),
            people=len(people.train),
            seconds=time.perf_counter() - started,
            version=__version__,
            provenance=provenance(),
            description=self.describe(),
            **law,
            **measured,
        )

    def _measure(
        self, model: Classifier, held_out: Table, test: np.random.SeedSequence
    ) -> dict[str, Any]:
        """Return success, what it costs honest people, and what the training says of itself."""
        predicted = model.predict(held_out.x)
        correct = predicted == held_out.y  # (n,)
        epsilon = model.record.get("epsilon")
        return {
            "success": self.goal.success(model, held_out, np.random.default_rng(test)),
            "accuracy": float(correct.mean()),
            "worst_group_accuracy": _worst_group(correct, held_out),
            "epsilon": None if epsilon is None else float(epsilon),
            "record": dict(model.record),
        }

    def _law(self, people: Table) -> dict[str, Any]:
        """Return what section 2 of the theory needs, where the goal plants a signal."""
        signal, target = getattr(self.goal, "signal", None), getattr(self.goal, "target", None)
        if signal is None:
            return {}
        found = signal_law(people, self.population.law(), signal, target)
        return {"xi": found.xi, "gap": found.delta, "exact_law": found.exact}


@dataclass(frozen=True)
class Outcome:
    """What came of one cell, with where it came from. None where there is no value.

    Args:
        id: content id of the cell.
        success: S(α) on held-out people, in [0, 1].
        accuracy: on honest held-out people, in [0, 1]; what the action costs others.
        worst_group_accuracy: the lowest over their groups.
        members, people: how many acted, of how many the platform learned from.
        epsilon: privacy budget achieved; None for a learner that is not private, inf for none.
        seconds: of planting, training and measuring.
        error: why the training failed.
        xi, gap, exact_law: ξ and Δ of the goal's signal, and whether from the exact law.
        record: what the training says of itself.
        provenance, description: where it ran, and the whole cell as plain data.
        stored_at: UTC time at which it was stored; empty until then.
    """

    id: str
    population: str
    strategy: str
    goal: str
    learner: str
    alpha: float
    seed: int
    members: int
    people: int
    seconds: float
    version: str
    success: float | None = None
    accuracy: float | None = None
    worst_group_accuracy: float | None = None
    epsilon: float | None = None
    error: str | None = None
    xi: float | None = None
    gap: float | None = None
    exact_law: bool | None = None
    record: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    stored_at: str = ""


def streams(seed: int) -> list[np.random.SeedSequence]:
    """Return the four streams of a seed: draw, enlist, fit and test."""
    return np.random.SeedSequence(seed).spawn(4)


def enlist(n: int, alpha: float, rng: Rng) -> Mask:
    """Return who is a member, (n,): the round(αn) people whose uniform draws are lowest.

    One draw per person, whatever α: the collective at α = .05 is inside the one at .1.

    >>> small, large = (enlist(10, a, np.random.default_rng(0)) for a in (0.2, 0.5))
    >>> int(small.sum()), int(large.sum()), bool((small <= large).all())
    (2, 5, True)
    """
    draws = rng.random(n)  # (n,)
    member = np.zeros(n, dtype=bool)  # (n,)
    member[np.argsort(draws, kind="stable")[: round(alpha * n)]] = True
    return member


def submit(
    honest: Table, strategy: Strategy, alpha: float, stream: np.random.SeedSequence
) -> Submission:
    """Return what the platform receives when a fraction alpha of the people act."""
    rng = np.random.default_rng(stream)
    member = enlist(len(honest), alpha, rng)
    return Submission(honest, strategy.apply(honest.take(member), rng), member)


_last_drawn: tuple[str, Split] | None = None


def draw_people(population: Population, stream: np.random.SeedSequence) -> Split:
    """Return the people of one seed; the last ones are kept, as a sweep asks for them in a row."""
    global _last_drawn
    key = spec.content_id(
        {
            "population": spec.describe(population),
            "data": population.fingerprint(),
            "stream": [stream.entropy, list(stream.spawn_key)],
        }
    )
    if _last_drawn is None or _last_drawn[0] != key:
        _last_drawn = None  # let go of the old people before the new ones are made
        _last_drawn = (key, population.split(np.random.default_rng(stream)))
    return _last_drawn[1]


def _worst_group(correct: Mask, people: Table) -> float | None:
    if people.group is None:
        return None
    sizes = np.bincount(people.group, minlength=len(people.groups))  # (m,)
    right = np.bincount(people.group, weights=correct, minlength=len(people.groups))  # (m,)
    return float((right[sizes > 0] / sizes[sizes > 0]).min())


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Run in one thread, so that sums are taken in the same order whatever else is running."""
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
