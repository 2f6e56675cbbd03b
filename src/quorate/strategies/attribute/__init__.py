"""Strategies that hide a sensitive attribute from the platform."""
