"""What counts as success of a collective."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.goals.equalised_odds import EqualisedOdds as EqualisedOdds
    from quorate.goals.erased import Erased as Erased
    from quorate.goals.misread import Misread as Misread
    from quorate.goals.planted import Planted as Planted
    from quorate.goals.recognised import Recognised as Recognised
    from quorate.goals.unplanted import Unplanted as Unplanted
    from quorate.goals.unreadable import Unreadable as Unreadable
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("goals", __name__)
