"""Every strategy of the minority that can be named: one line each."""

from __future__ import annotations

from quorate import spec
from quorate.strategies.relabelling.borrowed_features import BorrowedFeatures
from quorate.strategies.relabelling.minority_strategy import MinorityStrategy
from quorate.strategies.relabelling.random_flips import RandomFlips
from quorate.strategies.relabelling.rb_dist import RBDist
from quorate.strategies.relabelling.rb_label import RBLabel
from quorate.strategies.relabelling.rb_prob import RBProb
from quorate.strategies.relabelling.rehearsed import Rehearsed

MINORITY_STRATEGIES: tuple[type, ...] = (
    RBProb,
    RBLabel,
    RBDist,
    RandomFlips,
    BorrowedFeatures,
    Rehearsed,
)


def make_strategy(value: str) -> MinorityStrategy:
    """Return the strategy that text such as ``rb-label:k=5`` stands for.

    Raises:
        InputError: the name, a parameter or a value is not known; the message lists the valid ones.
    """
    kind = "minority-strategies"
    made: MinorityStrategy = spec.build(
        kind,
        value,
        {kind: {cls.name: cls for cls in MINORITY_STRATEGIES}},  # type: ignore[attr-defined]
    )
    return made
