"""Attribute privacy: members make a sensitive attribute unreadable to the platform."""
