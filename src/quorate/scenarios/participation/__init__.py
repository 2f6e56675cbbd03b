"""Does joining pay? The game of participation on top of measured curves S(α)."""

from quorate.scenarios.participation.scenario import Participation

__all__ = ["Participation"]
