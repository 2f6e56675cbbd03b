"""Learners with differential privacy."""
