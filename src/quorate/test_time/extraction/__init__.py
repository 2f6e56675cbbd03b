"""Model extraction: the members' questions, the answered pool, and the surrogate."""
