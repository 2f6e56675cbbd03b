"""Every scenario that can be named: one line each."""

from __future__ import annotations

from quorate.scenarios.bias.scenario import Bias
from quorate.scenarios.collectives.scenario import Collectives
from quorate.scenarios.effective_size.scenario import EffectiveSize
from quorate.scenarios.navigation.scenario import Navigation
from quorate.scenarios.participation import Participation
from quorate.scenarios.privacy.scenario import Privacy

SCENARIOS: tuple[type, ...] = (
    Bias,
    Privacy,
    Navigation,
    Participation,
    Collectives,
    EffectiveSize,
)
