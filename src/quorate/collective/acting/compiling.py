"""From a strategy of the catalog to an instruction that one member can carry out alone.

What a strategy learns from the collective's rows is worked out here, by the strategy itself, on the
table of the plan or of the organiser: the instruction holds the finished rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from quorate import spec
from quorate.collective.acting.instruction import Instruction
from quorate.collective.acting.learned_claims import MOST_KINDS, LearnedClaims, LearnedColumn
from quorate.errors import InputError
from quorate.given_column import simplest
from quorate.knowledge import Knowledge
from quorate.protocols import Signal, Strategy
from quorate.signals.columns import Columns
from quorate.signals.grid import Grid
from quorate.signals.patch import Patch
from quorate.strategies.attribute.aggregating import Aggregating
from quorate.strategies.data_strike import DataStrike
from quorate.strategies.erasing import Erasing
from quorate.strategies.planting import Planting
from quorate.strategies.planting_features import PlantingFeatures
from quorate.strategies.unplanting import Unplanting
from quorate.table import Array, Column, Table
from quorate.validate import clean_text, given_number, shown

ALONE = ("planting", "planting-features", "unplanting", "erasing", "aggregating", "data-strike")
_ALL = "it needs the whole collective's rows:"
_FROM_OTHERS = f"{_ALL} each member takes values from other members' rows"
_MODEL = f"{_ALL} each label is claimed by what a model of the other members' rows says"
_RANKED = f"{_ALL} the whole group is ranked, and only some of it act"
WHY_NOT = {
    "swapping": _FROM_OTHERS,
    "borrowed-features": _FROM_OTHERS,
    "uncoordinated": f"{_FROM_OTHERS}; and it is the control of a plan, not a plan",
    "cancelling": _MODEL,
    "contrary": _MODEL,
    "randomised": f"{_ALL} labels are drawn at their base rate, after they were shuffled",
    "rb-label": _RANKED,
    "rb-prob": _RANKED,
    "rb-dist": _RANKED,
    "random": _RANKED,
    "rehearsed": _RANKED,
    "sequence": "its second step needs the rows as the first has changed them",
    "perturbed": "a change of pictures is a file of its own, which members add with quorate apply",
    "handed-in": "a function of one's own is no plain data that a page could carry",
}
_OWN_CODE = "what it does is known to its own code alone"

Maker = Callable[[Any, str, "str | None", "Table | None"], Instruction]


def compile_instruction(
    strategy: Strategy,
    *,
    label: str | None = None,
    people: Table | None = None,
    missing: Sequence[str] = (),
) -> Instruction:
    """Return what one member does to their own data for a strategy.

    Args:
        strategy: of the catalog, with its signal and its target.
        label: column of the labels in members' files; None for pictures.
        people: the rows of the collective, as the plan or the organiser has them: needed where the
            strategy learns from them, and else used to check names and values. What is learned
            from them can be read in the instruction.
        missing: words that stand for a missing value in members' files.

    Raises:
        InputError: one member cannot carry the strategy out alone, or it needs what was not given;
            the message says what.
    """
    makers: dict[type, Maker] = {
        Planting: _planting,
        PlantingFeatures: _planting_features,
        Unplanting: _unplanting,
        Erasing: _erasing,
        Aggregating: _aggregating,
        DataStrike: _data_strike,
    }
    make = makers.get(type(strategy))
    if make is None:
        raise InputError(
            f"Expected a strategy that one member can carry out on their own file, got "
            f"{strategy.name!r}: {WHY_NOT.get(strategy.name, _OWN_CODE)}. Use one of "
            f"{', '.join(ALONE)}, or act where all rows are together: quorate curve."
        )
    if people is not None and people.is_image:
        people = people if label is None else None
    made = make(strategy, spec.text(strategy), label, people)
    words = tuple(clean_text(word) for word in missing)
    return Instruction(**{**vars(made), "missing": words})


# --------------------------------------------------------------------------- one of each strategy


def _planting(
    strategy: Planting, text: str, label: str | None, people: Table | None
) -> Instruction:
    claim = _label(strategy.target, people, "target")
    return _marked(strategy.signal, text, label, people, claim=claim)


def _planting_features(
    strategy: PlantingFeatures, text: str, label: str | None, people: Table | None
) -> Instruction:
    only = _label(strategy.target, people, "target")
    return _marked(strategy.signal, text, label, people, only=only)


def _unplanting(
    strategy: Unplanting, text: str, label: str | None, people: Table | None
) -> Instruction:
    target = _label(strategy.target, people, "target")
    if strategy.claim is not None:
        claim = _label(strategy.claim, people, "claim")
        if clean_text(claim) == clean_text(target):
            raise InputError(
                f"Expected members to claim another label than {target!r}, which the signal shall "
                "not get, got the same. Name another one."
            )
        return _marked(strategy.signal, text, label, people, claim=claim)
    known = _known(strategy, people, label, "the likeliest other label; or name it: claim=LABEL")
    claims = _learned(strategy, strategy.signal, known, otherwise=True)
    return _marked(strategy.signal, text, label, people, claims=claims)


def _erasing(strategy: Erasing, text: str, label: str | None, people: Table | None) -> Instruction:
    known = _known(strategy, people, label, "the label that rows like theirs have with the signal")
    claims = _learned(strategy, strategy.signal, known, otherwise=False)
    return Instruction(text, "rows", label=label, claims=claims)


def _aggregating(
    strategy: Aggregating, text: str, label: str | None, people: Table | None
) -> Instruction:
    known = _known(strategy, people, label, "the mean or the commonest value of its columns")
    acted = strategy.apply(known, Knowledge(known), np.random.default_rng(0))
    columns = tuple(
        (column.name, _value_of(acted.x[0], column)) for column in strategy.chosen(known)
    )
    return Instruction(text, "rows", columns=columns)


def _data_strike(
    strategy: DataStrike, text: str, label: str | None, people: Table | None
) -> Instruction:
    only = None if strategy.label is None else _label(strategy.label, people, "label")
    is_rows = label is not None
    if people is not None:
        is_rows = not people.is_image
    data = "rows" if is_rows else "pictures"
    return Instruction(text, data, withholds=True, label=label, only=only)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------ labels and signals


def _label(name: str | None, people: Table | None, what: str) -> str:
    """Return a label as the collective's rows have it, or as it was named."""
    if people is not None:
        return people.classes[people.label(name)]
    if name is None:
        raise InputError(
            f"Expected a {what} to be named where the collective's rows are not given, got none. "
            f"Write {what}=LABEL."
        )
    return str(name)


