"""What theory says of several collectives: the margin test, on what the platform sees.

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

from quorate.knowledge import Knowledge
from quorate.law import FiniteLaw
from quorate.learners.theoretical.coarsened import Coarsened
from quorate.protocols import Learner, Strategy
from quorate.scenarios.collectives.submission import Collective, mistaken
from quorate.studies.bounds import ACTIONS
from quorate.table import Array, Table
from quorate.theory.finite import erring_law, margins, received_law
from quorate.theory.worst_case import margin_bound

Floats = npt.NDArray[np.float64]
Sight = Callable[[Array], Array]


def sight(learner: Learner, people: Table) -> Sight:
    """Return what the platform makes of features before it learns: c, or nothing."""
    if isinstance(learner, Coarsened):
        return lambda x: learner.coarse(x, people.columns)
    return lambda x: x


def alike(one: Strategy, other: Strategy, people: Table, seen: Sight) -> float | None:
    """Return on which share of people two signals look the same to the platform; None without."""
    signals: list[Any] = [getattr(strategy, "signal", None) for strategy in (one, other)]
    if None in signals:
        return None
    rows = [seen(signal.plant(people)).reshape(len(people), -1) for signal in signals]
    return float((rows[0] == rows[1]).all(axis=1).mean())


def decides_row_by_row(strategy: Strategy) -> bool:
    """Whether each member's row follows from their own alone, so that P* is known from P₀."""
    votes = strategy.name == "unplanting" and getattr(strategy, "claim", None) is None
    return strategy.name in ACTIONS and not votes


def margin_test(
    people: Table,
    law: FiniteLaw | None,
    collectives: Sequence[Collective],
    sizes: Sequence[Sequence[float]],
    seen: Sight,
) -> Floats | None:
    """Return the success of each collective by the margin test, (pairs, M); None where unknown.

    Args:
        people: P₀ where the law is not known: they are taken for everyone there is.
        law: P₀ where it is finite and known.
        collectives: the M collectives, in order.
        sizes: of each, for each pair, (pairs, M).
        seen: c, what the platform makes of features.
    """
    if not all(decides_row_by_row(one.strategy) for one in collectives):
        return None
    honest, weights = (people, np.ones(len(people))) if law is None else _pairs(law)
    place = _Places(seen, honest.k)
    base = place.law(honest.x, honest.y, weights)
    acted = [_members_law(place, honest, weights, one) for one in collectives]
    there = [place.of(one.strategy.signal.plant(honest)) for one in collectives]  # type: ignore[attr-defined]
    v, total = len(place.known), weights.sum()
    mass, members = _filled(base, v) / total, [_filled(one, v) / total for one in acted]
    carried = [np.bincount(at, weights, minlength=v).astype(np.float64) for at in there]
    out = np.empty((len(sizes), len(collectives)))  # (pairs, M)
    for row, size in zip(out, sizes, strict=True):
        submitted = received_law(mass, *zip(size, members, strict=True))
        for m, one in enumerate(collectives):
            strategy: Any = one.strategy
            ahead = margins(submitted, ACTIONS[strategy.name], honest.label(strategy.target))
            row[m] = margin_bound(ahead, carried[m]) / total  # whole people are exact
    return out


def _pairs(law: FiniteLaw) -> tuple[Table, Floats]:
    """Return one person for each feature value and label, and how probable they are."""
    v, k = law.mass.shape
    people = law.points.take(np.repeat(np.arange(v), k))
    return people.relabelled(np.tile(np.arange(k), v)), law.mass.ravel()


class _Places:
    """A number for each value of what the platform sees, given as they come."""

    def __init__(self, seen: Sight, k: int) -> None:
        self.seen, self.k = seen, k
        self.known: dict[bytes, int] = {}

    def of(self, x: Array) -> npt.NDArray[np.int64]:
        """Return the number of each row, (n,)."""
        rows = np.ascontiguousarray(self.seen(x))
        found = (self.known.setdefault(row.tobytes(), len(self.known)) for row in rows)
        return np.fromiter(found, dtype=np.int64, count=len(rows))

    def law(self, x: Array, y: npt.NDArray[np.int64], weights: Floats) -> Floats:
        """Return the weight of each value so far and each label, (values, k)."""
        at = self.of(x)
        cells = np.bincount(at * self.k + y, weights, minlength=len(self.known) * self.k)
        return np.asarray(cells.reshape(-1, self.k))


def _members_law(place: _Places, honest: Table, weights: Floats, one: Collective) -> Floats:
    """Return the law of what members hand in, those who err among them, (values, k)."""
    rng = np.random.default_rng(0)  # strategies that decide row by row draw nothing
    acted = one.strategy.apply(honest, Knowledge(honest), rng)
    planned = place.law(acted.x, acted.y, weights)
    if one.mistake == "forget":
        wrong = place.law(honest.x, honest.y, weights)
    else:
        shifts = range(1, honest.k) if one.mistake == "label" else [0]
        laws = []
        for shift in shifts:
            slipped = mistaken(one, np.full(len(honest), shift))(honest, Knowledge(honest), rng)
            laws.append(place.law(slipped.x, slipped.y, weights / len(shifts)))
        wrong = np.asarray(sum(_filled(law, len(place.known)) for law in laws))
    return erring_law(_filled(planned, len(wrong)), wrong, one.error)


def _filled(law: Floats, v: int) -> Floats:
    """Return a law over the first values as one over v of them, (v, k)."""
    return np.concatenate([law, np.zeros((v - len(law), law.shape[1]))])
