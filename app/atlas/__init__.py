"""Stored masks for readers: one layer's bits, a picture of a viewport, the values of some weights."""
