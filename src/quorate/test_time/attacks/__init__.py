"""Query-based black-box attacks, which one person can run alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.test_time.attacks.boundary import Boundary as Boundary
    from quorate.test_time.attacks.edits import Edits as Edits
    from quorate.test_time.attacks.hopskipjump import HopSkipJump as HopSkipJump
    from quorate.test_time.attacks.nes import NES as NES
    from quorate.test_time.attacks.simba import SimBA as SimBA
    from quorate.test_time.attacks.square import Square as Square
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("attacks", __name__)
