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

from quorate.figures.queries import AttackCurve, queries_figure
from quorate.figures.style import render
from quorate.report.correction_words import budget
from quorate.report.files import write_files
from quorate.report.old_page import fill_template
from quorate.test_time.study.query_costs import QueryComparison

COLUMNS = (
    *("alone or pooled", "corrected", "95%", "broken", "queries per misread person"),
    *("per person of the subgroup", "95%", "per corrected person"),
)
NOTHING = {"value": None, "low": None, "high": None}


def print_comparison(found: QueryComparison, console: Console) -> None:
    """Print one row an attack, two a pool, and what follows."""
    console.print(_heading(found), soft_wrap=True)
    table = RichTable()
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == COLUMNS[0] else "right")
    for row in _table(found):
        table.add_row(*row)
    console.print(table)
    for sentence in sentences(found):
        console.print(sentence, soft_wrap=True)


def sentences(found: QueryComparison) -> list[str]:
    """Return the break-even subgroup of each attack for the largest pool, in words."""
    pool = max(found.pools(), key=_size)
    if pool["corrected"] is None:
        return ["The platform reads everyone of the subgroup rightly: there is nobody to correct."]
    said = []
    for row in found.rows():
        (one,) = (one["subgroup"] for one in row["break_even"] if _size(one) == _size(pool))
        mean, misread = row["queries_per_member"]["value"], row["queries_per_misread"]["value"]
        most = math.floor(one["value"])
        said.append(
            f"{row['attack']}: alone, a person of the subgroup spends {mean:,.1f} queries on "
            f"average ({_percent(row['misread'])} are misread and spend {misread:,.1f}, the others "
            f"one). The {pool['queries']:,.0f} queries of the pool of {pool['members']} members "
            f"are fewer in all once the subgroup has more than {most:,} "
            f"{'person' if most == 1 else 'people'} (95%: {math.floor(one['low']):,} to "
            f"{math.floor(one['high']):,})."
        )
    said.append(f"That pool's change per class {_does(pool, '')}.")
    if pool["corrected_label_free"] is not None:
        said.append(f"Its best label-free change {_does(pool, '_label_free')}.")
    return said


def _does(pool: Mapping[str, Any], which: str) -> str:
    broken = pool[f"broken{which}"]
    breaks = "" if broken is None else f" and breaks {_percent(broken)} of those read rightly"
    return f"corrects {_percent(pool[f'corrected{which}'])} of the misread{breaks}"


def _percent(rate: Mapping[str, float]) -> str:
    return f"{100 * rate['value']:.1f}%"


def _size(pool: Mapping[str, Any]) -> tuple[int, int]:
    return pool["members"], pool["queries_per_member"]


def write_comparison(found: QueryComparison, folder: str | Path) -> Path:
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
        columns=COLUMNS,
        rows=_table(found),
        findings=sentences(found),
    )
    files["queries.html"] = page.encode()
    write_files(folder, files, f"run quorate compare-queries {folder}")
    return folder / "queries.html"


def _heading(found: QueryComparison) -> str:
    seeds = sorted({one.seed for one in found.pooled})
    people = [next(one.people for one in found.pooled if one.seed == seed) for seed in seeds]
    several = len(found.description["correction"]["epsilon"]) > 1
    each = f"{min(people)} to {max(people)}" if len(set(people)) > 1 else f"{people[0]}"
    return (
        f"{each} people a seed whom the platform reads wrongly, "
        f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}, "
        f"ε = {budget(found.epsilon, found.norm)}{' (the last named)' if several else ''}, "
        f"at most {found.budget:,} queries alone"
    )


