"""The search for a photo edit by asking the platform: pooled queries, labelled photos, no proxy."""
