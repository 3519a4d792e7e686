"""The queue: what runs, what waits, and in which order."""
