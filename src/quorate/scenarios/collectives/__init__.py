"""Several collectives on one platform: rivals, allies, and members who err."""