def _table(found: QueryComparison) -> list[list[str]]:
    """Return the rows of the table, as text."""
    rows = []
    for row in found.rows():
        misread, member = row["queries_per_misread"] or NOTHING, row["queries_per_member"]
        rows.append(
            [
                *(row["attack"], *_rate(row["corrected"]), "–", _number(misread["value"])),
                *(
                    _number(member["value"]),
                    f"{_number(member['low'])} to {_number(member['high'])}",
                ),
                _number(row["queries_per_corrected"]),
            ]
        )
    for pool in found.pools():
        spent = pool["queries"] / pool["subgroup"]
        name, cost = _pool_name(pool), _number(pool["queries_per_corrected"])
        shared = ["–", _number(spent), ""]
        rows.append([name, *_rate(pool["corrected"]), _rate(pool["broken"])[0], *shared, cost])
        if pool["corrected_label_free"] is not None:
            free, broken = pool["corrected_label_free"], pool["broken_label_free"]
            rows.append([f"{name}, label-free", *_rate(free), _rate(broken)[0], *shared, ""])
    return rows


def _alternatives(found: QueryComparison) -> list[AttackCurve]:
    """Return each attack's curve, the mean over seeds, and its queries a member."""
    lines = []
    for row in found.rows():
        curves = [one.curve for one in found.alone if one.attack == row["attack"] and one.curve]
        queries = np.array([q for q, _ in curves[0]] if curves else [], dtype=np.float64)
        rates = [[rate for _, rate in curve] for curve in curves]
        corrected = np.mean(rates, axis=0) if curves else queries
        member = row["queries_per_member"]
        ends = (member["value"], member["low"], member["high"])
        lines.append(AttackCurve(row["attack"], queries, corrected, *ends))
    return lines


def _pool_lines(found: QueryComparison) -> list[tuple[str, float, float]]:
    return [
        (
            _pool_name(pool),
            float(pool["queries"]),
            math.nan if pool["corrected"] is None else float(pool["corrected"]["value"]),
        )
        for pool in found.pools()
    ]


def _pool_name(pool: Mapping[str, Any]) -> str:
    return f"pool: {pool['members']} × {pool['queries_per_member']}"


def _rate(rate: Mapping[str, float] | None) -> tuple[str, str]:
    if rate is None:
        return "–", ""
    return f"{rate['value']:.3f}", f"{rate['low']:.3f} to {rate['high']:.3f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _facts(found: QueryComparison) -> dict[str, str]:
    plain = found.description["correction"]
    source = found.description["provenance"]
    return {
        "Platform": str(plain["platform"][0]),
        "Proxy": str(plain["proxy"][0]),
        "Attacks": ", ".join(row["attack"] for row in found.rows()),
        "Queries per person": "of the whole subgroup: whom the platform reads rightly stops after "
        "one query, that of finding out; a misread person's first is not counted apart",
        "Counted": "every answered row, by the platform's own meter; for a pool those that judge "
        "the proxy too",
        "Starts": "attacks that begin at a picture of the class are given one for nothing",
        "quorate": str(source.get("git_revision") or "installed"),
        "Machine": f"{source.get('processor')}, {source.get('system')}",
    }


def _flat(found: QueryComparison) -> list[dict[str, Any]]:
    rows = []
    for row in found.rows():
        for pool in row["break_even"]:
            rows.append(
                {
                    "attack": row["attack"],
                    "people": row["people"],
                    **_ends("misread", row["misread"]),
                    **_ends("corrected", row["corrected"]),
                    **_ends("queries_per_misread", row["queries_per_misread"]),
                    **_ends("queries_per_member", row["queries_per_member"]),
                    "queries_per_corrected": row["queries_per_corrected"],
                    "pool_members": pool["members"],
                    "pool_queries_per_member": pool["queries_per_member"],
                    **_ends("break_even_subgroup", pool["subgroup"]),
                }
            )
    return rows


def _ends(name: str, value: Mapping[str, float | None] | None) -> dict[str, float | None]:
    """Return a value and its interval as columns, empty where it is not defined."""
    value = value or NOTHING
    ends = {f"{name}_low": value["low"], f"{name}_high": value["high"]}
    return {name: value["value"], **ends}


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
