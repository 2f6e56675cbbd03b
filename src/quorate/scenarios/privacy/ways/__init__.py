"""What members do about an attribute: one file a way, one line in ``listing``."""
