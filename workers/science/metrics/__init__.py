"""Measures: plain functions of tensors, one idea a file."""
