"""Whose photos are asked about next: those of the members who have most queries left.

Shape letters: m members, p photos.
"""

from __future__ import annotations

import numpy as np

from quorate.errors import InputError
from quorate.table import Labels, Mask, Rng


class Turns:
    """Deals photos to rounds of questions, evenly over members and never beyond their queries.

    Args:
        member: member who holds each photo, (p,), numbered 0 to m − 1.
        usable: which photos may be dealt, (p,).
        left: queries that each member has left, (m,); it is counted down as photos are dealt.
        rng: breaks ties.
    """

    def __init__(self, member: Labels, usable: Mask, left: Labels, rng: Rng) -> None:
        self.member, self.left, self.rng = member, left, rng
        self.dealt = np.where(usable, 0, -1)  # (p,): how often; −1 for never

    def deal(self, photos: int, queries: int) -> Labels:
        """Return up to so many photos, least used first, for so many queries about each.

        A photo is dealt once in a round. Fewer come where members have no queries left.
        """
        order = self.rng.permutation(len(self.member))
        order = order[np.argsort(self.dealt[order], kind="stable")]
        order = order[self.dealt[order] >= 0]
        waiting: dict[int, list[int]] = {}  # photos of each member, the least used last
        for photo in order[::-1].tolist():
            waiting.setdefault(int(self.member[photo]), []).append(photo)
        chosen: list[int] = []
        chance = self.rng.random(len(self.left))  # (m,)
        while len(chosen) < photos:
            able = [who for who, own in waiting.items() if own and self.left[who] >= queries]
            if not able:
                break
            able.sort(key=lambda who: (-self.left[who], chance[who]))
            most = self.left[able[0]]
            for who in able:  # all who have as many left are equal
                if self.left[who] < most or len(chosen) == photos:
                    break
                chosen.append(waiting[who].pop())
                self.left[who] -= queries
        found = np.array(chosen, dtype=np.int64)
        self.dealt[found] += 1
        return found


def keep_apart(
    holder: Labels, members: int, queries: int, share: float, rng: Rng
) -> tuple[Mask, Labels]:
    """Return which photos are kept apart to confirm the winner, (p,), and how many a member, (m,).

    Each of them takes two queries of its member. They are spread evenly, and leave each member a
    photo to search with who has more than one.

    Args:
        holder: member who holds each photo, (p,), numbered 0 to m − 1.
        members: m.
        queries: of each member.
        share: of all queries, and of all photos, that confirm, at most.
        rng: draws the photos.

    Raises:
        InputError: nothing is left to search with.
    """
    if queries < 1:
        raise InputError(f"Expected queries={queries} of at least 1 for each member. Use 10, say.")
    held = np.bincount(holder, minlength=members)  # (m,)
    most = np.minimum(np.where(held > 1, held - 1, held), queries // 2)  # (m,)
    wanted = min(round(share * members * queries / 2), round(share * len(holder)))
    pairs = np.zeros(members, dtype=np.int64)  # (m,)
    order = rng.permutation(members)
    while pairs.sum() < max(1, wanted) and (pairs < most).any():
        able = order[pairs[order] < most[order]]
        pairs[able[: max(1, wanted) - pairs.sum()]] += 1
    apart = np.zeros(len(holder), dtype=bool)
    for photo in rng.permutation(len(holder)).tolist():
        who = holder[photo]
        apart[photo] = apart[holder == who].sum() < pairs[who]
    left = queries - 2 * pairs
    if not pairs.sum() or not np.any(left[holder[~apart]] >= 2):
        raise InputError(
            "Expected photos and queries both to search with and to confirm on others, got photos: "
            f"{len(holder)} in all, members: {members}, queries of each: {queries}. Use at least "
            "two photos and four queries, or two members with two."
        )
    return apart, pairs
