"""Data sets: how many examples of which shape."""
