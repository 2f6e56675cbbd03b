"""What can be run: each kind of experiment is one file here and one line in ``listing``."""
