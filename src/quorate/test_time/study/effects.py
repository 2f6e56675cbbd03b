"""What each change did and what it carries, in words: the label-free one first, per class after.

A label-free change is the same function of the picture for everyone, so it cannot carry the label.
A change per class is chosen by the member's true label: part of its gain may be that label alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from quorate.intervals import Estimate
from quorate.runs.result import TextRow
from quorate.runs.wording import percent, rate
from quorate.test_time.perturbations.told import FAMILIES
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import AdaptedEffect
from quorate.test_time.study.wording import measured

FREE, PER_CLASS = "label-free", "per class"  # the two changes, in this order everywhere
FAVOURITE = "the best by surrogates"  # the family of each seed that they like best
CARRIES_NOTHING = (
    "It is the same function of the picture for everyone, so it cannot carry the label."
)
NO_GAP = "There was no gap to close: {who} people were served no worse than the others before."


# ------------------------------------------------------------------------------------ what was done


def found(mean: MeanOutcome, who: str) -> list[str]:
    """Return how much of the gap each change closes, with what it carries.

    Args:
        mean: what was measured.
        who: the subgroup.
    """
    best, per_class = mean.measures.best_label_free, mean.measures.gap_closed
    closings = [one.gap_closed for one in (best,) if one is not None] + [per_class]
    if all(math.isnan(one.value) for one in closings):
        return [NO_GAP.format(who=who)]
    said = []
    if best is not None:
        said.append(f"{closed(best.gap_closed, who, 'The label-free change')} {CARRIES_NOTHING}")
    if mean.has_per_class:
        said.append(f"{closed(per_class, who, 'The change per class')} {carries_label(mean)}")
    return said


def carries_label(mean: MeanOutcome) -> str:
    """Return in a sentence what the change of each class carries."""
    forced = mean.measures.controls.force_rate
    said = "It is chosen by the member's true label, so part of its gain is the label itself"
    return f"{said}." if math.isnan(forced.value) else f"{said} (force rate {measured(forced)})."


def closed(one: Estimate, who: str, change: str = "The change") -> str:
    """Return in words how much of the accuracy gap is closed; over-correction is named.

    Args:
        one: share of the gap closed.
        who: the subgroup.
        change: begins the sentence.
    """
    if math.isnan(one.value):
        return NO_GAP.format(who=who)
    gap = f"the accuracy gap between {who} people and the others"
    if one.value > 1:
        return (
            f"{change} over-corrects {gap}: it makes up for {_share(one)} of it. The gap is "
            f"turned around: {who} people are now served better than the others."
        )
    if one.value < 0:
        grown = Estimate(-one.value, -one.high, -one.low)
        return (
            f"{change} widens {gap} by {_share(grown)}: {who} people are served worse than "
            f"before.{_unsure(one)}"
        )
    return f"{change} closes {_share(one)} of {gap}.{_unsure(one)}"


def _unsure(one: Estimate) -> str:
    return " By this interval it may have changed nothing." if one.low <= 0 <= one.high else ""


def _share(one: Estimate) -> str:
    """Return a share with its interval in words.

    >>> _share(Estimate(0.5, 0.4, math.inf)), _share(Estimate(0.5, -0.2, 0.75))
    ('50% (95% interval: 40% or more)', '50% (95% interval: -20% to 75%)')
    """
    low, high = (percent(end) if math.isfinite(end) else "" for end in (one.low, one.high))
    if low and high:
        ends = f"{low} to {high}"
    else:
        ends = f"{low} or more" if low else f"{high} or less" if high else "any number"
    return f"{percent(one.value)} (95% interval: {ends})"


def free_rows(mean: MeanOutcome, who: str) -> tuple[TextRow, ...]:
    """Return one row a family of label-free changes; first what surrogates like best.

    Which family that is may differ by seed: then it has a row of its own.
    """
    measures, best = mean.measures, mean.measures.best_label_free
    effects = dict(measures.label_free)
    if best is not None and best != next(iter(effects.values())):
        effects = {FAVOURITE: best, **effects}
    rows = []
    for family, one in effects.items():
        row = {
            "family": family,
            f"{who}, before": rate(measures.before.accuracy_by_group[who].value),
            f"{who}, after": measured(one.accuracy),
            "gap closed": measured(one.gap_closed),
        }
        rows.append(row)
    return tuple(rows)


def families_in_words(mean: MeanOutcome) -> tuple[str, ...]:
    """Return in a sentence what the families of label-free changes are; a searched edit is told."""
    families = [family for family in mean.measures.label_free if mean.has_per_class]
    if not families:
        return ()
    said = ", ".join(f"{family}: {FAMILIES.get(family, family)}" for family in families)
    first = " In the first row is what surrogates like best." if len(families) > 1 else ""
    return (f"{said[:1].upper()}{said[1:]}.{first}",)


# --------------------------------------------------------------------------- how much of it is real


def how_real(mean: MeanOutcome, who: str) -> tuple[str, ...]:
    """Return the controls in words, those of the label-free change first."""
    per_class = _class_controls(mean) if mean.has_per_class else ()
    return (_accuracies(mean, who), *_free_controls(mean), *per_class)


def _accuracies(mean: MeanOutcome, who: str) -> str:
    measures, best = mean.measures, mean.measures.best_label_free
    was, now = (one.accuracy_by_group[who].value for one in (measures.before, measures.after))
    after = [f"{rate(best.accuracy.value)} with the label-free change"] if best else []
    if mean.has_per_class:
        after.append(f"{rate(now)} with that of their class")
    return f"Accuracy of {who} people: {rate(was)} before, {', '.join(after)}."


def _free_controls(mean: MeanOutcome) -> tuple[str, ...]:
    """Return what shows that the label-free change carries no label, and what it is worth."""
    measures, best = mean.measures, mean.measures.best_label_free
    if best is None:
        return (
            "No change that is the same for everyone was measured, so nothing here tells "
            "recognition from the label.",
        )
    said = [
        "The label-free change does the same to a picture under every label, so nobody can read "
        "the label from it: its information about the label, given the picture, is zero by "
        "construction."
    ]
    if measures.shuffled is not None:
        said.append(
            "Found again with labels shuffled among members' photos, it closes "
            f"{measured(measures.shuffled)} of the gap. What is above 0 here needs no true labels."
        )
    if (own := measures.own_classifier) is not None:
        said.append(
            f"A classifier that members train alone on the same photos: accuracy {measured(own)}. "
            f"{_own_against(own, best.accuracy)}"
        )
    if best.outside is not None:
        said.append(
            f"Accuracy of the others: {measured(measures.outside.accuracy)} as they are, served as "
            f"before; {measured(best.outside)}, had they used the label-free change."
        )
    return tuple(said)


def _own_against(own: Estimate, with_change: Estimate) -> str:
    """Return whether members' own classifier does better than the platform with the change."""
    if own.value >= with_change.value:
        return "That is no worse than the platform with the change: they could do without it."
    return "The platform with the change does better: asking it pays."


