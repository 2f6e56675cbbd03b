"""Theory as pure functions: bounds, certificates, effective sizes and participation."""
