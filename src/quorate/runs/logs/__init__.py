"""Where a run is followed while it is computed: one tracker of experiments a file."""
