"""The commands of theory: parse, call, print. No science here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from quorate.cli.commands import Commands, add
from quorate.cli.completion import names_of
from quorate.cli.options import AsJson, print_json
from quorate.theory.bounds import ALPHA, BOUNDS, Bound, BoundParameter, bound_called, read_size

bound_app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    help="Bounds from theory: the success guaranteed at a size, and the size that is enough.",
)

RESULT = """\
With --json, "bound" is what holds at --alpha, and "critical_mass" the size that is enough for
--target; each is null where there is none. Where no size is enough, "in_reach" is what holds if
everyone acts."""


def _command(bound: Bound) -> Callable[..., None]:
    """Return the command of one bound: its parameters are its options."""

    def command(**given: Any) -> None:
        as_json, alpha, target = (given.pop(key) for key in ("json", "alpha", "target"))
        for one in bound.parameters:
            if one.may_be_interval:
                given[one.name] = read_size(one.name, given[one.name])
        found = bound.answer(alpha, target, given)
        if as_json:
            print_json(found)
        else:
            print("\n".join(_lines(found)))

    wanted = f"{bound.measures.capitalize()} to reach, for which the size that is enough is given."
    options = {
        "alpha": (Annotated[float | None, typer.Option(help=ALPHA)], None),
        **{parameter.name: _option(parameter) for parameter in bound.parameters},
        "target": (Annotated[float, typer.Option(help=wanted)], bound.target),
        "json": (AsJson, False),
    }
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, default) in options.items()
        ]
    )
    command.__annotations__ = {name: kind for name, (kind, _) in options.items()}
    example = f"\b\nquorate bound {bound.name} {bound.example}"
    parts = (bound.summary, f"\b\n{bound.formula}", f"{RESULT} Status: {bound.status}.", example)
    command.__doc__ = "\n\n".join(parts)
    return command


def _option(parameter: BoundParameter) -> tuple[Any, Any]:
    """Return the type and the default of a parameter's option."""
    as_text = parameter.may_be_interval or isinstance(parameter.default, str)
    kind: Any = str if as_text else float
    needed = parameter.default is None
    default: Any = inspect.Parameter.empty if needed else parameter.default
    if parameter.may_be_interval:
        default = f"{default:g}"
    return Annotated[kind, typer.Option(help=parameter.help)], default


def _lines(found: dict[str, Any]) -> list[str]:
    """Return an answer in words."""
    what, sign = found["measures"], "≥" if found["measures"] == "success" else "≤"
    if found["name"] == "jtt":
        sign = "="
    lines, looser = [], found.get("closed_form")
    if found["alpha"] is not None:
        said = _say_bound(found["bound"], sign)
        if looser:
            said += f" (closed form: {_say_bound(looser['bound'], sign)})"
        lines.append(f"{what} at α = {found['alpha']:g}: {said}")
    enough = found["critical_mass"]
    size = _say_in_reach(found) if enough is None else f"α = {enough:.4g}"
    if looser:
        asked = looser["critical_mass"]
        size += f" (closed form: {'none' if asked is None else f'α = {asked:.4g}'})"
    lines.append(f"enough for {what} {found['target']:g}: {size}")
    reading = f", reading {found['reading']}" if found["reading"] else ""
    return [*lines, f"status: {found['status']}{reading}"]


def _say_bound(value: float | None, sign: str) -> str:
    says = value is not None and (value > 0 or sign != "≥")
    return f"{sign} {value:.4g}" if says else "nothing is promised"


def _say_in_reach(found: dict[str, Any]) -> str:
    """Return that no size is enough, and what is in reach instead."""
    most, size = found["in_reach"], found["in_reach_alpha"]
    if most is None and found["name"] == "exact":  # a small size may be, if more do harm by errors
        return "no size is enough for good: all whom the others leave are promised nothing"
    if most is None:
        return "no size is enough, and nothing is promised to any"
    if found["name"] == "exact":
        return f"no size is enough; in reach is success {most:.4g}, above α = {size:.4g}"
    who = "with everyone" if size == 1 else "with all whom the others leave"
    return f"no size is enough; in reach is {found['measures']} {most:.4g}, {who} (α = {size:.4g})"


_HELP = {one.name: one.help for one in bound_called("several").parameters}
Opposed = Annotated[str, typer.Option(help=_HELP["opposed"])]
Elsewhere = Annotated[str, typer.Option(help=_HELP["elsewhere"])]
Unknown = Annotated[str, typer.Option(help=_HELP["unknown"])]
Error = Annotated[float, typer.Option(help=_HELP["error"])]
Mistake = Annotated[str, typer.Option(help=_HELP["mistake"])]
Eps = Annotated[float, typer.Option(help=_HELP["eps"])]
Reading = Annotated[str, typer.Option(help=_HELP["reading"])]


def exact(
    population: Annotated[
        str,
        typer.Option(
            autocompletion=names_of("populations"),
            help="Population whose law is known, such as finite:values=6.",
        ),
    ],
    strategy: Annotated[
        str,
        typer.Option(
            autocompletion=names_of("strategies"),
            help="Strategy of the members: planting, planting-features, unplanting.",
        ),
    ],
    alpha: Annotated[float | None, typer.Option(help=ALPHA)] = None,
    rival: Annotated[
        str | None,
        typer.Option(autocompletion=names_of("strategies"), help="Strategy of another collective."),
    ] = None,
    rival_size: Annotated[
        str, typer.Option(help="Rival's share of the data, in [0, 1], or its ends LOW:HIGH.")
    ] = "0",
    known: Annotated[
        str,
        typer.Option(
            help="Knowledge about the rival: plan (signal and label), signal or label (that one "
            "alone), or size (nothing else)."
        ),
    ] = "plan",
    opposed: Opposed = "0",
    elsewhere: Elsewhere = "0",
    unknown: Unknown = "0",
    error: Error = 0.0,
    mistake: Mistake = "forget",
    eps: Eps = 0.0,
    reading: Reading = "tv",
    target: Annotated[
        float, typer.Option(help="Success to reach, for which the size that is enough is given.")
    ] = 0.9,
    json: AsJson = False,
) -> None:
    """Success on a population whose law is known, exactly.

    The minimum over all ε-suboptimal platforms, all that others may do and all mistakes. Together
    they can overturn any set B of values x whose margins (the lead of the collective's label at x)
    add up to at most c + β_u + lα; quorate bound several says what c and l are.

    \b
    S = 1 − max{P₀{g ∈ B} : Σ over x in B of max(0, margin) ≤ c + β_u + lα}

    A size is enough if every larger one is, too. The looser closed form is printed beside it
    ("closed_form" with --json). Where no size is enough, "in_reach" is the largest success that is
    certain from some size on. Status: derived.

    \b
    quorate bound exact --population finite:values=6,labels=3,concentration=2 \\
        --strategy planting:signal=columns,x=3,target=1 --alpha 0.1 --unknown 0:0.01
    """
    from quorate.studies.law_bound import Beside, law_bound

    sizes = {"opposed": opposed, "elsewhere": elsewhere, "unknown": unknown}
    among: dict[str, Any] = {name: read_size(name, size) for name, size in sizes.items()}
    among |= {"rival": rival, "rival_size": read_size("rival-size", rival_size), "known": known}
    among |= {"error": error, "mistake": mistake}
    answer: Any = law_bound
    found = answer(population, strategy, alpha, target, eps, reading, Beside(**among))
    if json:
        print_json(found)
    else:
        print("\n".join(_lines(found)))


for _bound in BOUNDS:
    add(bound_app, "Bounds", _command(_bound), _bound.name)
add(bound_app, "Bounds", exact)
