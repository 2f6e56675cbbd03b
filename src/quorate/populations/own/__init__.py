"""People whom a user hands in from Python: data frames, arrays and data sets."""
