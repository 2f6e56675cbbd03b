"""How differently a platform treats groups, with intervals.

Shape letters: n people, m groups, k labels, r resamples. Every measure is made of counts by group
and label, so a bootstrap draws counts and never touches the people again. fairlearn's measures,
checked against it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.table import Labels, Mask, Rng
from quorate.validate import at_least, in_interval

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]
AT_ONCE = 2**21  # counts of one kind that are held in memory


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; NaN where not defined, infinite ends where data set no bound."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return plain data; None for what is not finite."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Fairness:
    """How differently groups are treated; all in [0, 1], NaN where not defined.

    Args:
        accuracy_by_group: fraction that is predicted right, by the groups' names.
        accuracy: the same of everyone.
        accuracy_gap: highest accuracy of a group − lowest.
        worst_group_accuracy: lowest accuracy of a group.
        equal_opportunity_gap: highest true positive rate of a group − lowest.
        disparate_impact: lowest selection rate of a group / highest; 1 where all are equal.
    """

    accuracy_by_group: dict[str, float]
    accuracy: float
    accuracy_gap: float
    worst_group_accuracy: float
    equal_opportunity_gap: float
    disparate_impact: float

    def to_json(self) -> dict[str, Any]:
        """Return plain data; None for what is not defined."""
        of_groups = {name: _plain(value) for name, value in self.accuracy_by_group.items()}
        rest = {f.name: _plain(getattr(self, f.name)) for f in fields(self)[1:]}
        return {"accuracy_by_group": of_groups, **rest}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


# --------------------------------------------------------------------------------------- one number


def measure(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    positive: int | None = None,
) -> Fairness:
    """Return how differently the groups are treated.

    With a positive label, as fairlearn's ``equal_opportunity_difference`` and
    ``demographic_parity_ratio``. Without one, and with more than two labels, each label is taken as
    the positive one in turn, and both measures are means over labels. Not the worst label: with
    many labels and few rows of each, some label is always missed by chance, and the worst is near 1
    (the ratio near 0) whatever the platform does. Even the mean gap is too high by about the noise
    of one label's rates, and the mean ratio too low; ``intervals`` takes this into account.

    A label counts towards the equal-opportunity gap if every group has rows of it (fairlearn takes
    the rate of a group without any as 0), and towards the disparate impact if anyone at all is
    predicted to have it, as 0/0 says nothing. Where no label counts, the measure is NaN.

    Args:
        y, predicted: indices of the true and the predicted labels among k, (n,).
        group: index of each person's group among ``groups``, (n,).
        groups: the m group names.
        k: number of labels.
        positive: the label that is wanted; None means the last of two, all of more.

    >>> y, predicted = np.array([1, 1, 0, 1, 1, 0]), np.array([1, 0, 0, 1, 1, 0])
    >>> found = measure(y, predicted, np.array([0, 0, 0, 1, 1, 1]), ("a", "b"), k=2)
    >>> found.equal_opportunity_gap, found.disparate_impact
    (0.5, 0.5)

    Raises:
        InputError: lengths disagree, an index is out of range, or a group has no rows.
    """
    tables = _count(y, predicted, group, groups, k)
    accuracy, values = tables.accuracy[0], tables.measures(_wanted(k, positive))
    return Fairness(
        accuracy_by_group=dict(zip(groups, accuracy.tolist(), strict=True)),
        accuracy=float((np.asarray(y) == np.asarray(predicted)).mean()),
        **{name: float(value[0]) for name, value in values.items()},
    )


@dataclass(frozen=True, eq=False)
class GroupCounts:
    """What every measure is made of: r tables of counts by group and label, (r, m, k) each.

    Args:
        right, wrong: rows of the label that are predicted to have it, and that are not.
        chosen: rows that are predicted to have the label.
    """

    right: Counts
    wrong: Counts
    chosen: Counts

    @property
    def accuracy(self) -> Floats:
        """Fraction of each group that is predicted right, (r, m)."""
        return np.asarray(self.right.sum(axis=2) / self.chosen.sum(axis=2))

    def true_positive_rate(self, labels: slice) -> Floats:
        """Fraction of each label's rows that is predicted to have it, (r, m, l); NaN of none."""
        right, wrong = self.right[..., labels], self.wrong[..., labels]
        return np.asarray(right / np.where(right + wrong > 0, right + wrong, np.nan))

    def selection_rate(self, labels: slice) -> Floats:
        """Fraction of each group that is predicted to have each label, (r, m, l)."""
        return np.asarray(self.chosen[..., labels] / self.chosen.sum(axis=2, keepdims=True))

    def measures(self, labels: slice) -> dict[str, Floats]:
        """Return the four measures of each table, (r,)."""
        accuracy = self.accuracy
        return {
            "accuracy_gap": _span(accuracy),
            "worst_group_accuracy": accuracy.min(axis=1),
            "equal_opportunity_gap": _over_labels(_span(self.true_positive_rate(labels))),
            "disparate_impact": _over_labels(_ratio(self.selection_rate(labels))),
        }

    def resampled(self, resamples: int, rng: Rng) -> GroupCounts:
        """Return the counts after people are drawn again from each group, (resamples, m, k).

        The group's size is kept, its labels are not: who is asked next has other labels too. Were
        they kept, a platform without errors would have selection rates without noise. Right and
        wrong are drawn together and ``chosen`` apart, each by its own law: no measure needs both.
        """
        k = self.chosen.shape[2]
        outcomes = _draw(np.concatenate([self.right[0], self.wrong[0]], axis=1), resamples, rng)
        chosen = _draw(self.chosen[0], resamples, rng)
        return GroupCounts(outcomes[..., :k], outcomes[..., k:], chosen)


