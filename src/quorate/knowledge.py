"""What a collective knows when it acts: its members' own rows, and what else it can see."""

from __future__ import annotations

from dataclasses import dataclass

from quorate.table import Mask, Table


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What a collective knows, and all that a strategy may use beside the rows it changes.

    Args:
        own: the members' honest rows, m people in the order of the rows that the strategy is
            given, also where an earlier strategy has changed those.
        alpha: fraction of the platform's people who are members, in [0, 1].
        others: rows of people who are no members, as far as they are known; None for none.
        group_sizes: how many people of each group of ``own.groups`` the platform learns from; empty
            where that is not known.

    >>> import numpy as np
    >>> people = Table(np.zeros((4, 1), np.float32), np.array([0, 1, 1, 0]), ("no", "yes"))
    >>> known = Knowledge.of(people, np.array([True, False, True, False]))
    >>> known.own.y.tolist(), known.alpha
    ([0, 1], 0.5)
    """

    own: Table
    alpha: float = 1.0
    others: Table | None = None
    group_sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, people: Table, member: Mask) -> Knowledge:
        """Return what members of a platform's people know who see their own rows alone.

        Args:
            people: whom the platform learns from, n people.
            member: who is a member, (n,).
        """
        return cls(people.take(member), float(member.mean()))
