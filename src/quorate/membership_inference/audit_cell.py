"""One training with canaries among the people, and how sure the model is of each.

Shape letters: n people, m canaries.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from quorate import spec
from quorate.adapter import fit_model
from quorate.dependencies import find_dependencies
from quorate.errors import FitFailedError, InputError
from quorate.membership_inference.lira import confidence
from quorate.protocols import Learner, Population, ScoredClassifier
from quorate.runs.cell import Cell, Record, Work
from quorate.runs.older import ARRAYS
from quorate.runtime.archives import read_arrays
from quorate.runtime.provenance import with_reading
from quorate.runtime.seeds import stream
from quorate.studies.trial import draw_people, streams
from quorate.table import Labels, Mask, Rng, Submission, Table
from quorate.version import __version__

Kind = Literal["mislabelled", "random-label"]
"""What canaries are: people with a label that is not theirs, or with any label."""
CANARIES = 5  # the stream beside a trial's four and a membership study's: canaries and their coins


@dataclass(frozen=True)
class AuditCell(Cell):
    """One training: on whom, by what, with how many canaries of which kind, with which seed."""

    population: Population
    learner: Learner
    canaries: int
    kind: Kind
    seed: int

    def describe(self) -> dict[str, Any]:
        """Return the cell as plain data: all that its outcome depends on."""
        data = self.population.fingerprint()
        return find_dependencies((self.population, self.learner), data) | {
            "measure": "audit",
            "version": __version__,
            "population": spec.describe(self.population),
            "data": data,
            "learner": spec.describe(self.learner),
            "canaries": self.canaries,
            "kind": self.kind,
            "seed": self.seed,
        }


@dataclass(frozen=True, eq=False)
class AuditOutcome:
    """What came of one training.

    Args:
        scores: the model's confidence in each canary's label on its row, (m,); NaN where the
            training failed.
        included: which canaries were in the training data, (m,): the coins.
        about: id, seed, ``epsilon`` and ``delta`` as the training states them (None where it does
            not), ``accuracy`` on honest held-out people, seconds, provenance, description, and the
            error where the training failed.
    """

    scores: npt.NDArray[np.float64]
    included: Mask
    about: dict[str, Any]

    def to_record(self) -> Record:
        """Return the outcome as it is stored."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, scores=self.scores, included=self.included)
        return Record(str(self.about["id"]), self.about, {ARRAYS: buffer.getvalue()})

    @classmethod
    def from_record(cls, record: Record) -> AuditOutcome:
        """Return the outcome that a record holds.

        Raises:
            InputError: its arrays are damaged.
        """
        where = f"{ARRAYS} of the cell {record.id}"
        scores, included = read_arrays(record.files[ARRAYS], ("scores", "included"), where)
        return cls(scores, included, record.plain)


@dataclass(frozen=True)
class AuditWork(Work[AuditCell]):
    """Trains once a cell, and asks the model how sure it is of every canary."""

    kind: ClassVar[str] = "audit"

    def compute(self, stack: Sequence[AuditCell]) -> list[Record]:
        """Return the outcomes as records."""
        return [audit_cell(cell).to_record() for cell in stack]


@dataclass(frozen=True, eq=False)
class Planted:
    """A training set with canaries.

    Args:
        rows: which of the people are canaries, (m,).
        y: the canaries' labels, (m,).
        included: which of them are in the training set, (m,).
        told: the training set: everyone who is no canary, and the canaries that are in.
    """

    rows: Labels
    y: Labels
    included: Mask
    told: Table


def plant(people: Table, canaries: int, kind: Kind, rng: Rng) -> Planted:
    """Return the training set that some people are canaries of.

    Canaries are people drawn at random, each of whom is in the training set with probability ½,
    independently. mislabelled: with one of the k − 1 labels that are not theirs; random-label: with
    one of all k. No honest person is like them, so a model that knows their label has seen it.
    """
    rows = np.sort(rng.permutation(len(people))[:canaries])  # (m,)
    shift = rng.integers(1 if kind == "mislabelled" else 0, people.k, size=canaries)  # (m,)
    included = rng.random(canaries) < 0.5  # (m,)
    y = people.y.copy()
    y[rows] = (y[rows] + shift) % people.k
    present = np.ones(len(people), dtype=bool)
    present[rows[~included]] = False
    return Planted(rows, y[rows], included, people.relabelled(y).take(present))


def audit_cell(cell: AuditCell) -> AuditOutcome:
    """Train once and return how sure the model is of every canary, in or not.

    Raises:
        InputError: the model gives no probabilities, or the methods do not fit together.
    """
    started = time.perf_counter()
    draw, _, fit, _ = streams(cell.seed)
    people = draw_people(cell.population, draw)
    rng = np.random.default_rng(stream(cell.seed, CANARIES))
    planted = plant(people.train, cell.canaries, cell.kind, rng)
    about: dict[str, Any] = {
        "id": cell.id,
        "seed": cell.seed,
        "people": len(planted.told),
        "canaries": cell.canaries,
        "included": int(planted.included.sum()),
        "epsilon": None,
        "delta": None,
        "accuracy": None,
        "error": None,
    }
    scores = np.full(cell.canaries, np.nan)  # (m,)
    try:
        data = Submission.without_collective(planted.told)
        model = fit_model(cell.learner, data, np.random.default_rng(fit))
        if not isinstance(model, ScoredClassifier):
            raise InputError(
                f"Expected a model that gives probabilities, to score canaries with, got "
                f"{type(model).__name__} from {spec.text(cell.learner)}. Use another learner."
            )
        scores = confidence(model.probabilities(people.train.x[planted.rows]), planted.y)
        for key in ("epsilon", "delta"):
            stated = model.record.get(key)
            about[key] = None if stated is None else float(stated)
        held_out = people.held_out
        about["accuracy"] = float((model.predict(held_out.x) == held_out.y).mean())
    except FitFailedError as failure:
        about["error"] = str(failure)
    about |= {
        "seconds": time.perf_counter() - started,
        "provenance": with_reading(people.train.notes),
        "description": cell.describe(),
    }
    return AuditOutcome(scores, planted.included, about)
