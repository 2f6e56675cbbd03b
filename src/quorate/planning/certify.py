"""Certify one signal: with the members there are, with more, and against worse platforms."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from quorate.errors import InputError
from quorate.planning.cells import (
    alphabet_sizes,
    carriers,
    erasing_counts,
    joint_keys,
    signal_codes,
    signal_counts,
)
from quorate.planning.members import Members
from quorate.table import Labels
from quorate.theory.certificates.counts import (
    AssumedPlatform,
    Certificate,
    SignalCounts,
    failure,
)
from quorate.theory.certificates.erasing import ERASING, erasing_certificate
from quorate.theory.certificates.members_needed import members_needed
from quorate.theory.certificates.planting import BY_CELL, planting_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)
from quorate.theory.suboptimality import Reading
from quorate.validate import in_interval, unknown

PlanGoal = Literal["plant", "plant-feature-only", "unplant", "erase"]
RADII = (*BY_CELL, "aggregate", "exact", "tightest")
EPS_RANGE = (0.0, 0.001, 0.005, 0.01, 0.02, 0.05)
GAMMAS = (1.1, 1.25, 1.5, 2.0, 3.0)  # how unlike the members others may be
MOST_UNLIKE = 100.0  # the largest Γ that is looked at
HALVINGS = 12
ASIDE = 5  # one in five members is set aside to choose labels
ROWS_PER_CELL = 5  # mean below which there are too many cells to count
CAVEATS = (
    "Each line of the table of certificates holds by itself with the stated confidence; 'tightest' "
    "pays for being the best of them.",
    "A number of members that would be enough is a projection, as if the rows of all further "
    "members were just like these: certify again when they are there.",
    "Certified under three assumptions: members are like everyone else on the platform (Γ = 1; "
    "the rows with a larger Γ say what is left if they are not), it learns from these columns in "
    "these values, and it is within ε of the best classifier for its own rows.",
)


@dataclass(frozen=True)
class Objective:
    """What the members want to achieve, and on which platform.

    Args:
        signal: the value that members set, by column.
        target: the label to plant, or to keep off; None for "erase".
        platform_size: N, the number of people the platform learns from, members included.
        goal: "plant", "plant-feature-only" (members keep their label, and only those with the
            target set the signal), "unplant" or "erase".
        success: S*, the share of people to reach, in [0, 1].
        confidence: confidence of the certificate, in (0, 1).
        eps, reading: how far from optimal the platform may be, as in ``suboptimality_constant``.
        new_values: whether the signal may set a value that no member has yet.

    Raises:
        InputError: a value is out of range or unknown.
    """

    signal: Mapping[str, str]
    target: str | None
    platform_size: int
    goal: PlanGoal = "plant"
    success: float = 0.9
    confidence: float = 0.95
    eps: float = 0.0
    reading: Reading = "tv"
    new_values: bool = False

    def __post_init__(self) -> None:
        if self.goal not in get_args(PlanGoal):
            raise unknown("goal", self.goal, get_args(PlanGoal))
        if self.goal != "erase" and self.target is None:
            raise InputError("Expected a target, got none. Name the label to plant or to keep off.")
        in_interval("success", self.success, 0, 1, "It is a share of people.")
        failure(self.confidence)
        self.platform(self.eps)

    def platform(self, eps: float, gamma: float = 1.0) -> AssumedPlatform:
        """Return what is assumed of the platform, and of how unlike the members others are."""
        return AssumedPlatform(self.platform_size, eps, self.reading, gamma=gamma)


@dataclass(frozen=True)
class CertifiedSuccess:
    """The success certified with one radius, and the number of members that certifies S*.

    Args:
        radius: how the bound was reached.
        success: the bound with the members there are; vacuous at or below 0.
        n_for_target: number of members like these from which on S* is certified; None if not even
            everyone on the platform suffices.
        eps: how far from optimal the platform may be.
        gamma: Γ, how unlike the members others may be; 1 if they are alike.
    """

    radius: str
    success: float
    n_for_target: int | None
    eps: float
    gamma: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, with None for a bound of -inf, as JSON knows no infinity."""
        success = self.success if math.isfinite(self.success) else None
        return {**vars(self), "success": success}


