"""The neighbourhood: roads, drivers, an app that routes them, and people who report to it."""
