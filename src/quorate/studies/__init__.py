"""Studies: S(α), the success of a collective by its size, and critical masses."""
