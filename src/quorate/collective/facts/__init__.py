"""What a campaign's source says and how sure, what joining brings, and whether it works."""
