"""Does joining pay? The game of participation on top of measured curves S(α)."""
