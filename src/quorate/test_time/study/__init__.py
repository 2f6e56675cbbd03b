"""A correction study: its settings, cells, evaluation and results."""
