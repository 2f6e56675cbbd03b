"""How often intervals of fairness measures hold the truth, before and after they were made exact.

``python -m benchmarks.fairness --coverage`` prints the tables of
docs/explanation/fairness-intervals.md. "Before" is a bootstrap of people within groups, which the
library used at first: its code stands here for the comparison alone. A setting is a law of labels
and predictions in each group, from which people are drawn; trials in which a measure is not defined
do not count.

Shape letters: t trials, r resamples, m groups, k labels.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quorate.fairness.gap_closed import gap_closed
from quorate.fairness.group_counts import GroupCounts, Sums, ratio, span
from quorate.fairness.intervals import measure_ends
from quorate.fairness.limits import Trials, mean_gap
from quorate.intervals import Estimate, Floats

MEASURES = ("accuracy_gap", "worst_group_accuracy", "equal_opportunity_gap", "disparate_impact")
SIZES = (5, 8, 12, 30, 100, 1000)  # people in the small group
LARGE = 1000  # people in each of the others, where they are not as few
RATES = (  # true positive rate of the small group and of the others
    *((0.02, 0.02), (0.1, 0.5), (0.5, 0.5), (0.95, 0.95)),
    *((1.0, 0.95), (0.95, 1.0), (1.0, 1.0), (0.6, 0.9)),
)
POSITIVES = (0.02, 0.1, 0.5)
GROUPS = (2, 3, 5)
ENOUGH = 0.93  # coverage from which on widths are compared
SLACK = 1e-9  # the truth and an end that equals it are computed in different orders

Measured = Mapping[str, Floats]


@dataclass(frozen=True)
class Setting:
    """Groups of which people are drawn.

    Args:
        sizes: people in each group.
        cells: chances of a found and a missed positive, a false and a true negative, (m, 4).
    """

    sizes: tuple[int, ...]
    cells: npt.NDArray[np.float64]

    @property
    def truth(self) -> dict[str, float]:
        """The measures of the law."""
        accuracy, opportunity, selection = rates_of(self.cells[None])
        return {name: float(one[0]) for name, one in measures_of(accuracy, opportunity, selection)}

    def draw(self, trials: int, rng: np.random.Generator) -> Floats:
        """Return counts of people, (t, m, 4)."""
        drawn = [
            rng.multinomial(size, cells, size=trials)
            for size, cells in zip(self.sizes, self.cells, strict=True)
        ]
        return np.stack(drawn, axis=1).astype(np.float64)


def settings(small: int) -> Iterator[Setting]:
    """Yield every setting in which the small group has so many people."""
    for m, positives, (first, others), balanced in itertools.product(
        GROUPS, POSITIVES, RATES, (True, False)
    ):
        if not balanced and small == LARGE:
            continue
        found = np.array([first, *[others] * (m - 1)])  # (m,)
        wrongly = (1 - found) / 2  # negatives that are predicted to be positive
        cells = [
            *(positives * found, positives * (1 - found)),
            *((1 - positives) * wrongly, (1 - positives) * (1 - wrongly)),
        ]
        yield Setting((small, *[small if balanced else LARGE] * (m - 1)), np.stack(cells, axis=1))


def rates_of(counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Return accuracies, true positive and selection rates of counts (..., m, 4), (..., m) each."""
    hit, missed, wrongly, rightly = np.moveaxis(counts, -1, 0)
    positives, size = hit + missed, counts.sum(axis=-1)
    return (
        (hit + rightly) / size,
        hit / np.where(positives > 0, positives, np.nan),
        (hit + wrongly) / size,
    )


def measures_of(
    accuracy: Floats, opportunity: Floats, selection: Floats
) -> Iterator[tuple[str, Floats]]:
    """Yield every measure of rates, (t, m) each."""
    values = span(accuracy), accuracy.min(axis=1), span(opportunity), ratio(selection)
    yield from zip(MEASURES, values, strict=True)


def tables_of(counts: Floats) -> GroupCounts:
    """Return counts (t, m, 4) as the library has them, of labels 0 and 1."""
    hit, missed, wrongly, rightly = np.moveaxis(counts, -1, 0)
    right, wrong = np.stack([rightly, hit], axis=-1), np.stack([wrongly, missed], axis=-1)
    chosen = np.stack([rightly + missed, hit + wrongly], axis=-1)
    return GroupCounts(Sums(right, wrong, chosen))