def _span(rates: Floats) -> Floats:
    """Return highest − lowest over the groups."""
    return np.asarray(rates.max(axis=1) - rates.min(axis=1))


def _ratio(rates: Floats) -> Floats:
    """Return lowest/highest over the groups, NaN for 0/0."""
    highest = rates.max(axis=1)
    return np.asarray(rates.min(axis=1) / np.where(highest > 0, highest, np.nan))


def _over_labels(values: Floats) -> Floats:
    """Return the mean over the last axis of what is defined, NaN of nothing."""
    defined = ~np.isnan(values)
    counted = defined.sum(axis=-1)
    total = np.where(defined, values, 0).sum(axis=-1)
    return np.asarray(total / np.where(counted > 0, counted, np.nan))


def _draw(counts: Counts, resamples: int, rng: Rng) -> Counts:
    """Return multinomial draws of each row of counts (m, c), its total kept, (resamples, m, c)."""
    drawn = np.zeros((resamples, *counts.shape), dtype=np.int64)
    for row, have in enumerate(counts):
        cells = np.flatnonzero(have)  # what was never seen is never drawn
        total = have.sum()
        drawn[:, row, cells] = rng.multinomial(total, have[cells] / total, size=resamples)
    return drawn


def _wanted(k: int, positive: int | None) -> slice:
    """Return the labels that are taken as the positive one in turn."""
    if positive is None:
        return slice(k - 1, k) if k <= 2 else slice(0, k)
    in_interval("positive", positive, 0, k - 1, f"It is an index among the {k} labels.")
    return slice(positive, positive + 1)


def _count(
    y: Labels, predicted: Labels, group: Labels, groups: Sequence[str], k: int
) -> GroupCounts:
    """Return the counts of these people, (1, m, k) each.

    Raises:
        InputError: lengths disagree, an index is out of range, or a group has no rows.
    """
    at_least("k", k, 1, "It is the number of labels.")
    y, predicted, group = _codes(y=y, predicted=predicted, group=group)
    m = len(groups)
    for name, codes, size in (("y", y, k), ("predicted", predicted, k), ("group", group, m)):
        if codes.min() < 0 or codes.max() >= size:
            raise InputError(
                f"Expected {name} in [0, {size - 1}], got {codes.min()} to {codes.max()}. "
                "Give indices, and name every label and group."
            )
    empty = [groups[g] for g, size in enumerate(np.bincount(group, minlength=m)) if size == 0]
    if empty:
        raise InputError(
            f"Expected people in every group, got none in {', '.join(map(str, empty))}. "
            "Leave out groups that nobody is in."
        )

    def table(cells: Labels) -> Counts:
        return np.bincount(cells, minlength=m * k).reshape(1, m, k)

    right = y == predicted  # (n,)
    of_label = group * k + y  # (n,)
    return GroupCounts(
        table(of_label[right]), table(of_label[~right]), table(group * k + predicted)
    )


def _codes(**given: Labels) -> tuple[Labels, ...]:
    """Return integers of one length; the first sets it."""
    arrays = {name: np.asarray(codes) for name, codes in given.items()}
    first = next(iter(arrays))
    for name, codes in arrays.items():
        if codes.ndim != 1 or codes.shape != arrays[first].shape:
            raise InputError(
                f"Expected one entry of {name} per person, got shape {codes.shape} where {first} "
                f"has {arrays[first].shape}. Give {name} the rows of {first}."
            )
        if not len(codes):
            raise InputError("Expected at least one person, got none. Measure on held-out people.")
        if codes.dtype.kind not in "iub":
            raise InputError(
                f"Expected integers for {name}, got {codes.dtype}. Give indices of the names."
            )
    return tuple(codes.astype(np.int64, copy=False) for codes in arrays.values())


# ---------------------------------------------------------------------------------------- intervals


