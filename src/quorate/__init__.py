"""Algorithmic collective action: how many people, doing what, move a learning algorithm?

>>> import quorate
>>> curves = quorate.curve(population="digits:n=200", strategy="planting:size=2",
...                        learner="sgd:epochs=2", alphas="0,0.5", seeds=1)
>>> sorted(curves.to_frame()["alpha"])
[0.0, 0.5]
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from quorate.version import __version__

# The bits of a product must not depend on where its factors lie in memory, or a model in a stack
# would differ from the same model alone. PyTorch's library reads this before its first product.
os.environ.setdefault("MKL_CBWR", "AUTO")

if TYPE_CHECKING:
    from quorate.comparison.result import Comparison
    from quorate.executors.choose import AnyExecutor
    from quorate.findings.running import ExperimentResult
    from quorate.protocols import Learner
    from quorate.scenarios.scenario import Scenario, ScenarioRun
    from quorate.studies.critical_mass.result import CriticalMassSearch
    from quorate.studies.critical_mass.result_of_several import CriticalMassSearches
    from quorate.studies.curves import Curves
    from quorate.test_time.perturbations.apply import AppliedChange

__all__ = [
    "__version__",
    "apply",
    "check",
    "compare",
    "critical_mass",
    "curve",
    "load",
    "register",
    "run",
    "scenario",
]

C = TypeVar("C", bound=type)


def curve(
    out: str | Path | None = None,
    jobs: int | None = None,
    device: str = "auto",
    executor: AnyExecutor = None,
    **study: Any,
) -> Curves:
    """Measure S(α) and return the curves.

    Args:
        out: folder to store outcomes in; run again, it does only what is missing.
        jobs: number of worker processes on this machine, by default none beside this one; the
            outcomes do not depend on it.
        device: where networks are trained: cpu, cuda, or auto for a GPU where there is one.
        executor: where cells are computed, in place of ``jobs``: text such as
            ``processes:workers=4`` (``quorate list executors`` shows what there is), an object, or
            an executor in the shape of ``concurrent.futures``, such as Parsl's, which is not shut
            down.
        study: ``population``, ``strategy``, ``learner``, ``alphas``, ``seeds``, ``target``, ...:
            see ``quorate.studies.study.make_study``.
    """
    from quorate.executors.choose import choose_executor
    from quorate.studies.study import make_study
    from quorate.studies.sweep import run_study

    return run_study(make_study(**study), out, choose_executor(jobs, executor), device)


def run(
    path: str | Path,
    out: str | Path | None = None,
    jobs: int | None = None,
    device: str | None = None,
    quick: bool = False,
    executor: AnyExecutor = None,
) -> ExperimentResult:
    """Run what a TOML file says, and judge the claim that it makes.

    ``.result`` is what was measured, of a study its curves; ``.finding`` the claim with its
    verdict, None where the file makes none.

    Args:
        path: of an experiment, a study or a correction.
        out: folder of the results; by default ``runs/`` and the file's name.
        jobs, device, executor: as for ``curve``; what is left out, the file may say.
        quick: whether the file's smaller form is run.
    """
    from quorate.executors.choose import choose_executor
    from quorate.executors.resources import Resources
    from quorate.findings.experiment import read_experiment
    from quorate.findings.running import run_experiment

    experiment = read_experiment(path, quick)
    where = Resources(executor, jobs, device).or_else(experiment.resources)
    chosen = choose_executor(where.jobs, where.executor)
    return run_experiment(experiment, out, chosen, where.device or "auto")


def load(out: str | Path, target: float | None = None) -> Curves:
    """Return the curves that a folder holds, read at its study's target or another."""
    from quorate.studies.curves import load

    return load(out, target)