def _marked(
    signal: Signal,
    text: str,
    label: str | None,
    people: Table | None,
    *,
    claim: str | None = None,
    only: str | None = None,
    claims: LearnedClaims | None = None,
) -> Instruction:
    """Return the instruction that puts the signal on."""
    if isinstance(signal, Patch | Grid):
        if label is not None:
            raise InputError(
                f"Expected a signal for the columns of a table, got {signal.name!r}, which marks "
                "pictures. Write signal=columns,NAME=VALUE, or leave the column of labels out."
            )
        return Instruction(text, "pictures", claim=claim, only=only, mark=signal)
    if not isinstance(signal, Columns):
        why = "a shift of numbers that were rounded cannot be written into a cell to the bit"
        why = why if signal.name == "offset" else "it is known to its own code alone"
        raise InputError(
            f"Expected a signal that a member's machine can put on, got {signal.name!r}: {why}. "
            "Use columns,NAME=VALUE for tables, and patch or grid for pictures."
        )
    if label is None:
        raise InputError(
            "Expected the column of the labels in members' files, got none. Name it: label=COLUMN."
        )
    if not signal.set:
        raise InputError(
            "Expected at least one column to set, got none. Write signal=columns,NAME=VALUE."
        )
    columns = tuple((name, _written(name, value, people)) for name, value in signal.set.items())
    return Instruction(
        text, "rows", label=label, only=only, claim=claim, claims=claims, columns=columns
    )


def _written(name: str, value: Any, people: Table | None) -> str:
    """Return a value of the signal as it is written: of numbers plainly, of names as rows have it.

    Raises:
        InputError: the collective's rows have no such column, or no such value.
    """
    if people is None:
        return str(value)
    column = people.column(name)
    code = column.encode(value)
    if column.values:
        return column.values[int(code.argmax())]
    return _plainly(float(given_number(name, value, column.decimal) or 0.0))


def _plainly(number: float) -> str:
    """Return a number in plain digits, the fewest that tell it apart.

    >>> _plainly(60.0), _plainly(0.1), _plainly(1e22)
    ('60', '0.1', '1e+22')
    """
    text = repr(number + 0.0)
    return text.removesuffix(".0")


