"""A searched edit in words: its steps by hand, the gain that was confirmed, and what was tried.

What a search found is plain data here, as an outcome holds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quorate.intervals import Estimate
from quorate.runs.result import Section, TextRow
from quorate.runs.wording import rate
from quorate.test_time.perturbations.budget import is_none
from quorate.test_time.perturbations.told import by_hand
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import UNDEFINED, read_estimate
from quorate.test_time.study.wording import counted, measured

NO_EDIT = "exposure:stops=0"  # what a search ends with that finds nothing
WITHIN_A_BUDGET = " Only the file keeps within the budget: by hand the steps go beyond it."
MOST_TRIED = 8  # settings that are listed
ASSUMES = (
    "Its interval is a confidence sequence at 95%, which holds however often one looks. It assumes "
    "that the photos kept apart are like those of the people whom the edit is for, and that the "
    "platform answers as it did then."
)


def edit_sections(mean: MeanOutcome) -> list[Section]:
    """Return the steps of the searched edit, its confirmed gain, and what was tried.

    Args:
        mean: the cells that are shown; there is nothing to say where none searched.
    """
    found = [(one.seed, one.edit) for one in mean.outcomes if one.edit is not None]
    if not found:
        return []
    seed, shown = found[0]
    of_seed = f" Shown is seed {seed}, whose file is perturbation.npz." if len(found) > 1 else ""
    free = is_none(mean.epsilon, mean.outcomes[0].norm)
    said = f"{by_hand(shown['by_hand'])}{'' if free else WITHIN_A_BUDGET}"
    if nothing := shown["pipeline"] == NO_EDIT:
        said = "No edit did better than none: pictures are left as they are."
    rows, after = ((), ()) if nothing else (step_rows(shown), (confirmed(shown),))
    sections = [Section("The edit, step by step", (said + of_seed,), rows, after)]
    if len(found) > 1:
        sections.append(Section("What each seed's search found", rows=seed_rows(found)))
    if tried := tried_rows(shown):
        settings = counted(len(shown["tried"]), "setting")
        said = f"{settings} were asked about; those asked about most often come first.{of_seed}"
        sections.append(Section("What was tried", (said,), tried, on_page_only=True))
    return sections


def step_rows(edit: Mapping[str, Any]) -> tuple[TextRow, ...]:
    """Return one row a step: the edit, and what a phone's editor calls it."""
    steps = [part.strip() for part in str(edit["pipeline"]).split(" + ")]
    return tuple(
        {"step": f"{number}", "edit": step, "in a phone's editor": how}
        for number, (step, how) in enumerate(zip(steps, edit["by_hand"], strict=True), 1)
    )


def confirmed(edit: Mapping[str, Any]) -> str:
    """Return the confirmed gain in words, with what its interval assumes, and how alike it is."""
    gain = gain_of(edit)
    said = (
        f"Confirmed gain of accuracy: {measured(gain)}, on "
        f"{counted(int(edit.get('confirmed', 0)), 'photo')} that the search never used. {ASSUMES}"
    )
    return f"{said} {likeness(edit)}".rstrip()


def likeness(edit: Mapping[str, Any]) -> str:
    """Return how alike members' photos are before and after, in words; empty where not told."""
    alike, most = edit.get("similarity"), edit.get("distance")
    if alike is None or most is None:
        return ""
    return (
        f"On members' photos the structural similarity (SSIM) is {rate(float(alike))} on average, "
        f"and the largest change of a value {255 * float(most):.0f} of 255 levels (L∞)."
    )


def seed_rows(found: list[tuple[int, Mapping[str, Any]]]) -> tuple[TextRow, ...]:
    """Return one row a seed: its edit, the confirmed gain, and how alike pictures stay."""
    return tuple(
        {
            "seed": f"{seed}",
            "edit": named(edit),
            "confirmed gain": "–" if edit["pipeline"] == NO_EDIT else measured(gain_of(edit)),
            "SSIM": rate(_number(edit.get("similarity"))),
        }
        for seed, edit in found
    )


def tried_rows(edit: Mapping[str, Any]) -> tuple[TextRow, ...]:
    """Return one row a setting that was asked about, the most often asked first."""
    tried = sorted(edit.get("tried", ()), key=lambda one: -int(one["asked"]))
    return tuple(
        {
            "edit": named(one),
            "photos asked about": f"{int(one['asked']):,}",
            "read rightly": rate(int(one["right"]) / int(one["asked"])),
        }
        for one in tried[:MOST_TRIED]
        if int(one["asked"])
    )


def named(edit: Mapping[str, Any]) -> str:
    """Return the edit's text, or that it is none."""
    return "no edit" if edit["pipeline"] == NO_EDIT else str(edit["pipeline"])


def gain_of(edit: Mapping[str, Any]) -> Estimate:
    """Return the confirmed gain of accuracy, with its interval."""
    gain = edit.get("gain")
    return read_estimate(**gain) if isinstance(gain, Mapping) else UNDEFINED


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
