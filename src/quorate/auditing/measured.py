"""What an audit has measured of one attack, and of one defence: plain numbers, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from quorate import spec
from quorate.auditing.battery import Aim, Attack
from quorate.auditing.bounds import Bounds
from quorate.auditing.searching import AlphaSearch
from quorate.intervals import Interval, mean_interval
from quorate.plain import finite_or_none
from quorate.protocols import Signal, Strategy
from quorate.studies.critical_mass.rounds import SEEDS
from quorate.studies.trial import Outcome

NOTHING = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class AttackResult:
    """How few people move the model by one attack.

    Args:
        name, does, gains: of the attack, in words for this audit.
        strategy: what members do, as plain data.
        wanted, minority: the label and the group that it is about.
        target: S*.
        without: S without a collective, mean over seeds.
        reached: S at the estimate, or with everyone who can act where the target is not reached.
        estimate, low, high: α* with its 95% interval, fractions; inf where not even everyone is
            enough, NaN where nothing was measured.
        trainings: points behind it.
        is_firm: whether enough seeds stand behind the interval, and it was not cut by the budget.
        cost: accuracy at the estimate less accuracy without anyone, paired by seed.
        group_costs: the same for each group.
        bounds: what theory says beside it.
        tried: signals that were looked at to choose this one.
        is_control: whether it shows what happens without coordination.
        points: members, seed and success of each training.
        people: how many the models were trained on.
    """

    name: str
    does: str
    gains: str
    strategy: Mapping[str, Any]
    wanted: str
    minority: str
    target: float
    without: float
    reached: float
    estimate: float
    low: float
    high: float
    trainings: int
    is_firm: bool
    cost: Interval
    group_costs: Mapping[str, Interval]
    bounds: Bounds
    tried: int
    is_control: bool
    people: int
    points: tuple[tuple[int, int, float], ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls,
        attack: Attack,
        aim: Aim,
        strategy: Strategy,
        search: AlphaSearch,
        before: Sequence[Outcome],
        after: Sequence[Outcome],
        bounds: Bounds,
        tried: int,
    ) -> AttackResult:
        """Return what the search and the outcomes before and after say."""
        said = {"signal": signal_words(aim.signal), "wanted": aim.wanted, "minority": aim.minority}
        estimate, low, high = (end / search.people for end in search.members)
        points = search.end.points if search.end else ()
        reached = [one.success for one in after if one.success is not None]
        if not reached and points:
            most = max(point.members for point in points)
            reached = [point.success for point in points if point.members == most]
        return cls(
            name=attack.name,
            does=attack.does.format(**said),
            gains=attack.gains.format(**said),
            strategy=spec.describe(strategy),
            wanted=aim.wanted,
            minority=aim.minority,
            target=search.target,
            without=mean_of([one.success for one in before]),
            reached=mean_of(reached),
            estimate=estimate,
            low=low,
            high=high,
            trainings=search.trainings,
            is_firm=search.is_over
            and search.end is not None
            and search.end.bracket.placed >= SEEDS,
            cost=change_in(before, after, "accuracy"),
            group_costs=group_changes(before, after),
            bounds=bounds,
            tried=tried,
            is_control=attack.is_control,
            people=search.people,
            points=tuple((int(m), int(s), float(v)) for m, s, v in points),
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain data; None for what is not finite, with ``is_reached`` beside it."""
        plain = {key: value for key, value in vars(self).items() if key not in ("points", "bounds")}
        return {
            **{key: _plain(value) for key, value in plain.items()},
            **self.bounds.to_json(),
            "is_reached": math.isfinite(self.estimate),
            "is_measured": not math.isnan(self.estimate),
        }


