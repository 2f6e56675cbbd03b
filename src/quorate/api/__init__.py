"""The functions of quorate in Python: one a command, with the same names and defaults."""
