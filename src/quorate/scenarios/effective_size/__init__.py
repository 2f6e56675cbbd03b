"""The effective size of a collective against learners that reweigh people."""
