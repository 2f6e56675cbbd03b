"""Deployed black-box models: what they answer, and how questions are counted."""
