"""The JSON API: the same operations as on the pages, for programs."""
