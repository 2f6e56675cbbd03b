"""Worlds with their own dynamics, in which a collective acts: one file or folder a scenario."""
