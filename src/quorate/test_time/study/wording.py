"""A correction in words: who, how much was asked, the measures, and what it is not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from quorate.intervals import Estimate
from quorate.plain import finite_or_none
from quorate.runs.result import TextRow
from quorate.runs.wording import rate
from quorate.test_time.perturbations.budget import is_none, levels_of
from quorate.test_time.study.correction import Correction
from quorate.test_time.study.means import MeanOutcome
from quorate.test_time.study.measures import MEASURES, AdaptedEffect
from quorate.test_time.study.outcome import CorrectionOutcome
from quorate.test_time.study.parity import ParityChoice

NO_BUDGET_SAID = "no budget"
EDITS, ITSELF = "edits", "itself"  # as surrogates: none, and the platform's own gradients
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
    "The change that is the same for everyone cannot carry the label: the label-free line is the "
    "honest one. A change per class carries the label: a member picks it by their own true label, "
    "so part of the gain comes from label leakage, not from better recognition.",
)


def heading(mean: MeanOutcome, correction: Correction) -> str:
    """Return what the numbers that are shown are of."""
    return (
        f"{correction.subgroup.label} people of {correction.population.name} on {mean.platform}: "
        f"{counted(mean.members, 'member')} × {counted(mean.queries, 'query')}, {way(mean.proxy)}, "
        f"{at_most(mean.epsilon, correction.norm, correction.aim)}, "
        f"{counted(len(correction.seeds), 'seed')}"
    )


def searches(proxy: str) -> bool:
    """Whether photo edits are searched by asking, by the name of the surrogate."""
    return EDITS in proxy.split("+")


def way(proxy: str) -> str:
    """Return how a change is found, by the name of its surrogate.

    >>> way("cnn+mlp"), way("edits"), way("cnn+edits")
    ('surrogate cnn+mlp', 'photo edits searched by asking', 'photo edits searched by asking, \
beginning with surrogate cnn')
    """
    if proxy == ITSELF:
        return "the platform's own gradients, which no collective has"
    if not searches(proxy):
        return f"surrogate {proxy}"
    learners = [one for one in proxy.split("+") if one != EDITS]
    beginning = f", beginning with surrogate {'+'.join(learners)}" if learners else ""
    return f"photo edits searched by asking{beginning}"


def at_most(epsilon: float, norm: str = "linf", aim: str = "most") -> str:
    """Return the budget as an equation, or that there is none.

    >>> at_most(8 / 255), at_most(1.5, "l2"), at_most(1.0)
    ('ε = 8/255', 'ε = 1.5 (L2)', 'no budget')
    """
    if is_none(epsilon, norm):
        return NO_BUDGET_SAID
    return f"ε {'≤' if aim == 'parity' else '='} {budget(epsilon, norm)}"


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

    >>> budget(8 / 255), budget(0.05), budget(1.5, "l2"), budget(1.0)
    ('8/255', '0.05', '1.5 (L2)', 'no budget')
    """
    if is_none(epsilon, norm):
        return NO_BUDGET_SAID
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


def agreement(mean: MeanOutcome) -> str:
    """Return in a sentence how well the surrogate stands for the platform."""
    if mean.proxy in (EDITS, ITSELF):
        return f"There is no surrogate: the change comes from {way(mean.proxy)}."
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
    if is_none(epsilon, norm):
        return (
            "No budget: a picture may change as much as it takes, and people may see it. How much "
            "that is can be seen side by side, and in the structural similarity (SSIM; 1 is the "
            "same picture)."
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
    per_class = any(mean.has_per_class for mean in means)
    rows = []
    for mean in means:
        best = mean.measures.best_label_free
        row = {
            **{name: getattr(mean, name) for name in named},
            "members × queries": f"{mean.members:,} × {mean.queries:,}",
            "ε": budget(mean.epsilon, norm),
            "gap closed, label-free": _closed(best.gap_closed) if best else "–",
        }
        if adapts := any(one.measures.adaptive_label_free for one in means):
            row["least where it adapts"] = _weakest(mean.measures.adaptive_label_free)
        if per_class:
            row |= _per_class_row(mean, told_where_it_adapts=adapts)
        rows.append(row)
    return tuple(rows)


def _per_class_row(mean: MeanOutcome, *, told_where_it_adapts: bool) -> TextRow:
    """Return what the change of each class did, where there is one.

    Args:
        mean: of a collective.
        told_where_it_adapts: whether platforms that adapt stand in the row of the label-free one.
    """
    columns = ["per class", "force rate", "worst group"]
    if not told_where_it_adapts:
        columns.append("least where it adapts")
    if not mean.has_per_class:
        return dict.fromkeys(columns, "–")
    measures = mean.measures
    worst = [rate(one.worst_group_accuracy.value) for one in (measures.before, measures.after)]
    values = (
        _closed(measures.gap_closed),
        rate(measures.controls.force_rate.value),
        " → ".join(worst),
        _weakest(measures.adaptive),
    )
    return dict(zip(columns, values, strict=False))


def _closed(one: Estimate) -> str:
    return "–" if math.isnan(one.value) else measured(one, 2)


def _weakest(adaptive: Mapping[str, AdaptedEffect]) -> str:
    """Return the least gap closed on any platform that adapts, with its name."""
    found = [(one.gap_closed.value, name) for name, one in adaptive.items()]
    value, name = min((one for one in found if not math.isnan(one[0])), default=(math.nan, ""))
    return f"{name} {rate(value)}" if name else "–"