@dataclass(frozen=True)
class Certification:
    """Everything that is certified for an objective.

    Args:
        objective: what the members want to achieve.
        members: n.
        certificate: the tightest certificate, at the objective's ε.
        best: the same, with the number of members for the target.
        by_radius: each radius alone, at the full confidence.
        by_eps: the tightest certificate for each ε of a range.
        by_gamma: the tightest certificate for each Γ of a range, at the objective's ε.
        holds_to: the largest Γ, rounded down to two digits, at which the target is certified for
            the members there are; None if it is not certified at Γ = 1.
        carrying: number of members who already carry the signal.
        notes: caveats.
    """

    objective: Objective
    members: int
    certificate: Certificate
    best: CertifiedSuccess
    by_radius: tuple[CertifiedSuccess, ...]
    by_eps: tuple[CertifiedSuccess, ...]
    by_gamma: tuple[CertifiedSuccess, ...]
    holds_to: float | None
    carrying: int
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        objective = self.objective
        return {
            "certified": {
                "success": self.best.to_dict()["success"],
                "n_for_target": self.best.n_for_target,
                "confidence": objective.confidence,
                "radius": self.certificate.radius,
                "status": self.certificate.status,
            },
            "goal": objective.goal,
            "target": objective.target,
            "target_success": objective.success,
            "signal": dict(objective.signal),
            "members": self.members,
            "carrying": self.carrying,
            "platform_size": objective.platform_size,
            "eps": objective.eps,
            "reading": objective.reading,
            "by_radius": [row.to_dict() for row in self.by_radius],
            "by_eps": [row.to_dict() for row in self.by_eps],
            "by_gamma": [row.to_dict() for row in self.by_gamma],
            "holds_to_gamma": self.holds_to,
            "notes": list(self.notes),
        }


def _check_possible(members: Members, objective: Objective) -> None:
    """Raise InputError if no member has the label to plant by features alone."""
    if objective.goal != "plant-feature-only" or objective.target is None:
        return
    if not (members.labels == members.label(objective.target)).any():
        raise InputError(
            f"Expected some members with the label {objective.target!r} to plant it by features "
            "alone, got none: that is impossible. Let members change their label as well: "
            "--goal plant."
        )


Certify = Callable[[int, AssumedPlatform, str], Certificate]  # members, platform, radius


def certify(
    members: Members, objective: Objective, eps_range: Sequence[float] = EPS_RANGE
) -> Certification:
    """Return what the members can be sure of, from their own rows alone.

    Further members are assumed to be like these: all frequencies stay as they are. For the goal
    "unplant" with more than two labels, a fifth of the rows is set aside to choose cells' labels.

    Args:
        members: their rows as they are now.
        objective: what they want to achieve.
        eps_range: ε of ``by_eps``.

    Raises:
        InputError: a name is unknown, or there are more members than people on the platform.
    """
    here = objective.platform(objective.eps)
    here.others(len(members))
    signal = signal_codes(members, objective.signal, new_values=objective.new_values)
    _check_possible(members, objective)
    bound, against = certifier(members, objective, signal)

    @functools.cache
    def row(radius: str, eps: float, gamma: float = 1.0) -> CertifiedSuccess:
        platform = objective.platform(eps, gamma)

        @functools.cache
        def success(n: int) -> float:
            return bound(n, platform, radius).success

        counted = (against, len(members)) if radius == "aggregate" else None
        needed = members_needed(success, objective.success, objective.platform_size, counted)
        return CertifiedSuccess(radius, success(len(members)), needed, eps, gamma)

    def certified_at(gamma: float) -> bool:
        platform = objective.platform(objective.eps, gamma)
        return bound(len(members), platform, "tightest").success >= objective.success

    radii = ERASING if objective.goal == "erase" else RADII
    by_radius = tuple(row(radius, objective.eps) for radius in radii)
    by_eps = tuple(row("tightest", eps) for eps in eps_range)
    by_gamma = tuple(row("tightest", objective.eps, gamma) for gamma in GAMMAS)
    holds_to = largest_gamma(certified_at)
    certificate = bound(len(members), here, "tightest")
    carrying = int(carriers(members, signal).sum())
    notes = (*members.notes, *certificate.notes, *_notes(members, objective, signal, carrying))
    return Certification(
        objective,
        len(members),
        certificate,
        by_radius[-1],
        by_radius,
        by_eps,
        by_gamma,
        holds_to,
        carrying,
        notes,
    )


def largest_gamma(holds: Callable[[float], bool]) -> float | None:
    """Return the largest Γ from 1 to 100 at which a conclusion holds, or None if it never does.

    It holds less, the larger Γ is. Rounded down to two digits after the point.

    >>> largest_gamma(lambda gamma: gamma < 1.5)
    1.49
    """
    if not holds(1.0):
        return None
    if holds(MOST_UNLIKE):
        return MOST_UNLIKE
    low, high = 1.0, MOST_UNLIKE
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return math.floor(low * 100) / 100


def certifier(
    members: Members, objective: Objective, signal: Mapping[int, int]
) -> tuple[Certify, float]:
    """Return the certificate as a function of the number of members, and its rounded count."""
    confidence = objective.confidence
    if objective.goal == "erase":
        honest, image, cells, signal_cells = erasing_counts(members, signal)

        def erase(n: int, platform: AssumedPlatform, radius: str) -> Certificate:
            scaled = honest * (n / len(members))
            return erasing_certificate(
                scaled, image, cells, signal_cells, platform, confidence, radius
            )[1]

        return erase, 0.0
    assert objective.target is not None
    label = members.label(objective.target)
    if objective.goal == "unplant":
        counts = signal_counts(members, signal)
        bound = _unplanting(members, signal, counts, label, confidence)
        return bound, float(counts.honest[:, label].sum())
    only = label if objective.goal == "plant-feature-only" else None
    counts = signal_counts(members, signal, only)

    def plant(n: int, platform: AssumedPlatform, radius: str) -> Certificate:
        return planting_certificate(counts.scaled(n), label, platform, confidence, radius)

    return plant, float(np.delete(counts.honest, label, axis=1).sum())


