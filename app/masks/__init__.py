"""Masks as numbers: pure NumPy, shared by the web, the workers and notebooks; no torch, no store, no server.

A layer's mask is a matrix `(n_out, n_columns)`, 1 = kept: a kernel `(n_out, n_in, *kernel)` unrolled row by row. Its
bits are packed along the columns as `numpy.packbits(mask, axis=1)` does. So every row starts at a byte, and the last
byte of a row is filled up with zeros.
"""
