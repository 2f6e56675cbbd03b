"""Results for people: a table in the terminal, one page, and files to take away."""
