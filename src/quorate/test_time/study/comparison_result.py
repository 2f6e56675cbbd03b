"""The result of a comparison: pooled queries beside everyone alone."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from quorate.figures.queries import AttackCurve, queries_figure
from quorate.intervals import Estimate
from quorate.plain import group_by
from quorate.runs.result import Picture, Result, Row, Section
from quorate.test_time.perturbations.budget import NO_BUDGET
from quorate.test_time.study.comparison_wording import (
    attack_text,
    break_even_words,
    does,
    pool_name,
    pool_texts,
    shared_text,
    shared_words,
)
from quorate.test_time.study.query_costs import (
    AttackCosts,
    BreakEven,
    PoolCosts,
    PoolEffect,
    SoloAttack,
    attack_costs,
    pool_costs,
)
from quorate.test_time.study.wording import budget

COMPARISON, CORRECTED = "comparison", "corrected_by_queries"  # its tables
SHARED = "For those who found the change, and for everyone"


@dataclass(frozen=True, eq=False)
class QueryComparison(Result):
    """Pools and attacks at one ε.

    Args:
        epsilon, norm: the budget of a picture's change, on the pixel scale.
        budget: queries that each person alone has.
        alone, pooled: by seed.
        description: settings that decide the result.
        used: budgets that the pools use of it, where they aim for parity.
        given: attacks that begin at an answer, since without a budget their start is one.
    """

    stem: ClassVar[str] = "queries"

    epsilon: float
    norm: str
    budget: int
    alone: tuple[SoloAttack, ...]
    pooled: tuple[PoolEffect, ...]
    description: dict[str, Any] = field(default_factory=dict)
    used: tuple[float, ...] = ()
    given: tuple[str, ...] = ()

    @functools.cached_property
    def attacks(self) -> list[AttackCosts]:
        """What each attack costs, over seeds."""
        return attack_costs(self.alone, self.pools, self.budget)

    @functools.cached_property
    def pools(self) -> list[PoolCosts]:
        """What each pool costs and does, over seeds."""
        return pool_costs(self.pooled)

    def rows(self) -> list[Row]:
        """Return one flat row an attack and a pool; break-even is a number of people.

        ``queries`` are those of each of a pool's members, ``pool_queries`` those of all of them,
        and ``queries_per_member`` those that anyone of the subgroup asks alone.
        """
        return [
            {
                "attack": one.attack,
                "members": even.members,
                "queries": even.queries_per_member,
                "pool_queries": pool.queries,
                **_columns("break_even", even.subgroup),
                **_columns("queries_per_member", one.queries_per_member),
                **_columns("corrected_alone", one.corrected),
                **_columns("corrected_by_pool", pool.corrected),
                **_shared_columns(pool),
            }
            for one in self.attacks
            for even, pool in zip(one.break_even, self.pools, strict=True)
        ]

    def data(self) -> dict[str, list[Row]]:
        """Return everything that attacks cost, the rows, and what attacks correct by queries."""
        rows = [_row(one, even) for one in self.attacks for even in one.break_even]
        curves = self.curves()
        return {self.stem: rows, COMPARISON: self.rows(), **({CORRECTED: curves} if curves else {})}

    def curves(self) -> list[Row]:
        """Return the share corrected within so many queries: one row an attack, seed and number."""
        return [
            {"attack": one.attack, "seed": one.seed, "queries": queries, "corrected": share}
            for one in self.alone
            for queries, share in one.curve
        ]

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "epsilon": self.epsilon,
            "norm": self.norm,
            "budget": self.budget,
            "attacks": [one.to_json() for one in self.attacks],
            "pools": [one.to_json() for one in self.pools],
            "curves": [
                {"attack": one.attack, "seed": one.seed, "curve": one.curve} for one in self.alone
            ],
            "description": self.description,
            **({"epsilon_used": list(self.used)} if self.used else {}),
            **({"given_an_answer": list(self.given)} if self.given else {}),
        }

    # ------------------------------------------------------------------------------- for people

    @property
    def title(self) -> str:
        """The question in short."""
        return "Pooled queries, or everyone alone?"

    @property
    def question(self) -> str:
        """What is compared."""
        return "Is it cheaper to pool queries than to search alone?"

    def summary(self) -> list[str]:
        """Return the break-even subgroup of each attack for the largest pool, in words."""
        pool = max(self.pools, key=lambda one: one.size)
        if pool.corrected is None:
            return [
                "The platform reads everyone of the subgroup rightly: there is nobody to correct."
            ]
        said = [break_even_words(one, pool) for one in self.attacks]
        named = "change, the same for everyone," if pool.shared else "change per class"
        said.append(f"That pool's {named} {does(pool.corrected, pool.broken)}.")
        said += [shared_words(one) for one in self.pools if one.shared]
        if pool.corrected_label_free is not None:
            done = does(pool.corrected_label_free, pool.broken_label_free)
            said.append(f"Its best label-free change {done}.")
        return said

    def sections(self) -> list[Section]:
        """Return one row an attack and two a pool."""
        rows = [attack_text(one) for one in self.attacks]
        for pool in self.pools:
            rows += pool_texts(pool)
        after = (
            "Corrected: of those whom the platform reads wrongly. Broken: of those whom it reads "
            "rightly, the share that a pool's change makes it misread; alone, they change nothing. "
            "A pool's queries per person, and per corrected person, are those of a subgroup as "
            "large as the one measured on.",
            *self._carried(),
        )
        said = (f"{self._heading()}.", *self._less_used(), *self._given_words())
        numbers = Section("The numbers", said, tuple(rows), after)
        shared = tuple(shared_text(pool) for pool in self.pools if pool.shared)
        return [numbers, Section(SHARED, (), shared)] if shared else [numbers]

    def _carried(self) -> Iterator[str]:
        """Yield what the changes carry of the label."""
        if any(pool.shared is None for pool in self.pools):
            yield (
                "The change of a pool per class carries its class, as an attack towards one's own "
                "label does: see the force rate in the report of the correction."
            )
        if any(pool.shared for pool in self.pools):
            yield (
                "A change that is the same for everyone carries no label. Whoever searches alone "
                "chooses by the answer about their own picture, and so lets their label in, even "
                "by photo edits."
            )

    def _less_used(self) -> list[str]:
        """Return that pools use less than everyone alone, where they aim for parity."""
        if not self.used:
            return []
        least, most = (budget(one, self.norm) for one in (min(self.used), max(self.used)))
        some = least if least == most else f"{least} to {most}"
        return [
            f"The pools aim for parity and use ε = {some} of it, which mends fewer people; alone, "
            "everyone may use all of it. For pools at the same ε, compare a correction with "
            "aim=most."
        ]

    def _given_words(self) -> list[str]:
        """Return which attacks mend nothing: they submit another person's picture."""
        return [
            f"Without a budget {one} is given its answer: it begins at somebody else's picture of "
            "the class, asks once, and its costs say nothing."
            for one in self.given
        ]

    def _heading(self) -> str:
        seeds = sorted({one.seed for one in self.pooled})
        people = [next(one.people for one in self.pooled if one.seed == seed) for seed in seeds]
        said = budget(self.epsilon, self.norm)
        within = said if self.epsilon >= NO_BUDGET else f"ε = {said}"
        several = len(self.description["correction"]["epsilon"]) > 1
        each = f"{min(people)} to {max(people)}" if len(set(people)) > 1 else f"{people[0]}"
        return (
            f"{each} people a seed whom the platform reads wrongly, "
            f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''}, "
            f"{within}{' (the last named)' if several else ''}, "
            f"at most {self.budget:,} queries alone"
        )

    def facts(self) -> dict[str, str]:
        """Return where the numbers come from, in words."""
        plain, source = self.description["correction"], self.description["provenance"]
        return {
            "Platform": str(plain["platform"][0]),
            **self._found_by(str(plain["proxy"][0])),
            "Attacks": ", ".join(one.attack for one in self.attacks),
            "Queries per person": "of the whole subgroup: anyone already classified correctly uses "
            "one query, that of finding out; a misread person's first is not counted apart",
            "Counted": "every answered row, by the platform's own meter; for a pool those that "
            "judge the surrogate, or confirm the change, too",
            "Starts": "attacks that begin at a picture of the class are given one for nothing",
            "quorate": str(source.get("git_revision") or "installed"),
            "Machine": f"{source.get('processor')}, {source.get('system')}",
        }

    def _found_by(self, proxy: str) -> dict[str, str]:
        if all(pool.shared for pool in self.pools):
            return {"Pools": f"one change for everyone, found with {proxy}"}
        return {"Surrogate": proxy}

    def pictures(self) -> dict[str, Picture]:
        """Return the share corrected by queries of one's own, and queries per person."""
        return draw_costs(self.rows(), self.curves())


