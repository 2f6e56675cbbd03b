"""The coordinator: where a collective plans, joins, pledges, acts, and watches whether it works."""
