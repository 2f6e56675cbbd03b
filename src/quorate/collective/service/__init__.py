"""What people do in a campaign: one operation each, run by the one writer."""