def intervals(
    y: Labels,
    predicted: Labels,
    group: Labels,
    groups: Sequence[str],
    k: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    rng: Rng,
    positive: int | None = None,
) -> dict[str, Interval]:
    """Return the ends of the interval of every measure, by the measure's name.

    Accuracies, ``accuracy`` and ``accuracy[NAME]`` of each group, are plain rates: ``wilson``. The
    four measures M are bootstrapped within groups. Percentiles alone would be wrong: noise opens
    gaps, and resampling opens them once more, so that where there is no gap they hold the truth
    hardly ever. Let θ be the groups' rates and θ* a resample's. A gap M is convex, so M(θ*) is too
    high if anything (Jensen), and its percentile is the upper end. M(θ̂) ≤ M(θ) + M(θ̂ − θ) is the
    triangle inequality, so the lower end is that of M(θ̂) − M(θ* − θ̂). The worst accuracy is minus
    such a measure, the disparate impact one in the logarithms of the rates: their ends change
    places. They hold ``level`` in large samples, more with many groups or labels. Status: derived.

    Args:
        y, predicted, group, groups, k, positive: as in ``measure``.
        resamples: how often people are drawn again.
        level: how often the interval is to hold the truth, in (0, 1).

    Returns:
        The ends, in [0, 1] and around the measure; NaN where the measure is not defined. A group in
        which every resample is alike (all are right, or nobody is selected) has no noise here.

    Raises:
        InputError: as ``measure``; or resamples or level are out of range.
    """
    _check_resampling(resamples, level)
    tables, labels = _count(y, predicted, group, groups, k), _wanted(k, positive)
    tail = (1 - level) / 2
    right, sizes = tables.right[0].sum(axis=1), tables.chosen[0].sum(axis=1)  # (m,), (m,)
    rates = {"accuracy": wilson(int(right.sum()), int(sizes.sum()), level)} | {
        f"accuracy[{name}]": wilson(int(a), int(b), level)
        for name, a, b in zip(groups, right, sizes, strict=True)
    }
    found = {name: (rate.low, rate.high) for name, rate in rates.items()}
    ends = _resampled_ends(tables, labels, resamples, rng)
    for name, (value,) in tables.measures(labels).items():
        lows, highs = ends[name]
        low, high = _quantile(lows, tail), _quantile(highs, 1 - tail)
        found[name] = (max(0.0, min(low, float(value))), min(1.0, max(high, float(value))))
        if math.isnan(value):
            found[name] = (math.nan, math.nan)
    return found


