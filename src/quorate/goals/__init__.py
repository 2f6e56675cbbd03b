"""What counts as success of a collective."""
