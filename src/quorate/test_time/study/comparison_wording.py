"""The words and the table of a comparison: pools beside everyone alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

from quorate.intervals import Estimate
from quorate.runs.result import TextRow
from quorate.runs.wording import rate
from quorate.test_time.study.query_costs import AttackCosts, PoolCosts
from quorate.test_time.study.wording import span


def break_even_words(one: AttackCosts, pool: PoolCosts) -> str:
    """Return from which subgroup on the pool's queries are fewer than everyone's alone."""
    (even,) = (e for e in one.break_even if (e.members, e.queries_per_member) == pool.size)
    assert even.subgroup is not None  # somebody is misread
    assert one.misread is not None
    assert one.queries_per_misread is not None
    most = math.floor(even.subgroup.value)
    return (
        f"With {one.attack}, each alone, a person of the subgroup spends "
        f"{one.queries_per_member.value:,.1f} queries on average "
        f"({_percent(one.misread)} are misread and spend {one.queries_per_misread.value:,.1f}, the "
        f"others one). The {pool.queries:,.0f} queries of the {_members_words(pool)} are "
        f"fewer in all once the subgroup has more than {most:,} "
        f"{'person' if most == 1 else 'people'} (95%: {math.floor(even.subgroup.low):,} to "
        f"{math.floor(even.subgroup.high):,})."
    )


def _members_words(pool: PoolCosts) -> str:
    return "one member" if pool.members == 1 else f"pool of {pool.members} members"


def shared_words(pool: PoolCosts) -> str:
    """Return what a change for everyone does for all, and for those who found it."""
    assert pool.shared is not None
    gap, before, after = pool.shared.gap_closed, pool.shared.before, pool.shared.after
    closes = "" if math.isnan(gap.value) else f"closes {gap.value:.2f} of the gap and "
    who = "one member alone" if pool.members == 1 else f"a {_members_words(pool)}"
    return (
        f"With {pool.queries:,.0f} queries, {who} found a change that {closes}takes the accuracy "
        f"on the pictures it was found with from {_percent(before)} to {_percent(after)}."
    )


def does(corrected: Estimate, broken: Estimate | None) -> str:
    """Return how many a change corrects and breaks."""
    breaks = (
        "" if broken is None else f" and breaks {_percent(broken)} of those classified correctly"
    )
    return f"corrects {_percent(corrected)} of the misread{breaks}"


def _percent(one: Estimate) -> str:
    return f"{100 * one.value:.1f}%"


def pool_name(members: int, queries: int) -> str:
    """Return a pool in short: how many members with how many queries each."""
    return f"one member × {queries}" if members == 1 else f"pool: {members} × {queries}"


def attack_text(one: AttackCosts) -> TextRow:
    """Return the row of an attack."""
    member, misread = one.queries_per_member, one.queries_per_misread
    return {
        "alone or pooled": one.attack,
        **_rate_text(one.corrected),
        "broken": "–",
        "queries per misread person": _number(None if misread is None else misread.value),
        "per person of the subgroup": _number(member.value),
        "its 95%": f"{_number(member.low)} to {_number(member.high)}",
        "per corrected person": _number(one.queries_per_corrected),
    }


def pool_texts(pool: PoolCosts) -> list[TextRow]:
    """Return the row of a pool, and one of its label-free change."""
    name, shared = (
        pool_name(*pool.size),
        {
            "queries per misread person": "–",
            "per person of the subgroup": _number(pool.queries / pool.subgroup),
            "its 95%": "",
        },
    )
    found: list[TextRow] = [
        {
            "alone or pooled": name,
            **_rate_text(pool.corrected),
            "broken": _rate_of(pool.broken),
            **shared,
            "per corrected person": _number(pool.queries_per_corrected),
        }
    ]
    if pool.corrected_label_free is not None:
        found.append(
            {
                "alone or pooled": f"{name}, label-free",
                **_rate_text(pool.corrected_label_free),
                "broken": _rate_of(pool.broken_label_free),
                **shared,
                "per corrected person": "",
            }
        )
    return found


def shared_text(pool: PoolCosts) -> TextRow:
    """Return the row of a change for everyone: those who found it, and the whole subgroup."""
    assert pool.shared is not None
    shared = pool.shared
    return {
        "found by": pool_name(*pool.size),
        "queries": _number(pool.queries),
        "own pictures, all seeds": str(shared.photos),
        "read rightly": _rate_of(shared.before),
        "once changed": _rate_of(shared.after),
        "its 95%": span(shared.after),
        "gap closed, everyone": _rate_of(shared.gap_closed),
        "95%": span(shared.gap_closed),
    }


def _rate_text(one: Estimate | None) -> Mapping[str, str]:
    span = "" if one is None else f"{one.low:.3f} to {one.high:.3f}"
    return {"corrected": _rate_of(one), "corrected, 95%": span}


def _rate_of(one: Estimate | None) -> str:
    return rate(None if one is None else one.value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