def _value_of(row: Array, column: Column) -> str:
    """Return the value that a row's features stand for in one column."""
    code = row[column.start : column.stop]
    if column.values:
        return column.values[int(code.argmax())]
    number = float(simplest(code, column)[0])
    if column.encode(number)[0] != code[0]:
        raise InputError(
            f"Expected a value of {column.name!r} that a cell can hold to the bit, got about "
            f"{number:.6g}. Name columns of names instead: columns=NAME."
        )
    return _plainly(number)


# ---------------------------------------------------------------------------------- learned rules


def _known(strategy: Strategy, people: Table | None, label: str | None, what: str) -> Table:
    """Return the collective's rows for a strategy that learns from them.

    Raises:
        InputError: they were not given, or are pictures.
    """
    if people is None or not len(people):
        raise InputError(
            f"Expected the collective's rows for {strategy.name!r}, from which each member gets "
            f"{what}, got none. Give the organiser's file of members."
        )
    if people.is_image or not people.columns:
        raise InputError(
            f"Expected rows of a table for {strategy.name!r}, got pictures: no two are alike, so "
            "that a rule for members' own pictures cannot be handed out. Use planting, or "
            "unplanting with claim=LABEL."
        )
    if label is None and strategy.name != "aggregating":
        raise InputError("Expected the column of the labels in members' files, got none. Name it.")
    return people


def _learned(
    strategy: Strategy, signal: Signal, people: Table, *, otherwise: bool
) -> LearnedClaims:
    """Return the label that the strategy gives each kind of row of the collective.

    Args:
        strategy: which claims labels.
        signal: whose columns do not tell kinds apart.
        people: the collective's rows.
        otherwise: whether the commonest label is everybody else's, as in unplanting.
    """
    acted = strategy.apply(people, Knowledge(people), np.random.default_rng(0))
    set_by_signal = set(getattr(signal, "set", {}))
    columns = [one for one in people.columns if one.name not in set_by_signal]
    _check_exact(people, columns)
    kinds, first, of = np.unique(
        _codes(people, columns), axis=0, return_index=True, return_inverse=True
    )
    votes = np.zeros((len(kinds), people.k), dtype=np.int64)  # (kinds, k)
    np.add.at(votes, (of.reshape(-1), acted.y), 1)
    claims = votes.argmax(axis=1)
    rest = None
    kept = np.arange(len(kinds))
    if otherwise:
        rest = _otherwise(strategy, people)
        kept = np.flatnonzero(claims != rest)
    if len(kept) > MOST_KINDS:
        raise InputError(
            f"Expected at most {MOST_KINDS:,} different kinds of rows, got {len(kept):,}: the "
            "rule would be larger than a page can carry. Drop columns, or bin numbers first."
        )
    learned = tuple(LearnedColumn(one.name, one.values, one.mean, one.scale) for one in columns)
    rows = tuple(tuple(_known_value(people.x[first[at]], one) for one in columns) for at in kept)
    labels = tuple(people.classes[claims[at]] for at in kept)
    return LearnedClaims(learned, rows, labels, None if rest is None else people.classes[rest])


def _codes(people: Table, columns: Sequence[Column]) -> Array:
    """Return the features that tell kinds of rows apart, (n, f)."""
    if not columns:
        return np.zeros((len(people), 1), np.float32)
    return np.concatenate([people.x[:, one.start : one.stop] for one in columns], axis=1)


def _known_value(row: Array, column: Column) -> float:
    """Return the index of a name, or the number that is standardised to a row's feature."""
    code = row[column.start : column.stop]
    if column.values:
        return int(code.argmax())
    return float(simplest(code, column)[0])


def _otherwise(strategy: Strategy, people: Table) -> int:
    """Return the label of rows whose kind nobody has: those who carry the signal decide."""
    planted = strategy.signal.plant(people)  # type: ignore[attr-defined]
    carries = (planted == people.x).all(axis=1)
    seen = people.y[carries] if carries.any() else people.y
    overall = np.bincount(seen, minlength=people.k)
    overall[people.label(strategy.target)] = -1  # type: ignore[attr-defined]
    return int(overall.argmax())


def _check_exact(people: Table, columns: Sequence[Column]) -> None:
    """Raise InputError where a number cannot be told from its feature again."""
    for column in columns:
        if column.values:
            continue
        codes = np.unique(people.x[:, column.start])
        back = simplest(codes, column)
        with np.errstate(over="ignore", invalid="ignore"):
            same = ((back - column.mean) / column.scale).astype(np.float32) == codes
        if not same.all():
            raise InputError(
                f"Expected numbers of an ordinary size in column {column.name!r}, got "
                f"{shown(float(back[~same][0]), 40)}. Use logarithms, or drop the column."
            )
