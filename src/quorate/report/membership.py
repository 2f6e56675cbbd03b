"""How well membership is inferred: a table, a page, a picture and files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from quorate.figures.style import render
from quorate.membership_inference.result import Memberships
from quorate.report.files import write_files
from quorate.report.page import fill_template, rate
from quorate.report.terminal import percent

COLUMNS = ("alpha", "whose", "attacker", "auc", "auc_before", "success", "accuracy")
HEADS = ("α", "whose", "attacker", "AUC", "if nobody acted", "success", "honest accuracy")


def print_membership(found: Memberships, console: Console) -> None:
    """Print one row a size, an attacker and whose membership is asked after."""
    table = RichTable(*HEADS)
    for row in table_rows(found):
        table.add_row(*(row[name] for name in COLUMNS))
    console.print(table)


def write_membership(
    found: Memberships, folder: str | Path, finding: Mapping[str, Any] | None = None
) -> Path:
    """Write the page, the picture and the data to a folder; return the page's path.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    figure = found.plot()
    svg = render(figure, "svg")
    files = {
        "membership.svg": svg,
        "membership.png": render(figure, "png"),
        "cells.csv": found.to_frame().to_csv(index=False).encode(),
        "results.json": json.dumps(
            {**found.to_json(), "tables": {found.title: headed_rows(found)}},
            indent=1,
            ensure_ascii=False,
            allow_nan=False,
        ).encode(),
    }
    page = fill_template(
        "membership.html.j2",
        found.title,
        files,
        _facts(found),
        finding=finding,
        svg=svg.decode()[svg.decode().index("<svg") :],
        rows=table_rows(found),
    )
    files["report.html"] = page.encode()
    write_files(folder, files, "run the same command again")
    return folder / "report.html"


def headed_rows(found: Memberships) -> list[dict[str, str]]:
    """Return the rows of the table, by the heads of its columns."""
    heads = dict(zip(COLUMNS, HEADS, strict=True))
    return [{heads[key]: text for key, text in row.items()} for row in table_rows(found)]


def table_rows(found: Memberships) -> list[dict[str, str]]:
    """Return means over seeds as text, one row a size, an attacker and whose."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in found.rows:
        groups.setdefault((row["alpha"], row["whose"], row["attacker"]), []).append(row)
    return [
        {
            "alpha": percent(alpha),
            "whose": whose,
            "attacker": attacker,
            **{name: _mean([row[name] for row in rows]) for name in COLUMNS[3:]},
        }
        for (alpha, whose, attacker), rows in groups.items()
    ]


def _mean(values: list[Any]) -> str:
    return rate(float(np.mean([np.nan if value is None else value for value in values])))


def _facts(found: Memberships) -> dict[str, str]:
    """Return where the numbers come from, in words."""
    about = [cell.about for cell in found.cells]
    place = about[0]["provenance"]
    return {
        "Settings": json.dumps(about[0]["description"], ensure_ascii=False),
        "Seeds": ", ".join(map(str, found.seeds)),
        "Seconds of training": f"{sum(one['seconds'] for one in about):.0f}",
        "quorate": str(place.get("git_revision") or "installed"),
        "Machine": f"{place.get('gpu') or place.get('processor')}, {place.get('system')}",
    }
