"""An audit of privacy: canaries in one training give a lower bound on ε."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.learners.base.cleaning_learner import gives_probabilities
from quorate.membership_inference.audit_cell import AuditCell, AuditOutcome, AuditWork, Kind
from quorate.membership_inference.audit_result import AuditResult
from quorate.membership_inference.methods import build_methods
from quorate.protocols import Learner, Population
from quorate.runs.reading import as_stored
from quorate.runs.running import run_checked
from quorate.runtime.device import use
from quorate.runtime.seeds import read_seeds
from quorate.studies.trial import draw_people, streams
from quorate.validate import at_least, in_interval, unknown

KEYS = ("population", "learner", "canaries", "kind", "seeds", "delta", "confidence")
METHODS = {"population": "populations", "learner": "learners"}
FEWEST = 20  # canaries: all guessed rightly, ten would hardly show anything


@dataclass(frozen=True, kw_only=True)
class PrivacyAudit:
    """What is audited: the people, the learner, and the canaries among them.

    For each seed, m of the training people become canaries: they carry a wrong or a random label,
    and each is in the training data with probability ½, independently. The learner trains once. The
    canaries of whose label its model is surest are guessed to be in, those of whose label it is
    least sure to be out; how many guesses are right gives a lower bound on ε (Steinke, Nasr,
    Jagielski 2023, arXiv:2305.08846). It needs probabilities alone, no step of the training.

    Args:
        population: the people.
        learner: what the platform trains; its models give probabilities.
        canaries: m, at most half of the people.
        kind: mislabelled (one of the labels that are not theirs) or random-label.
        seeds: one training each.
        delta: δ of the claim that is tested; None takes the one that the training states, or 1e-5
            where it states none.
        confidence: with which the largest of all bounds holds, in (0, 1).

    Raises:
        InputError: a value is out of range, or the learner's models give no probabilities.
    """

    population: Population
    learner: Learner
    canaries: int = 500
    kind: Kind = "mislabelled"
    seeds: tuple[int, ...] = (0,)
    delta: float | None = None
    confidence: float = 0.95

    def __post_init__(self) -> None:
        at_least("canaries", self.canaries, FEWEST, "Fewer show nothing; use 500.")
        if not self.seeds:
            raise InputError("Expected at least one of seeds, got none. Use seeds=1.")
        if self.delta is not None:
            in_interval("delta", self.delta, 0, 1, "Use the budget's own, such as 1e-5.")
        fix = "Use a confidence such as 0.95."
        in_interval("confidence", self.confidence, 0, 1, fix, open_low=True, open_high=True)
        if not gives_probabilities(self.learner):
            raise InputError(
                "Expected a learner whose models give probabilities, to score canaries with, got "
                f"{spec.text(self.learner)}. Use another, such as dp-sgd."
            )

    def cells(self) -> tuple[AuditCell, ...]:
        """Return the trainings, one a seed."""
        return tuple(
            AuditCell(self.population, self.learner, self.canaries, self.kind, seed)
            for seed in self.seeds
        )


def make_audit(**plain: Any) -> PrivacyAudit:
    """Return the audit that plain data (of the command line or Python) stand for.

    Args:
        plain: ``population`` and ``learner``, each as text, plain data or an object; ``seeds``: how
            many, or a list; ``canaries``, ``kind``, ``delta`` and ``confidence`` as in
            ``PrivacyAudit``.

    >>> audit = make_audit(population="digits", learner="dp-sgd:epsilon=1", seeds=2)
    >>> len(audit.cells()), audit.canaries
    (2, 500)

    Raises:
        InputError: a key, name, parameter or value is not known.
    """
    for key in plain:
        if key not in KEYS:
            raise unknown("key of an audit", key, KEYS)
    given = build_methods(plain, METHODS)
    types = {"canaries": int, "kind": Kind, "delta": float | None, "confidence": float}
    given |= {
        key: spec.convert(plain[key], type_, key)
        for key, type_ in types.items()
        if plain.get(key) is not None
    }
    if "seeds" in plain:
        given["seeds"] = read_seeds(plain["seeds"])
    return PrivacyAudit(**given)


def run_audit(
    audit: PrivacyAudit,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> AuditResult:
    """Run the trainings of an audit that are not stored yet, and return what they show.

    Args:
        audit: what to run.
        out: folder of the store; None keeps the trainings in memory only.
        executor: where they are computed; the results do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: the methods do not fit together, or there are too few people; found before any
            training, but for a learner of one's own whose models turn out to give no probabilities.
        StoreError: a cell cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    work, cells = AuditWork(), audit.cells()
    with use(device):
        records = run_checked(work, cells, _check, out, executor)
    with as_stored("a stored cell"):
        outcomes = tuple(map(AuditOutcome.from_record, records))
    return AuditResult(outcomes, audit.delta, audit.confidence)


def _check(cells: list[AuditCell]) -> None:
    """Raise InputError unless the people of all cells can be learned from, and are enough."""
    for cell in cells:
        _check_one(cell)


def _check_one(cell: AuditCell) -> None:
    people = draw_people(cell.population, streams(cell.seed)[0]).train
    most = len(people) // 2
    if cell.canaries > most:
        fewer = f"canaries={most} or fewer, or " if most >= FEWEST else ""
        raise InputError(
            f"Expected at most half of the {len(people):,} people to be canaries, got "
            f"{cell.canaries:,}. Use {fewer}more people, at least {2 * FEWEST}."
        )
    cell.learner.check(people)
