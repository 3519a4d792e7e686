"""Pictures to be put into weights: NumPy and Pillow alone, shared by the web, the workers and notebooks.

A picture is an array of ink: 1 where it is dark, 0 where it is blank.
"""
