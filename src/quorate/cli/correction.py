"""The commands of test time: parse, call, print. No science here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quorate.bring_your_own.import_paths import refusing
from quorate.cli import correction_options as options
from quorate.cli.commands import Commands, add
from quorate.cli.options import (
    AsJson,
    Device,
    ExecutorName,
    Jobs,
    Out,
    Trust,
    computing,
    given_options,
    print_json,
    stoppable,
)
from quorate.cli.present import present
from quorate.printable import printable

platform_app = typer.Typer(
    cls=Commands, no_args_is_help=True, help="Serve a practice platform over HTTP."
)


def correct(
    context: typer.Context,
    population: options.Population = None,
    platform: options.Platform = None,
    file: options.File = None,
    subgroup: options.Subgroup = None,
    group: options.Group = None,
    task: options.Task = None,
    proxy: options.Proxy = None,
    members: options.Members = None,
    queries: options.Queries = None,
    epsilon: options.Epsilon = None,
    norm: options.Norm = None,
    answers: options.Answers = None,
    photos: options.Photos = None,
    share: options.Share = None,
    measured: options.Measured = None,
    label_free: options.LabelFree = None,
    adaptive: options.Adaptive = None,
    crafting: options.Crafting = None,
    extraction: options.Extraction = None,
    search: options.Search = None,
    aim: options.Aim = None,
    anyway: options.Anyway = None,
    key_file: options.KeyFile = None,
    api: options.Api = None,
    rate: options.Rate = None,
    seeds: options.Seeds = None,
    out: Out = Path("runs/correct"),
    jobs: Jobs = None,
    executor: ExecutorName = None,
    device: Device = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Correct a platform that serves a group badly, by a change to its photos.

    Members pool queries to the black box, extract a surrogate, craft a change against it, and
    measure how much of the gap it closes.

    \b
    quorate correct --population digits --subgroup low_light --platform cnn \\
                    --proxy cnn --members 50 --queries 10 --epsilon 8/255

    \b
    Without a surrogate and without a budget, by asking about photo edits:
    quorate correct --population digits --subgroup low_light --platform cnn \\
                    --proxy edits --members 50 --queries 40 --epsilon none
    """
    from quorate.test_time.study.running import run_correction
    from quorate.test_time.study.settings import make_correction, read_correction_file

    given = given_options(context, "file", "trust")
    if file is None:
        study, said = make_correction(**given), None
    else:
        study, said = read_correction_file(file, **given)
    with stoppable(out):
        where = computing(jobs, executor, device, said)
        result = run_correction(study, out, *where, trust)
        present(result, out, json)


def platform_serve(
    model: Annotated[
        Path, typer.Option(help="Folder of a saved platform, such as runs/correct/platform.")
    ],
    keys: Annotated[
        int | None, typer.Option(help="Number of members' keys to make; 100 where there are none.")
    ] = None,
    budget: Annotated[
        int | None, typer.Option(help="Queries that each key has; unlimited by default.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            help="Largest rate of requests of each key, such as 5/s; unlimited by default."
        ),
    ] = None,
    answers: Annotated[
        str, typer.Option(help="Answers of the platform: labels or scores.")
    ] = "labels",
    host: Annotated[str, typer.Option(help="Host to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes any free one.")] = 8000,
    trust: Trust = False,
) -> None:
    """Serve a saved platform as an HTTP API with keys, budgets and rates.

    A page at /docs describes the API.

    \b
    quorate platform serve --model runs/correct/platform --keys 200 \\
                           --budget 50 --rate 5/s
    """
    from quorate import spec
    from quorate.test_time.http.server import serve
    from quorate.test_time.platforms.in_process import load_platform
    from quorate.test_time.platforms.platform import Gives

    platform = load_platform(model, spec.convert(answers, Gives, "answers"), trust)
    serve(platform, model, keys, budget, rate, host, port)


add(platform_app, "Commands", platform_serve, "serve")


@refusing("a stored correction")
def compare_queries(
    folder: Annotated[Path, typer.Argument(help="Folder of a correction.")],
    attacks: Annotated[
        str, typer.Option(help="Attacks that each person makes alone, as a comma-separated list.")
    ] = "square,nes,simba,hopskipjump",
    budget: Annotated[
        int, typer.Option(help="Number of queries of each person who attacks alone.")
    ] = 1000,
    people: Annotated[int, typer.Option(help="Number of misclassified people who attack.")] = 100,
    seeds: Annotated[
        int | None, typer.Option(help="Number of seeds; all of the correction by default.")
    ] = None,
    jobs: Jobs = None,
    executor: ExecutorName = None,
    trust: Trust = False,
    json: AsJson = False,
) -> None:
    """Compare pooled queries with attacks by each person alone, at the same ε.

    \b
    quorate compare-queries runs/correct --attacks square,simba
    """
    from quorate.test_time.study.query_comparison import compare

    with stoppable(folder):
        workers, _ = computing(jobs, executor)
        result = compare(folder, attacks, budget, people, seeds, workers, trust)
        present(result, folder, json)


def apply_page(
    perturbation: Annotated[
        Path, typer.Argument(help="Perturbation file that quorate correct has left.")
    ],
    out: Annotated[Path, typer.Argument(help="File to write: .html.")],
) -> None:
    """Write a page on which members add the change to their pictures, in one file.

    It opens in a browser without installing anything, without a network and without an upload.

    \b
    quorate apply-page runs/cifar10/perturbation.npz apply.html
    """
    from quorate.collective.web.standalone import write_apply_page

    print(printable(f"Wrote {write_apply_page(perturbation, out)}"))


def apply(
    perturbation: Annotated[
        Path, typer.Argument(help="Perturbation file that quorate correct has left.")
    ],
    picture: options.Picture,
    out: options.Changed,
    label: options.TrueLabel = None,
    preview: options.Preview = None,
    json: AsJson = False,
) -> None:
    """Add a collective's change to one picture of your own: no upload, no network.

    \b
    quorate apply runs/cifar10/perturbation.npz photo.png out.png \\
                  --label cat --preview preview.png
    """
    from quorate.test_time.perturbations.apply import apply_to_file

    applied = apply_to_file(perturbation, picture, out, label, preview)
    if json:
        print_json(applied.to_json())
    else:
        print(printable("\n".join(applied.lines())))
