"""Runs beside one another: what differs, cell by cell, and by how much."""
