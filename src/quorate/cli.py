"""The command line: parse, call, print. No science here."""

from __future__ import annotations

import contextlib
import errno
import importlib.resources
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quorate.errors import QuorateError, StoreError

if TYPE_CHECKING:
    from quorate.correct.correction import Correction
    from quorate.lab.curves import Curves
    from quorate.lab.study import Study

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How many people, acting together on their own data, move a learning algorithm?",
)

Out = Annotated[Path, typer.Option(help="Folder of the store and the report.")]
Jobs = Annotated[int, typer.Option(help="Worker processes. The results do not depend on it.")]
Device = Annotated[
    str,
    typer.Option(help="Where networks are trained: auto (a GPU if there is one), cpu, cuda."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
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
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Measure S(α), the success of a collective by its size.

    \b
    quorate curve --population digits --strategy planting:size=2 \\
                  --learner sgd --out runs/digits
    """
    from quorate.lab.study import make_study

    study = make_study(
        population=population,
        strategy=strategy,
        learner=learner,
        goal=goal or [],
        alphas=alphas,
        seeds=seeds,
        target=target,
        eps=eps,
        reading=reading,
    )
    _run(study, out, jobs, device, json)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A study as a TOML file.")],
    out: Out,
    jobs: Jobs = 1,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Run the study in a file; run again, it does only what is missing.

    \b
    quorate run experiments/first.toml --out runs/first
    """
    from quorate.lab.study import read_study

    _run(read_study(file), out, jobs, device, json)


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
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Search for α*, the smallest collective that reaches the target, with few trainings.

    \b
    quorate critical-mass --population digits --strategy planting:size=2 \\
                          --learner sgd --target 0.9 --width 1.3
    """
    from quorate.lab import search
    from quorate.report.search import print_search, why_nothing, write_search

    with _stoppable(out):
        mass = search.find_critical_mass(
            population, learner, strategy, goal, target, width, budget, out, jobs, device
        )
    page = write_search(mass, out)
    if json:
        _print_json(mass.to_json())
    else:
        console = _console()
        print_search(mass, console)
        console.print(f"Report: {page}", soft_wrap=True)
    if (reason := why_nothing(mass)) is not None:
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
    from quorate.lab.curves import load
    from quorate.lab.search import last_search

    _present(load(folder, target), folder, json, shown_only=True)
    if (again := last_search(folder)) is not None:
        print(
            "Warning: a search was run here, and its own interval is another than the one above, "
            f"which is made for grids. It is printed by: {again}",
            file=sys.stderr,
        )


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
    from quorate.correct.campaign import run_correction
    from quorate.correct.correction import read_correction
    from quorate.lab.study import read_study
    from quorate.lab.sweep import run_study

    workers, second = jobs or min(4, os.cpu_count() or 1), out / "correction"
    files = importlib.resources.files("quorate")
    with importlib.resources.as_file(files / "demo.toml") as file:
        study = read_study(file)
    with importlib.resources.as_file(files / "demo_correction.toml") as file:
        correction = read_correction(file)
    with _stoppable(out):
        curves = run_study(study, out, workers, device)
    shown = _shown(curves, out, json)
    with _stoppable(out):
        cells = run_correction(correction, second, workers, device)
    found = _shown_correction(cells, correction, second, json)
    if json:
        _print_json({**shown, "correction": found})


@app.command()
def correct(
    population: Annotated[
        str | None, typer.Option(help="Who: name:key=value,... of images, such as cifar10.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            help="Who is asked: a learner, an architecture, a saved platform's folder, or an "
            "address. Several make a transfer matrix."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="A correction as a TOML file; options given beside it win.")
    ] = None,
    subgroup: Annotated[
        str | None, typer.Option(help="Whom it serves badly: low_light, blur, jpeg, ...")
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Instead of a subgroup: COLUMN=VALUE, such as race=Black.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Of the population, such as gender.")] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(help="What the copy is: cnn, mlp, ...; joined by +, an ensemble."),
    ] = None,
    members: Annotated[str | None, typer.Option(help="How many act; a comma list sweeps.")] = None,
    queries: Annotated[
        str | None, typer.Option(help="Of each member; a comma list sweeps.")
    ] = None,
    epsilon: Annotated[
        str | None, typer.Option(help="Budget of a picture's change, such as 8/255; or a list.")
    ] = None,
    norm: Annotated[str | None, typer.Option(help="Of that budget: linf or l2.")] = None,
    answers: Annotated[
        str | None, typer.Option(help="What the platform gives: labels or scores.")
    ] = None,
    photos: Annotated[int | None, typer.Option(help="Photos that each member holds.")] = None,
    share: Annotated[
        float | None, typer.Option(help="Of the subgroup among those the platform learns from.")
    ] = None,
    measured: Annotated[
        float | None, typer.Option(help="Of the subgroup among those measured on.")
    ] = None,
    label_free: Annotated[
        str | None,
        typer.Option(help="Label-free changes: additive, gain, filter, combined; or none."),
    ] = None,
    adaptive: Annotated[
        str | None,
        typer.Option(
            help="What the platform may do about it: jpeg, blur, resize, adversarial, private, "
            "retrained; all or none."
        ),
    ] = None,
    crafting: Annotated[str | None, typer.Option(help="How to craft: key=value,...")] = None,
    extraction: Annotated[str | None, typer.Option(help="How to copy: key=value,...")] = None,
    key_file: Annotated[
        str | None, typer.Option(help="For an address: a name and a secret a line.")
    ] = None,
    api: Annotated[
        str | None, typer.Option(help="A TOML file that describes other people's API.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Requests to keep to at an address, as 5/s.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds.")] = None,
    out: Out = Path("runs/correct"),
    jobs: Jobs = 1,
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Pool queries to a black box, copy it, craft a change per class, and measure what it mends.

    \b
    quorate correct --population digits --subgroup low_light --platform cnn \\
                    --proxy cnn --members 50 --queries 10 --epsilon 8/255
    """
    from quorate.correct.campaign import run_correction
    from quorate.correct.correction import make_correction, read_correction

    given = {
        "population": population,
        "platform": platform,
        "subgroup": subgroup,
        "group": group,
        "task": task,
        "proxy": proxy,
        "members": members,
        "queries": queries,
        "epsilon": epsilon,
        "norm": norm,
        "answers": answers,
        "photos": photos,
        "share": share,
        "measured": measured,
        "label_free": label_free,
        "adaptive": adaptive,
        "crafting": crafting,
        "extraction": extraction,
        "key_file": key_file,
        "api": api,
        "rate": rate,
        "seeds": seeds,
    }
    given = {key: value for key, value in given.items() if value is not None}
    study = make_correction(**given) if file is None else read_correction(file, **given)
    with _stoppable(out):
        cells = run_correction(study, out, jobs, device)
    _present_correction(cells, study, out, json)


platform_app = typer.Typer(no_args_is_help=True, help="A black box to practise on.")
app.add_typer(platform_app, name="platform")


@platform_app.command("serve")
def platform_serve(
    model: Annotated[
        Path, typer.Option(help="Folder of a platform, such as runs/correct/platform.")
    ],
    keys: Annotated[
        int | None, typer.Option(help="Members' keys to make; 100 where there are none yet.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Queries that each key has; without end by default.")
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="Requests of each key: 5/s, 100/min; else without end.")
    ] = None,
    answers: Annotated[str, typer.Option(help="What it gives: labels or scores.")] = "labels",
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes any free one.")] = 8000,
) -> None:
    """Serve a saved platform as an HTTP API with keys, budgets and rates, and a page that says how.

    \b
    quorate platform serve --model runs/correct/platform --keys 200 \\
                           --budget 50 --rate 5/s
    """
    from quorate import spec
    from quorate.correct.in_process import load_platform
    from quorate.correct.platform import Gives
    from quorate.correct.server import serve

    platform = load_platform(model, spec.convert(answers, Gives, "answers"))
    serve(platform, model, keys, budget, rate, host, port)


@app.command("compare-queries")
def compare_queries(
    folder: Annotated[Path, typer.Argument(help="Folder of a correction.")],
    attacks: Annotated[
        str, typer.Option(help="What everyone alone might do, a comma list.")
    ] = "square,nes,simba,hopskipjump",
    budget: Annotated[int, typer.Option(help="Queries that each person alone has.")] = 1000,
    people: Annotated[int, typer.Option(help="How many badly served people to try it on.")] = 100,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds; all there are.")] = None,
    jobs: Jobs = 1,
    json: AsJson = False,
) -> None:
    """Compare the queries of a pool with those of everyone attacking alone, at the same ε.

    \b
    quorate compare-queries runs/correct --attacks square,simba
    """
    from quorate.correct.comparison import compare
    from quorate.report.comparison import print_comparison, write_comparison

    with _stoppable(folder):
        found = compare(folder, attacks, budget, people, seeds, jobs)
    page = write_comparison(found, folder)
    if json:
        _print_json(found.to_json())
        return
    console = _console()
    print_comparison(found, console)
    console.print(f"Report: {page}", soft_wrap=True)


@app.command()
def apply(
    perturbation: Annotated[Path, typer.Argument(help="File that quorate correct has left.")],
    picture: Annotated[Path, typer.Argument(help="Your picture; it is not changed.")],
    out: Annotated[Path, typer.Argument(help="Where to write: .png, or .webp (lossless).")],
    label: Annotated[
        str | None,
        typer.Option(
            help="What the picture shows, by the platform's name for it; none if "
            "everyone's change is the same."
        ),
    ] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Show before, after and the change here; .png.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Add a collective's change to one picture of your own: no upload, no network.

    \b
    quorate apply runs/cifar10/perturbation.npz photo.png out.png \\
                  --label cat --preview preview.png
    """
    from quorate.correct.apply import apply_to_file

    applied = apply_to_file(perturbation, picture, out, label, preview)
    if json:
        _print_json(applied.to_json())
    else:
        print("\n".join(applied.lines()))


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="populations, strategies, learners, goals, signals or subgroups; else all."
        ),
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
        _print_json(entries)
    else:
        print_listing(entries, _console())


def _run(study: Study, out: Path, jobs: int, device: str, as_json: bool) -> None:
    from quorate.lab.sweep import run_study

    with _stoppable(out):
        curves = run_study(study, out, jobs, device)
    _present(curves, out, as_json)


@contextlib.contextmanager
def _stoppable(out: Path) -> Iterator[None]:
    """Turn Ctrl-C into a message that says how to go on, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        print(
            f"\nStopped. What was finished is stored in {out}; run the same command to go on.",
            file=sys.stderr,
        )
        raise SystemExit(130) from None


def _present(curves: Curves, folder: Path, as_json: bool, shown_only: bool = False) -> None:
    plain = _shown(curves, folder, as_json, shown_only)
    if as_json:
        _print_json(plain)


def _shown(curves: Curves, folder: Path, silent: bool, shown_only: bool = False) -> dict[str, Any]:
    """Write the report, print the tables unless silent, and return the curves as plain data."""
    from quorate.report.files import write_report
    from quorate.report.terminal import print_curves

    try:
        page = write_report(curves, folder)
    except StoreError as error:  # what was measured is shown all the same
        if not shown_only:
            raise
        page = None
        print(f"No report: {error}", file=sys.stderr)
    if not silent:
        console = _console()
        print_curves(curves, console)
        if page is not None:
            console.print(f"Report: {page}", soft_wrap=True)
    return curves.to_json()


def _present_correction(cells: list[Any], study: Correction, out: Path, as_json: bool) -> None:
    plain = _shown_correction(cells, study, out, as_json)
    if as_json:
        _print_json(plain)


def _shown_correction(
    cells: list[Any], study: Correction, out: Path, silent: bool
) -> dict[str, Any]:
    """Write the report, print the table unless silent, and return the summary."""
    from quorate.report.correction import write_correction
    from quorate.report.correction_summary import summary
    from quorate.report.correction_terminal import print_correction

    page = write_correction(cells, study, out)
    found = summary(cells, study)
    if not silent:
        console = _console()
        print_correction(found, console)
        console.print(f"Report: {page}", soft_wrap=True)
    return found


def _print_json(data: Any) -> None:
    import json

    print(json.dumps(data, ensure_ascii=False, allow_nan=False), flush=True)


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False)


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
