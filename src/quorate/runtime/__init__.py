"""What runs beneath everything: device, threads, cache, files, progress and seeds."""