def exact(counts: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return the ends of every measure, (t,) each, as the library gives them."""
    names = [str(g) for g in range(counts.shape[1])]
    found = measure_ends(tables_of(counts), slice(1, 2), names, 0.95)
    return {name: found[name] for name in MEASURES}


def resampled(
    counts: Floats, resamples: int, rng: np.random.Generator
) -> dict[str, tuple[Floats, Floats]]:
    """Return the ends by the bootstrap that was used before, (t,) each."""
    sizes = counts.sum(axis=2)
    drawn = rng.multinomial(
        sizes.astype(int), counts / sizes[..., None], size=(resamples, *sizes.shape)
    ).astype(np.float64)  # (r, t, m, 4)
    seen, again = rates_of(counts), rates_of(drawn)
    value = dict(measures_of(*seen))
    ends: dict[str, tuple[Floats, Floats]] = {}
    noise = again[0] - seen[0]
    gap = again[0].max(axis=2) - again[0].min(axis=2)
    ends["accuracy_gap"] = value["accuracy_gap"] - _width(noise), gap
    ends["worst_group_accuracy"] = (
        again[0].min(axis=2),
        value["worst_group_accuracy"] - noise.min(axis=2),
    )
    ends["equal_opportunity_gap"] = (
        value["equal_opportunity_gap"] - _width(again[1] - seen[1]),
        _width(again[1]),
    )
    chosen, before = (each[..., 0] + each[..., 2] for each in (drawn, counts))
    growth = (chosen + 0.5) / (before + 0.5)
    highest = again[2].max(axis=2)
    ends["disparate_impact"] = (
        again[2].min(axis=2) / np.where(highest > 0, highest, np.nan),
        value["disparate_impact"] / (growth.min(axis=2) / growth.max(axis=2)),
    )
    found = {}
    for name, (lows, highs) in ends.items():
        low, high = np.nanquantile(lows, 0.025, axis=0), np.nanquantile(highs, 0.975, axis=0)
        found[name] = (
            np.clip(np.fmin(low, value[name]), 0, 1),
            np.clip(np.fmax(high, value[name]), 0, 1),
        )
    return found


def _width(rates: Floats) -> Floats:
    return np.asarray(rates.max(axis=-1) - rates.min(axis=-1))


@dataclass(frozen=True)
class Covered:
    """How often intervals held the truth, and how wide they were, where the measure is defined."""

    share: float
    width: float


def cover(
    counts: Floats, ends: Mapping[str, tuple[Floats, Floats]], truth: Mapping[str, float]
) -> dict[str, Covered]:
    """Return the coverage of each measure, over the trials in which it is defined."""
    found = {}
    for name, value in measures_of(*rates_of(counts)):
        low, high = (end[~np.isnan(value)] for end in ends[name])
        if len(low) < len(value) / 10:
            continue
        held = (low <= truth[name] + SLACK) & (high >= truth[name] - SLACK)
        found[name] = Covered(float(held.mean()), float((high - low).mean()))
    return found


def over_settings(trials: int, resamples: int) -> Iterator[dict[str, str]]:
    """Yield for each size and measure the least coverage of all settings, and how much wider.

    Widths are compared where the bootstrap covers at least 93%: elsewhere it is too narrow.
    """
    rng = np.random.default_rng(0)
    for small in SIZES:
        both: dict[str, list[tuple[Covered, Covered]]] = {name: [] for name in MEASURES}
        for setting in settings(small):
            counts, few = setting.draw(trials, rng), setting.draw(max(1, trials // 10), rng)
            before = cover(few, resampled(few, resamples, rng), setting.truth)
            for name, after in cover(counts, exact(counts), setting.truth).items():
                if name in before:
                    both[name].append((before[name], after))
        for name, pairs in both.items():
            wider = [b.width / a.width for a, b in pairs if a.share >= ENOUGH and a.width > 0]
            yield {
                "small group": f"{small:,}",
                "measure": name.replace("_", " "),
                "settings": str(len(pairs)),
                "before, least": f"{min(a.share for a, _ in pairs):.2f}",
                "after, least": f"{min(b.share for _, b in pairs):.3f}",
                "width after/before, median": f"{np.median(wider):.2f}" if wider else "–",
                "largest": f"{max(wider):.2f}" if wider else "–",
            }


REPORTED = {  # sizes, share of positives, true positive rates, false positive rate, measure
    "30 people in the small group": ((30, 1000), 0.3, (0.8, 0.8), 0.1, "equal_opportunity_gap"),
    "12 people in the small group": ((12, 1000), 0.3, (0.9, 0.8), 0.1, "equal_opportunity_gap"),
    "2% positives": ((100, 100), 0.02, (1.0, 0.95), 0.1, "equal_opportunity_gap"),
    "rate 1 against .95": ((50, 50), 0.5, (1.0, 0.95), 0.1, "equal_opportunity_gap"),
    "few selected": ((30, 1000), 0.02, (0.9, 0.9), 0.01, "disparate_impact"),
}


def as_reported(trials: int, resamples: int) -> Iterator[dict[str, str]]:
    """Yield coverage and mean width, before and after, where it had been found wanting."""
    rng = np.random.default_rng(0)
    for name, (sizes, positives, found, wrongly, measure) in REPORTED.items():
        of = np.array(found)
        parts = positives * of, positives * (1 - of)
        others = np.full(2, (1 - positives) * wrongly), np.full(2, (1 - positives) * (1 - wrongly))
        setting = Setting(sizes, np.stack([*parts, *others], axis=1))
        counts, few = setting.draw(trials, rng), setting.draw(max(1, trials // 5), rng)
        before = cover(few, resampled(few, resamples, rng), setting.truth)[measure]
        after = cover(counts, exact(counts), setting.truth)[measure]
        yield _row(name, measure, sizes, before, after)


def _row(
    name: str, measure: str, sizes: tuple[int, ...], before: Covered, after: Covered
) -> dict[str, str]:
    return {
        "setting": name,
        "measure": measure.replace("_", " "),
        "people": " and ".join(f"{size:,}" for size in sizes),
        "before": f"{before.share:.2f}",
        "after": f"{after.share:.3f}",
        "width before": f"{before.width:.2f}",
        "width after": f"{after.width:.2f}",
    }


GAPS = {  # chances of never, only after, only before and always right: the subgroup, the others
    "both groups change": ((0.2, 0.25, 0.05, 0.5), (0.1, 0.05, 0.05, 0.8)),
    "only the subgroup changes": ((0.3, 0.4, 0.0, 0.3), (0.1, 0.0, 0.0, 0.9)),
    "everyone is right after": ((0.0, 0.5, 0.0, 0.5), (0.0, 0.0, 0.0, 1.0)),
    "a small gap": ((0.05, 0.1, 0.0, 0.85), (0.02, 0.01, 0.01, 0.96)),
}


def gaps_closed(trials: int, draws: int) -> Iterator[dict[str, str]]:
    """Yield coverage of the gap closed and its median width, before and after."""
    rng = np.random.default_rng(0)
    for (name, laws), sizes in itertools.product(
        GAPS.items(), ((5, 35), (20, 20), (200, 400), (1000, 1000))
    ):
        s, o = (np.array(law) for law in laws)
        truth = 1 - (o[1] + o[3] - s[1] - s[3]) / (o[2] + o[3] - s[2] - s[3])
        ends: list[tuple[Estimate, Estimate]] = []
        for _ in range(trials):
            counts = np.stack(
                [rng.multinomial(n, law) for n, law in zip(sizes, (s, o), strict=True)]
            )
            cells = np.concatenate([np.repeat(np.arange(4), each) for each in counts])
            group = np.repeat([0, 1], sizes)
            found = gap_closed(
                np.ones(len(cells), int), cells // 2, cells % 2, group, 0, draws=draws, rng=rng
            )
            if not np.isnan(found.value):
                ends.append((resampled_gap(counts.astype(np.float64), draws, rng), found))
        before, after = (
            Covered(
                float(np.mean([e.low - SLACK <= truth <= e.high + SLACK for e in each])),
                float(np.median([e.high - e.low for e in each])),
            )
            for each in zip(*ends, strict=True)
        )
        yield _row(name, "gap closed", sizes, before, after)


def resampled_gap(counts: Floats, resamples: int, rng: np.random.Generator) -> Estimate:
    """Return the ends of the gap closed by the bootstrap that was used before."""
    sizes = counts.sum(axis=1)
    drawn = rng.multinomial(sizes.astype(int), counts / sizes[:, None], size=(resamples, 2))
    drawn = drawn / sizes[:, None]
    was, became = (drawn[..., [i, 3]].sum(axis=2) @ [-1, 1] for i in (2, 1))
    closed = 1 - became / np.where(was > 0, was, 1)
    rank = int(0.025 * (resamples - 1))
    low = np.sort(np.where(was > 0, closed, -np.inf))[rank]
    return Estimate(np.nan, low, np.sort(np.where(was > 0, closed, np.inf))[-1 - rank])


def many_labels(trials: int, resamples: int) -> Iterator[dict[str, str]]:
    """Yield the least coverage of gaps that are averaged over labels, and how much wider they are.

    Widths are compared with the bootstrap's where each group has 1,000 people or more.
    """
    rng = np.random.default_rng(0)
    for k, people in itertools.product((3, 10, 30), (30, 100, 1000)):
        least, wider = 1.0, []
        for m, (first, others) in itertools.product((2, 5), LABEL_RATES):
            rates = np.where(np.arange(m) == 0, first, others) * np.ones((k, 1))  # (k, m)
            rows = np.full((trials, k, m), float(people // k))
            hits = rng.binomial(people // k, rates, size=rows.shape).astype(np.float64)
            low, high = mean_gap(Trials(hits, rows), 0.025)
            truth = abs(first - others)
            held = (low <= truth + SLACK) & (high >= truth - SLACK)
            least = min(least, float(held.mean()))
            if people >= LARGE:
                wide = [_resampled_width(one, people // k, resamples, rng) for one in hits[:20]]
                wider.append(float((high - low)[:20].mean() / np.mean(wide)))
        yield {
            "labels": str(k),
            "people in a group": f"{people:,}",
            "after, least": f"{least:.3f}",
            "width after/before, median": f"{np.median(wider):.2f}" if wider else "–",
            "largest": f"{max(wider):.2f}" if wider else "–",
        }


LABEL_RATES = ((0.5, 0.5), (0.95, 0.95), (0.7, 0.9), (0.02, 0.98))


def _resampled_width(hits: Floats, rows: int, resamples: int, rng: np.random.Generator) -> float:
    """Return how wide the bootstrap's interval of a mean gap is, of hits (k, m)."""
    rates = hits / rows
    again = rng.binomial(rows, rates, size=(resamples, *rates.shape)) / rows
    seen = float(_width(rates).mean())
    low = np.quantile(seen - _width(again - rates).mean(axis=1), 0.025)
    high = np.quantile(_width(again).mean(axis=1), 0.975)
    return float(min(1, max(high, seen)) - max(0, min(low, seen)))


WEIGHTS = {  # spread of the logarithms of lognormal weights; None: 4 or 20 for three in ten, else 1
    "1 or 4": (None, 4.0),
    "1 or 20": (None, 20.0),
    "lognormal, .5": (0.5, 0.0),
    "lognormal, 1.5": (1.5, 0.0),
}
GAINS = (1.0, 0.7, 1.2)  # how much more often people of a large weight are right


def weighted(trials: int) -> Iterator[dict[str, str]]:
    """Yield for each size and kind of weights the least coverage of three measures."""
    rng = np.random.default_rng(0)
    for small, (name, kind) in itertools.product((5, 12, 100), WEIGHTS.items()):
        least = dict.fromkeys(("accuracy[0]", "accuracy_gap", "disparate_impact"), 1.0)
        for gain, rates in itertools.product(GAINS, ((0.5, 0.5), (0.8, 0.7), (0.1, 0.6))):
            parts = [
                _weigh(size, rate, gain, kind, trials, rng)
                for size, rate in zip((small, 400), rates, strict=True)
            ]
            sums = (
                _as_selected(np.stack([part[which] for part in parts], axis=1)) for which in (0, 1)
            )
            first, second = (part[2] for part in parts)
            truth = {
                "accuracy[0]": first,
                "accuracy_gap": abs(first - second),
                "disparate_impact": min(first, second) / max(first, second),
            }
            ends = measure_ends(GroupCounts(*sums), slice(1, 2), "01", 0.95)
            for measure, value in truth.items():
                low, high = ends[measure]
                held = float(np.mean((low <= value + SLACK) & (high >= value - SLACK)))
                least[measure] = min(least[measure], held)
        yield {
            "small group": str(small),
            "weights": name,
            "accuracy": f"{least['accuracy[0]']:.3f}",
            "accuracy gap": f"{least['accuracy_gap']:.3f}",
            "disparate impact": f"{least['disparate_impact']:.3f}",
        }


def weighed_by_few(trials: int) -> Iterator[dict[str, str]]:
    """Yield how often an accuracy is covered where a few people carry most of the weight."""
    rng = np.random.default_rng(1)
    for size, (share, heavy) in itertools.product((12, 100, 1000), ((0.1, 20.0), (0.02, 100.0))):
        row = {"people": f"{size:,}", "weights": f"{heavy:g} for {share:.0%}, else 1"}
        for name, rate in (("all alike", 0.5), ("those always right", 1.0)):
            large = rng.random((trials, size)) < share
            weight = np.where(large, heavy, 1.0)
            hit = rng.random(weight.shape) < np.where(large, rate, 0.5)
            sums = (
                _as_selected(np.stack([(of * which).sum(axis=1) for which in (hit, ~hit)], axis=1))
                for of in (weight, weight**2)
            )
            one = (Sums(*(each[:, None] for each in vars(of).values())) for of in sums)
            low, high = measure_ends(GroupCounts(*one), slice(1, 2), "0", 0.95)["accuracy"]
            of_heavy = share * heavy / (share * heavy + 1 - share)
            truth = of_heavy * rate + (1 - of_heavy) * 0.5
            held = (low <= truth + SLACK) & (high >= truth - SLACK)
            row[name] = f"{held.mean():.3f}"
        yield row | {"chance that none of them is measured": f"{(1 - share) ** size:.2f}"}


def _weigh(
    size: int,
    rate: float,
    gain: float,
    kind: tuple[float | None, float],
    trials: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, float]:
    """Return sums of weights and of their squares, of hits and misses, (t, 2), and the truth."""

    def draw(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        spread, heavy = kind
        normal = rng.normal(size=shape)
        large = normal > 0.5244  # three in ten
        weight = np.where(large, heavy, 1.0) if spread is None else np.exp(spread * normal)
        return weight, np.where(large, rate * gain, rate)

    weight, chance = draw((trials, size))
    hit = rng.random(weight.shape) < chance
    sums = [
        np.stack([(of * hit).sum(axis=1), (of * ~hit).sum(axis=1)], axis=1)
        for of in (weight, weight**2)
    ]
    many, chances = draw((10**6,))
    return sums[0], sums[1], float((many * chances).sum() / many.sum())


def _as_selected(sums: Floats) -> Sums:
    """Return sums (t, m, 2) of people who have label 1, and are given it or not."""
    hit, missed = sums[..., 0], sums[..., 1]
    none = np.zeros_like(hit)
    return Sums(
        np.stack([none, hit], axis=-1),
        np.stack([none, missed], axis=-1),
        np.stack([missed, hit], axis=-1),
    )


def print_coverage(trials: int, resamples: int) -> None:
    """Print the tables as Markdown."""
    for rows in (
        as_reported(trials, resamples),
        over_settings(trials, resamples),
        gaps_closed(max(1, trials // 5), resamples),
        many_labels(max(1, trials // 5), resamples),
        weighted(trials),
        weighed_by_few(trials),
    ):
        for number, row in enumerate(rows):
            if number == 0:
                print(f"\n| {' | '.join(row)} |\n|{'---|' * len(row)}")
            print(f"| {' | '.join(row.values())} |", flush=True)
