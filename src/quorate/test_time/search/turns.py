"""Whose photos are asked about next: those of the members who have most queries left.

Shape letters: m members, p photos.
"""

from __future__ import annotations

import numpy as np

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
