"""Strategies of a disadvantaged group that relabels its own rows."""
