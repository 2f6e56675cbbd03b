"""A plan as a table in the terminal, a page that members can be shown, pictures and files."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from quorate import catalog, spec
from quorate.figures.plan import CertifiedCurve, MassForecast, plan_figure
from quorate.figures.style import render
from quorate.plan.certify import Certification, CertifiedSuccess
from quorate.plan.plan import Plan
from quorate.plan.suggest import Suggestions
from quorate.report import plan_words as words
from quorate.report.files import write_files
from quorate.report.old_page import fill_template
from quorate.runs.wording import rate
from quorate.version import __version__

Plain = dict[str, Any]


def print_plan(plan: Plan, console: Console) -> None:
    """Print what is certified, what was simulated, and what else must be known."""
    certified = plan.certified
    for line in (
        words.what_to_do(certified), words.what_it_means(certified), words.how_sure(certified),
        words.how_many(certified),
    ):  # fmt: skip
        console.print(line, soft_wrap=True)
    if plan.suggestions is not None:
        console.print(_suggested_table(plan.suggestions, certified))
    table = RichTable(title="certified", title_justify="left")
    wanted = words.asked(certified.objective.success)
    for name in ("radius", "ε", "success now", f"members for {wanted}"):
        table.add_column(name, justify="left" if name == "radius" else "right")
    for row in _certified(certified):
        table.add_row(row.radius, f"{row.eps:g}", bound(row.success), number(row.n_for_target))
    console.print(table)
    if plan.simulation.rows:
        console.print(_simulated_table(plan))
    for note in plan.notes:
        console.print(note, soft_wrap=True)


def _suggested_table(found: Suggestions, certified: Certification) -> RichTable:
    table = RichTable(title=f"signals, the best of {found.tried:,} tried", title_justify="left")
    wanted = words.asked(certified.objective.success)
    for name in ("signal", f"members for {wanted}", "success now", "cost a member"):
        table.add_column(name, justify="left" if name == "signal" else "right")
    for row in found.items:
        table.add_row(
            _signal(row.signal), number(row.n_for_target), bound(row.success), f"{row.cost:.2f}"
        )
    return table


def _simulated_table(plan: Plan) -> RichTable:
    table = RichTable(title="simulated, not certified", title_justify="left")
    for name in ("if the platform trains like this", "enough", "95%", "people", "success now"):
        table.add_column(name, justify="left" if name.startswith("if") else "right")
    for row in _simulated(plan):
        table.add_row(*(value for key, value in row.items() if key != "meaning"))
    return table


def _certified(certified: Certification) -> list[CertifiedSuccess]:
    """Return the certified rows: each radius at the ε that is assumed, then every other ε."""
    others = (row for row in certified.by_eps if row.eps != certified.objective.eps)
    return [*certified.by_radius, *others]


def write_plan(plan: Plan, folder: str | Path) -> Path:
    """Write the page, the picture and the data to a folder; return the page's path.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    certified, details = plan.certified, plan.details
    size = certified.objective.platform_size
    figure = plan_figure(
        [CertifiedCurve("certified", details.sizes, details.success)],
        [
            MassForecast(row.learner, row.critical_mass * size, row.low * size, row.high * size)
            for row in plan.simulation.rows
        ],
        certified.members, size, certified.objective.success,
    )  # fmt: skip
    svg = render(figure, "svg").decode()
    data = plan.to_json()
    files = {
        "plan.svg": svg.encode(),
        "plan.png": render(figure, "png"),
        "certified.csv": _csv([*data["by_radius"], *data["by_eps"]]),
        "growth.csv": _csv(data["growth"]),
        "plan.json": json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False).encode(),
    }
    if plan.details.claims:
        files[words.CLAIMS] = _csv(plan.details.claims)
    if data["simulated"]:
        files["simulated.csv"] = _csv(data["simulated"])
    suggested = [] if plan.suggestions is None else plan.suggestions.items
    if suggested:
        files["suggested.csv"] = _csv([{**vars(s), "signal": _signal(s.signal)} for s in suggested])
    page = fill_template(
        "plan.html.j2", words.title(certified), files, _facts(plan),
        svg=svg[svg.index("<svg") :],
        what_it_means=words.what_it_means(certified),
        what_to_do=words.what_to_do(certified),
        how_many=words.how_many(certified),
        how_sure=words.how_sure(certified),
        costs=words.costs(certified, details),
        breaks=words.what_breaks_it(certified, details, plan.simulation.rows),
        notes=plan.notes,
        certified=_certified(certified),
        simulated=_simulated(plan),
        tried=0 if plan.suggestions is None else plan.suggestions.tried,
        suggested=[{**vars(s), "signal": _signal(s.signal)} for s in suggested],
        wanted=words.asked(certified.objective.success),
        bound=bound, number=number,
    )  # fmt: skip
    files["plan.html"] = page.encode()
    write_files(folder, files, "run the same quorate plan")
    return folder / "plan.html"


def _simulated(plan: Plan) -> list[dict[str, str]]:
    size = plan.certified.objective.platform_size
    return [
        {
            "learner": row.learner,
            "meaning": _meaning(row.learner),
            "share": words.enough(row.critical_mass),
            "interval": words.between(row.low, row.high),
            "people": (
                number(round(row.critical_mass * size)) if math.isfinite(row.critical_mass) else "–"
            ),
            "success_now": rate(row.success_now),
        }
        for row in plan.simulation.rows
    ]


def _meaning(learner: str) -> str:
    """Return what a learner is called in words: the beginning of its summary."""
    summary = spec.summary(type(catalog.build("learners", learner)))
    return re.split("[:;]", summary)[0]


def bound(value: float) -> str:
    """Return a lower bound for a table, rounded down; a dash where there is none.

    >>> bound(0.9999), bound(0.93), bound(-math.inf)
    ('0.999', '0.930', '–')
    """
    if not math.isfinite(value):
        return "–"
    return f"{math.floor(value * 1000 + words.ROUNDING) / 1000:.3f}"


def number(value: int | None) -> str:
    """Return a number of members for a table; None where not even everyone is enough."""
    return "out of reach" if value is None else f"{value:,}"


def _signal(signal: Mapping[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in signal.items())


def _csv(rows: Sequence[Plain]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _facts(plan: Plan) -> dict[str, str]:
    certified = plan.certified
    objective = certified.objective
    return {
        "Members": f"{plan.source}: {certified.members:,} rows, of whom {certified.carrying:,} "
        "carry the signal already",
        "People on the platform": f"{objective.platform_size:,}",
        "Goal": objective.goal,
        "Signal": _signal(objective.signal),
        "Confidence": words.asked(objective.confidence),
        "Assumed of the platform": f"ε = {objective.eps:g} ({objective.reading})",
        "quorate": __version__,
    }
