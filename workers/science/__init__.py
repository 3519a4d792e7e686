"""The science: pure torch, usable from a notebook with no server around it."""
