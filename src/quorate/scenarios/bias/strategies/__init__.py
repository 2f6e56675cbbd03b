"""What members of the disadvantaged group do to their own rows: one file a strategy."""
