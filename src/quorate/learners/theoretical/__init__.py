"""Platforms of theory: the worst case that bounds allow for, and coarsened data."""
