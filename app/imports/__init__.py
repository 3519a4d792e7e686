"""Masks that people bring along as safetensors: read without trust, a piece at a time; no store, no server.

Nothing of a file is believed before it is checked against the file's own size, and nothing is ever unpickled.
"""
