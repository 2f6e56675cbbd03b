"""Which cells of two runs belong together: the same settings but for what tells the runs apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quorate.runs.result import Row
from quorate.short_names import tell_apart

Cell = tuple[tuple[str, Any], ...]  # settings by name, in the order of their names
ALWAYS = ("alpha", "seed")  # two cells of other sizes, or of other people, are never a pair
CURVE = ("population", "strategy", "goal", "learner", "collective", *ALWAYS)  # settings of a study
# Elsewhere words are settings, but for these remarks and for what is within a part (PART.NAME) ...
REMARKS = {"id", "version", "stored_at", "error", "notes", "platform_id", "epsilon_leaves_out"}
# ... and so are these numbers.
NUMBERS = {
    *(*ALWAYS, "target", "at", "share", "knowledge", "size", "n", "canaries", "delta", "epsilon"),
    *("members", "queries", "queries_per_member", "budget", "day", "round", "photos"),
}
NO_MEASURES = {"seconds", "people", "evaluation", "pooled"}
OF_CURVES = ("success", "accuracy", "worst_group_accuracy")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two runs, or two variants within them, whose cells stand side by side.

    Args:
        first, second: what tells the one from the other: settings by name; empty where all agree.
        rows: by what both share but the seed, the pairs of rows, by seed.
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    rows: Mapping[Cell, Mapping[int, tuple[Row, Row]]]

    @property
    def number(self) -> int:
        """How many pairs there are."""
        return sum(map(len, self.rows.values()))


@dataclass(frozen=True, eq=False)
class Pairing:
    """What of two runs could be paired, and what could not.

    Args:
        pairs: a group for each two variants.
        alone: cells of the first run and of the second that have no partner, (2).
        twice: how many cells of both runs another one of the same settings has taken the place of.
    """

    pairs: tuple[Pairs, ...]
    alone: tuple[tuple[Row, ...], tuple[Row, ...]]
    twice: int = 0


def pair(first: Sequence[Row], second: Sequence[Row]) -> Pairing:
    """Pair the rows of two runs.

    A setting in which no value of the one run is one of the other tells the runs apart: it is what
    is compared. All other settings must agree, and so must the size and the seed.

    >>> found = pair([{"learner": "sgd", "alpha": 0.1, "seed": 0, "success": 0.5}],
    ...              [{"learner": "jtt", "alpha": 0.1, "seed": 0, "success": 0.7}])
    >>> found.pairs[0].first, found.pairs[0].second, found.pairs[0].number
    ({'learner': 'sgd'}, {'learner': 'jtt'}, 1)
    """
    names = [name for name in settings_of([*first, *second]) if name not in ALWAYS]
    apart = [name for name in names if not _values(first, name) & _values(second, name)]
    shared = [name for name in names if name not in apart]
    one, two = (_by_variant(rows, apart, shared) for rows in (first, second))
    pairs, met = [], (set[int](), set[int]())
    for variant, cells in one.items():
        for other, others in two.items():
            rows: dict[Cell, dict[int, tuple[Row, Row]]] = {}
            for cell in cells.keys() & others.keys():
                both = cells[cell], others[cell]
                for place in (0, 1):
                    met[place].add(id(both[place]))
                seed = dict(cell)["seed"]
                rest = tuple(part for part in cell if part[0] != "seed")
                rows.setdefault(rest, {})[seed] = both
            if rows:
                ordered = {
                    cell: dict(sorted(rows[cell].items())) for cell in sorted(rows, key=_rank)
                }
                pairs.append(Pairs(dict(variant), dict(other), ordered))
    kept = [[row for cells in found.values() for row in cells.values()] for found in (one, two)]
    alone = [tuple(row for row in rows if id(row) not in met[i]) for i, rows in enumerate(kept)]
    twice = len(first) + len(second) - sum(map(len, kept))
    return Pairing(tuple(pairs), (alone[0], alone[1]), twice)


def settings_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of what was chosen, not measured, in the order of their columns."""
    names = dict.fromkeys(name for row in rows for name in row)
    if _are_of_curves(rows):
        return [name for name in CURVE if name in names]
    words = {n for row in rows for n, value in row.items() if isinstance(value, str)}
    chosen = NUMBERS | {name for name in words - REMARKS if "." not in name}
    return [name for name in names if name in chosen]


def measures_of(rows: Sequence[Row]) -> list[str]:
    """Return the names of what was measured: of curves success and accuracy, else every number."""
    if _are_of_curves(rows):
        return [name for name in OF_CURVES if any(_is_number(row.get(name)) for row in rows)]
    left_out = {*settings_of(rows), *REMARKS, *NO_MEASURES}
    names = dict.fromkeys(name for row in rows for name in row)
    return [
        name
        for name in names
        if name not in left_out
        and not name.endswith((".low", ".high"))
        and any(_is_number(row.get(name)) for row in rows)
    ]


def name_cells(rows: Sequence[Row], most: int = 5) -> Iterator[str]:
    """Yield what cells have in common and how many there are, the largest groups first.

    >>> list(name_cells([{"learner": "sgd", "alpha": 0.1, "seed": seed} for seed in range(3)]))
    ['learner sgd, alpha 0.1 (3 cells)']
    """
    names = [name for name in settings_of(rows) if name != "seed"]
    counted = Counter(
        ", ".join(f"{name} {_shown(row[name])}" for name in names if row.get(name) is not None)
        for row in rows
    )
    groups = counted.most_common()
    for said, number in groups[:most]:
        yield f"{said} ({number} cell{'s' * (number > 1)})"
    if len(groups) > most:
        rest = sum(number for _, number in groups[most:])
        yield f"and {len(groups) - most} more settings ({rest} cells)"


def say_variant(variant: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return what tells a variant from another: of methods of one name, what differs in them.

    >>> say_variant({"learner": "sgd:epochs=5,model=mlp"}, {"learner": "sgd:epochs=9,model=mlp"})
    'sgd:epochs=5'
    """
    said = []
    for name, value in variant.items():
        if isinstance(value, str) and isinstance(other.get(name), str):
            said.append(tell_apart([value, other[name]])[value])
        else:
            said.append(f"{name} {_shown(value)}")
    return ", ".join(said)


def _by_variant(
    rows: Sequence[Row], apart: Sequence[str], shared: Sequence[str]
) -> dict[Cell, dict[Cell, Row]]:
    """Return the rows by what tells the runs apart, then by what they must share; the last wins."""
    found: dict[Cell, dict[Cell, Row]] = {}
    for row in rows:
        variant = tuple((name, _value(row, name)) for name in apart)
        cell = tuple((name, _value(row, name)) for name in (*shared, *ALWAYS) if name in row)
        found.setdefault(variant, {})[cell] = row
    return found


def _values(rows: Iterable[Row], name: str) -> set[Any]:
    return {_value(row, name) for row in rows}


def _value(row: Row, name: str) -> Any:
    """Return a setting; a list, which cannot be a key, as its text."""
    value = row.get(name)
    return str(value) if isinstance(value, list | dict) else value


def _are_of_curves(rows: Sequence[Row]) -> bool:
    return bool(rows) and all("alpha" in row and "success" in row for row in rows)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _rank(cell: Cell) -> tuple[tuple[str, bool, Any], ...]:
    """Return what cells are sorted by: numbers by size, and words by their letters."""
    return tuple((name, isinstance(value, str), _plain(value)) for name, value in cell)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else float("-inf") if value is None else float(value)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
