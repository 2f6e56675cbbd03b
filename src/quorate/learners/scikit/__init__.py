"""Learners from scikit-learn, by name or by class."""
