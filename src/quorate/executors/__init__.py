"""Where cells are computed: one executor a file."""