def draw_costs(rows: Sequence[Row], curves: Sequence[Row]) -> dict[str, Picture]:
    """Return the picture of a comparison.

    Args:
        rows, curves: as ``QueryComparison`` returns them.
    """
    by_attack = group_by(rows, "attack")
    pools = [
        (
            pool_name(row["members"], row["queries"]),
            row["pool_queries"],
            _number(row["corrected_by_pool"]),
        )
        for row in next(iter(by_attack.values()), [])
    ]
    of_attacks = group_by(curves, "attack")
    lines = [_line(own[0], of_attacks.get(attack, [])) for attack, own in by_attack.items()]
    caption = (
        "Left: of the people whom the platform reads wrongly, the share that each attack has "
        "corrected within so many queries of their own, mean over seeds; dotted, what each pool's "
        "change corrects, for which nobody but the members asks anything. Right: queries in all "
        "per person of the subgroup; anyone already classified correctly uses one query. Everyone "
        "alone spends the same however many they are, within the shaded 95%; the queries of a pool "
        "are shared by all, and a line that falls below an attack's has passed its break-even "
        "subgroup."
    )
    return {QueryComparison.stem: Picture(queries_figure(lines, pools), caption)}


def _line(row: Row, curve: Sequence[Row]) -> AttackCurve:
    """Return an attack's curve, the mean over seeds, and its queries a member."""
    by_queries = group_by(curve, "queries")
    means = [float(np.mean([one["corrected"] for one in same])) for same in by_queries.values()]
    member = (_number(row[f"queries_per_member{end}"]) for end in ("", ".low", ".high"))
    queries = np.array([queries for (queries,) in by_queries], np.float64)
    return AttackCurve(row["attack"], queries, np.array(means), *member)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


