"""The command line: parse, call, print. No science here."""

from __future__ import annotations

import errno
import importlib.resources
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quorate.cli import correction as cli_test_time
from quorate.cli import export as cli_export
from quorate.cli import participation as cli_participation
from quorate.cli import plan as cli_plan
from quorate.cli import scenario as cli_scenario
from quorate.cli import theory as cli_theory
from quorate.cli.options import (
    AsJson,
    Device,
    ExecutorName,
    Jobs,
    Out,
    console_of,
    print_json,
    stoppable,
    warn_of_search,
)
from quorate.cli.present import present, write_and_print
from quorate.errors import QuorateError

if TYPE_CHECKING:
    pass

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people, acting together on their own data, move a learning algorithm?",
)

Target = Annotated[float | None, typer.Option(help="S*, the success to read the critical mass at.")]


@app.command()
def curve(
    population: Annotated[list[str], typer.Option(help="Who: name:key=value,... May be repeated.")],
    strategy: Annotated[list[str], typer.Option(help="What members do. May be repeated.")],
    learner: Annotated[list[str], typer.Option(help="What the platform does. May be repeated.")],
    out: Out,
    goal: Annotated[
        list[str] | None, typer.Option(help="What counts as success; else the strategy's own.")
    ] = None,
    collective: Annotated[
        list[str] | None, typer.Option(help="The group members come from; else anyone.")
    ] = None,
    alphas: Annotated[
        str, typer.Option(help="Sizes: lo:hi:count (log grid) or a comma list. 0 is added.")
    ] = "0.001:0.1:7",
    seeds: Annotated[int, typer.Option(help="Number of seeds.")] = 5,
    target: Annotated[float, typer.Option(help="S*, the success that α* is read at.")] = 0.9,
    eps: Annotated[
        float, typer.Option(help="How suboptimal a platform the theory line allows for, in [0, 1).")
    ] = 0.0,
    reading: Annotated[str, typer.Option(help="Of suboptimality: tv or huber.")] = "tv",
    jobs: Jobs = 1,
    executor: ExecutorName = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Measure S(α), the success of a collective by its size.

    \b
    quorate curve --population digits --strategy planting:size=2 \\
                  --learner sgd --out runs/digits
    """
    from quorate.executors.choose import choose_executor
    from quorate.studies.study import make_study
    from quorate.studies.sweep import run_study

    study = make_study(
        population=population,
        strategy=strategy,
        learner=learner,
        goal=goal or [],
        collective=collective or [],
        alphas=alphas,
        seeds=seeds,
        target=target,
        eps=eps,
        reading=reading,
    )
    with stoppable(out):
        chosen = choose_executor(jobs, executor)
        curves = run_study(study, out, chosen, device)
    present(curves, out, json)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="An experiment, a study or a correction: TOML.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the store and the report; else runs/NAME.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Its smaller form: minutes, and no proof.")
    ] = False,
    jobs: Jobs = 1,
    executor: ExecutorName = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Run what a file says, and judge its claim; run again, it does only what is missing.

    \b
    quorate run experiments/noisy-labels.toml --jobs 2
    """
    from quorate.executors.choose import choose_executor
    from quorate.findings.experiment import read_experiment
    from quorate.findings.running import folder_of, run_experiment, write_found

    experiment = read_experiment(file, quick)
    folder = folder_of(experiment) if out is None else out
    with stoppable(folder):
        found = run_experiment(experiment, folder, choose_executor(jobs, executor), device)
    page = write_found(found, folder)
    if json:
        print_json(found.to_json())
        return
    console = console_of()
    found.done.show(console)
    for line in found.finding.lines() if found.finding is not None else []:
        console.print(line, soft_wrap=True)
    console.print(f"Report: {page}", soft_wrap=True)


@app.command("critical-mass")
def critical_mass(
    population: Annotated[str, typer.Option(help="Who: name:key=value,...")],
    learner: Annotated[str, typer.Option(help="What the platform does.")],
    strategy: Annotated[str, typer.Option(help="What members do.")] = "planting",
    goal: Annotated[
        str | None, typer.Option(help="What counts as success; else the strategy's own.")
    ] = None,
    target: Annotated[float, typer.Option(help="S*, the success to reach and keep.")] = 0.9,
    width: Annotated[
        float, typer.Option(help="Stop when the 95% interval's high/low is at most this, above 1.")
    ] = 1.15,
    budget: Annotated[int, typer.Option(help="Stop after this many trainings.")] = 60,
    out: Out = Path("runs/critical-mass"),
    jobs: Jobs = 1,
    executor: ExecutorName = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Search for α*, the smallest collective that reaches the target, with few trainings.

    \b
    quorate critical-mass --population digits --strategy planting:size=2 \\
                          --learner sgd --target 0.9 --width 1.3
    """
    from quorate.executors.choose import choose_executor
    from quorate.studies.critical_mass import search

    with stoppable(out):
        chosen = choose_executor(jobs, executor)
        mass = search.find_critical_mass(
            population, learner, strategy, goal, target, width, budget, out, chosen, device
        )
    present(mass, out, json)
    if (reason := mass.why_nothing()) is not None:
        print(f"Error: {reason}", file=sys.stderr)
        raise SystemExit(2)


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(help="Folder of a store.")],
    target: Target = None,
    json: AsJson = False,
) -> None:
    """Show what a folder holds: tables, critical masses, and the page with plots made anew.

    \b
    quorate show runs/first --target 0.8
    """
    from quorate.studies.curves import load

    plain = write_and_print(load(folder, target), folder, silent=json, must_write=False)
    if json:
        print_json(plain)
    warn_of_search(folder)


@app.command()
def demo(
    out: Out = Path("runs/demo"),
    jobs: Annotated[int | None, typer.Option(help="Worker processes; else up to 4.")] = None,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Real handwritten digits: a signal planted in training, and a harm corrected at test time.

    \b
    quorate demo
    """
    from quorate.executors.choose import choose_executor
    from quorate.studies.study import read_study
    from quorate.studies.sweep import run_study
    from quorate.test_time.study.running import run_correction
    from quorate.test_time.study.settings import read_correction

    workers = choose_executor(jobs or min(4, os.cpu_count() or 1))
    second = out / "correction"
    files = importlib.resources.files("quorate")
    with importlib.resources.as_file(files / "demo.toml") as file:
        study = read_study(file)
    with importlib.resources.as_file(files / "demo_correction.toml") as file:
        correction = read_correction(file)
    with stoppable(out):
        curves = run_study(study, out, workers, device)
    shown = write_and_print(curves, out, silent=json)
    with stoppable(out):
        corrected = run_correction(correction, second, workers, device)
    found = write_and_print(corrected, second, silent=json)
    if json:
        print_json({**shown, "correction": found})


app.add_typer(cli_theory.bound_app, name="bound")
app.command()(cli_plan.plan)
app.command(context_settings=cli_scenario.OWN_HELP)(cli_scenario.scenario)
app.command(context_settings=cli_scenario.ANY_OPTION)(cli_participation.participation)
app.command()(cli_test_time.correct)
app.add_typer(cli_test_time.platform_app, name="platform")
app.command("compare-queries")(cli_test_time.compare_queries)
app.command()(cli_test_time.apply)
app.command()(cli_export.export)


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(help="populations, strategies, learners, goals, scenarios, ...; else all."),
    ] = None,
    json: AsJson = False,
) -> None:
    """List what there is, with parameters, defaults and one-line meanings.

    \b
    quorate list learners
    """
    from quorate.report.listing import listing, print_listing

    entries = listing(kind)
    if json:
        print_json(entries)
    else:
        print_listing(entries, console_of())


def main() -> None:
    """Run the command line: a mistake of the user's is one message and exit code 2."""
    try:
        app()
    except QuorateError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _out_of_memory(error):
            raise
        print(
            "Error: Expected a training that fits into memory, got one that does not "
            f"({str(error).splitlines()[0] if str(error) else 'out of memory'}). Use smaller "
            "networks (hidden), fewer people (n), smaller batches (batch_size) or fewer --jobs.",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is still to be flushed
        print(
            f"Error: Expected to print the result, got: {error.strerror}. Make room, or print it "
            "elsewhere.",
            file=sys.stderr,
        )
        raise SystemExit(2) from None


def _out_of_memory(error: RuntimeError) -> bool:
    """Whether PyTorch ran out of memory, on the CPU or on a GPU."""
    return any(words in str(error) for words in ("allocate memory", "out of memory"))


if __name__ == "__main__":
    main()
