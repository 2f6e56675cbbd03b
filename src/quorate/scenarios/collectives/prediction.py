"""Predicting the success of several collectives: the margin test, on what the platform sees.

At a value z of what the platform sees, collective m with label y_m is ahead by

    P(z, y_m) − max_{y≠y_m} P(z, y),   P = Σ_m α_m[(1−ρ_m)P*_m + ρ_m P_err,m] + (1 − Σ_m α_m)P₀,

and S_m = Σ P₀{c(g_m(x)) = z} over the z where it is ahead: what the best classifier for P on
c(x) does, ties against whoever is asked about. Status: derived, see
docs/explanation/several-collectives.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from quorate.adapter import apply_strategy, plant_signal
from quorate.intervals import Floats
from quorate.knowledge import Knowledge
from quorate.law import FiniteLaw
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.protocols import Learner, Strategy
from quorate.scenarios.collectives.submission import Collective, make_mistaken_action
from quorate.studies.bounds import ACTIONS
from quorate.table import Array, Table
from quorate.theory.finite import DIGITS, Action, erring_law, margins, received_law
from quorate.theory.worst_case import least_success, margin_bound

Preprocessing = Callable[[Array], Array]
KNOWN = ("signal", "size")  # what a collective may know of the others


def find_preprocessing(learner: Learner, people: Table) -> Preprocessing:
    """Return c, what the platform makes of features before it learns; by default it keeps them."""
    if isinstance(learner, Coarsened):
        return lambda x: learner.coarse(x, people.columns)
    return lambda x: x


def compare_signals(
    one: Strategy, other: Strategy, people: Table, preprocess: Preprocessing
) -> float | None:
    """Return the share of people on whom two signals look the same to the platform.

    None where a strategy has no signal.
    """
    signals: list[Any] = [getattr(strategy, "signal", None) for strategy in (one, other)]
    if None in signals:
        return None
    rows = [preprocess(plant_signal(signal, people)).reshape(len(people), -1) for signal in signals]
    return float((rows[0] == rows[1]).all(axis=1).mean())


def decides_row_by_row(strategy: Strategy) -> bool:
    """Whether each member's row follows from their own alone, so that P* is known from P₀."""
    votes = strategy.name == "unplanting" and getattr(strategy, "claim", None) is None
    return strategy.name in ACTIONS and not votes


def predict_success(
    people: Table,
    law: FiniteLaw | None,
    collectives: Sequence[Collective],
    sizes: Sequence[Sequence[float]],
    preprocess: Preprocessing,
) -> Floats | None:
    """Return the success of each collective by the margin test, (pairs, M); None where unknown.

    Args:
        people: P₀ where the law is not known: they are taken for everyone there is.
        law: P₀ where it is finite and known.
        collectives: the M collectives, in order.
        sizes: size of each collective, for each pair of sizes, (pairs, M).
        preprocess: c, what the platform makes of features.
    """
    if not all(decides_row_by_row(one.strategy) for one in collectives):
        return None
    seen = _see(people, law, collectives, preprocess)
    out = np.empty((len(sizes), len(collectives)))  # (pairs, M)
    for row, size in zip(out, sizes, strict=True):
        submitted = received_law(seen.mass, *zip(size, seen.members, strict=True))
        for m, (action, target) in enumerate(seen.aims):
            ahead = margins(submitted, action, target)
            row[m] = margin_bound(ahead, seen.carried[m]) / seen.total  # whole people are exact
    return out


def find_sure_success(
    people: Table,
    law: FiniteLaw | None,
    collectives: Sequence[Collective],
    sizes: Sequence[Sequence[float]],
    preprocess: Preprocessing,
) -> dict[str, Floats] | None:
    """Return what each is sure of that knows a part of the others' plans; None where unknown.

    Against the Bayes-optimal classifier of c(x), the least S over all that the others may do. Under
    ``signal`` their features are known and their labels may be any: at z each takes α_j·P*_j(z) off
    the margin. Under ``size`` nothing but Σ_j α_j is known, which is one budget for all z together
    (``theory.others``). Own mistakes are known in both.

    Args:
        people, law, collectives, sizes, preprocess: as in ``predict_success``.

    Returns:
        (pairs, M) for each.
    """
    if not all(decides_row_by_row(one.strategy) for one in collectives):
        return None
    seen = _see(people, law, collectives, preprocess)
    features = [one.sum(axis=1) for one in seen.members]  # (v,) each
    found = {known: np.empty((len(sizes), len(collectives))) for known in KNOWN}
    for pair, size in enumerate(sizes):
        for m, (action, target) in enumerate(seen.aims):
            rest = [j for j in range(len(size)) if j != m]
            others = sum(size[j] for j in rest), np.zeros_like(seen.mass)
            submitted = received_law(seen.mass, (size[m], seen.members[m]), others)
            ahead = margins(submitted, action, target)
            taken = sum(size[j] * features[j] for j in rest)
            left = ahead - taken
            scale = submitted.sum(axis=1) + taken
            left = np.where(abs(left) <= DIGITS * scale, 0.0, left)  # a tie but for rounding
            for known, lead, budget in (("signal", left, 0.0), ("size", ahead, others[0])):
                least = least_success(lead, seen.carried[m], budget)
                found[known][pair, m] = max(float(least) / seen.total, 0.0)
    return found


