"""Trials, sweeps over them, and what a sweep says."""
