"""One cell of a membership study: N models on random halves of the people, and what they know.

Shape letters: n people, N models.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.adapter import measure_success
from quorate.errors import FitFailedError, InputError
from quorate.membership_inference.lira import confidence, halves
from quorate.protocols import Classifier, Learner, ScoredClassifier, StackedLearner
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.older import ARRAYS
from quorate.runtime.archives import read_arrays
from quorate.runtime.provenance import with_reading
from quorate.runtime.seeds import child, stream
from quorate.studies.stacking import STACK_BYTES
from quorate.studies.trial import Trial, draw_people, streams, submit
from quorate.studies.trial_work import fit_each
from quorate.table import Array, Mask, Rng, Split, Submission

HALVES = 4  # the stream beside a trial's four: who is in which model's half


@dataclass(frozen=True)
class MembershipCell(Cell):
    """One collective of one size, and N models: who, does what, against whom, with which seed."""

    trial: Trial
    models: int

    def describe(self) -> dict[str, Any]:
        """Return the cell as plain data: all that its outcome depends on."""
        return {**self.trial.describe(), "measure": "membership", "models": self.models}


@dataclass(frozen=True, eq=False)
class MembershipOutcome:
    """What came of one cell.

    Args:
        phi: each model's confidence in each person's honest label on their honest row, (N, n);
            NaN where a training failed.
        member: whose rows each model learned from, (N, n).
        acts: who of the people acts, (n,).
        about: id, ``success``, ``accuracy`` (on honest held-out people) and ``train_accuracy`` (on
            honest people learned from), means over the models; seconds, provenance, description,
            and the error where a training failed.
    """

    phi: Array
    member: Mask
    acts: Mask
    about: dict[str, Any]

    @property
    def id(self) -> str:
        """The cell's content id."""
        return str(self.about["id"])

    def to_record(self) -> Record:
        """Return the outcome as it is stored."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, phi=self.phi, member=self.member, acts=self.acts)
        return Record(self.id, self.about, {ARRAYS: buffer.getvalue()})

    @classmethod
    def from_record(cls, record: Record) -> MembershipOutcome:
        """Return the outcome that a record holds.

        Raises:
            InputError: its arrays are damaged.
        """
        where = f"{ARRAYS} of the cell {record.id}"
        names = ("phi", "member", "acts")
        phi, member, acts = read_arrays(record.files[ARRAYS], names, where)
        return cls(phi, member, acts, record.plain)


@dataclass(frozen=True)
class MembershipWork(Work[MembershipCell]):
    """Trains the models of a cell, and asks each how sure it is of everyone."""

    kind: ClassVar[str] = "membership"

    def compute(self, stack: Sequence[MembershipCell]) -> list[Record]:
        """Return the outcomes as records."""
        return [measure_cell(cell).to_record() for cell in stack]


def measure_cell(cell: MembershipCell) -> MembershipOutcome:
    """Train a cell's models and return how sure each is of everyone, in or not.

    Raises:
        InputError: the models give no probabilities, or the methods do not fit together.
    """
    started, trial = time.perf_counter(), cell.trial
    draw, enlist, fit, test = streams(trial.seed)
    people = draw_people(trial.population, draw)
    everyone = submit(people.train, trial.strategy, trial.alpha, enlist)
    n = len(people.train)
    member = halves(n, cell.models, np.random.default_rng(stream(trial.seed, HALVES)))  # (N, n)
    rngs = [np.random.default_rng(child(fit, j)) for j in range(cell.models)]
    phi = np.full((cell.models, n), np.nan, dtype=np.float32)  # (N, n)
    facts, errors = [], []
    trained = _trained(trial.learner, everyone, member, rngs)
    for j, model in enumerate(trained):
        try:
            if isinstance(model, FitFailedError):
                raise model
            phi[j], fact = _look(trial, model, people, member[j] & ~everyone.member, test)
            facts.append(fact)
        except FitFailedError as failure:
            errors.append(str(failure))
    means = {
        key: float(np.mean([fact[key] for fact in facts])) if facts and not errors else None
        for key in ("success", "accuracy", "train_accuracy")
    }
    about = {
        "id": cell.id,
        "alpha": trial.alpha,
        "seed": trial.seed,
        "members": int(everyone.member.sum()),
        "people": n,
        "models": cell.models,
        **means,
        "error": errors[0] if errors else None,
        "seconds": time.perf_counter() - started,
        "provenance": with_reading(people.train.notes),
        "description": cell.describe(),
    }
    return MembershipOutcome(phi, member, everyone.member, about)


def _trained(
    learner: Learner, everyone: Submission, member: Mask, rngs: list[Rng]
) -> Iterator[Classifier | FitFailedError]:
    """Yield the models in order; they train in stacks, of rows of their own that fit in memory."""
    half = everyone.honest.take(member[0])
    size = learner.stack_size(half) if isinstance(learner, StackedLearner) else 1
    size = max(1, min(size, STACK_BYTES // max(1, half.x.nbytes)))
    for start in range(0, len(member), size):
        submissions = [everyone.take(np.flatnonzero(row)) for row in member[start : start + size]]
        yield from fit_each(learner, submissions, rngs[start : start + size])


def _look(
    trial: Trial,
    model: Classifier,
    people: Split,
    learned_from: Mask,
    test: np.random.SeedSequence,
) -> tuple[npt.NDArray[np.float64], dict[str, float]]:
    """Return φ of everyone, (n,), and what a model gets right."""
    if not isinstance(model, ScoredClassifier):
        raise InputError(
            "Expected models that give probabilities, to attack their confidence, got "
            f"{type(model).__name__} from {spec.text(trial.learner)}. Use another learner."
        )
    train, held_out = people.train, people.held_out
    probabilities = model.probabilities(train.x)  # (n, k)
    right = probabilities.argmax(axis=1) == train.y  # (n,)
    return confidence(probabilities, train.y), {
        "success": measure_success(trial.goal, model, held_out, np.random.default_rng(test)),
        "accuracy": float((model.predict(held_out.x) == held_out.y).mean()),
        "train_accuracy": float(right[learned_from].mean()) if learned_from.any() else float("nan"),
    }
