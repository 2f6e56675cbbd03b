"""What is seen in each picture of a correction."""

from __future__ import annotations

import math
from collections.abc import Mapping

from quorate.test_time.study import wording
from quorate.test_time.study.charts import LEAST_GAP
from quorate.test_time.study.examples import MOST_PEOPLE
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.sheets import MOST_CLASSES, Sheet


def captions(mean: MeanOutcome, norm: str, sheets: Mapping[str, Sheet]) -> dict[str, str]:
    """Return the caption of every picture by its name.

    Args:
        mean: what is shown.
        norm: of its budget.
        sheets: the pictures of people, and of the change of each class.
    """
    free, per_class = bool(mean.measures.label_free), mean.has_per_class
    found = {
        "gap": _gap(mean, free, per_class),
        "groups": _groups(free, per_class),
        "equal": "Gap closed by the label-free change, by all queries of the collective: each "
        "curve is one way to find it. Where one lies above another, it closes more for as many "
        "queries. Bars and bands are 95% intervals; one that ends in an arrow goes on.",
        "transfer": "Accuracy before and after, by platform and by surrogate, and gap closed where "
        f"the gap was {LEAST_GAP:g} or more, "
        f"with {wording.counted(mean.members, 'member')} of "
        f"{wording.counted(mean.queries, 'query')} each, "
        f"{wording.at_most(mean.epsilon, norm)}. All numbers: transfer.csv.",
    }
    if "pictures" in sheets:
        found["pictures"] = _people(sheets["pictures"], free, per_class)
    if "perturbations" in sheets:
        and_free = "The label-free change, and that" if free else "The change"
        found["perturbations"] = (
            f"{and_free} of each class (of {MOST_CLASSES} at most), "
            f"{_times(sheets['perturbations'])} around mid grey. A gain or a filter is shown by "
            "what it does to the subgroup's average picture."
        )
    return found


def _gap(mean: MeanOutcome, free: bool, per_class: bool) -> str:
    said = (
        f"Gap closed on {mean.platform} by {wording.way(mean.proxy)}: 0 is no change, 1 is no gap, "
        "above 1 the gap is turned around. "
    )
    if free and per_class:
        said += (
            "The dashed line is the change per class, which carries the label; the others are of "
            "the label-free change that surrogates like best. "
        )
    return f"{said}Bars and bands are 95% intervals; one that ends in an arrow goes on."


def _groups(free: bool, per_class: bool) -> str:
    said = []
    if free:
        said.append(
            "A label-free change (squares) is the same for everyone and cannot carry the label: "
            "this is the honest line."
        )
    if per_class:
        said.append(
            "A change per class (circles) is picked by the true label; the force rate (cross) is "
            "the share of other classes' pictures that it turns into its class."
        )
    return " ".join([*said, "Diamonds are controls, which show how much of it is real."])


def _people(sheet: Sheet, free: bool, per_class: bool) -> str:
    ways = [
        *(["with the label-free change"] if free else []),
        *(["with the change of their class"] if per_class else []),
    ]
    alone = ""
    if sheet.times:
        alone = f" Beside each, the change alone around mid grey, {_times(sheet)}."
    return (
        f"Up to {MOST_PEOPLE} people of the subgroup, at true scale: as they are, "
        f"{' and '.join(ways)}.{alone}{_likeness(sheet)}"
    )


def _likeness(sheet: Sheet) -> str:
    """Return how alike pictures are before and after, on average, and the largest change."""
    said = []
    for change in dict.fromkeys(row["change"] for row in sheet.rows):
        rows = [row for row in sheet.rows if row["change"] == change]
        most = f"at most {max(row['largest_levels'] for row in rows):.0f} of 255 levels"
        mean = sum(row["similarity"] for row in rows) / len(rows)
        alike = "" if math.isnan(mean) else f"SSIM {mean:.2f} on average, "
        said.append(f"{change}, {alike}{most}")
    if not said:
        return ""
    return (
        " Above each: structural similarity to the picture before (SSIM; 1 is the same picture) "
        f"and largest change of a value (L∞). In all: {'; '.join(said)}."
    )


def _times(sheet: Sheet) -> str:
    return f"{sheet.times} times as strong" if sheet.times > 1 else "at true scale"
