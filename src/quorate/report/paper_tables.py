"""A table for papers, in LaTeX: gaps closed at test time."""

from __future__ import annotations

from collections.abc import Sequence

from quorate.report.correction_summary import Row
from quorate.report.correction_words import budget, number, span
from quorate.report.latex import Column, escape, tabular
from quorate.test_time.study.correction import Correction
from quorate.version import __version__

AT_TEST_TIME = (  # what a correction is judged by, and its column
    ("before.worst_group_accuracy", Column("before", above="worst group")),
    ("after.worst_group_accuracy", Column("after", above="worst group")),
    ("controls.force_rate", Column("force rate")),
    ("label_free.best.gap_closed", Column("label-free")),
)


def correction_table(rows: Sequence[Row], correction: Correction) -> str:
    r"""Return what a correction found as a table to \input, one row a collective and budget."""
    named = [
        name for name in ("platform", "proxy") if len({getattr(row, name) for row in rows}) > 1
    ]
    columns = [
        *(Column(name, "l") for name in named),
        *map(Column, ("members", "queries", r"$\varepsilon$", "gap closed")),
        Column(r"95\% interval", "l"),
        *(column for _, column in AT_TEST_TIME),
    ]
    body = []
    for row in rows:
        gap = row["gap_closed"].to_json()
        cells = [
            *(getattr(row, name) for name in named),
            *(str(row.members), str(row.queries), budget(row.epsilon, correction.norm)),
            *(number(gap["value"]), span([gap["low"], gap["high"]], gap["value"])),
            *(number(row[name].to_json()["value"]) for name, _ in AT_TEST_TIME),
        ]
        body.append([escape(cell) for cell in cells])
    return tabular(columns, body, _note("gap closed at test time, by members and queries of each"))


def _note(what: str) -> str:
    return f"quorate {__version__}: {what}"
