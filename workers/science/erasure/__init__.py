"""A picture in the initial weights, and how much of it training leaves."""
