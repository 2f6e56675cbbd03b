"""The attacks there are."""

from __future__ import annotations

from quorate.correct.attacks.attack import Attack
from quorate.correct.attacks.boundary import Boundary
from quorate.correct.attacks.hopskipjump import HopSkipJump
from quorate.correct.attacks.nes import NES
from quorate.correct.attacks.simba import SimBA
from quorate.correct.attacks.square import Square

ATTACKS: tuple[type[Attack], ...] = (
    Square,
    NES,
    SimBA,
    HopSkipJump,
    Boundary,
)
