"""Test time: pooled queries, model extraction, a universal perturbation, and what it corrects."""