class _Seen(NamedTuple):
    """What the platform sees of everyone, and of the members of each collective."""

    mass: Floats  # (v, k)
    members: list[Floats]  # (v, k) each, mistakes included
    carried: list[Floats]  # (v,) each, people
    aims: list[tuple[Action, int]]
    total: float  # people


def _see(
    people: Table,
    law: FiniteLaw | None,
    collectives: Sequence[Collective],
    preprocess: Preprocessing,
) -> _Seen:
    """Return P₀ and each P*_m as what the platform sees, on the same values."""
    honest, weights = (people, np.ones(len(people))) if law is None else _expand_law(law)
    values = _SeenValues(preprocess, honest.k)
    base = values.law(honest.x, honest.y, weights)
    acted = [_members_law(values, honest, weights, one) for one in collectives]
    strategies: list[Any] = [one.strategy for one in collectives]
    there = [values.of(plant_signal(one.signal, honest)) for one in strategies]
    v, total = len(values.known), float(weights.sum())
    return _Seen(
        _pad(base, v) / total,
        [_pad(one, v) / total for one in acted],
        [np.bincount(at, weights, minlength=v).astype(np.float64) for at in there],
        [(ACTIONS[one.name], honest.label(one.target)) for one in strategies],
        total,
    )


def _expand_law(law: FiniteLaw) -> tuple[Table, Floats]:
    """Return one person for each feature value and label, and how probable they are."""
    v, k = law.mass.shape
    people = law.points.take(np.repeat(np.arange(v), k))
    return people.relabelled(np.tile(np.arange(k), v)), law.mass.ravel()


class _SeenValues:
    """A number for each value of what the platform sees, given as they come."""

    def __init__(self, preprocess: Preprocessing, k: int) -> None:
        self.preprocess, self.k = preprocess, k
        self.known: dict[bytes, int] = {}

    def of(self, x: Array) -> npt.NDArray[np.int64]:
        """Return the number of each row, (n,)."""
        rows = np.ascontiguousarray(self.preprocess(x))
        found = (self.known.setdefault(row.tobytes(), len(self.known)) for row in rows)
        return np.fromiter(found, dtype=np.int64, count=len(rows))

    def law(self, x: Array, y: npt.NDArray[np.int64], weights: Floats) -> Floats:
        """Return the weight of each value so far and each label, (values, k)."""
        at = self.of(x)
        cells = np.bincount(at * self.k + y, weights, minlength=len(self.known) * self.k)
        return np.asarray(cells.reshape(-1, self.k))


def _members_law(values: _SeenValues, honest: Table, weights: Floats, one: Collective) -> Floats:
    """Return the law of what members submit, those who err among them, (values, k)."""
    rng = np.random.default_rng(0)  # strategies that decide row by row draw nothing
    acted = apply_strategy(one.strategy, honest, Knowledge(honest), rng)
    planned = values.law(acted.x, acted.y, weights)
    if one.mistake == "forget":
        wrong = values.law(honest.x, honest.y, weights)
    else:
        shifts = range(1, honest.k) if one.mistake == "label" else [0]
        laws = []
        for shift in shifts:
            slipped = make_mistaken_action(one, np.full(len(honest), shift))(
                honest, Knowledge(honest), rng
            )
            laws.append(values.law(slipped.x, slipped.y, weights / len(shifts)))
        wrong = np.asarray(sum(_pad(law, len(values.known)) for law in laws))
    return erring_law(_pad(planned, len(wrong)), wrong, one.error)


def _pad(law: Floats, v: int) -> Floats:
    """Return a law over the first values as one over v of them, (v, k)."""
    return np.concatenate([law, np.zeros((v - len(law), law.shape[1]))])
