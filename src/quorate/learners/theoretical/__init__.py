"""Platforms that theory speaks of: the worst case that bounds allow for, and coarsened data."""
