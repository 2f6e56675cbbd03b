"""Learners that weigh people or groups: distributionally robust optimisation and others."""