@dataclass(frozen=True, eq=False)
class DefenceResult:
    """How a defence shifts the smallest collective.

    Args:
        name: of the defence.
        estimate, low, high: α* behind it, of the same attack with the same S*.
        shift: log of α* behind it over α* without, with limits as ``shift_of`` gives them.
        cost: accuracy with the defence less accuracy without, nobody acting.
        trainings: points behind it.
        is_firm: as of an attack.
    """

    name: str
    estimate: float
    low: float
    high: float
    shift: Interval
    cost: Interval
    trainings: int
    is_firm: bool

    @classmethod
    def of(
        cls, name: str, search: AlphaSearch, cost: Interval, plain: AttackResult
    ) -> DefenceResult:
        """Return what the search behind a defence says, beside that without it."""
        estimate, low, high = (end / search.people for end in search.members)
        then, now = Interval(plain.estimate, plain.low, plain.high), Interval(estimate, low, high)
        firm = search.is_over and search.end is not None and search.end.bracket.placed >= SEEDS
        return cls(
            name, estimate, low, high, shift_of(then, now, 0.5 / search.people), cost,
            search.trainings, firm,
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """Return plain data; None for what is not finite."""
        plain = {key: _plain(value) for key, value in vars(self).items()}
        return {**plain, "is_reached": math.isfinite(self.estimate)}


def shift_of(then: Interval, now: Interval, least: float, stretch: float = 1.0) -> Interval:
    """Return log(α* now / α* then), with limits √(a² + b²) from it, each interval's own distances.

    Distances are of the logs, stretched. Where one of the two is not reached, its end that is known
    stands for it: the limit on that side is all that is said, and the estimate is infinite.

    Args:
        then, now: α* with intervals.
        least: the smallest α that is told from 0.
        stretch: of all distances, for another confidence than the intervals'.

    >>> half = shift_of(Interval(0.02, 0.02, 0.02), Interval(0.01, 0.01, 0.01), 1e-6)
    >>> round(half.estimate, 3), round(half.high, 3)
    (-0.693, -0.693)
    """
    if math.isnan(then.estimate) or math.isnan(now.estimate):
        return NOTHING
    a, b = ([_log(end, least) for end in vars(one).values()] for one in (then, now))
    value = b[0] - a[0] if a[0] != b[0] else 0.0  # inf − inf: neither is reached
    low = _limit(b[0], b[1], a[0], a[2], stretch)
    return Interval(value, low, -_limit(a[0], a[1], b[0], b[2], stretch))


def _limit(one: float, below: float, other: float, above: float, stretch: float) -> float:
    """Return the lower limit of one − other, of logs that may be infinite."""
    if math.isinf(above):
        return -math.inf
    if math.isinf(one):  # what is known of it is its lower end
        return below - above if math.isfinite(other) else -math.inf
    return one - other - stretch * math.hypot(one - below, above - other)


def _log(alpha: float, least: float) -> float:
    return math.log(max(alpha, least)) if math.isfinite(alpha) else math.inf


def change_in(before: Sequence[Outcome], after: Sequence[Outcome], what: str) -> Interval:
    """Return the mean change of a number with its 95% interval over seeds, paired by seed."""
    first = {one.seed: getattr(one, what) for one in before}
    return _paired({one.seed: getattr(one, what) for one in after}, first)


def group_changes(before: Sequence[Outcome], after: Sequence[Outcome]) -> dict[str, Interval]:
    """Return the mean change of each group's accuracy, paired by seed."""
    names = dict.fromkeys(name for one in after for name in one.group_accuracy or {})
    return {
        name: _paired(
            *(
                {one.seed: (one.group_accuracy or {}).get(name) for one in some}
                for some in (after, before)
            )
        )
        for name in names
    }


def _paired(after: Mapping[int, Any], before: Mapping[int, Any]) -> Interval:
    both = [
        after[seed] - before[seed]
        for seed in after
        if after[seed] is not None and before.get(seed) is not None
    ]
    if not both:
        return NOTHING
    mean, low, high = (float(end[0]) for end in mean_interval(np.array([both])))
    return Interval(mean, low, high) if len(both) > 1 else Interval(mean, math.nan, math.nan)


def mean_of(values: Sequence[float | None]) -> float:
    """Return the mean of what was measured; NaN where nothing was."""
    there = [one for one in values if one is not None and not math.isnan(one)]
    return float(np.mean(there)) if there else math.nan


def signal_words(signal: Signal | None) -> str:
    """Return a signal as its columns and values, as people write them."""
    if signal is None:
        return ""
    values = getattr(signal, "set", None)
    if values:
        return " and ".join(f"{name}={_number(value)}" for name, value in values.items())
    return f"the mark {spec.text(signal)}"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return finite_or_none(value) if isinstance(value, float) else value
