"""Tables for papers, in LaTeX: critical masses, and gaps closed at test time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from quorate.intervals import mean_over_seeds
from quorate.report.correction_summary import Row
from quorate.report.correction_words import budget, number, span
from quorate.report.curve_tables import interval, people, percent
from quorate.report.latex import Column, escape, tabular
from quorate.studies.curves import Curve, Curves
from quorate.test_time.study.correction import Correction
from quorate.version import __version__

AT_TEST_TIME = (  # what a correction is judged by, and its column
    ("before.worst_group_accuracy", Column("before", above="worst group")),
    ("after.worst_group_accuracy", Column("after", above="worst group")),
    ("controls.force_rate", Column("force rate")),
    ("label_free.best.gap_closed", Column("label-free")),
)


def mass_table(curves: Curves) -> str:
    r"""Return the critical masses as a table to \input, with S and honest accuracy at both ends."""
    largest = {float(curve.alphas[-1]) for curve in curves}
    top = (
        rf"$\alpha = {escape(percent(largest.pop()))}$"
        if len(largest) == 1
        else r"largest $\alpha$"
    )
    columns = [
        Column("learner", "l"),
        Column(r"$\alpha^*$"),
        Column(r"95\% interval", "l"),
        Column("members"),
        *(
            Column(title, above=above)
            for above in ("success $S$", "honest accuracy")
            for title in (r"$\alpha = 0$", top)
        ),
    ]
    groups: dict[str, list[Sequence[str] | str]] = {}
    for curve, mass in curves.critical_masses().rows:
        found = (percent(mass.estimate), interval(mass.low, mass.high))
        members = people(mass.estimate * curve.people)
        cells = (curves.called(curve.learner), *found, members, *_both_ends(curve))
        groups.setdefault(curves.heading(curve), []).append([escape(cell) for cell in cells])
    several = len(groups) > 1
    rows = [
        row
        for heading, group in groups.items()
        for row in ([escape(heading), *group] if several else group)
    ]
    what = f"critical masses for S* = {curves.target:g}"
    return tabular(
        columns, rows, _note(what if several else f"{what}, {escape(next(iter(groups)))}")
    )


def _both_ends(curve: Curve) -> list[str]:
    """Return mean success without a collective and with the largest, then accuracy likewise."""
    found = []
    for values in (curve.success, curve.accuracy):
        mean = mean_over_seeds(values)
        without = float(mean[0]) if curve.alphas[0] == 0 else math.nan
        found += ["–" if math.isnan(v) else f"{v:.3f}" for v in (without, float(mean[-1]))]
    return found


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


def text_table(heading: str, rows: Sequence[Mapping[str, str]]) -> str:
    r"""Return rows of text as a table to \input; words stand to the left, numbers to the right."""
    columns = [
        Column(escape(name), "l" if any(_is_word(row[name]) for row in rows) else "r")
        for name in rows[0]
    ]
    return tabular(
        columns, [[escape(value) for value in row.values()] for row in rows], _note(escape(heading))
    )


def _is_word(text: str) -> bool:
    return text[:1].isalpha()


def _note(what: str) -> str:
    return f"quorate {__version__}: {what}"
