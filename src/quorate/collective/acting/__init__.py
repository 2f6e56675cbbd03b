"""What one member does to their own data: an instruction, and its application to their file."""
