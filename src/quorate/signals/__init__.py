"""Signals: the feature part g of a strategy, what marks a member's data (a backdoor trigger)."""
