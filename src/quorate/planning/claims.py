"""The label that each member hands in, for goals where it differs between members."""

from __future__ import annotations

import numpy as np

from quorate.planning.cells import (
    alphabet_sizes,
    erasing_counts,
    joint_keys,
    signal_codes,
    signal_counts,
)
from quorate.planning.certify import Objective, set_aside
from quorate.planning.member_column import Codes
from quorate.planning.members import Members
from quorate.table import Labels
from quorate.theory.certificates.erasing import erasing_certificate
from quorate.theory.certificates.unplanting import (
    adaptive_unplanting_certificate,
    naive_unplanting_certificate,
)

KEPT = "their own"  # if nobody like them was seen with the signal


def list_claims(members: Members, objective: Objective) -> list[dict[str, str]]:
    """Return what each kind of member hands in: their column values, and the label to claim.

    For "unplant" and "erase" these are the labels that the certificate is about; for other goals
    nothing is returned. For "unplant" the columns are those that the signal does not set.
    """
    signal = signal_codes(members, objective.signal, new_values=objective.new_values)
    if objective.goal == "erase":
        return _erasing(members, objective, signal)
    if objective.goal == "unplant":
        return _unplanting(members, objective, signal)
    return []


def _unplanting(
    members: Members, objective: Objective, signal: dict[int, int]
) -> list[dict[str, str]]:
    assert objective.target is not None
    counts = signal_counts(members, signal)
    aside = set_aside(members, signal, counts)
    avoided, platform = members.label(objective.target), objective.platform(objective.eps)
    rest = [j for j in range(len(members.columns)) if j not in signal]
    kinds = _kinds(members.codes[:, rest], [alphabet_sizes(members)[j] for j in rest])
    if aside is None:
        one, _ = naive_unplanting_certificate(counts, avoided, platform, objective.confidence)
        labels = np.full(len(counts.planted), one)
    else:
        labels, _ = adaptive_unplanting_certificate(
            counts, aside, avoided, platform, objective.confidence
        )
    return _rows(members, rest, kinds, labels)


def _erasing(
    members: Members, objective: Objective, signal: dict[int, int]
) -> list[dict[str, str]]:
    platform = objective.platform(objective.eps)
    labels, _ = erasing_certificate(
        *erasing_counts(members, signal), platform, objective.confidence
    )
    every = list(range(len(members.columns)))
    kinds = _kinds(members.codes, alphabet_sizes(members, signal))
    return _rows(members, every, kinds, labels)


def _kinds(codes: Codes, sizes: list[int]) -> Codes:
    """Return one row of codes for each cell that was seen, in the order of the counts."""
    _, first = np.unique(joint_keys(codes, sizes), return_index=True)
    return codes[first]


def _rows(
    members: Members, columns: list[int], kinds: Codes, labels: Labels
) -> list[dict[str, str]]:
    named = [members.columns[j] for j in columns]
    return [
        {column.name: column.values[code] for column, code in zip(named, row, strict=True)}
        | {"label to hand in": members.classes[label] if label >= 0 else KEPT}
        for row, label in zip(kinds.tolist(), labels.tolist(), strict=True)
    ]
