"""What a search for the critical mass found: a sentence, a table, a page and files."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from quorate.figures.style import render
from quorate.report.curve_tables import interval, people, percent
from quorate.report.files import write_files
from quorate.report.old_page import render_template
from quorate.studies.critical_mass.monotone_fit import SPREADS
from quorate.studies.critical_mass.rounds import SEEDS
from quorate.studies.critical_mass.search import FoundMass
from quorate.studies.curves import WHO


def print_search(mass: FoundMass, console: Console) -> None:
    """Print a search as a table, one sentence, and what there is to know about it."""
    row = table_row(mass)
    table = RichTable()
    for name in row:
        table.add_column(name, justify="left" if name == "learner" else "right")
    table.add_row(*row.values())
    console.print(f"{_heading(mass)}: critical mass α* for S* = {mass.target:g}", soft_wrap=True)
    console.print(table)
    console.print(sentence(mass), soft_wrap=True)
    for note in notes(mass):
        console.print(note, soft_wrap=True)


def table_row(mass: FoundMass) -> dict[str, str]:
    """Return a search as one row of a table, by column."""
    return {
        "learner": next(iter(mass.curves)).learner,
        "α*": percent(mass.estimate),
        "95% interval": _interval(mass),
        "people": people(mass.estimate * mass.people),
        "seeds": str(len({point.seed for point in mass.found.points} - mass.refused.keys())),
        "trainings": str(mass.trainings),
    }


def sentence(mass: FoundMass) -> str:
    """Return the answer in plain words."""
    goal = f"{percent(mass.target)} success"
    if math.isnan(mass.estimate):
        return "Nothing was measured: every training failed."
    if mass.low >= 1:
        return f"Not even everyone acting together reaches {goal}."
    if mass.high == 0:
        return f"Success is {percent(mass.target)} or more without any collective."
    if math.isinf(mass.estimate):
        return f"Everyone acting together may not reach {goal}: that is the best guess, no more."
    low, high = (people(end * mass.people) for end in (mass.low, mass.high))
    most = f"at most {high}" if math.isfinite(mass.high) else "perhaps no number at all"
    return (
        f"About {people(mass.estimate * mass.people)} of {mass.people:,} people "
        f"({percent(mass.estimate)}) reach {goal}; more than {low} are needed, and {most} "
        "(95% interval)."
    )


def notes(mass: FoundMass) -> list[str]:
    """Return what there is to know about how a search ended, in whole sentences."""
    found, bracket = mass.found, mass.found.bracket
    said = []
    if math.isnan(mass.estimate):
        said.append("The search gave up: no training succeeded.")
    elif found.stopped == "budget" and not bracket.too_spread:
        said.append(
            f"The budget was spent before high/low came down to {mass.width:g}: give a larger "
            "--budget for a narrower interval."
        )
    elif 0 < mass.high * mass.people <= round(mass.low * mass.people) + 1:
        said.append("No whole member lies between the ends of the interval.")
    if bracket.placed < SEEDS and bracket.fit is not None:
        said.append(
            f"Only {bracket.placed} seeds tell where their own critical mass is; {SEEDS} are "
            "needed for an interval to be relied on."
        )
    if bracket.too_spread:
        said.append(
            f"Seeds may differ by more than the fit can say (log α* by {SPREADS[-1]:g}, one "
            "standard deviation): the interval is not to be relied on, however narrow."
        )
    above = [p for p in found.points if p.members > bracket.high and not math.isnan(p.success)]
    if above:
        sizes = sorted({point.members / mass.people for point in above})
        said.append(
            f"Above the interval, S was {min(point.success for point in above):.3f} or more at "
            f"{len(sizes)} sizes up to {percent(sizes[-1])}."
        )
    trained = [point for point in found.points if point.seed not in mass.refused]
    failed = sum(math.isnan(point.success) for point in trained)
    if failed:
        said.append(f"{failed} of {len(trained)} trainings failed; they count for nothing.")
    for seed, reason in sorted(mass.refused.items()):
        said.append(f"Seed {seed} was skipped: {reason}")
    return said


def why_nothing(mass: FoundMass) -> str | None:
    """Return why a search has no answer, with what the first training said; None if it has one."""
    if not math.isnan(mass.estimate):
        return None
    first = next((one.error for one in mass.curves.outcomes if one.error), None)
    return f"{sentence(mass)} The first said: {first}" if first else sentence(mass)


def write_search(mass: FoundMass, folder: str | Path) -> Path:
    """Write the page, the plot and the data of a search to a folder; return the page's path.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    figure = mass.plot()
    svg = render(figure, "svg")
    plain = {**{who: getattr(next(iter(mass.curves)), who) for who in WHO}, **mass.to_json()}
    results = {**plain, "cells": mass.curves.to_json()["cells"]}
    files = {
        "search.svg": svg,
        "search.png": render(figure, "png"),
        "search_cells.csv": mass.curves.to_frame().to_csv(index=False).encode(),
        "search.csv": _csv(plain),
        "search.json": json.dumps(results, indent=1, allow_nan=False).encode(),
    }
    words = [sentence(mass), *notes(mass)]
    files["search.html"] = render_template(
        "search.html.j2", mass.curves, svg.decode(), files, findings=words, row=table_row(mass)
    ).encode()
    write_files(folder, files, "run the same command again")
    return folder / "search.html"


def _csv(row: dict[str, Any]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, row, lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode()


def _heading(mass: FoundMass) -> str:
    return mass.curves.heading(next(iter(mass.curves)))


def _interval(mass: FoundMass) -> str:
    return "–" if math.isnan(mass.estimate) else interval(mass.low, mass.high)
