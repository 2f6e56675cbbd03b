"""Figures of results: pure functions of plain arrays, one file for each kind of result."""
