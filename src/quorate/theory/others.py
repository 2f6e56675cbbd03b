"""Several collectives on a finite law, each of which knows part of the others' plans.

What a collective is sure of is the least success over everything that the others may do and that
agrees with what is known of them. People of whom nothing but their number is known have one budget
for all values together, beside that of an ε-suboptimal platform: the worst case stays a knapsack.
Status of all here: derived, see docs/explanation/several-collectives.md.

Shapes: v feature values, k labels, j lines at each value.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quorate.errors import InputError
from quorate.theory.finite import Action, received_law, runner_up
from quorate.theory.least_size import Lines, least_size
from quorate.theory.several import TOGETHER, Mistake, errors_of
from quorate.theory.suboptimality import Floats, Reading, suboptimality_constant
from quorate.theory.worst_case import least_success
from quorate.validate import all_in_interval, in_interval, unknown

ACTIONS: tuple[Action, ...] = ("planting", "feature-only", "unplanting")
WEIGHTS = (1.0, 2.0, 10.0, 1e3, 1e6)  # of what may claim any label, against what claims one


@dataclass(frozen=True, eq=False)
class Others:
    """People who act on something else, and what a collective knows of them.

    Args:
        size: their share of the platform's data, or its two ends if it is known up to an interval.
        rows: the distribution of what they hand in, (v, k); None if it is not known.
        features: the distribution of their features, (v,), where their labels may be any, such as
            the pushforward of a signal that is known; None if not even that is known.
        label: index of the label that all of them claim, where their features may be any; None if
            it is not known.

    Raises:
        InputError: the size is out of range, or more than one of these is given.
    """

    size: float | tuple[float, float]
    rows: Floats | None = None
    features: Floats | None = None
    label: int | None = None

    def __post_init__(self) -> None:
        fix = "Give a share of the data, or its two ends from low to high."
        low, high = self.ends
        in_interval("size", low, 0, 1, fix)
        in_interval("size", high, low, 1, fix)
        if sum(one is not None for one in (self.rows, self.features, self.label)) > 1:
            raise InputError(
                "Expected rows, features or a label of the others, got more than one. Give rows "
                "where both are known."
            )

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest size that they may have."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    @property
    def may_be_anywhere(self) -> bool:
        """Whether nothing is known of their features."""
        return self.rows is None and self.features is None

    def against(self) -> Floats | float:
        """Return how much a whole platform of them could take off each margin, (v, 1)."""
        return 0.0 if self.features is None else np.asarray(self.features)[:, None]


class Price(NamedTuple):
    """One way to charge for each value, under which no plan within the budget is left out.

    Args:
        lines: what a value costs over α: its margin at the weight, or, where someone is known to
            claim a label, the lead over that label if this is less.
        weight: of what may claim any label; at least 1.
        labelled: share of the data from others whose label is known.
    """

    lines: Lines
    weight: float
    labelled: float


@dataclass(frozen=True, eq=False)
class Standing:
    """What a collective is sure of among others, as a function of its size.

    Args:
        prices: each gives a lower bound, of which the best counts.
        carried: P_0{g = x}, (v,).
        loose: share of the data that may stand anywhere with any label, whatever α is.
        loose_members: share of the members whose rows may, or what counts as much.
    """

    prices: tuple[Price, ...]
    carried: Floats
    loose: float
    loose_members: float

    @property
    def most(self) -> float:
        """The largest size that there is room for, in [0, 1]."""
        return self.prices[0].lines.most

    def success(self, alpha: npt.ArrayLike, eps: float = 0.0, reading: Reading = "tv") -> Floats:
        """Return the S that is sure at sizes of any shape, the same shape.

        S = 1 − max{P_0{g ∈ B} : Σ_{x∈B} max(0, price) ≤ w·(c + loose + loose_members·α) + labelled}
        with w the weight of a price.

        Raises:
            InputError: a size is out of range, or there is no room for it beside the others.
        """
        fix = f"The others leave room for {self.most:g}."
        if self.most == 1:
            fix = "To act with everyone, use alpha=1."
        sizes = all_in_interval("alpha", alpha, 0, self.most + TOGETHER, fix)
        c = suboptimality_constant(eps, reading)
        loose = c + self.loose + self.loose_members * sizes
        found = [
            least_success(lines.now(sizes), self.carried, weight * loose + labelled)
            for lines, weight, labelled in self.prices
        ]
        return np.asarray(np.max(found, axis=0))[()]

    def critical_mass(self, target: float, eps: float = 0.0, reading: Reading = "tv") -> float:
        """Return an α above which S is at least the target, whatever α is above it.

        Exact where success is exact, more members lower no margin, and members do not err loosely;
        else sufficient.

        Returns:
            A fraction in [0, ``most``]; inf if no size that there is room for suffices.

        Raises:
            InputError: an argument is out of range, or the reading is unknown.
        """
        in_interval("target", target, 0, 1, "It is a success rate.")
        fixed, growing = (
            self.loose + float(suboptimality_constant(eps, reading)),
            self.loose_members,
        )
        return min(
            least_size(target, lines, self.carried, weight * fixed + labelled, weight * growing)
            for lines, weight, labelled in self.prices
        )


def stand_among(
    mass: npt.ArrayLike,
    members: Floats,
    carried: Floats,
    action: Action,
    target: int = -1,
    others: Sequence[Others] = (),
    error: float = 0.0,
    mistake: Mistake | Floats = "forget",
) -> Standing:
    """Return what a collective is sure of beside others, of whom it knows a part.

    At x it is ahead by min_{y≠y*} P(x, y*) − P(x, y) in what is known of
    P = α[(1−ρ)P* + ρP_err] + Σ_m β_m P*_m + (1 − α − Σ_m β_m)P_0. Features that are known with any
    label go to the strongest rival label there, β_m·P_m(x); rows of which nothing is known add to
    the budget of the worst case. Unplanting counts the lead of the runner-up alone: a lower bound.

    Rows whose label alone is known pay for leads over that label only. It is exact where nothing
    else is loose and there is one such label; else two budgets are weighed against each other,
    which is a lower bound. Of a size that is known up to an interval, the worst end counts at each
    value: exact for one size, else a lower bound.

    Args:
        mass: P_0(x, y), (v, k).
        members: P*, the distribution of a plan that is carried out, (v, k); see ``members_law``.
        carried: P_0{g = x}, (v,); see ``pushforward_mass``.
        action: planting, feature-only or unplanting.
        target: index of y*; by default the last label.
        others: everyone who is neither honest nor a member.
        error: ρ, the share of members who err, in [0, 1].
        mistake: what is known of their mistakes (``errors_of``), or their distribution, (v, k).

    >>> from quorate.theory.finite import members_law, pushforward_mass
    >>> law, g = np.array([[0.25, 0.75]]), [0]
    >>> mine, people = members_law(law, g, "planting", 0), pushforward_mass(law, g)
    >>> rivals = {
    ...     "label": Others(0.1, rows=members_law(law, g, "planting", 1)),
    ...     "signal": Others(0.1, features=people),
    ...     "nothing": Others(0.1),
    ... }
    >>> for known, rival in rivals.items():
    ...     stand = stand_among(law, mine, people, "planting", 0, [rival])
    ...     print(known, float(stand.success(0.4)), round(stand.critical_mass(0.9), 4))
    label 1.0 0.3667
    signal 1.0 0.3667
    nothing 1.0 0.3667

    Raises:
        InputError: an argument is out of range, or the others leave no room.
    """
    mass = np.asarray(mass, dtype=np.float64)
    if action not in ACTIONS:
        raise unknown("action with a margin at each value", action, ACTIONS)
    planned = np.asarray(members, dtype=np.float64)
    own, labels_lost, loose_members = _own(mass, planned, error, mistake)
    taken = sum(other.ends[1] for other in others)
    fix = "Collectives share one platform with honest people."
    in_interval("the sum of the others' sizes", taken, 0, 1 + TOGETHER, fix)
    known, labels, loose, labelled = _sorted(others, action, target, mass)
    ends = [sorted(set(other.ends)) for other in known]
    at_zero = [
        _leads_beside(mass, action, target, known, sizes, loose + labelled)
        for sizes in itertools.product(*ends)
    ]
    slope = _leads(own - mass, mass, action, target) - labels_lost[:, None]
    lines = Lines(
        np.concatenate(at_zero, axis=1),
        np.tile(slope, (1, len(at_zero))),
        max(1.0 - float(taken), 0.0),
    )
    rivals = np.delete(np.arange(mass.shape[1]), target)
    theirs = np.tile(np.isin(rivals, labels), len(at_zero))  # leads over a label that is claimed
    only = action == "unplanting" or not labelled or bool(theirs.all())
    prices = [
        Price(_weighed(lines, theirs, weight), weight, labelled)
        for weight in (WEIGHTS[:1] if only else WEIGHTS)
    ]
    carried = np.asarray(carried, dtype=np.float64)
    return Standing(tuple(prices), carried, loose, loose_members)


def _sorted(
    others: Sequence[Others], action: Action, target: int, mass: Floats
) -> tuple[list[Others], list[int], float, float]:
    """Return those whose features are known, labels claimed, and shares with any and with a label.

    Who claims the collective's label harms nobody who plants it, and who claims another one nobody
    who unplants it: they count as if they were nowhere. Of an interval, those who may be there
    may also be honest, and so have any label.
    """
    loose = labelled = 0.0
    known, labels, k = [], [], mass.shape[1]
    for other in others:
        low, high = other.ends
        if not other.may_be_anywhere:
            known.append(other)
        elif other.label is None:
            loose += high
        elif not -k <= other.label < k:
            raise InputError(
                f"Expected a label of others among the {k} labels, got {other.label}. Count from 0."
            )
        elif (other.label % k == target % k) != (action == "unplanting"):
            known.append(Others(other.size, rows=np.zeros_like(mass)))
        else:
            loose, labelled = loose + high - low, labelled + low
            labels.append(other.label % k)
    return known, labels, loose, labelled


def _weighed(lines: Lines, theirs: npt.NDArray[np.bool_], weight: float) -> Lines:
    """Return all leads at the weight, and beside them those over labels that are claimed as is."""
    if weight == 1:
        return lines
    at_zero, slope = (
        np.concatenate([weight * one, one[:, theirs]], axis=1)
        for one in (lines.at_zero, lines.slope)
    )
    return Lines(at_zero, slope, lines.most)


def _own(
    mass: Floats, planned: Floats, error: float, mistake: Mistake | Floats
) -> tuple[Floats, Floats, float]:
    """Return what is sure of members' rows, (v, k), labels lost at each x, (v,), and what is loose.

    What is sure sums to less than 1 where members may do anything.
    """
    nothing = np.zeros(len(mass))
    if not isinstance(mistake, str):
        in_interval("error", error, 0, 1, "It is the share of members who err.")
        return (1 - error) * planned + error * np.asarray(mistake), nothing, 0.0
    loose = float(errors_of(error, mistake).loose)
    if mistake == "chosen":
        return planned, nothing, loose
    sure = (1 - error) * planned
    if mistake == "forget":
        return sure + error * mass, nothing, loose
    return sure, error * planned.sum(axis=1) if mistake == "label" else nothing, loose


def _leads_beside(
    mass: Floats,
    action: Action,
    target: int,
    known: Sequence[Others],
    sizes: Sequence[float],
    loose: float,
) -> Floats:
    """Return the leads without members, beside others of these sizes, (v, j)."""
    nowhere = np.zeros_like(mass)
    rows = [nowhere if other.rows is None else other.rows for other in known]
    submitted = received_law(mass, *zip(sizes, rows, strict=True), (loose, nowhere))
    lost = sum(size * other.against() for size, other in zip(sizes, known, strict=True))
    return _leads(submitted, mass, action, target) - lost


def _leads(of: Floats, mass: Floats, action: Action, target: int) -> Floats:
    """Return how far the collective's label is ahead of each label that it must beat, (v, j)."""
    v, k = mass.shape
    if not -k <= target < k:
        raise InputError(f"Expected a target among the {k} labels, got {target}. Count from 0.")
    y_star = target % k
    if action == "unplanting":
        claimed = of[np.arange(v), runner_up(mass, y_star)]
        return np.asarray((claimed - of[:, y_star])[:, None])
    return np.asarray(of[:, [y_star]] - of[:, np.arange(k) != y_star])
