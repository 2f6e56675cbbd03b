"""The search over columns in words that members can be shown."""

from __future__ import annotations

import math
import shlex

from quorate.planning.certify import Objective
from quorate.planning.coarsening import Coarsening, Coarsenings
from quorate.planning.wording import asked, bound, counted, number
from quorate.runs.result import Section, TextRow
from quorate.runs.wording import percent

HEADING = "If the platform learned from fewer columns"
FEW = 4  # columns that a sentence names


def coarsened(found: Coarsenings, objective: Objective) -> str:
    """Return from which columns the platform would have to learn for the target."""
    wanted = f"a success of {asked(objective.success)}"
    if not found.items:
        alone = _listed(tuple(objective.signal))
        return f"Even if the platform learned from {alone} alone, {wanted} could not be certified."
    enough = [one for one in found.items if one.success >= objective.success]
    if enough:
        return (
            f"If the platform learned from {_named(enough[0])} alone, {wanted} would be certified "
            "for the members of today."
        )
    least = min(found.items, key=lambda one: one.n_for_target or math.inf)
    share = percent((least.n_for_target or 0) / objective.platform_size)
    return (
        f"If the platform learned from {_named(least)} alone, "
        f"{counted(least.n_for_target or 0, 'member')} ({share} of the platform) would be enough "
        f"for {wanted} to be certified."
    )


def _named(one: Coarsening) -> str:
    """Return the columns in words, or how many they are."""
    bins = "" if one.bins is None else f", numbers in {one.bins} bins,"
    if len(one.columns) <= FEW:
        return f"{_listed(one.columns)}{bins}"
    return f"{len(one.columns)} of these {len(one.columns) + len(one.left_out)} columns{bins}"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def section(found: Coarsenings, objective: Objective, *, searched: bool = False) -> Section:
    """Return the part of the page on what would be certified with fewer columns.

    Args:
        found: the sets of columns.
        objective: what members want to achieve.
        searched: whether the signal comes from a search, whose options must then name it.
    """
    about = (
        "Each line is certified only if the platform learns from these columns alone, in these "
        "bins. That is a fact about the platform, which members do not choose: if it learns from "
        f"more, the line is void. The search could try {counted(found.tried, 'set')} of columns "
        f"and bins, and all of them are paid for, so that the lines hold together with "
        f"{asked(objective.confidence)} confidence. To certify one again, give the plan its "
        "options; who knew these columns before looking at the rows can leave out --confidence."
    )
    if searched:
        pairs = (f"{name}={value}" for name, value in objective.signal.items())
        about += f" Name the signal in place of --suggest: --signal {shlex.quote(','.join(pairs))}."
    rows = tuple(_text_row(one, objective) for one in found.items)
    return Section(HEADING, (about,), rows)


def _text_row(one: Coarsening, objective: Objective) -> TextRow:
    needed = one.n_for_target
    share = "–" if needed is None else percent(needed / objective.platform_size)
    return {
        "columns": f"{len(one.columns)} of {len(one.columns) + len(one.left_out)}",
        f"members for {asked(objective.success)}": number(needed),
        "share of the platform": share,
        "success now, at least": bound(one.success),
        "options": one.options,
    }
