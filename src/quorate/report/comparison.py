"""Pooled queries beside everyone alone: a table, a page, a picture and files."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as RichTable

from quorate.correct.comparison import Comparison
from quorate.figures import render
from quorate.queries_figures import Alternative, queries_figure
from quorate.report.files import write_files
from quorate.report.page import fill_template


def print_comparison(found: Comparison, console: Console) -> None:
    """Print one row an attack, one a pool, and what follows."""
    console.print(_heading(found), soft_wrap=True)
    table = RichTable()
    for name in ("alone or pooled", "corrected", "95%", "queries a person", "per corrected"):
        table.add_column(name, justify="left" if name == "alone or pooled" else "right")
    for row in found.rows():
        table.add_row(
            row["attack"],
            *_rate(row["corrected"]),
            _number(row["queries_per_person"]),
            _number(row["queries_per_corrected"]),
        )
    for pool in found.pools():
        table.add_row(_pool_name(pool), *_rate(pool["corrected"]), "shared", "")
    console.print(table)
    for sentence in sentences(found):
        console.print(sentence, soft_wrap=True)


def sentences(found: Comparison) -> list[str]:
    """Return the break-even subgroup of each attack for the last pool, in words."""
    said = []
    pools = found.pools()
    for row in found.rows():
        last = row["break_even"][-1] if row["break_even"] else None
        if last is None or last["subgroup"] is None:
            said.append(f"{row['attack']}: nobody was there to be corrected.")
            continue
        said.append(
            f"{row['attack']}: the {pools[-1]['queries']:,.0f} queries of the pool of "
            f"{last['members']} members are fewer than everyone alone would spend once the "
            f"subgroup has more than {math.ceil(last['subgroup']):,} people."
        )
    return said


def write_comparison(found: Comparison, folder: str | Path) -> Path:
    """Write the page, the picture and the data to a folder; return the page's path.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder = Path(folder)
    figure = queries_figure(_alternatives(found), _pool_lines(found))
    svg = render(figure, "svg")
    files = {
        "queries.svg": svg,
        "queries.png": render(figure, "png"),
        "queries.csv": _csv(_flat(found)),
        "queries.json": json.dumps(found.to_json(), indent=1, allow_nan=False).encode(),
    }
    page = fill_template(
        "comparison.html.j2",
        "Pooled queries, or everyone alone?",
        files,
        _facts(found),
        svg=svg.decode()[svg.decode().index("<svg") :],
        heading=_heading(found),
        rows=[
            {
                "name": row["attack"],
                "cells": [
                    *_rate(row["corrected"]),
                    _number(row["queries_per_person"]),
                    _number(row["queries_per_corrected"]),
                ],
            }
            for row in found.rows()
        ]
        + [
            {"name": _pool_name(pool), "cells": [*_rate(pool["corrected"]), "shared", ""]}
            for pool in found.pools()
        ],
        findings=sentences(found),
    )
    files["queries.html"] = page.encode()
    write_files(folder, files, f"run quorate compare-queries {folder}")
    return folder / "queries.html"


def _heading(found: Comparison) -> str:
    people = sum(one.people for one in found.pooled[:1])
    seeds = len({one.seed for one in found.alone})
    return (
        f"{people} people a seed whom the platform reads wrongly, {seeds} seeds, ε = "
        f"{found.epsilon * 255:g}/255, at most {found.budget:,} queries alone"
    )


def _alternatives(found: Comparison) -> list[Alternative]:
    """Return each attack's curve, the mean over seeds, and its queries a person."""
    lines = []
    for row in found.rows():
        ours = [one for one in found.alone if one.attack == row["attack"]]
        queries = np.array([q for q, _ in ours[0].curve], dtype=np.float64)
        corrected = np.mean([[rate for _, rate in one.curve] for one in ours], axis=0)
        lines.append(Alternative(row["attack"], queries, corrected, row["queries_per_person"]))
    return lines


def _pool_lines(found: Comparison) -> list[tuple[str, float, float]]:
    return [
        (_pool_name(pool), float(pool["queries"]), float(pool["corrected"]["value"]))
        for pool in found.pools()
    ]


def _pool_name(pool: Mapping[str, Any]) -> str:
    return f"pool: {pool['members']} × {pool['queries_per_member']}"


def _rate(rate: Mapping[str, float] | None) -> tuple[str, str]:
    if rate is None:
        return "–", ""
    return f"{rate['value']:.3f}", f"{rate['low']:.3f} to {rate['high']:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _facts(found: Comparison) -> dict[str, str]:
    plain = found.description["correction"]
    source = found.description["provenance"]
    return {
        "Platform": str(plain["platform"][0]),
        "Proxy": str(plain["proxy"][0]),
        "Attacks": ", ".join(str(one["name"]) for one in found.description["attacks"]),
        "Counted": "every answered row, by the platform's own meter; for a pool those that judge "
        "the proxy too",
        "Starts": "attacks that begin at a picture of the class are given one for nothing",
        "quorate": str(source.get("git_revision") or "installed"),
        "Machine": f"{source.get('processor')}, {source.get('system')}",
    }


def _flat(found: Comparison) -> list[dict[str, Any]]:
    rows = []
    for row in found.rows():
        for pool in row["break_even"] or [{}]:
            rate = row["corrected"] or {}
            rows.append(
                {
                    "attack": row["attack"],
                    "people": row["people"],
                    "corrected": rate.get("value"),
                    "corrected_low": rate.get("low"),
                    "corrected_high": rate.get("high"),
                    "queries_per_person": row["queries_per_person"],
                    "queries_per_corrected": row["queries_per_corrected"],
                    "pool_members": pool.get("members"),
                    "pool_queries_per_member": pool.get("queries_per_member"),
                    "break_even_subgroup": pool.get("subgroup"),
                }
            )
    return rows


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["attack"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