def _resampled_ends(
    tables: GroupCounts, labels: slice, resamples: int, rng: Rng
) -> dict[str, tuple[Floats, Floats]]:
    """Return what the lower and upper ends are quantiles of, (resamples,) each."""
    most = max(1, AT_ONCE // tables.chosen.size)
    parts = [
        _ends(tables, tables.resampled(min(most, resamples - done), rng), labels)
        for done in range(0, resamples, most)
    ]
    return {
        name: (
            np.concatenate([part[name][0] for part in parts]),
            np.concatenate([part[name][1] for part in parts]),
        )
        for name in parts[0]
    }


def _ends(seen: GroupCounts, drawn: GroupCounts, labels: slice) -> dict[str, tuple[Floats, Floats]]:
    """Return M(θ*), and M(θ̂) with the gap M(θ* − θ̂) of the noise taken off."""
    value, again = seen.measures(labels), drawn.measures(labels)
    noise = drawn.accuracy - seen.accuracy  # (r, m)
    of_labels = drawn.true_positive_rate(labels) - seen.true_positive_rate(labels)  # (r, m, l)
    # log θ* − log θ̂ with half a row more, or one resample without a selection is infinitely far off
    growth = (drawn.chosen[..., labels] + 0.5) / (seen.chosen[..., labels] + 0.5)  # (r, m, l)
    impact = _ratio(seen.selection_rate(labels)) / _ratio(growth)  # (r, l)
    opportunity = value["equal_opportunity_gap"] - _over_labels(_span(of_labels))
    return {
        "accuracy_gap": (value["accuracy_gap"] - _span(noise), again["accuracy_gap"]),
        "worst_group_accuracy": (
            again["worst_group_accuracy"],
            value["worst_group_accuracy"] - noise.min(axis=1),
        ),
        "equal_opportunity_gap": (opportunity, again["equal_opportunity_gap"]),
        "disparate_impact": (again["disparate_impact"], _over_labels(impact)),
    }


def _quantile(values: Floats, fraction: float) -> float:
    """Return the quantile of what is defined, NaN of nothing."""
    defined = values[~np.isnan(values)]
    return float(np.quantile(defined, fraction)) if len(defined) else math.nan


def _check_resampling(resamples: int, level: float) -> None:
    at_least("resamples", resamples, 1, "A thousand are usual.")
    _check_level(level)


def _check_level(level: float) -> None:
    in_interval("level", level, 0, 1, "0.95 is usual.", open_low=True, open_high=True)


def gap_closed(
    y: Labels,
    before: Labels,
    after: Labels,
    group: Labels,
    subgroup: int,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    rng: Rng,
) -> Estimate:
    """Return how much of the gap in accuracy between a subgroup and the others was closed.

    1 − gap after/gap before, a gap being the accuracy of the others − that of the subgroup: 0 where
    nothing changed, 1 where the gap is gone, above 1 where it is turned around, below 0 where it
    grew. Before and after are measured on the same people, who are drawn again together: what
    changed for no one adds no noise.

    Where the subgroup was served no worse before, there is no gap to close: everything is NaN. A
    resample without a gap before might be anything, and counts as −∞ for the lower end and +∞ for
    the upper: the interval is unbounded where the gap before cannot be told from none.

    Args:
        y, before, after: indices of the true labels and of both predictions, (n,).
        group: index of each person's group, (n,).
        subgroup: the index of the group served badly; everyone else is "others".
        resamples, level: as in ``intervals``.

    >>> y, group = np.ones(8, dtype=int), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> before, after = np.array([0, 0, 0, 1, 1, 1, 1, 1]), np.array([0, 1, 1, 1, 1, 1, 1, 1])
    >>> round(gap_closed(y, before, after, group, 0, rng=np.random.default_rng(0)).value, 4)
    0.6667

    Raises:
        InputError: lengths disagree, nobody is in the subgroup or among the others, or resamples or
            level are out of range.
    """
    _check_resampling(resamples, level)
    y, before, after, group = _codes(y=y, before=before, after=after, group=group)
    counts = _paired(before == y, after == y, group == subgroup)
    if not counts.sum(axis=1).all():
        lacking = "the subgroup" if not counts[0].any() else "the others"
        raise InputError(
            f"Expected people in group {subgroup} and outside it, got nobody among {lacking}. "
            "Give the index of a group that is not everyone."
        )
    was, became = (float(gap[0]) for gap in _gaps(counts[None]))
    if was <= 0:
        return Estimate(math.nan, math.nan, math.nan)
    was_again, became_again = _gaps(_draw(counts, resamples, rng))
    gap = was_again > 0  # (r,)
    closed = 1 - became_again / np.where(gap, was_again, 1)  # (r,)
    tail = (1 - level) / 2
    rank = math.floor(tail * (resamples - 1))
    low = np.sort(np.where(gap, closed, -np.inf))[rank]
    high = np.sort(np.where(gap, closed, np.inf))[resamples - 1 - rank]
    return Estimate(1 - became / was, float(low), float(high))


def _paired(before: Mask, after: Mask, inside: Mask) -> Counts:
    """Return who was right before and after, (2, 4): the subgroup and the others."""
    cells = 2 * before.astype(np.int64) + after  # (n,): 0 never, 1 after, 2 before, 3 always right
    return np.stack([np.bincount(cells[who], minlength=4) for who in (inside, ~inside)])


def _gaps(counts: Counts) -> tuple[Floats, Floats]:
    """Return the accuracy of others − of the subgroup, before and after, (r,), of (r, 2, 4)."""
    sizes = counts.sum(axis=2)  # (r, 2)
    before = counts[..., [2, 3]].sum(axis=2) / sizes  # (r, 2)
    after = counts[..., [1, 3]].sum(axis=2) / sizes  # (r, 2)
    return before[:, 1] - before[:, 0], after[:, 1] - after[:, 0]


def wilson(successes: int, n: int, level: float = 0.95) -> Estimate:
    """Return the rate p of successes and its interval.

    (p + z²/2n ± z·√(p(1−p)/n + z²/4n²))/(1 + z²/n), with z of the standard normal law. Source:
    Wilson 1927, doi:10.1080/01621459.1927.10502953.

    Args:
        successes: how often.
        n: of how many tries.
        level: how often the interval is to hold the truth, in (0, 1).

    >>> found = wilson(8, 10)
    >>> round(found.low, 4), round(found.high, 4)
    (0.4902, 0.9433)

    Raises:
        InputError: no tries, more successes than tries, or level is out of range.
    """
    _check_level(level)
    at_least("n", n, 1, "A rate needs something to be measured on.")
    in_interval("successes", successes, 0, n, f"They are some of the {n} tries.")
    p, z = successes / n, NormalDist().inv_cdf((1 + level) / 2)
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else (centre - half) / (1 + z * z / n)  # not a rounding below it
    high = 1.0 if successes == n else (centre + half) / (1 + z * z / n)
    return Estimate(p, low, high)
