"""What one person can do alone, with questions to a black box and nobody beside them."""
