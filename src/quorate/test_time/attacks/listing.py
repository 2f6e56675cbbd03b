"""The attacks there are."""

from __future__ import annotations

from quorate.test_time.attacks.attack import Attack
from quorate.test_time.attacks.boundary import Boundary
from quorate.test_time.attacks.hopskipjump import HopSkipJump
from quorate.test_time.attacks.nes import NES
from quorate.test_time.attacks.simba import SimBA
from quorate.test_time.attacks.square import Square

ATTACKS: tuple[type[Attack], ...] = (
    Square,
    NES,
    SimBA,
    HopSkipJump,
    Boundary,
)
