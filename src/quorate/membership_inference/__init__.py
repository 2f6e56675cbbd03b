"""What a collective's action does to membership inference attacks."""