def _unplanting(
    members: Members, signal: Mapping[int, int], counts: SignalCounts, label: int, confidence: float
) -> Certify:
    """Return the certificate for one label everywhere, or for the best label in each cell."""
    aside = set_aside(members, signal, counts)

    def unplant(n: int, platform: AssumedPlatform, radius: str) -> Certificate:
        scaled = counts.scaled(n)
        if counts.k == 2 or aside is None or n < 2 * ASIDE:
            return naive_unplanting_certificate(scaled, label, platform, confidence, radius)[1]
        some = aside.scaled(round(n * aside.members / len(members)))
        # The share set aside is rounded to whole people; what is left cannot be negative.
        some = SignalCounts(
            np.minimum(some.honest, scaled.honest),
            some.planted,
            some.members,
            some.signal_cells,
            open_ended=some.open_ended,
        )
        found = adaptive_unplanting_certificate(scaled, some, label, platform, confidence, radius)
        return found[1]

    return unplant


def set_aside(
    members: Members, signal: Mapping[int, int], counts: SignalCounts
) -> SignalCounts | None:
    """Return the counts of a fifth of the members, set aside to choose labels, over all cells.

    They are drawn at random, by a digest of the rows: tables may be sorted, and every fifth row of
    a sorted table tells of the rest. None for fewer than ten members, or for two labels, which
    leave no choice.
    """
    if len(members) < 2 * ASIDE or counts.k == 2:
        return None
    rest = [j for j in range(len(members.columns)) if j not in signal]
    sizes = alphabet_sizes(members)
    keys = joint_keys(members.codes[:, rest], [sizes[j] for j in rest])
    _, at = np.unique(keys, return_inverse=True)
    m, k = counts.honest.shape
    chosen = drawn_aside(members)
    there = carriers(members, signal)[chosen]
    some, labels = at[chosen], members.labels[chosen]
    joint = some[there].astype(np.int64) * k + labels[there]
    honest = np.bincount(joint, minlength=m * k).astype(np.float64)
    planted = np.bincount(some, minlength=m).astype(np.float64)
    return SignalCounts(
        honest.reshape(m, k),
        planted,
        len(some),
        counts.signal_cells,
        open_ended=counts.open_ended,
    )


def drawn_aside(members: Members) -> Labels:
    """Return the places of the members who are set aside, ascending: the same for equal tables."""
    n = len(members)
    digest = hashlib.sha256(members.codes.astype("<i8").tobytes())
    digest.update(members.labels.astype("<i8").tobytes())
    rng = np.random.default_rng(int.from_bytes(digest.digest()[:8], "little"))
    return np.sort(rng.permutation(n)[: math.ceil(n / ASIDE)])


def _notes(
    members: Members, objective: Objective, signal: Mapping[int, int], carrying: int
) -> list[str]:
    """Return what follows from the rows and the signal, in words."""
    return [
        *_notes_on_signal(members, objective, signal, carrying),
        *_notes_on_cells(members, signal),
        *CAVEATS,
    ]


def _notes_on_signal(
    members: Members, objective: Objective, signal: Mapping[int, int], carrying: int
) -> Iterator[str]:
    n = len(members)
    if carrying == n:
        yield (
            "Every member carries the signal already: nothing changes but the labels. Choose one "
            "that few have."
        )
    columns = [(members.columns[j], code) for j, code in signal.items()]
    new = [column.name for column, code in columns if code >= len(column.values)]
    if new:
        yield (
            f"No member has the signal's value of {', '.join(new)} yet: make sure that the "
            "platform accepts it, and that what it learns from it is used."
        )
    if objective.goal == "plant-feature-only" and objective.target is not None:
        having = int((members.labels == members.label(objective.target)).sum())
        yield (
            f"Only the {having} members (of {n}) whose label is {objective.target!r} plant the "
            "signal."
        )


def _notes_on_cells(members: Members, signal: Mapping[int, int]) -> Iterator[str]:
    if any(column.edges for column in members.columns):
        yield (
            "Bins were chosen by these rows, which certificates do not pay for: for a statement to "
            "the letter, bin numbers beforehand by edges that do not depend on the members."
        )
    n, cells = len(members), len(signal_counts(members, signal).planted)
    if cells * ROWS_PER_CELL > n:
        yield (
            f"The {n} members lie in {cells} different cells of the other columns, fewer than "
            f"{ROWS_PER_CELL} in each: a cell can hardly be counted, and little can be certified. "
            "Name the columns that the platform learns from, or use fewer bins."
        )
