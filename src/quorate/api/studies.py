"""Studies in Python: S(α), critical masses, experiments from files, and what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from quorate.api.logs import telling

if TYPE_CHECKING:
    from quorate.api.accepted import (
        AnyGoal,
        AnyLearner,
        AnyLog,
        AnyPopulation,
        AnyStrategy,
        Names,
        Place,
        Seeds,
    )
    from quorate.executors.choose import AnyExecutor
    from quorate.findings.running import ExperimentResult
    from quorate.membership_inference.audit_cell import Kind
    from quorate.membership_inference.audit_result import AuditResult
    from quorate.protocols import Learner
    from quorate.studies.critical_mass.result import CriticalMassSearch
    from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
    from quorate.studies.curves import Curves
    from quorate.theory.suboptimality import Reading


def curve(
    population: AnyPopulation,
    strategy: AnyStrategy,
    learner: AnyLearner,
    out: Place | None = None,
    *,
    name: Names | None = None,
    goal: AnyGoal | None = None,
    collective: Names | None = None,
    alphas: str | float | Iterable[float] = "0.001:0.1:7",
    seeds: Seeds = 5,
    target: float = 0.9,
    eps: float = 0.0,
    reading: Reading = "tv",
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
    title: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Curves:
    """Measure S(α): how the success of a collective grows with its size.

    Every population × strategy × goal × learner × size × seed is one cell: one model trained on
    what the platform receives, and measured on people whom it has never seen.

    Args:
        population: people to learn from: text such as ``"digits:n=300"``, a method such as
            ``quorate.populations.Digits(n=300)``, or data of your own; one or a list.
        strategy, learner: what members do, and what the platform trains; likewise.
        out: folder to store outcomes in; run again, it does only what is missing.
        name: what the learners are called in tables and figures, in their order; with one
            learner, what the strategies are called.
        goal: what counts as success; by default the strategy's own.
        collective: group that members come from, or a list of groups; by default anyone.
        alphas: sizes of the collective (poisoning rates), fractions in [0, 1]: numbers, text with
            commas, or ``"lo:hi:count"`` for a log grid. 0 is always added.
        seeds: how many, or which.
        target: S*, the success in [0, 1] at which the critical mass α* is read.
        eps: suboptimality ε in [0, 1) that the theory line allows the platform.
        reading: how ε is measured: ``"tv"`` (total variation) or ``"huber"`` (contamination).
        jobs: number of worker processes on this machine, by default none beside this one; the
            outcomes do not depend on it.
        executor: where cells are computed, in place of ``jobs``: text such as
            ``"processes:workers=4"`` (``quorate list executors`` shows what there is), an object,
            or an executor in the shape of ``concurrent.futures``, such as Parsl's, which is not
            shut down.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.
        log: tracker that is told of the run as it goes, such as ``"mlflow:experiment=unions"``
            (``quorate list logs`` shows what there is), or a list of them.
        title: of the report.
        names: what methods are called, by their text.

    Returns:
        The curves. Iterating gives one ``Curve`` each; ``.plot()`` draws them, and ``.to_frame()``
        has one row a cell.

    Raises:
        InputError: a name or a value is not known or out of range, or the methods do not fit
            together; found before any training.
        StoreError: the folder cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.

    >>> curves = curve("digits:n=200", "planting:size=2", "tree", alphas="0,0.5", seeds=1)
    >>> sorted(curves.to_frame()["alpha"])
    [0.0, 0.5]
    """
    asked = dict(locals())
    from quorate.executors.choose import choose_executor
    from quorate.studies.study import make_study
    from quorate.studies.sweep import run_study

    given: dict[str, Any] = {
        "population": population,
        "strategy": strategy,
        "learner": learner,
        "alphas": alphas,
        "seeds": seeds,
        "target": target,
        "eps": eps,
        "reading": reading,
    }
    further = {"name": name, "goal": goal, "collective": collective, "title": title, "names": names}
    given |= {key: value for key, value in further.items() if value is not None}
    with telling(log, "curve", asked) as logs:
        chosen = choose_executor(jobs, executor)
        return logs.tell(run_study(make_study(**given), out, chosen, device))


def run(
    file: Place,
    out: Place | None = None,
    *,
    quick: bool = False,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str | None = None,
    log: AnyLog = None,
    trust: bool = False,
) -> ExperimentResult:
    """Run what a TOML file says, and judge the claim that it makes.

    Args:
        file: of an experiment, a study or a correction.
        out: folder of the results; by default ``runs/`` and the file's name.
        quick: whether the file's smaller form is run (minutes; not evidence).
        jobs, executor, device, log: as for ``curve``; what is left out, the file may say, but not
            the log.
        trust: whether import paths in the file, such as mypackage.train:fit, are followed, which
            runs code.

    Returns:
        ``.result`` is what was measured, of a study its curves; ``.finding`` the claim with its
        verdict, None where the file makes none.

    Raises:
        InputError: the file cannot be read, or its settings do not fit together.
        StoreError: the folder cannot be read or written; what it holds is kept.
    """
    asked = dict(locals())
    from quorate.executors.choose import choose_executor
    from quorate.executors.resources import Resources
    from quorate.findings.experiment import read_experiment
    from quorate.findings.running import run_experiment

    experiment = read_experiment(file, quick)
    where = Resources(executor, jobs, device).or_else(experiment.resources)
    chosen = choose_executor(where.jobs, where.executor)
    with telling(log, "run", asked) as logs:
        return logs.tell(run_experiment(experiment, out, chosen, where.device or "auto", trust))


def load(out: Place, target: float | None = None) -> Curves:
    """Return the curves that a folder holds.

    Args:
        out: folder of a study that was run.
        target: S*, in [0, 1], to read critical masses at; by default the study's own.

    Raises:
        InputError: the target is out of range.
        StoreError: there are no trials of a study, or they cannot be read.
    """
    from quorate.studies.loading import load

    return load(out, target)


@overload
def critical_mass(
    population: AnyPopulation,
    learner: str | Learner,
    strategy: AnyStrategy = "planting",
    goal: AnyGoal | None = None,
    target: float = 0.9,
    width: float = 1.15,
    budget: int = 60,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> CriticalMassSearch: ...
@overload
def critical_mass(
    population: AnyPopulation,
    learner: AnyLearner,
    strategy: AnyStrategy = "planting",
    goal: AnyGoal | None = None,
    target: float = 0.9,
    width: float = 1.15,
    budget: int = 60,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> CriticalMassSearch | CriticalMassSearches: ...
def critical_mass(
    population: AnyPopulation,
    learner: AnyLearner,
    strategy: AnyStrategy = "planting",
    goal: AnyGoal | None = None,
    target: float = 0.9,
    width: float = 1.15,
    budget: int = 60,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> CriticalMassSearch | CriticalMassSearches:
    """Search for α*, the smallest collective that reaches the target, in few trainings.

    Args:
        population: people to learn from; one.
        learner: what the platform trains. Of a list of several learners, or a mapping from what
            they are to be called, each is searched.
        strategy, goal: what members do and what counts as success; by default the strategy's own.
        target: S*, the success in [0, 1] to reach and keep.
        width: the search stops when high/low of the 95% interval is at most this; above 1.
        budget: it stops after this many trainings of each learner.
        out: folder to store trainings in; run again, the search goes on where it stopped.
        jobs, executor, device, log: as for ``curve``.

    Returns:
        The search with ``estimate``, ``low`` and ``high``, fractions of the people; of several
        learners, a result that iterates over their searches.

    Raises:
        InputError: a name or a value is not known or out of range, or the methods do not fit
            together; found before any training.
        StoreError: the folder cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.

    >>> mass = critical_mass("digits:n=200", "tree", "planting:size=2", target=0.5, budget=4)
    >>> mass.trainings <= 4
    True
    """
    asked = dict(locals())
    from quorate.executors.choose import choose_executor
    from quorate.studies.critical_mass.search import find_critical_mass

    chosen = choose_executor(jobs, executor)
    with telling(log, "critical_mass", asked) as logs:
        found = find_critical_mass(
            population, learner, strategy, goal, target, width, budget, out, chosen, device
        )
        return logs.tell(found)


def audit_privacy(
    population: AnyPopulation,
    learner: AnyLearner,
    canaries: int = 500,
    kind: Kind = "mislabelled",
    seeds: Seeds = 1,
    delta: float | None = None,
    confidence: float = 0.95,
    out: Place | None = None,
    *,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    device: str = "auto",
    log: AnyLog = None,
) -> AuditResult:
    """Audit privacy: canaries in one training give a lower bound on ε, beside the stated one.

    Steinke, Nasr, Jagielski 2023, arXiv:2305.08846.

    Args:
        population: people to learn from.
        learner: the learner that is audited; its models give probabilities.
        canaries: how many people carry a label that is not theirs, 20 to half of the people.
        kind: ``"mislabelled"`` (a label that is not theirs) or ``"random-label"`` (any label).
        seeds: number of trainings, or which seeds.
        delta: δ of the claim that is tested; by default the learner's, or 1e-5.
        confidence: probability that the bound holds, in (0, 1).
        out: folder to store trainings in; run again, it does only what is missing.
        jobs, executor, device, log: as for ``curve``.

    Raises:
        InputError: a name or a value is not known or out of range, or the learner's models give no
            probabilities.
        StoreError: the folder cannot be read or written; what it holds is kept.
        WorkerError: workers died again and again; what is stored is kept.
    """
    given = dict(locals())
    from quorate.executors.choose import choose_executor
    from quorate.membership_inference.audit import make_audit, run_audit

    asked = make_audit(
        population=population,
        learner=learner,
        canaries=canaries,
        kind=kind,
        seeds=seeds,
        delta=delta,
        confidence=confidence,
    )
    with telling(log, "audit_privacy", given) as logs:
        return logs.tell(run_audit(asked, out, choose_executor(jobs, executor), device))
