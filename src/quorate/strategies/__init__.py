"""What members do to their own data before they hand it in."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.strategies.attribute.aggregating import Aggregating as Aggregating
    from quorate.strategies.attribute.cancelling import Cancelling as Cancelling
    from quorate.strategies.attribute.contrary import Contrary as Contrary
    from quorate.strategies.attribute.randomised import Randomised as Randomised
    from quorate.strategies.attribute.swapping import Swapping as Swapping
    from quorate.strategies.data_strike import DataStrike as DataStrike
    from quorate.strategies.erasing import Erasing as Erasing
    from quorate.strategies.planting import Planting as Planting
    from quorate.strategies.planting_features import PlantingFeatures as PlantingFeatures
    from quorate.strategies.relabelling.borrowed_features import (
        BorrowedFeatures as BorrowedFeatures,
    )
    from quorate.strategies.relabelling.random_flips import RandomFlips as RandomFlips
    from quorate.strategies.relabelling.rb_dist import RBDist as RBDist
    from quorate.strategies.relabelling.rb_label import RBLabel as RBLabel
    from quorate.strategies.relabelling.rb_prob import RBProb as RBProb
    from quorate.strategies.relabelling.rehearsed import Rehearsed as Rehearsed
    from quorate.strategies.sequence import StrategySequence as StrategySequence
    from quorate.strategies.uncoordinated import Uncoordinated as Uncoordinated
    from quorate.strategies.unplanting import Unplanting as Unplanting
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("strategies", __name__)
