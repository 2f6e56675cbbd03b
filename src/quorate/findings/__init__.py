"""What a source claims, what was measured, and whether the claim holds."""
