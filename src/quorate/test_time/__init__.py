"""Test time: pooled queries, model extraction, a universal perturbation, and what it corrects.

An evasion attack in the service of contestability: recourse without the platform's consent.
"""
