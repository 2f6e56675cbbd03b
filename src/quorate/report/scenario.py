"""What came of a scenario: tables, a page, pictures and files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from quorate import spec
from quorate.figures.style import render
from quorate.plain import finite_or_none
from quorate.report.files import to_csv, write_files
from quorate.report.old_page import fill_template
from quorate.scenarios.scenario import Ran, ScenarioResult


def print_scenario(result: ScenarioResult, console: Console) -> None:
    """Print the tables, each under its heading."""
    for heading, rows in result.tables().items():
        console.print(heading)
        table = RichTable(*(rows[0] if rows else ()))
        for row in rows:
            table.add_row(*row.values())
        console.print(table)


def write_scenario(ran: Ran, folder: str | Path, finding: Mapping[str, Any] | None = None) -> Path:
    """Write the page, the pictures and the data to a folder; return the page's path.

    Args:
        ran: what was run.
        folder: where to.
        finding: a claim with its verdict, as plain data.

    Raises:
        StoreError: the folder cannot be written, or the disk is full.
    """
    folder, result = Path(folder), ran.result
    pictures = result.pictures()
    files = {
        f"{name}.{kind}": render(picture.figure, kind)
        for name, picture in pictures.items()
        for kind in ("svg", "png", "pdf")
    }
    drawn = [
        {"svg": svg[svg.index("<svg") :], "caption": picture.caption}
        for name, picture in pictures.items()
        for svg in (files[f"{name}.svg"].decode(),)
    ]
    files["cells.csv"] = to_csv(result.rows())
    rows = [{key: finite_or_none(value) for key, value in row.items()} for row in result.rows()]
    kept = {**result.to_json(), "rows": rows, "tables": result.tables()}
    files["results.json"] = _json(kept)
    files["provenance.json"] = _json(ran.about())
    page = fill_template(
        "scenario.html.j2", result.title, files, _facts(ran),
        finding=finding, pictures=drawn, tables=result.tables(),
        lead=spec.summary(type(ran.scenario)),
    )  # fmt: skip
    files["report.html"] = page.encode()
    write_files(folder, files, "run the same command again")
    return folder / "report.html"


def _json(plain: Mapping[str, Any]) -> bytes:
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _facts(ran: Ran) -> dict[str, str]:
    """Return where the numbers come from, in words."""
    place = ran.provenance
    return {
        "Settings": spec.text(ran.scenario),
        "Seconds": f"{ran.seconds:.1f}",
        "quorate": str(place.get("git_revision") or "installed"),
        "Machine": f"{place.get('gpu') or place.get('processor')}, {place.get('system')}",
    }
