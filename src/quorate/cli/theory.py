"""The commands of theory: parse, call, print. No science here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from quorate.cli.options import AsJson, print_json
from quorate.theory.bounds import ALPHA, BOUNDS, Bound, BoundParameter, read_size

bound_app = typer.Typer(
    no_args_is_help=True,
    help="What theory promises a collective of a size, and the size that is enough.",
)

RESULT = """\
With --json: "bound" at that size and "critical_mass" for the target, null where nothing is promised
or no size is enough; "in_reach" is then what everyone together is promised. "reading", "status"."""


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

    wanted = f"{bound.measures.capitalize()} that a size is wanted for."
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
    lines = []
    if found["alpha"] is not None:
        value = found["bound"]
        says = value is not None and (value > 0 or sign != "≥")
        said = f"{sign} {value:.4g}" if says else "nothing is promised"
        lines.append(f"{what} at α = {found['alpha']:g}: {said}")
    enough = found["critical_mass"]
    size = _say_in_reach(found) if enough is None else f"α = {enough:.4g}"
    lines.append(f"enough for {what} {found['target']:g}: {size}")
    reading = f", reading {found['reading']}" if found["reading"] else ""
    return [*lines, f"status: {found['status']}{reading}"]


def _say_in_reach(found: dict[str, Any]) -> str:
    """Return that no size is enough, and what is in reach instead."""
    most, size = found["in_reach"], found["in_reach_alpha"]
    if most is None:
        return "no size is enough, and nothing is promised to any"
    who = "with everyone" if size == 1 else "with all whom the others leave"
    return f"no size is enough; in reach is {found['measures']} {most:.4g}, {who} (α = {size:.4g})"


for _bound in BOUNDS:
    bound_app.command(_bound.name)(_command(_bound))
