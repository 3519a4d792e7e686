"""Stored masks as a reader asks for them: one layer's bits, a picture of a viewport, the values of some weights."""