# ------------------------------------------------------------------------------------- as flat rows


def _row(one: AttackCosts, even: BreakEven) -> Row:
    return {
        "attack": one.attack,
        "people": one.people,
        **_columns("misread", one.misread, "_"),
        **_columns("corrected", one.corrected, "_"),
        **_columns("queries_per_misread", one.queries_per_misread, "_"),
        **_columns("queries_per_member", one.queries_per_member, "_"),
        "queries_per_corrected": one.queries_per_corrected,
        "pool_members": even.members,
        "pool_queries_per_member": even.queries_per_member,
        **_columns("break_even_subgroup", even.subgroup, "_"),
    }


def _shared_columns(pool: PoolCosts) -> Row:
    """Return what a change that is the same for everyone does; nothing of one per class."""
    if pool.shared is None:
        return {}
    return {
        **_columns("broken_by_pool", pool.broken),
        **_columns("gap_closed_by_pool", pool.shared.gap_closed),
        **_columns("own_before", pool.shared.before),
        **_columns("own_after", pool.shared.after),
    }


def _columns(name: str, one: Estimate | None, between: str = ".") -> Row:
    """Return a value and its interval as columns, None where it is not defined."""
    plain = {"value": None, "low": None, "high": None} if one is None else one.to_json()
    ends = {f"{name}{between}{end}": plain[end] for end in ("low", "high")}
    return {name: plain["value"], **ends}
