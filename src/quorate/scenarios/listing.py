"""Every scenario that can be named: one line each."""

from __future__ import annotations

from quorate.scenarios.bias.bias import Bias
from quorate.scenarios.collectives.collectives import Collectives
from quorate.scenarios.effective_size import EffectiveSize
from quorate.scenarios.navigation.navigation import Navigation
from quorate.scenarios.participation import Participation
from quorate.scenarios.privacy.privacy import Privacy

SCENARIOS: tuple[type, ...] = (
    Bias,
    Privacy,
    Navigation,
    Participation,
    Collectives,
    EffectiveSize,
)
