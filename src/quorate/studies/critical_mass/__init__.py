"""The critical mass α*: estimated from curves, or searched for."""
