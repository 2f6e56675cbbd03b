"""Measurements: python -m benchmarks.<name> [--json]."""
