"""What a collective's action does to membership inference: a study as plain data, and its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quorate import spec
from quorate.adapter import refuse_withholding
from quorate.errors import InputError
from quorate.executors.executor import Executor
from quorate.executors.serial import SERIAL
from quorate.learners.base.cleaning_learner import gives_probabilities
from quorate.membership_inference.cell import MembershipCell, MembershipOutcome, MembershipWork
from quorate.membership_inference.methods import build_methods
from quorate.membership_inference.result import MembershipResult, Whose
from quorate.protocols import Learner, Population, Strategy
from quorate.runs.reading import as_stored
from quorate.runs.running import run_checked
from quorate.runtime.device import use
from quorate.runtime.seeds import read_seeds
from quorate.studies.alphas import parse_alphas
from quorate.studies.sweep import check
from quorate.studies.trial import Trial
from quorate.validate import MOST_ROUNDS, at_least, unknown

MEASURE = "membership"  # how a file says what it measures
KEYS = (
    *("measure", "population", "strategy", "learner", "alphas", "seeds", "models", "whose"),
    "title",
)
METHODS = {"population": "populations", "strategy": "strategies", "learner": "learners"}


@dataclass(frozen=True, kw_only=True)
class MembershipStudy:
    """Every size × seed: how well LiRA tells who was in the training data while a collective acts.

    In each cell N models learn from random halves of the people, the same halves at every size.
    A fraction α of all the people acts; those of them who are in a model's half hand in their
    changed rows. What is inferred is whether a person was in the half, from the model's confidence
    in the person's honest row. Two attackers: the *informed* one trains shadow models on data in
    which the same collective acts, the *unaware* one on data in which nobody does.

    Args:
        population: the people; its n is how many.
        strategy: what members do.
        learner: what platform and attacker train; its models give probabilities.
        alphas: sizes of the collective, fractions in [0, 1], 0 among them.
        seeds: the seeds, each at least 0.
        models: N, each the target once and a shadow of the others.
        whose: people whose membership is inferred by default: honest people, members, everyone.
        title: of the figure.

    Raises:
        InputError: a value is out of range, or the learner's models give no probabilities.
    """

    population: Population
    strategy: Strategy
    learner: Learner
    alphas: tuple[float, ...] = (0.0, 0.01, 0.05)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    models: int = 32
    whose: Whose = "honest"
    title: str = "Membership inference while a collective acts"

    def __post_init__(self) -> None:
        at_least(
            "models",
            self.models,
            8,
            "Each is attacked with the others as shadows; use 32.",
            most=MOST_ROUNDS,
        )
        refuse_withholding(self.strategy, "membership inference")
        if not self.seeds:
            raise InputError("Expected at least one of seeds, got none. Use seeds=5.")
        if 0.0 not in self.alphas:
            raise InputError(
                f"Expected α = 0 among the sizes, got {self.alphas}: the unaware attacker's models "
                "are those without a collective. Add 0."
            )
        if not gives_probabilities(self.learner):
            raise InputError(
                "Expected a learner whose models give probabilities, to attack their confidence, "
                f"got {spec.text(self.learner)}. Use another, such as sgd."
            )
        self.cells()  # raises where a size or a seed is out of range

    def cells(self) -> tuple[MembershipCell, ...]:
        """Return the cells, those of one seed together."""
        return tuple(
            MembershipCell(
                Trial(self.population, self.strategy, self.strategy.goal, self.learner, a, seed),
                self.models,
            )
            for seed in self.seeds
            for a in self.alphas
        )

    def describe(self) -> dict[str, Any]:
        """Return the study as plain data that ``make_membership_study`` takes back."""
        return {
            "measure": MEASURE,
            **{key: spec.describe(getattr(self, key)) for key in METHODS},
            "alphas": list(self.alphas),
            "seeds": list(self.seeds),
            "models": self.models,
            "whose": self.whose,
            "title": self.title,
        }


def make_membership_study(**plain: Any) -> MembershipStudy:
    """Return the study that plain data (of a file, the command line or Python) stand for.

    Args:
        plain: ``population``, ``strategy`` and ``learner``, each as text, plain data or an object;
            ``alphas``: ``lo:hi:count``, a comma list or numbers; ``seeds``: how many, or a list;
            ``models``, ``whose`` and ``title`` as in ``MembershipStudy``; ``measure`` may say
            ``membership``.

    >>> study = make_membership_study(population="digits", strategy="planting", learner="sgd",
    ...                               alphas="0.01,0.1", seeds=2)
    >>> len(study.cells()), study.models
    (6, 32)

    Raises:
        InputError: a key, name, parameter or value is not known.
    """
    for key in plain:
        if key not in KEYS:
            raise unknown("key of a membership study", key, KEYS)
    if plain.get("measure", MEASURE) != MEASURE:
        raise unknown("measure of a membership study", str(plain["measure"]), (MEASURE,))
    given = build_methods(plain, METHODS)
    types = {"models": int, "whose": Whose, "title": str}
    given |= {
        key: spec.convert(plain[key], type_, key) for key, type_ in types.items() if key in plain
    }
    if "alphas" in plain:
        given["alphas"] = parse_alphas(plain["alphas"])
    if "seeds" in plain:
        given["seeds"] = read_seeds(plain["seeds"])
    return MembershipStudy(**given)


def run_membership(
    study: MembershipStudy,
    out: str | Path | None = None,
    executor: Executor = SERIAL,
    device: str = "auto",
) -> MembershipResult:
    """Run the cells of a study that are not stored yet, and return what they say.

    Args:
        study: what to run.
        out: folder of the store; None keeps the cells in memory only.
        executor: where cells are computed; the results do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.

    Raises:
        InputError: the methods do not fit together; found before any training, but for a learner
            of one's own whose models turn out to give no probabilities.
        StoreError: a cell cannot be stored; what is stored is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    work, cells = MembershipWork(), study.cells()
    with use(device):
        records = run_checked(work, cells, _check, out, executor)
    with as_stored("a stored cell"):
        outcomes = tuple(map(MembershipOutcome.from_record, records))
    return MembershipResult(
        cells=outcomes,
        alphas=study.alphas,
        seeds=study.seeds,
        whose=study.whose,
        title=study.title,
    )


def _check(cells: list[MembershipCell]) -> None:
    """Raise InputError unless the methods of all cells fit together."""
    check([cell.trial for cell in cells])
