"""Photo edits as perturbations: what a phone's editor does, in whole numbers alone."""
