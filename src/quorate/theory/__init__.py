"""Pure functions: what can be said without training anything."""
