"""Facts of a correction from what ``quorate correct`` writes or prints, and as they are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quorate.collective.facts.correction import CollectiveMeasured, CorrectionFacts
from quorate.collective.facts.reading import items, mapping, number, text, texts, whole
from quorate.intervals import Estimate
from quorate.test_time.perturbations.budget import check_budget
from quorate.test_time.study.measures import CorrectionMeasures

Plain = Mapping[str, Any]
MARKS = ("headline", "controls", "label_free", "proxy_agreement")  # keys of every correction
MOST = 10**9  # members, queries
MOST_SIDE = 100_000  # of a picture
MEASURED = (  # what ``CorrectionMeasures`` reads
    *("before", "after", "gap_closed", "intervals", "controls", "label_free", "outside"),
    *("adaptive", "proxy_agreement"),
)


def correction_from_plain(plain: Plain) -> CorrectionFacts:
    """Return the facts of a correction, from its JSON or as ``correction_to_plain`` left them.

    Raises:
        InputError: the budget is out of range.
        ValueError, TypeError, LookupError: a part is missing, or not what a correction writes.
    """
    who, agreement = mapping(plain["headline"]), mapping(plain["proxy_agreement"])
    queries = mapping(plain["queries"])
    epsilon, norm = number(who["epsilon"], 0), who["norm"]
    check_budget(epsilon, norm)
    shape = who.get("shape")
    facts = CorrectionFacts(
        population=text(who["population"]),
        subgroup=text(who["subgroup"]),
        platform=text(who["platform"]),
        proxy=text(who["proxy"]),
        classes=texts(who.get("classes", [])),
        shape=None if shape is None else _shape(items(shape)),
        members=whole(who["members"], 1, MOST),
        queries=whole(who["queries"], 1, MOST),
        epsilon=epsilon,
        norm=norm,
        measures=_measures(plain),
        suspects=tuple(whole(one, 1, MOST) for one in items(agreement["suspects"])),
        left_out=agreement["left_out"] is True,
        pooled=whole(queries["pooled"], 0, MOST),
        evaluation=whole(queries["evaluation"], 0, MOST),
        seeds=len(items(plain["seeds"])),
        collectives=_collectives(items(plain["cells"]), who),
        notes=texts(plain["notes"]),
    )
    for fairness in (facts.measures.before, facts.measures.after):
        if facts.subgroup not in fairness.accuracy_by_group:
            raise ValueError(f"no accuracy of {facts.subgroup}")
    return facts


def correction_to_plain(facts: CorrectionFacts) -> dict[str, Any]:
    """Return the facts of a correction as plain data, with the keys of its own JSON."""
    same = ("platform", "proxy", "queries", "epsilon")
    who = {name: getattr(facts, name) for name in same}
    told = {} if facts.shape is None else {"shape": list(facts.shape)}
    return {
        **facts.measures.to_plain(),
        "proxy_agreement": {
            **facts.measures.agreement.to_json(),
            "suspects": list(facts.suspects),
            "left_out": facts.left_out,
        },
        "queries": {"pooled": facts.pooled, "evaluation": facts.evaluation},
        "headline": {
            "population": facts.population,
            "subgroup": facts.subgroup,
            "members": facts.members,
            "norm": facts.norm,
            "classes": list(facts.classes),
            **told,
            **who,
        },
        "seeds": list(range(facts.seeds)),
        "cells": [
            {**who, "members": one.members, "gap_closed": one.gap_closed.to_json()}
            for one in facts.collectives
        ],
        "notes": list(facts.notes),
    }


def _measures(plain: Plain) -> CorrectionMeasures:
    """Return every number; those that a correction does not have are left out of its JSON."""
    kept = {name: plain[name] for name in MEASURED}
    ends = mapping(mapping(kept["intervals"])["controls"])
    controls = mapping(kept["controls"])
    kept["controls"] = {name: one for name, one in controls.items() if name in ends}
    _check_numbers(kept)
    found = CorrectionMeasures.from_plain(kept)
    for name, one in found.numbers().items():
        _check_estimate(one, name.endswith("gap_closed"))
    return found


def _check_numbers(plain: Any) -> None:
    """Raise ValueError where anything but numbers, names and what holds them is inside."""
    if isinstance(plain, Mapping):
        for name, one in mapping(plain).items():
            text(name)
            if name != "left_out":
                _check_numbers(one)
    elif isinstance(plain, list):
        for one in items(plain):
            _check_numbers(one)
    elif plain is not None:
        number(plain)


def _check_estimate(one: Estimate, free: bool) -> None:
    """Raise ValueError unless a number lies within its ends, and a rate in [0, 1]."""
    if math.isnan(one.value):
        return
    if not one.low <= one.value <= one.high:
        raise ValueError(f"{one.value:g} is not between {one.low:g} and {one.high:g}")
    if not free and not 0 <= one.value <= 1:
        raise ValueError(f"{one.value:g} is no rate")


def _collectives(cells: list[Any], who: Plain) -> tuple[CollectiveMeasured, ...]:
    """Return the gap closed by members, of the cells that share all else with the headline."""
    same = ("platform", "proxy", "queries", "epsilon")
    found: dict[int, Estimate] = {}
    for cell in map(mapping, cells):
        if all(cell[name] == who[name] for name in same):
            _check_numbers(cell["gap_closed"])
            ends = mapping(cell["gap_closed"])
            value, low, high = (ends[key] for key in ("value", "low", "high"))
            found[whole(cell["members"], 1, MOST)] = Estimate(
                math.nan if value is None else float(value),
                -math.inf if low is None else float(low),
                math.inf if high is None else float(high),
            )
    return tuple(CollectiveMeasured(members, found[members]) for members in sorted(found))


def _shape(sides: list[Any]) -> tuple[int, int, int]:
    channels, height, width = (whole(one, 1, MOST_SIDE) for one in sides)
    return channels, height, width
