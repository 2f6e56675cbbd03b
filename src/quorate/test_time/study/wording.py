"""A correction in words: what it did, how much of it is real, and what it is not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from quorate.intervals import Estimate
from quorate.plain import finite_or_none
from quorate.runs.result import TextRow
from quorate.runs.wording import percent, rate
from quorate.test_time.perturbations.budget import levels_of
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import MEASURES, AdaptedEffect
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.parity import ParityChoice

NAMES = {
    "accuracy": "accuracy of everyone",
    "accuracy_gap": "accuracy gap",
    "worst_group_accuracy": "worst-group accuracy",
    "equal_opportunity_gap": "equal opportunity gap",
    "disparate_impact": "disparate impact",
}
CAUTIONS = (
    "Use it on systems that you may query: your own, or one whose owner or terms allow it. Every "
    "question costs the platform, and some terms forbid automated queries.",
    "It changes what one deployed model says of pictures that are sent in with the change. It does "
    "not protect against being watched or recognised, nor against another model, a person who "
    "looks, or a decision taken elsewhere; people who do not send it are served as before.",
    "A later model may undo it: the platform may train again, or clean what is uploaded, any day. "
    "That is why platforms that adapt are measured as well.",
    "A change per class carries the label: a member picks it by their own true label, so part of "
    "the gain comes from label leakage, not from better recognition. The change that is the same "
    "for everyone cannot carry the label: the label-free line is the honest one.",
)


def heading(mean: MeanOutcome, correction: Correction) -> str:
    """Return what the numbers that are shown are of."""
    return (
        f"{correction.subgroup.label} people of {correction.population.name} on {mean.platform}: "
        f"{counted(mean.members, 'member')} × {counted(mean.queries, 'query')}, surrogate "
        f"{mean.proxy}, ε {'≤' if correction.aim == 'parity' else '='} "
        f"{budget(mean.epsilon, correction.norm)}, "
        f"{counted(len(correction.seeds), 'seed')}"
    )


def counted(number: int, what: str) -> str:
    """Return how many there are of something.

    >>> counted(1, "query"), counted(1200, "query")
    ('1 query', '1,200 queries')
    """
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what[:-1]}ies" if what.endswith("y") else f"{number:,} {what}s"


def budget(epsilon: float, norm: str = "linf") -> str:
    """Return ε as a fraction of 255 levels where it is one, with the norm where it is not L∞.

    >>> budget(8 / 255), budget(0.05), budget(1.5, "l2")
    ('8/255', '0.05', '1.5 (L2)')
    """
    levels = epsilon * 255
    whole = norm == "linf" and abs(levels - round(levels)) < 1e-6
    return f"{round(levels)}/255" if whole else f"{epsilon:.4g}{' (L2)' if norm == 'l2' else ''}"


def span(one: Estimate, digits: int = 3) -> str:
    """Return an interval, ∞ where an end has no bound; a dash where nothing is known.

    >>> span(Estimate(0.3, 0.25, 0.5)), span(Estimate(0.3, 0.25, math.inf))
    ('[0.250, 0.500]', '[0.250, ∞)')
    >>> span(Estimate(math.nan, math.nan, math.nan)), span(Estimate(math.nan, 0.25, 1))
    ('–', '[0.250, 1.000]')
    """
    if math.isnan(one.value) and not (math.isfinite(one.low) and math.isfinite(one.high)):
        return "–"
    left = f"[{one.low:.{digits}f}" if math.isfinite(one.low) else "(−∞"
    return f"{left}, {f'{one.high:.{digits}f}]' if math.isfinite(one.high) else '∞)'}"


def measured(one: Estimate, digits: int = 3) -> str:
    """Return a value with its interval."""
    if math.isnan(one.value):
        return "not defined"
    return f"{one.value:.{digits}f} {span(one, digits)}"


def measure_rows(mean: MeanOutcome) -> tuple[TextRow, ...]:
    """Return one row a measure: before and after, each with its interval."""
    both = mean.measures.before, mean.measures.after
    groups = [
        (f"accuracy of {group}", [fairness.accuracy_by_group[group] for fairness in both])
        for group in both[0].accuracy_by_group
    ]
    others = [(NAMES[name], [getattr(fairness, name) for fairness in both]) for name in MEASURES]
    return tuple(
        {
            "measure": title,
            "before": rate(before.value),
            "before 95%": span(before),
            "after": rate(after.value),
            "after 95%": span(after),
        }
        for title, (before, after) in [*groups, *others]
    )


# ------------------------------------------------------------------------------------ what was done


def closed(mean: MeanOutcome, who: str) -> str:
    """Return in words how much of the accuracy gap is closed; over-correction is named."""
    one = mean.measures.gap_closed
    if math.isnan(one.value):
        return (
            f"There was no gap to close: {who} people were served no worse than the others before."
        )
    gap = f"the accuracy gap between {who} people and the others"
    if one.value > 1:
        return (
            f"The change over-corrects {gap}: it makes up for {_share(one)} of it. The gap is "
            f"turned around: {who} people are now served better than the others."
        )
    if one.value < 0:
        grown = Estimate(-one.value, -one.high, -one.low)
        return (
            f"The change widens {gap} by {_share(grown)}: {who} people are served worse than "
            f"before.{_unsure(one)}"
        )
    return f"The change closes {_share(one)} of {gap}.{_unsure(one)}"


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


def how_real(mean: MeanOutcome, who: str) -> tuple[str, ...]:
    """Return the controls in words: how much of the gain is real."""
    measures = mean.measures
    controls, outside = measures.controls, measures.outside
    was, now = (one.accuracy_by_group[who].value for one in (measures.before, measures.after))
    said = [f"Accuracy of {who} people: {rate(was)} before, {rate(now)} after."]
    if controls.label_free is not None:
        families = ", ".join(
            f"{family} {rate(one.gap_closed.value)}" for family, one in measures.label_free.items()
        )
        said.append(
            "Label-free, the same change for everyone (what surrogates like best): accuracy "
            f"{measured(controls.label_free)}. It cannot carry the label. Gap closed: {families}."
        )
    return (
        *said,
        f"Force rate: {measured(controls.force_rate)}. The change of class c turns this share of "
        "other classes' pictures into c (label leakage).",
        f"Accuracy under a wrong class's change: {measured(controls.wrong_class)}.",
        f"Accuracy under random signs of the same budget: {measured(controls.random_sign)}.",
        f"Accuracy of the others: {measured(outside.accuracy)} as they are, served as before; "
        f"{measured(outside.had_they_joined)} had they joined.",
    )


def adaptive_rows(mean: MeanOutcome, who: str) -> tuple[TextRow, ...]:
    """Return one row a platform that adapts, with the platform as it is first."""
    measures = mean.measures
    as_it_is = AdaptedEffect(
        measures.before.accuracy,
        measures.before.accuracy_by_group[who],
        measures.after.accuracy_by_group[who],
        measures.gap_closed,
    )
    return tuple(
        {
            "platform": name,
            "everyone, before": rate(one.accuracy.value),
            f"{who}, before": rate(one.before.value),
            f"{who}, after": rate(one.after.value),
            "gap closed": measured(one.gap_closed),
        }
        for name, one in {"as it is": as_it_is, **measures.adaptive}.items()
    )


def agreement(mean: MeanOutcome) -> str:
    """Return in a sentence how well the surrogate stands for the platform."""
    said = (
        f"The surrogate answers as the platform in {measured(mean.measures.agreement)} of the "
        "questions kept apart."
    )
    if mean.suspects:
        done = "left out" if mean.left_out else "kept in"
        some = counted(len(mean.suspects), "member")
        said += f" {some} contradicted everyone else and were {done}."
    return said


def queries(mean: MeanOutcome) -> str:
    """Return in a sentence what was asked: by the collective, and for measuring."""
    return (
        f"Queries: {mean.pooled:,} pooled, at most {mean.queries:,} of each member; "
        f"{mean.evaluation:,} more for measuring, metered apart."
    )


def noise(epsilon: float, norm: str) -> str:
    """Return in a sentence how much a picture may change."""
    if norm == "l2":
        return (
            f"Noise budget: all changes of a picture together have a length of at most "
            f"{epsilon:.4g} (L2), where black to white is 1."
        )
    most = levels_of(epsilon)
    return (
        f"Noise budget: each value of a picture changes by at most {most} of 255 levels "
        f"({most / 255:.1%} of the way from black to white)."
    )


def parity_rows(means: Sequence[MeanOutcome], norm: str) -> tuple[TextRow, ...]:
    """Return one row for each cell whose budget was chosen to close the gap."""
    return tuple(
        {
            "seed": str(one.seed),
            "members × queries": f"{one.members:,} × {one.queries_per_member:,}",
            "ε at most": budget(one.epsilon, norm),
            "ε used": budget(parity.epsilon, norm),
            "accuracy on photos kept apart": f"{measured(parity.accuracy)} of {parity.photos:,}",
            "accuracy of the others": rate(parity.others),
            "closes the gap": _closes(one, parity),
            "queries to choose": f"{parity.queries:,}",
        }
        for mean in means
        for one in mean.outcomes
        if (parity := one.parity) is not None
    )


def _closes(one: CorrectionOutcome, parity: ParityChoice) -> str:
    """Return whether a budget closes the gap on the photos kept apart, in words."""
    if finite_or_none(one.measures.gap_closed.value) is None:
        return "there was none"
    tried = parity.queries // parity.photos
    return "yes" if parity.closes else f"no, none of {tried} tried: the best is used"


def collective_rows(means: Sequence[MeanOutcome], norm: str) -> tuple[TextRow, ...]:
    """Return one row for each collective, platform, surrogate and budget.

    Platform and surrogate are named where there are several.
    """
    named = [name for name in ("platform", "proxy") if len({getattr(m, name) for m in means}) > 1]
    rows = []
    for mean in means:
        measures, best = mean.measures, mean.measures.best_label_free
        worst = [rate(one.worst_group_accuracy.value) for one in (measures.before, measures.after)]
        rows.append(
            {
                **{name: getattr(mean, name) for name in named},
                "members × queries": f"{mean.members:,} × {mean.queries:,}",
                "ε": budget(mean.epsilon, norm),
                "gap closed": rate(measures.gap_closed.value),
                "95%": span(measures.gap_closed),
                "worst group": " → ".join(worst),
                "force rate": rate(measures.controls.force_rate.value),
                "label-free": rate(best.gap_closed.value if best else None),
                "least where it adapts": _weakest(measures.adaptive),
            }
        )
    return tuple(rows)


def _weakest(adaptive: Mapping[str, AdaptedEffect]) -> str:
    """Return the least gap closed on any platform that adapts, with its name."""
    found = [(one.gap_closed.value, name) for name, one in adaptive.items()]
    value, name = min((one for one in found if not math.isnan(one[0])), default=(math.nan, ""))
    return f"{name} {rate(value)}" if name else "–"
