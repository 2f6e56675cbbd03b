"""Learners of scikit-learn."""
