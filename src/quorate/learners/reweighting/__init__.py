"""Learners that weigh people or groups: distributionally robust and two-stage methods."""
