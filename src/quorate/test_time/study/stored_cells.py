"""Which stored cells a correction is made of, told from what they say of themselves alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quorate import spec
from quorate.runs.cell import Record
from quorate.test_time.study.correction import CellGroup, Correction


def find_stored(correction: Correction, records: Iterable[Record]) -> list[Record]:
    """Return the record of each cell of a correction, in its order, as far as there is one.

    Nothing is read but the records: no people are drawn, and no platform is asked for its id. Where
    several were made with one correction, of other photos or versions, it is the last one.
    """
    shared = _shared(correction)
    found = {
        _key(record.plain): record
        for record in sorted(records, key=lambda record: record.stored_at or "")
        if _is_of(record.plain, shared, correction)
    }
    keys = [
        _key_of(group, epsilon) for group in correction.groups() for epsilon in correction.epsilons
    ]
    return [found[key] for key in keys if key in found]


def _shared(correction: Correction) -> dict[str, Any]:
    """Return what the descriptions of all cells of a correction say, but for people and ids."""
    return {
        "population": spec.describe(correction.population),
        "subgroup": spec.describe(correction.subgroup),
        "share": correction.train_share,
        "measured": correction.measured_share,
        "reserve": correction.reserve,
        "answers": correction.answers,
        "norm": correction.norm,
        "crafting": spec.describe(correction.crafting),
        "extraction": spec.describe(correction.extraction),
        "label_free": list(correction.label_free),
        "adaptive": list(correction.adaptive),
    }


def _is_of(plain: Mapping[str, Any], shared: Mapping[str, Any], correction: Correction) -> bool:
    told = plain.get("description")
    if not isinstance(told, Mapping) or told.get("aim", "most") != correction.aim:
        return False
    photos, search = correction.photos, spec.describe(correction.search)
    if told.get("search", search) != search:  # told where photo edits are searched
        return False
    return all(told.get(name) == value for name, value in shared.items()) and (
        photos is None or told.get("photos") == photos
    )


def _key(plain: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("seed", "platform", "proxy", "members", "queries_per_member", "epsilon")
    return tuple(map(str, (plain.get(name) for name in names)))


def _key_of(group: CellGroup, epsilon: float) -> tuple[str, ...]:
    named = (group.seed, group.platform, group.proxy, group.members, group.queries, epsilon)
    return tuple(map(str, named))
