"""Defences against data poisoning: robust aggregation, data sanitisation and early stopping."""
