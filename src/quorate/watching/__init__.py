"""Whether a collective's action works, as outcomes are reported over time."""
