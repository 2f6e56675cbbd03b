"""Signals: the feature part g of a strategy, what marks a member's data (a backdoor trigger)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.signals.columns import Columns as Columns
    from quorate.signals.grid import Grid as Grid
    from quorate.signals.offset import Offset as Offset
    from quorate.signals.patch import Patch as Patch
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("signals", __name__)
