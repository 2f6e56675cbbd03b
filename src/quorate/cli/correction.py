"""The commands of test time: parse, call, print. No science here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quorate.cli.options import AsJson, Device, Jobs, Out, console_of, print_json, stoppable

if TYPE_CHECKING:
    from quorate.test_time.study.correction import Correction

platform_app = typer.Typer(no_args_is_help=True, help="A black box to practise on.")


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
    from quorate.executors.choose import choose_executor
    from quorate.test_time.study.correction import make_correction, read_correction
    from quorate.test_time.study.running import run_correction

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
    with stoppable(out):
        cells = run_correction(study, out, choose_executor(jobs), device)
    _present_correction(cells, study, out, json)


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
    from quorate.test_time.http.server import serve
    from quorate.test_time.platforms.in_process import load_platform
    from quorate.test_time.platforms.platform import Gives

    platform = load_platform(model, spec.convert(answers, Gives, "answers"))
    serve(platform, model, keys, budget, rate, host, port)


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
    from quorate.executors.choose import choose_executor
    from quorate.report.comparison import print_comparison, write_comparison
    from quorate.test_time.study.query_comparison import compare

    with stoppable(folder):
        found = compare(folder, attacks, budget, people, seeds, choose_executor(jobs))
    page = write_comparison(found, folder)
    if json:
        print_json(found.to_json())
        return
    console = console_of()
    print_comparison(found, console)
    console.print(f"Report: {page}", soft_wrap=True)


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
    from quorate.test_time.perturbations.apply import apply_to_file

    applied = apply_to_file(perturbation, picture, out, label, preview)
    if json:
        print_json(applied.to_json())
    else:
        print("\n".join(applied.lines()))


def _present_correction(cells: list[Any], study: Correction, out: Path, as_json: bool) -> None:
    plain = shown_correction(cells, study, out, as_json)
    if as_json:
        print_json(plain)


def shown_correction(
    cells: list[Any], study: Correction, out: Path, silent: bool
) -> dict[str, Any]:
    """Write the report, print the table unless silent, and return the summary."""
    from quorate.report.correction import write_correction
    from quorate.report.correction_summary import summary
    from quorate.report.correction_terminal import print_correction

    page = write_correction(cells, study, out)
    found = summary(cells, study)
    if not silent:
        console = console_of()
        print_correction(found, console)
        console.print(f"Report: {page}", soft_wrap=True)
    return found
