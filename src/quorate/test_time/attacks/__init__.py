"""Query-based black-box attacks, which one person can run alone."""
