"""Test time: query a black box together, copy it, craft a perturbation, measure what it mends."""
