"""Schedules: one file each, a `factor(step, steps, *, ...)` on the learning rate at each step of a training.

`step` counts updates from 0 to `steps` - 1: it is the number of updates made before the one that the factor is for.
"""