def _class_controls(mean: MeanOutcome) -> tuple[str, ...]:
    """Return how much of what the change of each class gains is the label."""
    controls, outside = mean.measures.controls, mean.measures.outside
    return (
        f"Force rate: {measured(controls.force_rate)}. The change of class c turns this share of "
        "other classes' pictures into c (label leakage).",
        f"Accuracy under a wrong class's change: {measured(controls.wrong_class)}.",
        f"Accuracy under random signs of the same budget: {measured(controls.random_sign)}.",
        f"Accuracy of the others: {measured(outside.accuracy)} as they are, served as before; "
        f"{measured(outside.had_they_joined)}, had they used the change of their class.",
    )


# ---------------------------------------------------------------------------- platforms that adapt


def adapted_by(mean: MeanOutcome, change: str) -> Mapping[str, AdaptedEffect]:
    """Return what remains of a change on platforms that adapt; none where not measured."""
    if change == PER_CLASS:
        return mean.measures.adaptive if mean.has_per_class else {}
    return mean.measures.adaptive_label_free


def both_adaptive_rows(mean: MeanOutcome, who: str) -> tuple[TextRow, ...]:
    """Return the rows of each change that was measured on platforms that adapt."""
    return tuple(
        {"change": change, **row}
        for change in (FREE, PER_CLASS)
        if adapted_by(mean, change)
        for row in adaptive_rows(mean, who, change)
    )


def adaptive_rows(mean: MeanOutcome, who: str, change: str = PER_CLASS) -> tuple[TextRow, ...]:
    """Return one row a platform that adapts, with the platform as it is first."""
    measures, best = mean.measures, mean.measures.best_label_free
    after, gap = measures.after.accuracy_by_group[who], measures.gap_closed
    if change == FREE and best is not None:
        after, gap = best.accuracy, best.gap_closed
    before = measures.before.accuracy_by_group[who]
    as_it_is = AdaptedEffect(measures.before.accuracy, before, after, gap)
    return tuple(
        {
            "platform": name,
            "everyone, before": rate(one.accuracy.value),
            f"{who}, before": rate(one.before.value),
            f"{who}, after": rate(one.after.value),
            "gap closed": measured(one.gap_closed),
        }
        for name, one in {"as it is": as_it_is, **adapted_by(mean, change)}.items()
    )
