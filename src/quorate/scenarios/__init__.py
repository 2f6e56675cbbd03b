"""Worlds with their own dynamics, in which a collective acts: one file or folder a scenario."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate.scenarios.bias.scenario import Bias as Bias
    from quorate.scenarios.certificates.scenario import Certificates as Certificates
    from quorate.scenarios.collectives.scenario import Collectives as Collectives
    from quorate.scenarios.effective_size.scenario import EffectiveSize as EffectiveSize
    from quorate.scenarios.navigation.scenario import Navigation as Navigation
    from quorate.scenarios.participation.scenario import Participation as Participation
    from quorate.scenarios.privacy.scenario import Privacy as Privacy
else:
    from quorate.exported import exported

    __getattr__, __dir__ = exported("scenarios", __name__)
