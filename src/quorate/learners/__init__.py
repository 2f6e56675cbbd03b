"""What the platform does: one learning method a file."""
