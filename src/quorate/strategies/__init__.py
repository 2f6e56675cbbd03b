"""What members do to their own data before they hand it in."""
