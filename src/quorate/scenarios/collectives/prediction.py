"""Predicting the success of several collectives: the margin test, on what the platform sees.

At a value z of what the platform sees, collective m with label y_m is ahead by

    P(z, y_m) − max_{y≠y_m} P(z, y),   P = Σ_m α_m[(1−ρ_m)P*_m + ρ_m P_err,m] + (1 − Σ_m α_m)P₀,

and S_m = Σ P₀{c(g_m(x)) = z} over the z where it is ahead: what the best classifier for P on
c(x) does, ties against whoever is asked about. Status: derived, see
docs/explanation/several-collectives.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

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
from quorate.theory.finite import erring_law, margins, received_law
from quorate.theory.worst_case import margin_bound

Preprocessing = Callable[[Array], Array]


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
    honest, weights = (people, np.ones(len(people))) if law is None else _expand_law(law)
    values = _SeenValues(preprocess, honest.k)
    base = values.law(honest.x, honest.y, weights)
    acted = [_members_law(values, honest, weights, one) for one in collectives]
    there = [values.of(plant_signal(one.strategy.signal, honest)) for one in collectives]  # type: ignore[attr-defined]
    v, total = len(values.known), weights.sum()
    mass, members = _pad(base, v) / total, [_pad(one, v) / total for one in acted]
    carried = [np.bincount(at, weights, minlength=v).astype(np.float64) for at in there]
    out = np.empty((len(sizes), len(collectives)))  # (pairs, M)
    for row, size in zip(out, sizes, strict=True):
        submitted = received_law(mass, *zip(size, members, strict=True))
        for m, one in enumerate(collectives):
            strategy: Any = one.strategy
            ahead = margins(submitted, ACTIONS[strategy.name], honest.label(strategy.target))
            row[m] = margin_bound(ahead, carried[m]) / total  # whole people are exact
    return out


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
