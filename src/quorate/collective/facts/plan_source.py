"""Facts of a plan from what ``quorate plan`` writes or prints, and as they are stored.

The stored form has the same keys as the plan's own JSON, so that one reader reads both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from quorate.collective.facts.curve import MOST_MEMBERS, SuccessCurve
from quorate.collective.facts.reading import items, mapping, number, number_or, text, texts, whole
from quorate.collective.facts.training import TrainingFacts
from quorate.planning.certify import Certification, CertifiedSuccess, Objective
from quorate.planning.reach import Reach
from quorate.planning.rehearsal import RehearsalTrend, RehearsedSuccess
from quorate.planning.simulate import SimulatedMass
from quorate.theory.certificates.counts import Certificate

Plain = Mapping[str, Any]
MARKS = ("certified", "signal", "platform_size", "growth")  # keys of every plan
STATUSES = ("published", "derived")


def training_from_plain(plain: Plain) -> TrainingFacts:
    """Return the facts of a plan, from its JSON or as ``training_to_plain`` left them.

    Raises:
        InputError: the plan's goal is unknown, or a number is out of range.
        ValueError, TypeError, LookupError: a part is missing, or not what a plan writes.
    """
    certified = mapping(plain["certified"])
    by_radius = tuple(map(_certified_row, items(plain["by_radius"])))
    eps = by_radius[0].eps if plain.get("eps") is None else number(plain["eps"], 0, 1)
    objective = Objective(
        signal={name: text(value) for name, value in mapping(plain["signal"]).items()},
        target=None if plain["target"] is None else text(plain["target"]),
        platform_size=whole(plain["platform_size"], 1, MOST_MEMBERS),
        goal=plain["goal"],
        success=number(plain["target_success"], 0, 1),
        confidence=number(certified["confidence"], 0, 1),
        eps=eps,
        reading=plain.get("reading") or "tv",  # older plans do not tell it
    )
    size = objective.platform_size
    members, status = whole(plain["members"], 1, size), certified["status"]
    if status not in STATUSES:
        raise ValueError(f"{status!r} is no status of a certificate")
    success = number_or(-math.inf, certified["success"], high=1)
    needed = _needed(certified["n_for_target"], size)
    holds_to, radius = plain["holds_to_gamma"], text(certified["radius"])
    certification = Certification(
        objective,
        members,
        Certificate(success, objective.confidence, radius, members, size, status),
        CertifiedSuccess(by_radius[-1].radius, success, needed, eps),
        by_radius,
        tuple(map(_certified_row, items(plain["by_eps"]))),
        tuple(map(_certified_row, items(plain["by_gamma"]))),
        None if holds_to is None else number(holds_to, 1),
        whole(plain["carrying"], 0, members),
    )
    costs, withstands = mapping(plain["costs"]), mapping(plain["withstands"])
    tolerated, label = withstands["rows_of_others"], plain.get("label")
    sets = {name: text(value) for name, value in mapping(plain.get("sets", {})).items()}
    if sets and set(sets) != set(objective.signal):
        raise ValueError("what members write is not for the columns of the signal")
    return TrainingFacts(
        certification=certification,
        label=None if label is None else text(label),
        sets=sets or objective.signal,  # older plans do not tell it
        rehearsed=tuple(map(_rehearsed, items(plain["rehearsed"]))),
        trends=tuple(map(_trend, items(plain["rehearsed_trends"]))),
        simulated=tuple(map(_simulated, items(plain["simulated"]))),
        simulated_curves=tuple(
            _simulated_curve(mapping(one), size) for one in items(plain.get("simulated_curves", []))
        ),
        reach=_reach(mapping(plain["in_reach"])["largest"], size),
        growth=_growth(items(plain["growth"]), needed, objective.success),
        having={name: number(one, 0, 1) for name, one in mapping(costs["having"]).items()},
        claiming=number_or(math.nan, costs["claiming"], 0, 1),
        changed=whole(withstands["different_rows"], 0, MOST_MEMBERS),
        tolerated=None if tolerated is None else whole(tolerated, 0, MOST_MEMBERS),
        claims=tuple(
            {name: text(value) for name, value in mapping(row).items()}
            for row in items(plain["claims"])
        ),
        notes=texts(plain["notes"]),
    )


def training_to_plain(facts: TrainingFacts) -> dict[str, Any]:
    """Return the facts of a plan as plain data, with the keys of the plan's own JSON."""
    certified, growth = facts.certification, facts.growth
    size = certified.objective.platform_size
    points = () if growth is None else zip(growth.members, growth.success, strict=True)
    return {
        **certified.to_dict(),
        "label": facts.label,
        "sets": dict(facts.sets),
        "rehearsed": [row.to_dict() for row in facts.rehearsed],
        "rehearsed_trends": [one.to_dict() for one in facts.trends],
        "simulated": [row.to_dict() for row in facts.simulated],
        "simulated_curves": [
            {
                "learner": one.called,
                "shares": [members / size for members in one.members],
                "success": list(one.success),
            }
            for one in facts.simulated_curves
        ],
        "costs": {
            "having": dict(facts.having),
            "claiming": None if math.isnan(facts.claiming) else facts.claiming,
        },
        "withstands": {"different_rows": facts.changed, "rows_of_others": facts.tolerated},
        "claims": [dict(row) for row in facts.claims],
        "growth": [{"members": m, "success": s} for m, s in points],
        "in_reach": {"largest": None if facts.reach is None else facts.reach.to_dict()},
        "notes": list(facts.notes),
    }


