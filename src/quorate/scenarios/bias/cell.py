"""One platform of one seed: the minority acts, the platform learns, honest people are judged."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from quorate import catalog
from quorate.errors import FitFailedError
from quorate.scenarios.bias.groups import Sides, on_two_sides
from quorate.scenarios.bias.measures import measure_sides, standard_error
from quorate.scenarios.bias.platform_alone import ALONE
from quorate.strategies.relabelling.knowledge import Known
from quorate.strategies.relabelling.listing import make_strategy
from quorate.table import Mask, Rng, Split, Submission, Table

DRAW, ENLIST, KNOW, ACT, FIT, ALONE_FIT = range(6)  # streams of a seed
ALL = "all"


def measure_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured of one cell: plain data, None where training failed.

    Args:
        cell: the population and its sides, the learner, the seed, and either what a platform does
            ``alone`` or the ``strategy``, ``alpha`` and ``known`` of the minority.
    """
    split = _split(cell["population"], *_sides_key(cell["sides"]), cell["seed"])
    learner, held_out = catalog.build("learners", cell["learner"]), split.held_out
    assert held_out.group is not None  # on two sides
    minority = held_out.group == 1
    try:
        if cell.get("alone"):
            rng = _stream(cell["seed"], ALONE_FIT)
            predicted, changed = ALONE[cell["alone"]](learner, split, rng), 0.0
        else:
            handed_in = _handed_in(
                cell["population"], *_sides_key(cell["sides"]), cell["seed"],
                cell["strategy"], cell["alpha"], cell["known"],
            )  # fmt: skip
            changed = changed_share(handed_in)
            model = learner.fit(handed_in, _stream(cell["seed"], FIT))
            predicted = model.predict(held_out.x)
    except FitFailedError as error:
        return {"failed": str(error)}
    return {
        **measure_sides(held_out.y, predicted, minority),
        "standard_error": standard_error(held_out.y, predicted, minority),
        "changed": changed,
    }


def changed_share(data: Submission) -> float:
    """Return which fraction of the minority hands in a row that is not their own."""
    assert data.honest.group is not None
    own, handed = data.honest.take(data.member), data.changed
    other = (own.y != handed.y) | (own.x != handed.x).any(axis=tuple(range(1, own.x.ndim)))  # (m,)
    return float(other.sum() / max(1, (data.honest.group == 1).sum()))


def _stream(seed: int, which: int) -> Rng:
    return np.random.default_rng(np.random.SeedSequence([seed, which]))


def _sides_key(sides: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    return tuple(sides["minority"]), tuple(sides["majority"]), str(sides["positive"])


@functools.lru_cache(maxsize=2)
def _split(
    population: str, minority: tuple[str, ...], majority: tuple[str, ...], positive: str, seed: int
) -> Split:
    drawn = catalog.build("populations", population).split(_stream(seed, DRAW))
    return on_two_sides(drawn, Sides(minority, majority, positive))


def people_of(population: str, sides: Sides, seed: int) -> Split:
    """Return the people of a seed, on two sides."""
    return _split(population, sides.minority, sides.majority, sides.positive, seed)


@functools.lru_cache(maxsize=2)  # all learners of a collective stand side by side
def _handed_in(
    population: str, minority: tuple[str, ...], majority: tuple[str, ...], positive: str, seed: int,
    strategy: str, alpha: float, known: str,
) -> Submission:  # fmt: skip
    people = _split(population, minority, majority, positive, seed).train
    member = enlisted(people, alpha, _stream(seed, ENLIST))
    if not member.any() or strategy == "nobody":
        return Submission.without_collective(people)
    known_to_them = what_is_known(people, member, known, _stream(seed, KNOW))
    changed = make_strategy(strategy).act(known_to_them, _stream(seed, ACT))
    return Submission(people, changed, member)


def enlisted(people: Table, alpha: float, rng: Rng) -> Mask:
    """Return who of the minority acts: round(α·n₁) of them, those of a smaller α among them."""
    assert people.group is not None  # on two sides
    minority = np.flatnonzero(people.group == 1)
    member = np.zeros(len(people), dtype=bool)
    member[rng.permutation(minority)[: round(alpha * len(minority))]] = True
    return member


def what_is_known(people: Table, member: Mask, known: str, rng: Rng) -> Known:
    """Return what members know: their rows, and ``known`` people of the majority, or all.

    Those of less knowledge are among those of more.
    """
    assert people.group is not None  # on two sides
    majority = np.flatnonzero(people.group == 0)
    shown = majority if known == ALL else rng.permutation(majority)[: int(known)]
    sizes = len(people) - len(majority), len(majority)
    return Known(people.take(member), people.take(shown), *sizes)
