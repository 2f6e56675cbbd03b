"""Test time: pool queries to a black box, copy it, craft a perturbation, and measure what it mends."""
