"""The commands of studies: S(α), experiments from files, critical masses, and what is stored."""

from __future__ import annotations

import importlib.resources
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quorate.bring_your_own.import_paths import refusing
from quorate.cli import study_options as options
from quorate.cli.completion import names_of
from quorate.cli.options import (
    AsJson,
    Device,
    ExecutorName,
    Jobs,
    Out,
    computing,
    print_json,
    stoppable,
    warn_of_search,
)
from quorate.cli.present import present, print_page, print_words
from quorate.errors import QuorateError
from quorate.extras import command, is_installed
from quorate.printable import printable
from quorate.runs.result import Result
from quorate.runtime.progress import is_quiet

if TYPE_CHECKING:
    from quorate.executors.executor import Executor

STORED = "a stored result"
MOST_TOLD = 10  # results in folders inside that are named


def curve(
    population: options.Population,
    strategy: options.Strategy,
    learner: options.Learner,
    out: Out,
    name: options.Name = None,
    goal: options.Goal = None,
    collective: options.Collective = None,
    alphas: options.Alphas = "0.001:0.1:7",
    seeds: options.Seeds = 5,
    target: options.Target = 0.9,
    eps: options.Eps = 0.0,
    reading: options.Reading = "tv",
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Measure S(α): how the success of a collective grows with its size.

    \b
    quorate curve --population digits --strategy planting:size=2 \\
                  --learner sgd --out runs/digits
    """
    from quorate.studies.study import make_study
    from quorate.studies.sweep import run_study

    study = make_study(
        population=population,
        strategy=strategy,
        learner=learner,
        name=name or [],
        goal=goal or [],
        collective=collective or [],
        alphas=alphas,
        seeds=seeds,
        target=target,
        eps=eps,
        reading=reading,
    )
    with stoppable(out):
        curves = run_study(study, out, *computing(jobs, executor, device))
        present(curves, out, json)


def run(
    file: Annotated[
        Path, typer.Argument(help="TOML file of an experiment, a study or a correction.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results and the report; by default, runs/NAME."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Run a reduced version (minutes; not evidence).")
    ] = False,
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Follow import paths in the file, such as mypackage.train:fit. Importing runs "
            "code: trust files and modules of your own only.",
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Run an experiment, a study or a correction from a file, and judge its claim.

    Running it again computes only what is missing. --executor, --jobs and --device override what
    the file says.

    \b
    quorate run experiments/noisy-labels.toml --jobs 2
    """
    from quorate.findings.experiment import read_experiment
    from quorate.findings.running import folder_of, run_experiment
    from quorate.report.files import write_result

    experiment = read_experiment(file, quick)
    folder = folder_of(experiment) if out is None else out
    with stoppable(folder):
        where = computing(jobs, executor, device, experiment.resources)
        found = run_experiment(experiment, folder, *where, trust)
        for one in (*found.also.values(), found):
            if json:
                write_result(one, folder)
            else:
                present(one, folder, json)
    if json:
        print_json(found.to_json())


def critical_mass(
    population: Annotated[
        str,
        typer.Option(
            autocompletion=names_of("populations"),
            help="Population to learn from, as name:key=value,...",
        ),
    ],
    learner: options.Learner,
    strategy: Annotated[
        str,
        typer.Option(autocompletion=names_of("strategies"), help="Strategy that members follow."),
    ] = "planting",
    goal: Annotated[
        str | None,
        typer.Option(
            autocompletion=names_of("goals"),
            help="Goal that counts as success; by default, the strategy's own.",
        ),
    ] = None,
    target: Annotated[float, typer.Option(help="Success S* to reach and keep.")] = 0.9,
    width: Annotated[
        float,
        typer.Option(help="Stop when high/low of the 95% interval is at most this; above 1."),
    ] = 1.15,
    budget: Annotated[
        int, typer.Option(help="Stop after this many trainings of each learner.")
    ] = 60,
    out: Out = Path("runs/critical-mass"),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Search for α*, the smallest collective that reaches the target, in few trainings.

    \b
    quorate critical-mass --population digits --strategy planting:size=2 \\
                          --learner sgd --target 0.9 --width 1.3
    quorate critical-mass --population digits --strategy planting:size=2 --target 0.8 \\
                          --learner dp-sgd:epsilon=3 --learner dp-sgd:epsilon=10 --width 2
    """
    from quorate.studies.critical_mass import search

    with stoppable(out):
        where = computing(jobs, executor, device)
        mass = search.find_critical_mass(
            population, learner, strategy, goal, target, width, budget, out, *where
        )
        present(mass, out, json)
    if (reason := mass.why_nothing()) is not None:
        print(f"Error: {reason}", file=sys.stderr)
        raise SystemExit(2)


@refusing(STORED)
def show(
    folder: Annotated[
        Path, typer.Argument(help="Folder of a run of any kind, or a perturbation file (.npz).")
    ],
    target: Annotated[
        float | None,
        typer.Option(
            help="Success S* at which the critical mass is read; by default, the study's."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show a stored result, or an index of all results in a folder.

    The page of a study or a correction is written anew from what is stored. For a folder of runs,
    there is an index page (index.html) with the title, date, headline and first picture of each.
    A perturbation file is shown with its budget, its use and what was measured.

    \b
    quorate show runs/first --target 0.8
    quorate show runs
    """
    from quorate.runs.reading import as_stored

    with as_stored(folder):
        _show(folder, target, json)
        warn_of_search(folder)


def _show(folder: Path, target: float | None, json: bool) -> None:
    """Print what a folder holds, whatever it is."""
    from quorate.runtime.progress import status

    with status(f"Reading {folder}"):
        from quorate.report.stored import load_results

        results = load_results(folder, target)
        main = results[0]
    if json:
        _write_anew(main, folder)
        print_json(main.to_json())
    else:
        for result in results:
            print_words(result)
            print_page(_write_anew(result, folder))
        _tell_of_others(main, folder)


def _write_anew(result: Result, folder: Path) -> Path | None:
    """Write the page of what is made of stored cells; return where the page is, if there is one."""
    from quorate.report.files import write_result
    from quorate.report.index_page import write_index
    from quorate.report.reports import folder_of
    from quorate.report.stored import is_as_written, page_of
    from quorate.report.stored_folders import FolderOverview

    if is_as_written(result) and not isinstance(result, FolderOverview):
        return page_of(result)
    try:
        if isinstance(result, FolderOverview):
            return write_index(result)
        return write_result(result, folder_of(folder))
    except QuorateError as error:  # what was measured is shown all the same
        print(f"No report: {error}", file=sys.stderr)
        return None


def _tell_of_others(main: Result, folder: Path) -> None:
    """Say which results lie in folders inside, where they are not what was shown."""
    from quorate.report.stored_folders import FolderOverview, look_inside

    if isinstance(main, FolderOverview) or is_quiet():
        return
    for one in look_inside(folder)[:MOST_TOLD]:
        print(printable(f"There is also {one.title}. To see it: quorate show {one.folder}"))


def demo(
    out: Out = Path("runs/demo"),
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Number of worker processes on this machine; by default, what your configuration "
            "says, or up to 4."
        ),
    ] = None,
    executor: ExecutorName = None,
    device: Device = None,
    json: AsJson = False,
) -> None:
    """Run the demo on handwritten digits: private training, group DRO, and a harm corrected.

    \b
    quorate demo
    """
    from quorate.executors.opening import workers_of
    from quorate.executors.resources import Resources
    from quorate.report.files import write_result
    from quorate.studies.study import read_study
    from quorate.studies.sweep import run_study
    from quorate.test_time.study.running import run_correction
    from quorate.test_time.study.settings import read_correction

    several = Resources(jobs=min(4, os.cpu_count() or 1))
    workers, place = computing(jobs, executor, device, built_in=several)
    if not is_installed("torch"):
        _demo_without_networks(out, workers, place, json)
        return
    with demo_file("demo") as file:
        private = read_study(file)
    with demo_file("demo_groups") as file:
        groups = read_study(file)
    with demo_file("demo_correction") as file:
        correction = read_correction(file)
    found: list[Result] = []

    def show(result: Result, folder: Path) -> None:
        found.append(result)
        if json:
            write_result(result, folder)
        else:
            present(result, folder, json)

    with stoppable(out), workers_of(workers):  # once for all
        show(run_study(private, out, workers, place), out)
        show(run_study(groups, out / "groups", workers, place), out / "groups")
        corrected = run_correction(correction, out / "correction", workers, place)
        show(corrected, out / "correction")
    if json:
        first, second, third = (result.to_json() for result in found)
        print_json({**first, "groups": second, "correction": third})
    else:
        print(_together())


def _together() -> str:
    """Return how to see a collective act, which the demo ends with."""
    install = "" if is_installed("sqlalchemy") else f" (first: {command('collective')})"
    return (
        "\nA real group acts together on web pages. To open them, filled with a demonstration "
        f"campaign of each kind{install}:\n  quorate collective serve --demo"
    )


def _demo_without_networks(out: Path, workers: Executor, place: str, json: bool) -> None:
    """Run the demo of platforms that train no network, and say how to see the others."""
    from quorate.studies.study import read_study
    from quorate.studies.sweep import run_study

    with demo_file("demo_without_networks") as file:
        study = read_study(file)
    with stoppable(out):
        present(run_study(study, out, workers, place), out, json)
    if not json:
        print(_together())
    print(
        "PyTorch is not installed, so these platforms train no network. The whole demo also shows "
        f"private training, group DRO and a correction: {command('train')}",
        file=sys.stderr,
    )


def demo_file(name: str) -> AbstractContextManager[Path]:
    """Return the file of one part of the demo, wherever the package is installed."""
    return importlib.resources.as_file(importlib.resources.files("quorate") / f"{name}.toml")