def _needed(value: Any, size: int) -> int | None:
    return None if value is None else whole(value, 1, size)


def _certified_row(row: Any) -> CertifiedSuccess:
    found = mapping(row)
    return CertifiedSuccess(
        text(found["radius"]),
        number_or(-math.inf, found["success"], high=1),
        _needed(found["n_for_target"], MOST_MEMBERS),
        number(found["eps"], 0, 1),
        number(found.get("gamma", 1.0), 1),
    )


def _simulated(row: Any) -> SimulatedMass:
    """Return the critical mass of one learner; None is NaN where every training failed, else ∞."""
    found = mapping(row)
    now = number_or(math.nan, found["success_now"], 0, 1)
    none = math.nan if math.isnan(now) else math.inf
    mass, low, high = (
        number_or(none, found[key], 0, 1) for key in ("critical_mass", "low", "high")
    )
    return SimulatedMass(text(found["learner"]), mass, low, high, now)


def _simulated_curve(found: Plain, size: int) -> SuccessCurve:
    shares = (number(share, 0, 1) for share in items(found["shares"]))
    members = tuple(round(share * size, 6) for share in shares)  # the same again from its share
    success = tuple(number(one, 0, 1) for one in items(found["success"]))
    return SuccessCurve("simulated", text(found["learner"]), members, success)


def _growth(rows: list[Any], needed: int | None, target: float) -> SuccessCurve | None:
    """Return certified success by members, the target's among them; None where none is."""
    points = {}
    for row in map(mapping, rows):
        success = number_or(-math.inf, row["success"], high=1)
        points[number(row["members"], 1, MOST_MEMBERS)] = max(0.0, success)
    if needed is not None:
        points[float(needed)] = max(target, points.get(float(needed), 0.0))
    members = tuple(sorted(points))
    found = tuple(points[one] for one in members)
    return SuccessCurve("certified", "", members, found) if any(found) else None


def _reach(value: Any, size: int) -> Reach | None:
    if value is None:
        return None
    found = mapping(value)
    return Reach(number(found["success"], 0, 1), whole(found["members"], 1, size), size)


def _rehearsed(row: Any) -> RehearsedSuccess:
    found = mapping(row)
    if not isinstance(found["is_today"], bool):
        raise ValueError("a rehearsal that does not say whether it is that of today")
    acting, trained_on, held_out = (
        whole(found[key], 0, MOST_MEMBERS) for key in ("acting", "trained_on", "held_out")
    )
    return RehearsedSuccess(
        learner=text(found["learner"]),
        share=number(found["share"], 0, 1),
        acting=acting,
        trained_on=trained_on,
        held_out=held_out,
        success=number(found["success"], 0, 1),
        mean=number(found["mean"], 0, 1),
        lowest=number(found["lowest"], 0, 1),
        is_today=found["is_today"],
    )


def _trend(row: Any) -> RehearsalTrend:
    found = mapping(row)
    few, many = (whole(one, 0, MOST_MEMBERS) for one in items(found["rows"]))
    before, after = (number(one, 0, 1) for one in items(found["means"]))
    share, without = number(found["share"], 0, 1), number(found["without"], 0, 1)
    is_clear = found["clear"] is True
    learner = text(found["learner"])
    return RehearsalTrend(learner, share, (few, many), (before, after), without, is_clear)
