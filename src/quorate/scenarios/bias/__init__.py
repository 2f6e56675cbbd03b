"""Preventing biased learning: the disadvantaged group changes its own data."""