@overload
def critical_mass(
    population: Any,
    learner: str | Learner,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    **search: Any,
) -> CriticalMassSearch: ...
@overload
def critical_mass(
    population: Any,
    learner: Any,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    **search: Any,
) -> CriticalMassSearch | CriticalMassSearches: ...
def critical_mass(
    population: Any,
    learner: Any,
    jobs: int | None = None,
    executor: AnyExecutor = None,
    **search: Any,
) -> CriticalMassSearch | CriticalMassSearches:
    """Search for the smallest collective that reaches the target, and return it with its interval.

    Args:
        population, learner: who, and what the platform does. Of a list of several learners, or a
            mapping from what they are to be called, each is searched, and the result iterates over
            their searches.
        jobs, executor: as for ``curve``.
        search: ``strategy``, ``goal``, ``target``, ``width``, ``budget``, ``out``, ``device``:
            see ``quorate.studies.critical_mass.search.find_critical_mass``.
    """
    from quorate.executors.choose import choose_executor
    from quorate.studies.critical_mass.search import find_critical_mass

    chosen = choose_executor(jobs, executor)
    return find_critical_mass(population, learner, executor=chosen, **search)


def register(cls: C) -> C:
    """Make a class of your own known by its name, here and in worker processes, and return it.

    From then on, text, files and stored results can name it. Handing in an object does the same.

    Args:
        cls: a frozen dataclass with a ``name`` that inherits a role: ``Strategy``, ``Learner``, ...
            of ``quorate.protocols``. Used as a decorator, it stands above ``@dataclass``.

    Raises:
        InputError: it is none, or its name is taken.
    """
    from quorate import catalog

    return catalog.register(cls)


def check(method: Any, people: Any = None, kind: str | None = None) -> list[str]:
    """Check that a method of your own keeps to its role; return the names of the properties.

    Args:
        method: of any kind: a strategy, a learner, a scenario, ...; or an object that stands for
            one, such as a pipeline or a data frame.
        people: whom to check it on, a ``Split`` or a population in any form; by default small data
            sets, the first that it accepts.
        kind: what a function is: "learners", "strategies", "signals" or "goals".

    Raises:
        CheckFailedError: a property does not hold; the message says which.
    """
    from quorate import checks

    return checks.check(method, people, kind)


def compare(*folders: str | Path, target: float | None = None) -> Comparison:
    """Put stored runs beside one another: each against the first, cell by cell.

    Cells are paired by all that both runs share, size and seed among it; what differs throughout is
    what is compared. The result holds paired differences and critical masses with intervals, and
    names what had no partner.

    Args:
        folders: two or more, of runs of any kind whose cells have seeds.
        target: S* in [0, 1] at which critical masses are read; by default the first study's.

    Raises:
        InputError: there are fewer than two folders, one is named twice, or two have no cells in
            common.
        StoreError: a folder holds no result, or it cannot be read.
    """
    from quorate.comparison.reading import compare

    return compare(*folders, target=target)


def scenario(
    name: str | Scenario,
    out: str | Path | None = None,
    jobs: int | None = None,
    device: str = "auto",
    executor: AnyExecutor = None,
    **parameters: Any,
) -> ScenarioRun:
    """Run a scenario, a setting in which a collective acts; ``.result`` is what came of it.

    Args:
        name: which, as ``quorate list scenarios`` shows them; or its text or object, parameters and
            all.
        out: folder where finished parts are kept; None keeps nothing.
        jobs, device, executor: as for ``curve``.
        parameters: its own.
    """
    from quorate.executors.choose import choose_executor
    from quorate.scenarios.scenario import run_scenario

    given = {"name": name, **parameters} if parameters else name
    return run_scenario(given, out, choose_executor(jobs, executor), device)


def apply(
    perturbation: str | Path,
    picture: str | Path,
    out: str | Path,
    label: str | None = None,
    preview: str | Path | None = None,
) -> AppliedChange:
    """Add a collective's change to one picture and write it; no network, no PyTorch.

    Args:
        perturbation: a file that ``quorate correct`` has left.
        picture: the member's own.
        out: where to write: .png or .webp.
        label: name of the picture's true class; None where everyone's change is the same.
        preview: where to show before, after and the change; .png, or None.
    """
    from quorate.test_time.perturbations.apply import apply_to_file

    return apply_to_file(perturbation, picture, out, label, preview)
