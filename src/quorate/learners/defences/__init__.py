"""Defences against data poisoning, each around another learner."""
