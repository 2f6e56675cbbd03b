"""Tables in the terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.table import Table as RichTable

from quorate.studies.curves import Curve, Curves


def print_curves(curves: Curves, console: Console) -> None:
    """Print S(α) of every curve and the critical masses below."""
    for heading, group in _by_heading(curves).items():
        console.print(f"{heading}: success S(α) / accuracy on honest people", soft_wrap=True)
        console.print(success_table(group, curves.called))
    console.print(f"Critical mass α* for S* = {curves.target:g}, 95% interval over seeds")
    console.print(mass_table(curves))
    failed = [outcome for outcome in curves.outcomes if outcome.error]
    for outcome in failed[:5]:
        console.print(
            f"Failed: {outcome.learner}, α={outcome.alpha:g}, seed {outcome.seed}: {outcome.error}"
        )
    if len(failed) > 5:
        console.print(f"... and {len(failed) - 5} more failed cells.")


def success_table(curves: Iterable[Curve], called: Callable[[str], str] = str) -> RichTable:
    """Return mean success, with mean honest accuracy, one row a size and one column a learner."""
    curves = list(curves)
    table = RichTable()
    table.add_column("α", justify="right")
    for curve in curves:
        name = called(curve.learner).replace(":", ":\n", 1).replace(",", ",\n")
        table.add_column(name, justify="right")
    for alpha in sorted({a for curve in curves for a in curve.alphas}):
        table.add_row(percent(alpha), *(_cell(curve, alpha) for curve in curves))
    return table


def mass_table(curves: Curves) -> RichTable:
    """Return the critical masses, one row a curve."""
    table = RichTable()
    table.add_column("learner")
    for name in ("α*", "interval", "people", "seeds that reach it", "bound"):
        table.add_column(name, justify="right")
    several = len(_by_heading(curves)) > 1
    masses = curves.critical_masses()
    for (curve, _), row in zip(masses.rows, masses.to_rows(), strict=True):
        bound = row["bound"]
        table.add_row(
            (f"{curves.heading(curve)}: " if several else "") + row["called"],
            percent(row["estimate"]),
            interval(row["low"], row["high"]),
            people(row["members"]),
            f"{row['reached'] * row['seeds']:.0f} of {row['seeds']}",
            "–" if bound is None else f"{percent(bound)}",
        )
    return table


def percent(alpha: float) -> str:
    """Return a fraction as a percentage with three digits; inf as "not reached".

    >>> percent(0.00123456), percent(float("inf")), percent(float("nan"))
    ('0.123%', 'not reached', 'not measured')
    """
    if math.isnan(alpha):
        return "not measured"
    return "not reached" if math.isinf(alpha) else f"{100 * alpha:.3g}%"


def interval(low: float, high: float) -> str:
    """Return an interval of fractions as percentages; a dash where nothing was measured.

    >>> interval(0.01, 0.1), interval(float("nan"), float("nan"))
    ('(1%, 10%]', '–')
    """
    return "–" if math.isnan(low) else f"({percent(low)}, {percent(high)}]"


def people(number: float) -> str:
    """Return how many people, to the nearest whole; a dash where there is no number.

    >>> people(12.0), people(float("inf"))
    ('12', '–')
    """
    return f"{number:.0f}" if math.isfinite(number) else "–"


def _by_heading(curves: Curves) -> dict[str, list[Curve]]:
    groups: dict[str, list[Curve]] = {}
    for curve in curves:
        groups.setdefault(curves.heading(curve), []).append(curve)
    return groups


def _cell(curve: Curve, alpha: float) -> str:
    import numpy as np

    at = np.flatnonzero(curve.alphas == alpha)
    if not len(at) or np.isnan(curve.success[at[0]]).all():
        return "–"
    success, accuracy = (np.nanmean(v[at[0]]) for v in (curve.success, curve.accuracy))
    return f"{success:.3f} / {accuracy:.3f}"
