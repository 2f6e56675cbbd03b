"""One platform of one seed: the minority acts, the platform learns, honest people are judged."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quorate import catalog, spec
from quorate.adapter import apply_strategy, draw_split, fit_model
from quorate.compared_groups import ComparedGroups
from quorate.dependencies import stamp
from quorate.errors import FitFailedError, InputError
from quorate.runtime.seeds import mixed
from quorate.scenarios.bias.groups import join_groups
from quorate.scenarios.bias.measures import measure_groups, standard_error
from quorate.scenarios.bias.platform_alone import ALONE
from quorate.strategies.relabelling.minority_strategy import MinorityStrategy
from quorate.table import Mask, Rng, Split, Submission, Table

DRAW, ENLIST, KNOW, ACT, FIT, ALONE_FIT = range(6)  # streams of a seed
NOBODY = "nobody"
OF_THE_SCENARIO = ("minority", "majority", "positive", "knowledge")


@dataclass(frozen=True)
class TwoGroups:
    """Whose people are drawn, which two groups of them are compared, and with which seed.

    Args:
        population: as text.
        compared: the groups.
        seed: of the draw.
        stamp: digest of what the population reads and is made of.
    """

    population: str
    compared: ComparedGroups
    seed: int
    stamp: str = ""

    @classmethod
    def of(cls, cell: Mapping[str, Any]) -> TwoGroups:
        """Return the groups of a cell."""
        of = cell["sides"]
        compared = ComparedGroups(tuple(of["minority"]), tuple(of["majority"]), of["positive"])
        return cls(cell["population"], compared, cell["seed"], stamp_of(cell["population"]))

    def split(self) -> Split:
        """Return the people to learn from and those held out, in two groups."""
        return _in_two_groups(self)


@functools.lru_cache(maxsize=2)
def _in_two_groups(groups: TwoGroups) -> Split:
    everyone = draw_all(groups.population, groups.seed, groups.stamp)
    return join_groups(everyone, groups.compared)


def stamp_of(population: str) -> str:
    """Return a digest of what a population reads and is made of, as it is now."""
    return stamp(catalog.build("populations", population))


@functools.lru_cache(maxsize=1)
def draw_all(population: str, seed: int, stamp: str = "") -> Split:
    """Return the people of a seed as the population has them, whose ``stamp_of`` is given."""
    return draw_split(catalog.build("populations", population), mixed(seed, DRAW))


def measure_cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is measured of one cell: plain data, None where training failed.

    Args:
        cell: the population and its groups (``sides``), the learner, the seed, and either what a
            platform does ``alone`` or the ``strategy``, ``alpha`` and ``known`` of the minority.
    """
    groups, seed = TwoGroups.of(cell), cell["seed"]
    split, learner = groups.split(), catalog.build("learners", cell["learner"])
    held_out = split.held_out
    assert held_out.group is not None  # in two groups
    minority = held_out.group == 1
    try:
        if cell.get("alone"):
            rng = mixed(seed, ALONE_FIT)
            predicted, changed = ALONE[cell["alone"]](learner, split, rng), 0.0
        else:
            acting = cell["strategy"], cell["alpha"], cell["known"]
            handed_in = _handed_in(groups, *acting, stamp_of_acting(cell["strategy"]))
            changed = changed_share(handed_in)
            model = fit_model(learner, handed_in, mixed(seed, FIT))
            predicted = model.predict(held_out.x)
    except FitFailedError as error:
        return {"failed": str(error)}
    return {
        **measure_groups(held_out.y, predicted, minority),
        "standard_error": standard_error(held_out.y, predicted, minority),
        "changed": changed,
    }


def stamp_of_acting(strategy: str) -> str:
    """Return a digest of what a strategy reads and is made of; "" where nobody acts."""
    return "" if strategy == NOBODY else stamp(catalog.build("strategies", strategy))


@functools.lru_cache(maxsize=2)  # all learners of a collective stand side by side
def _handed_in(
    groups: TwoGroups, strategy: str, alpha: float, known: str, stamp: str
) -> Submission:
    everyone, seed = groups.split().train, groups.seed
    member = enlist_minority(everyone, alpha, mixed(seed, ENLIST))
    if not member.any() or strategy == NOBODY:
        return Submission.without_collective(everyone)
    acting = minority_strategy(strategy, known)
    knowledge = acting.learn(everyone, member, mixed(seed, KNOW))
    changed = apply_strategy(acting, everyone.take(member), knowledge, mixed(seed, ACT))
    return Submission(everyone, changed, member)


def minority_strategy(text: str, known: str) -> MinorityStrategy:
    """Return the strategy of a minority that text stands for, with this much known.

    Raises:
        InputError: it is none, or has a parameter that the scenario sets itself.
    """
    plain = spec.parse(text)
    for key in OF_THE_SCENARIO:
        if key in plain:
            raise InputError(
                f"Expected {key} as a parameter of the scenario, got it in {text}. Write --{key}."
            )
    if not isinstance(catalog.build("strategies", plain["name"]), MinorityStrategy):
        raise InputError(
            f"Expected a strategy of a minority, got {text}. Use rb-prob, or quorate curve for it."
        )
    made: MinorityStrategy = catalog.build("strategies", {**plain, "knowledge": known})
    return made


def changed_share(data: Submission) -> float:
    """Return which fraction of the minority hands in a row that is not their own."""
    assert data.honest.group is not None
    own, handed = data.honest.take(data.member), data.changed
    other = (own.y != handed.y) | (own.x != handed.x).any(axis=tuple(range(1, own.x.ndim)))  # (m,)
    return float(other.sum() / max(1, (data.honest.group == 1).sum()))


def enlist_minority(people: Table, alpha: float, rng: Rng) -> Mask:
    """Return who of the minority acts: round(α·n₁) of them, those of a smaller α among them."""
    assert people.group is not None  # in two groups
    minority = np.flatnonzero(people.group == 1)
    member = np.zeros(len(people), dtype=bool)
    member[rng.permutation(minority)[: round(alpha * len(minority))]] = True
    return member
