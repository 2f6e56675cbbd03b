"""The version: part of every cell's id."""

__version__ = "0.1.0"
