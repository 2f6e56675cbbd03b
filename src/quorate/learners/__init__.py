"""Learners: the platform's learning algorithms, one per file, with defences against poisoning."""
