"""What learners share: base classes and their parts. No method of its own."""
