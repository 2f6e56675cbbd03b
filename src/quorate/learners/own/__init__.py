"""Learners of the user's own: an estimator, a class or a function that fits a model."""
